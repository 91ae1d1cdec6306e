"""What is measured: the factors and the stress scenarios, each with its fixed slot in the result arrays."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from sigmasight.core.models import TimestampedModel


class FactorType(models.TextChoices):
    MARKET = "market", "Market"
    MACRO = "macro", "Macro"
    STYLE = "style", "Style"
    SPREAD = "spread", "Long-short spread"


class FactorMethod(models.TextChoices):
    OLS_MARKET = "ols_market", "Least squares on the market"
    PROVIDER = "provider", "As quoted by the provider"
    OLS_IR = "ols_ir", "Least squares on long Treasuries"
    RIDGE = "ridge_regression", "Joint ridge fit"
    SPREAD = "spread_regression", "Joint fit on long-short spreads"


class FactorDefinition(TimestampedModel):
    """A factor books are measured against. Its `display_order` is its slot in all factor arrays, never reused."""

    name = models.CharField(max_length=50, unique=True)
    description = models.TextField(blank=True, default="")
    factor_type = models.CharField(max_length=20, choices=FactorType)
    calculation_method = models.CharField(max_length=50, choices=FactorMethod)
    etf_proxy = models.CharField(max_length=10, blank=True, default="")
    long_proxy = models.CharField(max_length=10, blank=True, default="", help_text="The bought side of a spread")
    short_proxy = models.CharField(max_length=10, blank=True, default="", help_text="The sold side of a spread")
    window_sessions = models.PositiveSmallIntegerField(null=True, blank=True)
    min_observations = models.PositiveSmallIntegerField(null=True, blank=True)
    display_order = models.PositiveSmallIntegerField(unique=True)
    is_active = models.BooleanField(default=True, db_default=True)

    class Meta:
        db_table = "factor_definitions"
        ordering = ["display_order"]
        constraints = [
            models.CheckConstraint(condition=Q(factor_type__in=FactorType.values), name="factor_type_valid"),
            models.CheckConstraint(condition=Q(calculation_method__in=FactorMethod.values), name="factor_method_valid"),
            models.CheckConstraint(
                condition=Q(window_sessions=None) | Q(min_observations__lte=models.F("window_sessions")),
                name="factor_minimum_within_window",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ScenarioCategory(models.TextChoices):
    MARKET = "market", "Market"
    RATES = "rates", "Interest rates"
    ROTATION = "rotation", "Factor rotation"
    VOLATILITY = "volatility", "Volatility"
    HISTORICAL = "historical", "Historical"


class ScenarioSeverity(models.TextChoices):
    BASE = "base", "Base"
    MILD = "mild", "Mild"
    MODERATE = "moderate", "Moderate"
    SEVERE = "severe", "Severe"
    EXTREME = "extreme", "Extreme"


class StressScenario(TimestampedModel):
    """A set of shocks put to every book. Its `slot` is its place in the stress arrays and is never reused.

    `shock_config` maps factor names (Market, Interest_Rate, Value, Growth, Momentum, Quality, Size, Low_Volatility) to
    shocks: total returns of the factor's fund as fractions, for Interest_Rate a change of the yield (0.01 = 100 bp).
    """

    scenario_id = models.CharField(max_length=50, unique=True)
    name = models.CharField(max_length=100)
    description = models.TextField(blank=True, default="")
    category = models.CharField(max_length=20, choices=ScenarioCategory)
    severity = models.CharField(max_length=20, choices=ScenarioSeverity)
    shock_config = models.JSONField()
    replay_from = models.DateField(
        null=True, blank=True, help_text="First day of the episode a historical scenario retells"
    )
    replay_to = models.DateField(null=True, blank=True)
    slot = models.PositiveSmallIntegerField(unique=True)
    active = models.BooleanField(default=True, db_default=True)

    class Meta:
        db_table = "stress_test_scenarios"
        ordering = ["slot"]
        constraints = [
            models.CheckConstraint(condition=Q(category__in=ScenarioCategory.values), name="scenario_category_valid"),
            models.CheckConstraint(condition=Q(severity__in=ScenarioSeverity.values), name="scenario_severity_valid"),
            models.CheckConstraint(
                condition=Q(replay_from=None, replay_to=None) | Q(replay_to__gte=models.F("replay_from")),
                name="scenario_replay_in_order",
            ),
        ]

    def __str__(self) -> str:
        return self.name
