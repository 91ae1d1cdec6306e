"""Results of a security whose symbol was renamed."""

from __future__ import annotations

from django.db.models import Model

from analytics.models import OptionGreeks, SymbolDailyMetrics, SymbolFactorExposure, SymbolVolatility
from marketdata.services.renames import move_rows

TABLES: tuple[tuple[type[Model], tuple[str, ...]], ...] = (
    (SymbolFactorExposure, ("calculation_date",)),
    (SymbolVolatility, ("calculation_date",)),
    (OptionGreeks, ("calculation_date",)),
    (SymbolDailyMetrics, ()),
)


def move_results(old_id: int, new_id: int) -> dict[str, int]:
    """Give a security's results to another until the next run computes them anew; what that has for the same session stays, and
    the old ones go. Returns rows moved or deleted by table."""
    rows = {}
    for model, key in TABLES:
        moved = move_rows(model, key, old_id, new_id)
        gone, _ = model._default_manager.filter(security_id=old_id).delete()  # type: ignore[misc]
        if moved + gone:
            rows[model._meta.db_table] = moved + gone
    return rows
