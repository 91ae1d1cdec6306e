"""What belongs to a symbol or an option contract: computed once a night for all who hold it.

Array columns are indexed by slot (`FactorDefinition.display_order`); NULL or NaN in them means not computed.
"""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from analytics.models.definitions import FactorDefinition
from marketdata.models import Security
from sigmasight.core.fields import CodeField
from sigmasight.core.models import TimestampedModel


class FactorQuality(models.TextChoices):
    """One letter a factor in `SymbolFactorExposure.quality_flag`."""

    FULL_HISTORY = "F", "full_history"
    LIMITED_HISTORY = "L", "limited_history"
    STALE_PRICES = "S", "stale_prices"
    NONE = "-", "not computed"


class SymbolNumbers(models.TextChoices):
    """What is computed by symbol and session."""

    VOLATILITY = "volatility", "volatility"
    FACTORS = "factors", "betas, factors and scenario shocks"


class SymbolSession(TimestampedModel):
    """That the numbers of all symbols at a session are stored, and what they were made of.

    `fingerprint` covers the window of prices that ends on the session and everything else that goes into its numbers;
    `inputs_version` is that of all stored inputs when the fingerprint was last seen to hold.
    """

    session = models.DateField()
    kind = models.CharField(max_length=16, choices=SymbolNumbers)
    fingerprint = models.CharField(max_length=64)
    inputs_version = models.CharField(max_length=64)

    class Meta:
        db_table = "symbol_sessions"
        ordering = ["-session", "kind"]
        constraints = [models.UniqueConstraint(fields=["session", "kind"], name="symbol_session_unique")]

    def __str__(self) -> str:
        return f"{self.session} {self.kind}"


def _floats() -> ArrayField[Any, Any]:
    return ArrayField(models.FloatField(), null=True, blank=True)


class SymbolFactorExposure(TimestampedModel):
    """The factor betas of a symbol at a session, raw, with their errors; one element a factor slot.

    The `joint_*` arrays are the loadings on (Market, Growth-Value, Momentum, Size, Quality, Low Volatility, Rates) of
    one weighted regression; `joint_shrunk` are the ones stress uses. Residual volatility is per session, a fraction.
    """

    security = models.ForeignKey(Security, on_delete=models.CASCADE, related_name="factor_exposures", db_index=False)
    calculation_date = models.DateField()
    beta_value = ArrayField(models.FloatField())
    std_error = ArrayField(models.FloatField())
    p_value = ArrayField(models.FloatField())
    r_squared = ArrayField(models.FloatField())
    observations = ArrayField(models.SmallIntegerField())
    quality_flag = ArrayField(CodeField(choices=FactorQuality))
    joint_beta = _floats()
    joint_shrunk = _floats()
    joint_std_error = _floats()
    joint_r_squared = models.FloatField(null=True, blank=True)
    joint_residual_volatility = models.FloatField(null=True, blank=True)
    joint_observations = models.SmallIntegerField(null=True, blank=True)
    market_beta_detail = models.JSONField(
        null=True, blank=True, help_text="alpha, Newey-West error, Vasicek, Dimson and 252-session betas"
    )
    regression_window = models.SmallIntegerField(null=True, blank=True, help_text="Sessions of the joint fit")
    method_version = models.CharField(max_length=16, default="1", db_default="1")

    class Meta:
        db_table = "symbol_factor_exposures"
        ordering = ["-calculation_date", "security"]
        constraints = [
            models.UniqueConstraint(fields=["security", "calculation_date"], name="symbol_factor_exposure_unique"),
            models.CheckConstraint(
                condition=Q(
                    std_error__len=F("beta_value__len"),
                    p_value__len=F("beta_value__len"),
                    r_squared__len=F("beta_value__len"),
                    observations__len=F("beta_value__len"),
                    quality_flag__len=F("beta_value__len"),
                ),
                name="symbol_factor_exposure_arrays_aligned",
            ),
            models.CheckConstraint(
                condition=Q(joint_beta=None) | Q(joint_beta__len=7), name="symbol_factor_exposure_joint_of_seven"
            ),
        ]
        indexes = [models.Index(fields=["calculation_date"], name="symbol_factor_exposure_date")]

    def __str__(self) -> str:
        return f"{self.security_id} {self.calculation_date}"


class SymbolFactorExposureRow(models.Model):
    """One (symbol, factor, session) of `SymbolFactorExposure`: a database view for readers who want rows."""

    id = models.CharField(max_length=64, primary_key=True)
    security = models.ForeignKey(Security, on_delete=models.DO_NOTHING, related_name="+")
    factor = models.ForeignKey(FactorDefinition, on_delete=models.DO_NOTHING, related_name="+")
    symbol = models.CharField(max_length=32)
    factor_name = models.CharField(max_length=50)
    calculation_date = models.DateField()
    beta_value = models.FloatField()
    std_error = models.FloatField(null=True)
    p_value = models.FloatField(null=True)
    r_squared = models.FloatField(null=True)
    observations = models.SmallIntegerField(null=True)
    quality_flag = models.CharField(max_length=1, choices=FactorQuality)

    class Meta:
        managed = False
        db_table = "symbol_factor_exposure_rows"
        ordering = ["-calculation_date", "symbol", "factor"]

    def __str__(self) -> str:
        return f"{self.symbol} {self.factor_name} {self.calculation_date}: {self.beta_value}"


class VolatilityTrend(models.TextChoices):
    INCREASING = "increasing", "Increasing"
    DECREASING = "decreasing", "Decreasing"
    STABLE = "stable", "Stable"


class ForecastMethod(models.TextChoices):
    LOG_HAR = "log_har", "Regression of log variance on its day, week and month"
    EWMA = "ewma", "Exponentially weighted variance"


def _volatility() -> models.DecimalField[Any, Any]:
    """A fraction per year, four decimals."""
    return models.DecimalField(max_digits=10, decimal_places=4, null=True, blank=True)


class SymbolVolatility(TimestampedModel):
    """Realised and expected volatility of a symbol at a session, annualised fractions."""

    security = models.ForeignKey(Security, on_delete=models.CASCADE, related_name="volatilities", db_index=False)
    calculation_date = models.DateField()
    realized_volatility_21d = _volatility()
    realized_volatility_63d = _volatility()
    realized_volatility_252d = _volatility()
    vol_daily = _volatility()
    vol_weekly = _volatility()
    vol_monthly = _volatility()
    expected_volatility_21d = _volatility()
    vol_trend = models.CharField(max_length=20, choices=VolatilityTrend, null=True, blank=True)
    vol_trend_strength = _volatility()
    vol_percentile = _volatility()
    observations = models.IntegerField(null=True, blank=True)
    model_r_squared = _volatility()
    forecast_method = models.CharField(max_length=16, choices=ForecastMethod, null=True, blank=True)

    class Meta:
        db_table = "symbol_volatilities"
        verbose_name_plural = "symbol volatilities"
        ordering = ["-calculation_date", "security"]
        constraints = [
            models.UniqueConstraint(fields=["security", "calculation_date"], name="symbol_volatility_unique"),
            models.CheckConstraint(
                condition=Q(vol_trend=None) | Q(vol_trend__in=VolatilityTrend.values),
                name="symbol_volatility_trend_valid",
            ),
            models.CheckConstraint(
                condition=Q(forecast_method=None) | Q(forecast_method__in=ForecastMethod.values),
                name="symbol_volatility_method_valid",
            ),
            models.CheckConstraint(
                condition=(
                    (Q(realized_volatility_21d=None) | Q(realized_volatility_21d__gte=0))
                    & (Q(realized_volatility_63d=None) | Q(realized_volatility_63d__gte=0))
                    & (Q(expected_volatility_21d=None) | Q(expected_volatility_21d__gte=0))
                ),
                name="symbol_volatility_not_negative",
            ),
        ]
        indexes = [models.Index(fields=["calculation_date"], name="symbol_volatility_date")]

    def __str__(self) -> str:
        return f"{self.security_id} {self.calculation_date}"


def _return() -> models.DecimalField[Any, Any]:
    return models.DecimalField(max_digits=12, decimal_places=6, null=True, blank=True)


def _multiple() -> models.DecimalField[Any, Any]:
    return models.DecimalField(max_digits=16, decimal_places=6, null=True, blank=True)


class SymbolDailyMetrics(TimestampedModel):
    """The newest returns, valuation ratios and factor betas of a symbol: one row each, for the equity search."""

    security = models.OneToOneField(Security, on_delete=models.CASCADE, related_name="daily_metrics")
    metrics_date = models.DateField()
    current_price = models.DecimalField(max_digits=18, decimal_places=6, null=True, blank=True)
    return_1d = _return()
    return_mtd = _return()
    return_ytd = _return()
    return_1m = _return()
    return_3m = _return()
    return_1y = _return()
    pe_ratio = _multiple()
    ps_ratio = _multiple()
    pb_ratio = _multiple()
    market_cap = models.DecimalField(max_digits=20, decimal_places=2, null=True, blank=True)
    enterprise_value = models.DecimalField(max_digits=20, decimal_places=2, null=True, blank=True)
    factor_market = models.FloatField(null=True, blank=True)
    factor_interest_rate = models.FloatField(null=True, blank=True)
    factor_value = models.FloatField(null=True, blank=True)
    factor_growth = models.FloatField(null=True, blank=True)
    factor_momentum = models.FloatField(null=True, blank=True)
    factor_quality = models.FloatField(null=True, blank=True)
    factor_size = models.FloatField(null=True, blank=True)
    factor_low_vol = models.FloatField(null=True, blank=True)
    data_quality_score = models.DecimalField(
        max_digits=5, decimal_places=2, null=True, blank=True, help_text="0 to 100"
    )

    class Meta:
        db_table = "symbol_daily_metrics"
        verbose_name_plural = "symbol daily metrics"
        ordering = ["security"]
        constraints = [
            models.CheckConstraint(
                condition=Q(data_quality_score=None) | Q(data_quality_score__gte=0, data_quality_score__lte=100),
                name="symbol_metrics_score_valid",
            )
        ]
        indexes = [models.Index(F("market_cap").desc(nulls_last=True), name="symbol_metrics_market_cap")]

    def __str__(self) -> str:
        return f"{self.security_id} {self.metrics_date}"


class GreeksStatus(models.TextChoices):
    OK = "ok", "Computed"
    EXPIRES_TODAY = "expires_today", "Expires this session"
    EXPIRED = "expired", "Expired"
    SKIPPED = "skipped", "Skipped"


class VolatilitySource(models.TextChoices):
    """Where the volatility of a contract came from, best first."""

    IMPLIED = "implied", "Implied by the contract's own price of the session"
    IMPLIED_HELD = "implied_held", "Implied by its last price, held"
    CHAIN = "chain", "Interpolated from the underlying's chain"
    PROVIDER = "provider", "As sent by the provider"
    TERM_STRUCTURE = "term_structure", "From forecast and realised volatility of the underlying"
    REALIZED_63D = "realized_63d", "Realised over 63 sessions"
    DEFAULT = "default", "Default of 25 %"


class OptionGreeks(TimestampedModel):
    """Model price and unit Greeks of one contract at a session, per share of the underlying, not scaled by anybody's
    holding.

    Theta is per calendar day, vega per volatility point, rho per percentage point; volatility, rate and yield are
    fractions.
    """

    security = models.ForeignKey(Security, on_delete=models.CASCADE, related_name="greeks", db_index=False)
    calculation_date = models.DateField()
    price = models.FloatField(null=True, blank=True)
    delta = models.DecimalField(max_digits=10, decimal_places=8, null=True, blank=True)
    gamma = models.FloatField(null=True, blank=True)
    theta = models.FloatField(null=True, blank=True)
    vega = models.FloatField(null=True, blank=True)
    rho = models.FloatField(null=True, blank=True)
    implied_volatility = models.DecimalField(max_digits=10, decimal_places=6, null=True, blank=True)
    volatility_source = models.CharField(max_length=16, choices=VolatilitySource, null=True, blank=True)
    volatility_date = models.DateField(null=True, blank=True, help_text="The session the volatility is from")
    rate = models.DecimalField(max_digits=8, decimal_places=6, null=True, blank=True)
    rate_source = models.CharField(max_length=16, null=True, blank=True)
    dividend_yield = models.DecimalField(max_digits=8, decimal_places=6, null=True, blank=True)
    underlying_price = models.DecimalField(max_digits=18, decimal_places=6, null=True, blank=True)
    price_source = models.CharField(max_length=16, null=True, blank=True)
    status = models.CharField(max_length=16, choices=GreeksStatus)
    reason = models.CharField(max_length=40, null=True, blank=True)

    class Meta:
        db_table = "option_greeks"
        verbose_name_plural = "option greeks"
        ordering = ["-calculation_date", "security"]
        constraints = [
            models.UniqueConstraint(fields=["security", "calculation_date"], name="option_greeks_unique"),
            models.CheckConstraint(condition=Q(status__in=GreeksStatus.values), name="option_greeks_status_valid"),
            models.CheckConstraint(
                condition=Q(volatility_source=None) | Q(volatility_source__in=VolatilitySource.values),
                name="option_greeks_volatility_source_valid",
            ),
            models.CheckConstraint(
                condition=Q(delta=None) | Q(delta__gte=-1, delta__lte=1), name="option_greeks_delta_valid"
            ),
            models.CheckConstraint(
                condition=~Q(status=GreeksStatus.SKIPPED) | Q(reason__isnull=False),
                name="option_greeks_skip_has_a_reason",
            ),
        ]
        indexes = [models.Index(fields=["calculation_date"], name="option_greeks_date")]

    def __str__(self) -> str:
        return f"{self.security_id} {self.calculation_date} {self.status}"


class FactorCorrelation(TimestampedModel):
    """Exponentially weighted correlation of two factors' funds at a session; each pair once, lower slot first."""

    factor_1 = models.ForeignKey(FactorDefinition, on_delete=models.CASCADE, related_name="+", db_index=False)
    factor_2 = models.ForeignKey(FactorDefinition, on_delete=models.CASCADE, related_name="+")
    correlation = models.DecimalField(max_digits=8, decimal_places=6, null=True, blank=True)
    calculation_date = models.DateField()
    lookback_days = models.SmallIntegerField(help_text="Sessions")
    decay_factor = models.DecimalField(max_digits=5, decimal_places=4)
    data_points = models.SmallIntegerField()

    class Meta:
        db_table = "factor_correlations"
        ordering = ["-calculation_date", "factor_1", "factor_2"]
        constraints = [
            models.UniqueConstraint(
                fields=["factor_1", "factor_2", "calculation_date", "decay_factor"], name="factor_correlation_unique"
            ),
            models.CheckConstraint(condition=Q(factor_1__lt=F("factor_2")), name="factor_correlation_pair_once"),
            models.CheckConstraint(
                condition=Q(correlation=None) | Q(correlation__gte=-1, correlation__lte=1),
                name="factor_correlation_valid",
            ),
            models.CheckConstraint(
                condition=Q(decay_factor__gt=0, decay_factor__lte=1), name="factor_correlation_decay_valid"
            ),
        ]
        indexes = [models.Index(fields=["calculation_date"], name="factor_correlation_date")]

    def __str__(self) -> str:
        return f"{self.factor_1_id} x {self.factor_2_id} {self.calculation_date}: {self.correlation}"
