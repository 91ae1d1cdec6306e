"""What staff may bring in as CSV. Positions, targets and prices are not among it: they have rules of their own, kept by their services
and by the nightly collection."""

from __future__ import annotations

from typing import Any

from marketdata.models import SectorBenchmarkWeight, Security
from marketdata.services.benchmark_weights import require_whole
from sigmasight.core.tables import ImportedRows


class SecurityClassification(ImportedRows):
    """Sector and industry of securities that are there already, by symbol."""

    class Meta:
        model = Security
        fields = ("symbol", "sector", "industry")
        import_id_fields = ("symbol",)
        skip_unchanged = True
        report_skipped = True
        clean_model_instances = True

    def init_instance(self, row: Any = None) -> Security:
        raise ValueError(f"There is no security {row.get('symbol') if row else ''!r}: this import only classifies.")


class BenchmarkWeights(ImportedRows):
    """A whole set of sector weights of a benchmark at a date, fractions that make 1 together."""

    class Meta:
        model = SectorBenchmarkWeight
        fields = ("benchmark_code", "asof_date", "sector", "weight", "market_cap", "num_constituents", "data_source")
        import_id_fields = ("benchmark_code", "asof_date", "sector")
        skip_unchanged = True
        report_skipped = True
        clean_model_instances = True

    def after_import(self, dataset: Any, result: Any, **options: Any) -> None:
        super().after_import(dataset, result, **options)
        if not result.has_errors() and not result.has_validation_errors():
            sets = {(row["benchmark_code"], row["asof_date"]) for row in dataset.dict}
            for benchmark, date in sorted(sets):
                require_whole(benchmark, date)
