"""The book of a portfolio at the end of a session."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from portfolios.models.portfolios import Portfolio
from sigmasight.core.fields import CodeField
from sigmasight.core.models import MonthlyModel, TimestampedModel


class NavQuality(models.TextChoices):
    OK = "ok", "Every holding has a usable price"
    PARTIAL = "partial", "Some holdings carry an old price"


def _dollars() -> models.DecimalField[Any, Any]:
    return models.DecimalField(max_digits=16, decimal_places=2)


def _dollars_or_null(digits: int = 16) -> models.DecimalField[Any, Any]:
    return models.DecimalField(max_digits=digits, decimal_places=2, null=True, blank=True)


def _estimate() -> models.DecimalField[Any, Any]:
    return models.DecimalField(max_digits=10, decimal_places=4, null=True, blank=True)


def _count() -> models.IntegerField[Any, Any]:
    return models.IntegerField(default=0, db_default=0)


class PortfolioSnapshot(TimestampedModel):
    """Net asset value, P&L and exposures of a portfolio at a session's close, and the night's analytics of it.

    The ledger writes the first block, later phases of the same night the others; null means not computed. Equity of a
    session is the opening equity plus `cumulative_pnl` plus `cumulative_capital_flow`. Short values are negative.
    """

    portfolio = models.ForeignKey(Portfolio, on_delete=models.CASCADE, related_name="snapshots", db_index=False)
    snapshot_date = models.DateField()

    net_asset_value = _dollars()
    cash_value = _dollars()
    long_value = _dollars()
    short_value = _dollars()
    gross_exposure = _dollars()
    net_exposure = _dollars()
    daily_pnl = _dollars()
    daily_return = models.DecimalField(max_digits=12, decimal_places=6, null=True, blank=True)
    daily_unrealized_pnl = _dollars()
    daily_realized_pnl = _dollars()
    daily_income = _dollars()
    daily_fees = models.DecimalField(max_digits=16, decimal_places=2, default=0, db_default=0)
    daily_capital_flow = _dollars()
    cumulative_pnl = _dollars()
    cumulative_realized_pnl = _dollars()
    cumulative_capital_flow = _dollars()
    twr_index = models.FloatField(help_text="Product of 1 + daily return, 1 before the first session")
    drawdown = models.FloatField(null=True, blank=True, help_text="Of the return index from its peak, 0 or negative")
    num_positions = _count()
    num_long_positions = _count()
    num_short_positions = _count()
    stale_count = _count()
    missing_count = _count()
    nav_quality = models.CharField(max_length=8, choices=NavQuality, default=NavQuality.OK, db_default=NavQuality.OK)
    large_flow = models.BooleanField(
        default=False, db_default=False, help_text="The day's flow exceeds a tenth of equity"
    )
    # What the next session rolls on from, exact: the money columns above are rounded to cents.
    cash_micro = models.BigIntegerField(default=0, db_default=0, help_text="Cash, millionths of a dollar")
    realized_micro = models.BigIntegerField(
        default=0, db_default=0, help_text="Realised P&L so far, millionths of a dollar"
    )
    flow_micro = models.BigIntegerField(
        default=0, db_default=0, help_text="Capital flows so far, millionths of a dollar"
    )
    twr_peak = models.FloatField(
        null=True, blank=True, help_text="Highest return index so far; null once it was negative"
    )
    input_hash = models.CharField(max_length=64, blank=True, default="", db_default="")
    is_complete = models.BooleanField(default=True, db_default=True)

    portfolio_delta = _dollars_or_null(18)
    portfolio_gamma = _dollars_or_null(18)
    portfolio_theta = _dollars_or_null(18)
    portfolio_vega = _dollars_or_null(18)
    gross_delta_exposure = _dollars_or_null(18)
    net_delta_exposure = _dollars_or_null(18)
    true_notional = _dollars_or_null(18)

    beta_calculated_90d = _estimate()
    beta_calculated_90d_r_squared = _estimate()
    beta_calculated_90d_observations = models.IntegerField(null=True, blank=True)
    beta_provider_1y = _estimate()
    beta_portfolio_regression = _estimate()
    beta_coverage = models.DecimalField(max_digits=6, decimal_places=4, null=True, blank=True)

    realized_volatility_21d = _estimate()
    realized_volatility_63d = _estimate()
    expected_volatility_21d = _estimate()
    volatility_trend = models.CharField(max_length=20, null=True, blank=True)
    volatility_percentile = _estimate()

    sector_exposure = models.JSONField(null=True, blank=True)
    hhi = _estimate()
    effective_num_positions = models.DecimalField(max_digits=10, decimal_places=2, null=True, blank=True)
    top_3_concentration = _estimate()
    top_10_concentration = _estimate()

    target_price_return_eoy = models.DecimalField(max_digits=10, decimal_places=4, null=True, blank=True)
    target_price_return_next_year = models.DecimalField(max_digits=10, decimal_places=4, null=True, blank=True)
    target_price_downside_return = models.DecimalField(max_digits=10, decimal_places=4, null=True, blank=True)
    target_price_upside_eoy_dollars = _dollars_or_null()
    target_price_upside_next_year_dollars = _dollars_or_null()
    target_price_downside_dollars = _dollars_or_null()
    target_price_coverage_pct = models.DecimalField(max_digits=7, decimal_places=4, null=True, blank=True)
    target_price_positions_count = models.IntegerField(null=True, blank=True)
    target_price_total_positions = models.IntegerField(null=True, blank=True)
    target_price_last_updated = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "portfolio_snapshots"
        ordering = ["portfolio", "-snapshot_date"]
        constraints = [
            models.UniqueConstraint(fields=["portfolio", "snapshot_date"], name="portfolio_snapshot_unique"),
            models.CheckConstraint(condition=Q(long_value__gte=0), name="snapshot_long_not_negative"),
            models.CheckConstraint(condition=Q(short_value__lte=0), name="snapshot_short_not_positive"),
            models.CheckConstraint(condition=Q(gross_exposure__gte=0), name="snapshot_gross_not_negative"),
            models.CheckConstraint(condition=Q(nav_quality__in=NavQuality.values), name="snapshot_nav_quality_valid"),
            models.CheckConstraint(
                condition=Q(drawdown=None) | Q(drawdown__lte=0), name="snapshot_drawdown_not_positive"
            ),
        ]
        indexes = [models.Index(fields=["snapshot_date"], name="portfolio_snapshot_date")]

    def __str__(self) -> str:
        return f"{self.portfolio_id} {self.snapshot_date} {self.net_asset_value}"


class LotQuality(models.TextChoices):
    """How a lot was priced, one letter each in `PositionSnapshot.quality`."""

    FRESH = "F", "Price of the session"
    STALE = "S", "Price up to five sessions old"
    FROZEN = "Z", "Older price, carried"
    MODEL = "M", "Model price of an option"
    ENTRY = "E", "Entry price: never priced"
    VALUATION = "V", "Owner's valuation of a private holding"


class PositionSnapshot(MonthlyModel):
    """Every lot of a portfolio at a session's close: element i of each array belongs to ``position_ids[i]``.

    Dollars are rounded to cents; shorts are negative; `daily_pnl` is the lot's share of the day's P&L.
    """

    partitioned_by = "snapshot_date"

    portfolio = models.ForeignKey(
        Portfolio, on_delete=models.CASCADE, related_name="position_snapshots", db_index=False
    )
    snapshot_date = models.DateField()
    position_ids = ArrayField(models.UUIDField())
    quantity = ArrayField(models.FloatField())
    price = ArrayField(models.FloatField())
    market_value = ArrayField(models.FloatField())
    entry_value = ArrayField(models.FloatField())
    cost_micro = ArrayField(models.BigIntegerField(), help_text="Entry value, millionths of a dollar, to roll on from")
    unrealized_pnl = ArrayField(models.FloatField())
    daily_pnl = ArrayField(models.FloatField())
    quality = ArrayField(CodeField(choices=LotQuality))

    class Meta:
        db_table = "position_snapshots"
        ordering = ["portfolio", "-snapshot_date"]
        constraints = [
            models.UniqueConstraint(fields=["portfolio", "snapshot_date"], name="position_snapshot_unique"),
            models.CheckConstraint(
                condition=Q(
                    quantity__len=F("position_ids__len"),
                    price__len=F("position_ids__len"),
                    market_value__len=F("position_ids__len"),
                    entry_value__len=F("position_ids__len"),
                    cost_micro__len=F("position_ids__len"),
                    unrealized_pnl__len=F("position_ids__len"),
                    daily_pnl__len=F("position_ids__len"),
                    quality__len=F("position_ids__len"),
                ),
                name="position_snapshot_arrays_aligned",
            ),
        ]
        indexes = [models.Index(fields=["snapshot_date"], name="position_snapshot_date")]

    def __str__(self) -> str:
        return f"{self.portfolio_id} {self.snapshot_date}: {len(self.position_ids)} lots"
