"""A fingerprint of everything the batch stores: two runs that end with the same rows have the same one."""

from __future__ import annotations

import hashlib

from django.apps import apps
from django.db import connection, models

# Natural keys and values only: surrogate ids, stamps and the records of runs say nothing about results.
IGNORED_COLUMNS = {
    "created_at",
    "updated_at",
    "completed_at",
    "fetched_at",
    "price_updated_at",
    "target_price_last_updated",
}
RESULT_MODELS = (
    "marketdata.DailyPrice",
    "marketdata.PriceHistory",
    "marketdata.Split",
    "marketdata.Dividend",
    "marketdata.TreasuryYield",
    "marketdata.OptionQuote",
    "marketdata.InstrumentMark",
    "portfolios.Position",
    "portfolios.PortfolioSnapshot",
    "portfolios.PositionSnapshot",
    "analytics.SymbolVolatility",
    "analytics.OptionGreeks",
    "analytics.SymbolFactorExposure",
    "analytics.SymbolDailyMetrics",
    "analytics.FactorCorrelation",
    "analytics.FactorCovariance",
    "analytics.ScenarioFactorShock",
    "analytics.FactorExposure",
    "analytics.MarketRiskScenario",
    "analytics.StressTestResult",
    "analytics.CorrelationCalculation",
    "analytics.PortfolioRisk",
    "analytics.EngineResult",
)


def table_checksums() -> dict[str, tuple[int, str]]:
    """Row count and fingerprint of every result table, independent of the order the rows were written in."""
    with connection.cursor() as cursor:
        rows = {}
        for label, statement in statements().items():
            cursor.execute(statement)
            rows[label] = cursor.fetchone()
    return rows


def statements() -> dict[str, str]:
    """The query behind each table's fingerprint, to be asked of any database with these tables."""
    return {label: _statement(apps.get_model(label)) for label in RESULT_MODELS}


def results_checksum() -> str:
    """One fingerprint over all result tables, hexadecimal."""
    return joined(table_checksums())


def joined(tables: dict[str, tuple[int, str]]) -> str:
    """One fingerprint of those of the tables."""
    digest = hashlib.sha256()
    for label, (count, checksum) in tables.items():
        digest.update(f"{label}:{count}:{checksum}\n".encode())
    return digest.hexdigest()


def _statement(model: type[models.Model]) -> str:
    surrogate = isinstance(model._meta.pk, models.AutoField)
    ignored = IGNORED_COLUMNS | ({"version"} if model.__name__ == "PriceHistory" else set())
    columns = [
        f'"{field.column}"'
        for field in model._meta.concrete_fields
        if field.column not in ignored and not (surrogate and field.primary_key)
    ]
    table = connection.ops.quote_name(model._meta.db_table)
    return (
        f"SELECT count(*), coalesce(md5(string_agg(line, '' ORDER BY line)), '') "
        f"FROM (SELECT md5(ROW({', '.join(columns)})::text) AS line FROM {table}) AS lines"
    )
