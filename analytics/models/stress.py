"""What shocks do: to the factors (once a night for everybody) and to each portfolio."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from portfolios.models import Portfolio
from sigmasight.core.fields import RealField
from sigmasight.core.models import MonthlyModel, TimestampedModel

# The fixed places of the arrays in `MarketRiskScenario`, with their shocks: a market return, or a change of yields.
MARKET_SCENARIOS: tuple[tuple[str, float], ...] = (
    ("market_up_5", 0.05),
    ("market_down_5", -0.05),
    ("market_up_10", 0.10),
    ("market_down_10", -0.10),
    ("market_up_20", 0.20),
    ("market_down_20", -0.20),
    ("ir_up_100bp", 0.01),
    ("ir_down_100bp", -0.01),
    ("ir_up_200bp", 0.02),
    ("ir_down_200bp", -0.02),
)


class FactorCovariance(TimestampedModel):
    """Covariance of the seven joint factors' daily returns at a session, weighted and shrunk as stress uses it."""

    calculation_date = models.DateField(unique=True)
    covariance = ArrayField(ArrayField(models.FloatField()))
    observations = models.SmallIntegerField()
    half_life = models.SmallIntegerField(help_text="Sessions")
    method_version = models.CharField(max_length=16, default="1", db_default="1")

    class Meta:
        db_table = "factor_covariances"
        ordering = ["-calculation_date"]

    def __str__(self) -> str:
        return f"{self.calculation_date}"


class ScenarioFactorShock(TimestampedModel):
    """What a scenario means for the seven joint factors at a session: with a symbol's loadings it gives the symbol's
    return.

    `scenario_key` is a stress scenario's id, or ``move:`` and a name of `MARKET_SCENARIOS`. `plausibility_scale` 1 means the
    conditional mean was used as it is; below, it was drawn back to the length the factors' history allows.
    """

    calculation_date = models.DateField()
    scenario_key = models.CharField(max_length=50)
    factor_shock = ArrayField(models.FloatField())
    unbounded_factor_shock = ArrayField(models.FloatField())
    mahalanobis_length = models.FloatField(help_text="Monthly standard deviations, before drawing back")
    plausibility_scale = models.FloatField()
    implied_market_move = models.FloatField()

    class Meta:
        db_table = "scenario_factor_shocks"
        ordering = ["-calculation_date", "scenario_key"]
        constraints = [
            models.UniqueConstraint(fields=["calculation_date", "scenario_key"], name="scenario_factor_shock_unique"),
            models.CheckConstraint(
                condition=Q(plausibility_scale__gt=0, plausibility_scale__lte=1),
                name="scenario_factor_shock_scale_valid",
            ),
            models.CheckConstraint(
                condition=Q(unbounded_factor_shock__len=F("factor_shock__len")), name="scenario_factor_shock_aligned"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.scenario_key} {self.calculation_date}"


def _floats() -> ArrayField[Any, Any]:
    return ArrayField(models.FloatField())


class MarketRiskScenario(TimestampedModel):
    """P&L of a portfolio under the ten plain market and rate moves, in the order of `MARKET_SCENARIOS`, in dollars."""

    portfolio = models.ForeignKey(
        Portfolio, on_delete=models.CASCADE, related_name="market_risk_scenarios", db_index=False
    )
    calculation_date = models.DateField()
    predicted_pnl = _floats()
    linear_pnl = _floats()
    convexity_effect = _floats()
    coverage = models.DecimalField(max_digits=6, decimal_places=4, null=True, blank=True)

    class Meta:
        db_table = "market_risk_scenarios"
        ordering = ["-calculation_date", "portfolio"]
        constraints = [
            models.UniqueConstraint(fields=["portfolio", "calculation_date"], name="market_risk_scenario_unique"),
            models.CheckConstraint(
                condition=Q(predicted_pnl__len=10, linear_pnl__len=10, convexity_effect__len=10),
                name="market_risk_scenario_of_ten",
            ),
            models.CheckConstraint(
                condition=Q(coverage=None) | Q(coverage__gte=0, coverage__lte=1),
                name="market_risk_scenario_coverage_valid",
            ),
        ]
        indexes = [models.Index(fields=["calculation_date"], name="market_risk_scenario_date")]

    def __str__(self) -> str:
        return f"{self.portfolio_id} {self.calculation_date}"


class StressTestResult(MonthlyModel):
    """P&L of a portfolio under every stress scenario, by scenario slot, in dollars; NULL or NaN where one was skipped.

    `correlated_pnl` is the full revaluation under the joint shock; it is the sum of the rows of `factor_impacts` (one
    column a joint factor, the last one the private proxies) and of `unexplained`, the convexity of options. Position
    impacts are rebuilt from holdings, loadings and `ScenarioFactorShock`.
    """

    partitioned_by = "calculation_date"

    portfolio = models.ForeignKey(
        Portfolio, on_delete=models.CASCADE, related_name="stress_test_results", db_index=False
    )
    calculation_date = models.DateField()
    direct_pnl = _floats()
    correlated_pnl = _floats()
    correlated_pnl_without_vol_shock = _floats()
    unbounded_pnl = _floats()
    private_pnl = _floats()
    factor_impacts = ArrayField(ArrayField(RealField()), help_text="Scenario slots x joint factors")
    unexplained = _floats()
    coverage = models.DecimalField(max_digits=6, decimal_places=4, null=True, blank=True)
    flags = models.JSONField(
        null=True, blank=True, help_text="Skipped scenarios, loss beyond equity, uncovered holdings"
    )

    class Meta:
        db_table = "stress_test_results"
        ordering = ["-calculation_date", "portfolio"]
        constraints = [
            models.UniqueConstraint(fields=["portfolio", "calculation_date"], name="stress_test_result_unique"),
            models.CheckConstraint(
                condition=Q(
                    correlated_pnl__len=F("direct_pnl__len"),
                    correlated_pnl_without_vol_shock__len=F("direct_pnl__len"),
                    unbounded_pnl__len=F("direct_pnl__len"),
                    private_pnl__len=F("direct_pnl__len"),
                    factor_impacts__len=F("direct_pnl__len"),
                    unexplained__len=F("direct_pnl__len"),
                ),
                name="stress_test_result_arrays_aligned",
            ),
            models.CheckConstraint(
                condition=Q(coverage=None) | Q(coverage__gte=0, coverage__lte=1),
                name="stress_test_result_coverage_valid",
            ),
        ]
        indexes = [models.Index(fields=["calculation_date"], name="stress_test_result_date")]

    def __str__(self) -> str:
        return f"{self.portfolio_id} {self.calculation_date}"
