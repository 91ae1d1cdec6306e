"""Reference series: Treasury yields and the sector weights of the benchmark."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from sigmasight.core.models import TimestampedModel


class TreasuryYield(TimestampedModel):
    """A Treasury constant-maturity yield in percent, bond-equivalent (series DGS1MO to DGS30)."""

    series_id = models.CharField(max_length=16)
    date = models.DateField()
    percent = models.DecimalField(max_digits=8, decimal_places=4)
    source = models.CharField(max_length=32)

    class Meta:
        db_table = "treasury_yields"
        ordering = ["series_id", "-date"]
        constraints = [
            models.UniqueConstraint(fields=["series_id", "date"], name="treasury_yield_unique"),
            models.CheckConstraint(condition=Q(percent__gt=-20, percent__lt=100), name="treasury_yield_in_percent"),
        ]
        indexes = [models.Index(fields=["date"], name="treasury_yield_date")]

    def __str__(self) -> str:
        return f"{self.series_id} {self.date} {self.percent} %"


class SectorBenchmarkWeight(TimestampedModel):
    """The weight (a fraction) of one sector in a benchmark at a date, under the mapped name (Financials, ...)."""

    benchmark_code = models.CharField(max_length=32)
    asof_date = models.DateField()
    sector = models.CharField(max_length=64)
    weight = models.DecimalField(max_digits=12, decimal_places=6)
    market_cap = models.DecimalField(max_digits=20, decimal_places=2, null=True, blank=True)
    num_constituents = models.PositiveIntegerField(null=True, blank=True)
    data_source = models.CharField(max_length=32)

    class Meta:
        db_table = "benchmarks_sector_weights"
        ordering = ["benchmark_code", "-asof_date", "-weight"]
        constraints = [
            models.UniqueConstraint(fields=["benchmark_code", "asof_date", "sector"], name="sector_weight_unique"),
            models.CheckConstraint(condition=Q(weight__gte=0, weight__lte=1), name="sector_weight_is_a_fraction"),
        ]

    def __str__(self) -> str:
        return f"{self.benchmark_code} {self.asof_date} {self.sector} {self.weight}"
