"""What belongs to a portfolio: one row a session and engine, with arrays by factor slot."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from portfolios.models import Portfolio
from sigmasight.core.fields import RealField
from sigmasight.core.models import MonthlyModel, TimestampedModel


def _floats() -> ArrayField[Any, Any]:
    return ArrayField(models.FloatField(), null=True, blank=True)


class FactorExposure(TimestampedModel):
    """Factor exposures of a portfolio: the weighted sum of its symbols' betas, plain and in dollars, by factor slot.

    `coverage` is the share of delta-adjusted holdings that had a beta; `joint_*` follow the seven joint factors, and
    `direct_value` is the regression of the book's own return series on them, the check, with Newey-West errors. The two
    volatilities are what the joint factors and what is left of each symbol make of a session, fractions of equity.
    """

    portfolio = models.ForeignKey(Portfolio, on_delete=models.CASCADE, related_name="factor_exposures", db_index=False)
    calculation_date = models.DateField()
    exposure_value = ArrayField(models.FloatField())
    exposure_dollar = ArrayField(models.FloatField())
    coverage = ArrayField(models.FloatField())
    joint_value = _floats()
    joint_dollar = _floats()
    direct_value = _floats()
    direct_std_error = _floats()
    factor_volatility = models.FloatField(null=True, blank=True)
    specific_volatility = models.FloatField(null=True, blank=True)
    r_squared = models.FloatField(null=True, blank=True)

    class Meta:
        db_table = "factor_exposures"
        ordering = ["-calculation_date", "portfolio"]
        constraints = [
            models.UniqueConstraint(fields=["portfolio", "calculation_date"], name="factor_exposure_unique"),
            models.CheckConstraint(
                condition=Q(exposure_dollar__len=F("exposure_value__len"), coverage__len=F("exposure_value__len")),
                name="factor_exposure_arrays_aligned",
            ),
        ]
        indexes = [models.Index(fields=["calculation_date"], name="factor_exposure_date")]

    def __str__(self) -> str:
        return f"{self.portfolio_id} {self.calculation_date}"


class CorrelationQuality(models.TextChoices):
    SUFFICIENT = "sufficient", "Every pair overlaps enough"
    LIMITED = "limited", "Some pairs overlap too little"
    INSUFFICIENT = "insufficient", "Most pairs overlap too little"


class FilterMode(models.TextChoices):
    VALUE_ONLY = "value_only", "By value"
    WEIGHT_ONLY = "weight_only", "By weight"
    BOTH = "both", "By value and weight"
    EITHER = "either", "By value or weight"


def _correlation() -> models.DecimalField[Any, Any]:
    return models.DecimalField(max_digits=8, decimal_places=6, null=True, blank=True)


class CorrelationCalculation(TimestampedModel):
    """How much the holdings of a portfolio move together. The pairs are rebuilt from returns when asked for."""

    portfolio = models.ForeignKey(
        Portfolio, on_delete=models.CASCADE, related_name="correlation_calculations", db_index=False
    )
    duration_days = models.SmallIntegerField(help_text="Sessions")
    calculation_date = models.DateField()
    overall_correlation = _correlation()
    correlation_concentration_score = _correlation()
    effective_positions = models.DecimalField(max_digits=8, decimal_places=2, null=True, blank=True)
    effective_positions_equal_weight = models.DecimalField(max_digits=8, decimal_places=2, null=True, blank=True)
    portfolio_correlation = _correlation()
    psd_corrected = models.BooleanField(default=False, db_default=False)
    psd_distance = models.FloatField(null=True, blank=True)
    data_quality = models.CharField(max_length=20, choices=CorrelationQuality)
    min_position_value = models.DecimalField(max_digits=18, decimal_places=4, null=True, blank=True)
    min_portfolio_weight = models.DecimalField(max_digits=8, decimal_places=6, null=True, blank=True)
    filter_mode = models.CharField(
        max_length=20, choices=FilterMode, default=FilterMode.BOTH, db_default=FilterMode.BOTH
    )
    correlation_threshold = models.DecimalField(max_digits=8, decimal_places=6, null=True, blank=True)
    positions_included = models.IntegerField()
    positions_excluded = models.IntegerField()
    clusters = models.JSONField(null=True, blank=True)

    class Meta:
        db_table = "correlation_calculations"
        ordering = ["-calculation_date", "portfolio"]
        constraints = [
            models.UniqueConstraint(
                fields=["portfolio", "duration_days", "calculation_date"], name="correlation_unique"
            ),
            models.CheckConstraint(
                condition=Q(data_quality__in=CorrelationQuality.values), name="correlation_quality_valid"
            ),
            models.CheckConstraint(
                condition=Q(filter_mode__in=FilterMode.values), name="correlation_filter_mode_valid"
            ),
            models.CheckConstraint(
                condition=Q(overall_correlation=None) | Q(overall_correlation__gte=-1, overall_correlation__lte=1),
                name="correlation_overall_valid",
            ),
        ]
        indexes = [models.Index(fields=["calculation_date"], name="correlation_date")]

    def __str__(self) -> str:
        return f"{self.portfolio_id} {self.calculation_date}: {self.overall_correlation}"


class PortfolioRisk(MonthlyModel):
    """Value at risk and expected shortfall of a portfolio over one session, positive dollars of loss, and who adds to
    them.

    The contribution arrays follow `position_ids`; they sum to the portfolio's volatility and value at risk (historical, one
    session, 95 %). The `tail_*` arrays hold every method at every horizon and confidence in the order of `TAILS`
    (`analytics.engines.tails`); the plain columns are the historical ones of one session again.
    """

    partitioned_by = "calculation_date"

    portfolio = models.ForeignKey(Portfolio, on_delete=models.CASCADE, related_name="risk", db_index=False)
    calculation_date = models.DateField()
    var_95_1d = models.DecimalField(max_digits=16, decimal_places=2, null=True, blank=True)
    es_95_1d = models.DecimalField(max_digits=16, decimal_places=2, null=True, blank=True)
    var_99_1d = models.DecimalField(max_digits=16, decimal_places=2, null=True, blank=True)
    es_99_1d = models.DecimalField(max_digits=16, decimal_places=2, null=True, blank=True)
    volatility_daily = models.FloatField(null=True, blank=True, help_text="Dollars per session")
    observations = models.SmallIntegerField(null=True, blank=True)
    tail_var = _floats()
    tail_expected_shortfall = _floats()
    position_ids = ArrayField(models.UUIDField(), null=True, blank=True)
    component_volatility = ArrayField(RealField(), null=True, blank=True)
    component_var = ArrayField(RealField(), null=True, blank=True)

    class Meta:
        db_table = "portfolio_risk"
        verbose_name_plural = "portfolio risk"
        ordering = ["-calculation_date", "portfolio"]
        constraints = [
            models.UniqueConstraint(fields=["portfolio", "calculation_date"], name="portfolio_risk_unique"),
            models.CheckConstraint(
                condition=Q(es_95_1d=None) | Q(var_95_1d=None) | Q(es_95_1d__gte=F("var_95_1d")),
                name="portfolio_risk_shortfall_beyond_var",
            ),
            models.CheckConstraint(
                condition=Q(tail_var=None, tail_expected_shortfall=None)
                | Q(tail_var__len=16, tail_expected_shortfall__len=16),
                name="portfolio_risk_tails_of_sixteen",
            ),
        ]
        indexes = [models.Index(fields=["calculation_date"], name="portfolio_risk_date")]

    def __str__(self) -> str:
        return f"{self.portfolio_id} {self.calculation_date}: {self.var_95_1d}"


class EngineResult(MonthlyModel):
    """How every engine fared on a portfolio at a session: status, reason, counts and what was left out.

    `results` maps engine names to {status, reason, counts, data_days, skipped, method_version}.
    """

    partitioned_by = "calculation_date"

    portfolio = models.ForeignKey(Portfolio, on_delete=models.CASCADE, related_name="engine_results", db_index=False)
    calculation_date = models.DateField()
    results = models.JSONField()
    window_from = models.DateField(null=True, blank=True)
    window_to = models.DateField(null=True, blank=True)
    price_source = models.CharField(max_length=32)

    class Meta:
        db_table = "engine_results"
        ordering = ["-calculation_date", "portfolio"]
        constraints = [
            models.UniqueConstraint(fields=["portfolio", "calculation_date"], name="engine_result_unique"),
            models.CheckConstraint(
                condition=Q(window_from=None) | Q(window_to__gte=F("window_from")), name="engine_result_window_in_order"
            ),
        ]
        indexes = [models.Index(fields=["calculation_date"], name="engine_result_date")]

    def __str__(self) -> str:
        return f"{self.portfolio_id} {self.calculation_date}"
