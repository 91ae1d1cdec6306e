"""Written findings about a portfolio, in the core database."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from portfolios.models import Portfolio
from sigmasight.core.models import TimestampedModel, UUIDModel


class InsightType(models.TextChoices):
    DAILY_SUMMARY = "daily_summary", "Daily summary"
    MORNING_BRIEFING = "morning_briefing", "Morning briefing"
    VOLATILITY_ANALYSIS = "volatility_analysis", "Volatility"
    CONCENTRATION_RISK = "concentration_risk", "Concentration"
    HEDGE_QUALITY = "hedge_quality", "Hedges"
    FACTOR_EXPOSURE = "factor_exposure", "Factors"
    STRESS_TEST_REVIEW = "stress_test_review", "Stress"
    CUSTOM = "custom", "A question of the user"


class InsightSeverity(models.TextChoices):
    INFO = "info", "Info"
    NORMAL = "normal", "Normal"
    ELEVATED = "elevated", "Elevated"
    WARNING = "warning", "Warning"
    CRITICAL = "critical", "Critical"


class Insight(UUIDModel, TimestampedModel):
    """A dated analysis of one portfolio, written by a language model or by rules from the engines' results."""

    portfolio = models.ForeignKey(Portfolio, on_delete=models.CASCADE, related_name="insights", db_index=False)
    insight_type = models.CharField(max_length=32, choices=InsightType)
    title = models.CharField(max_length=200)
    severity = models.CharField(
        max_length=16, choices=InsightSeverity, default=InsightSeverity.NORMAL, db_default=InsightSeverity.NORMAL
    )
    summary = models.TextField()
    full_analysis = models.TextField(null=True, blank=True)
    key_findings = models.JSONField(default=list, blank=True)
    recommendations = models.JSONField(default=list, blank=True)
    data_limitations = models.TextField(null=True, blank=True)
    context_data = models.JSONField(default=dict, blank=True)
    data_quality = models.JSONField(default=dict, blank=True)
    focus_area = models.CharField(max_length=100, null=True, blank=True)
    user_question = models.TextField(null=True, blank=True)
    model_used = models.CharField(max_length=50)
    provider = models.CharField(max_length=20)
    prompt_version = models.CharField(max_length=20, null=True, blank=True)
    cost_usd = models.DecimalField(max_digits=10, decimal_places=6, null=True, blank=True)
    generation_time_ms = models.DecimalField(max_digits=10, decimal_places=2, null=True, blank=True)
    token_count_input = models.IntegerField(null=True, blank=True)
    token_count_output = models.IntegerField(null=True, blank=True)
    tool_calls_count = models.PositiveSmallIntegerField(default=0, db_default=0)
    cache_hit = models.BooleanField(default=False, db_default=False)
    cache_source = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    cache_key = models.CharField(max_length=64, blank=True, default="", db_default="")
    user_rating = models.DecimalField(max_digits=2, decimal_places=1, null=True, blank=True)
    user_feedback = models.TextField(null=True, blank=True)
    viewed = models.BooleanField(default=False, db_default=False)
    dismissed = models.BooleanField(default=False, db_default=False)
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "ai_insights"
        ordering = ["-created_at", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(insight_type__in=InsightType.values), name="insight_type_valid"),
            models.CheckConstraint(condition=Q(severity__in=InsightSeverity.values), name="insight_severity_valid"),
            models.CheckConstraint(
                condition=Q(user_rating=None) | Q(user_rating__gte=1, user_rating__lte=5), name="insight_rating_valid"
            ),
        ]
        indexes = [
            models.Index(fields=["portfolio", "created_at"], name="insight_portfolio"),
            models.Index(fields=["insight_type", "severity"], name="insight_type_severity"),
            models.Index(fields=["cache_key", "created_at"], name="insight_cache"),
        ]

    def __str__(self) -> str:
        return self.title
