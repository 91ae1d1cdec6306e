"""Company and fund profiles: the current copy for readers, dated copies for the engines."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from marketdata.models.securities import Security
from sigmasight.core.models import TimestampedModel


def _text(length: int) -> models.CharField[Any, Any]:
    return models.CharField(max_length=length, blank=True, null=True)


def _amount() -> models.DecimalField[Any, Any]:
    """Dollars, two decimals."""
    return models.DecimalField(max_digits=20, decimal_places=2, null=True, blank=True)


def _per_share() -> models.DecimalField[Any, Any]:
    """Dollars per share, four decimals."""
    return models.DecimalField(max_digits=14, decimal_places=4, null=True, blank=True)


def _ratio() -> models.DecimalField[Any, Any]:
    """A multiple or a fraction, six decimals."""
    return models.DecimalField(max_digits=16, decimal_places=6, null=True, blank=True)


def _count() -> models.IntegerField[Any, Any]:
    return models.IntegerField(null=True, blank=True)


def _date() -> models.DateField[Any, Any]:
    return models.DateField(null=True, blank=True)


class CompanyProfile(TimestampedModel):
    """What a provider says about a security today. Unknown is null, never zero; growth, margins and yields are
    fractions.

    Engines read `CompanyProfileRevision` instead, so that no session sees a later profile.
    """

    security = models.OneToOneField(Security, on_delete=models.CASCADE, primary_key=True, related_name="profile")
    company_name = _text(255)
    sector = _text(64)
    industry = _text(128)
    exchange = _text(64)
    country = _text(64)
    market_cap = _amount()
    description = models.TextField(blank=True, null=True)
    is_etf = models.BooleanField(null=True, blank=True)
    is_fund = models.BooleanField(null=True, blank=True)
    ceo = _text(255)
    employees = _count()
    website = _text(255)
    pe_ratio = _ratio()
    forward_pe = _ratio()
    dividend_yield = _ratio()
    beta = _ratio()
    week_52_high = _per_share()
    week_52_low = _per_share()
    target_mean_price = _per_share()
    target_high_price = _per_share()
    target_low_price = _per_share()
    number_of_analyst_opinions = _count()
    recommendation_mean = _ratio()
    recommendation_key = _text(32)
    forward_eps = _per_share()
    earnings_growth = _ratio()
    revenue_growth = _ratio()
    earnings_quarterly_growth = _ratio()
    profit_margins = _ratio()
    operating_margins = _ratio()
    gross_margins = _ratio()
    return_on_assets = _ratio()
    return_on_equity = _ratio()
    total_revenue = _amount()
    current_year_revenue_avg = _amount()
    current_year_revenue_low = _amount()
    current_year_revenue_high = _amount()
    current_year_revenue_growth = _ratio()
    current_year_earnings_avg = _per_share()
    current_year_earnings_low = _per_share()
    current_year_earnings_high = _per_share()
    current_year_end_date = _date()
    next_year_revenue_avg = _amount()
    next_year_revenue_low = _amount()
    next_year_revenue_high = _amount()
    next_year_revenue_growth = _ratio()
    next_year_earnings_avg = _per_share()
    next_year_earnings_low = _per_share()
    next_year_earnings_high = _per_share()
    next_year_end_date = _date()
    current_quarter_target_period_date = _date()
    current_quarter_revenue_avg = _amount()
    current_quarter_revenue_low = _amount()
    current_quarter_revenue_high = _amount()
    current_quarter_eps_avg = _per_share()
    current_quarter_eps_low = _per_share()
    current_quarter_eps_high = _per_share()
    current_quarter_analyst_count = _count()
    next_quarter_target_period_date = _date()
    next_quarter_revenue_avg = _amount()
    next_quarter_revenue_low = _amount()
    next_quarter_revenue_high = _amount()
    next_quarter_eps_avg = _per_share()
    next_quarter_eps_low = _per_share()
    next_quarter_eps_high = _per_share()
    next_quarter_analyst_count = _count()
    fiscal_year_end = _text(5)
    fiscal_quarter_offset = models.SmallIntegerField(null=True, blank=True)
    next_earnings_date = _date()
    next_earnings_expected_eps = _per_share()
    next_earnings_expected_revenue = _amount()
    fundamentals_last_fetched = models.DateTimeField(null=True, blank=True)
    source = models.CharField(max_length=32)
    fetched_at = models.DateTimeField()

    class Meta:
        db_table = "company_profiles"
        ordering = ["security"]
        constraints = [
            models.CheckConstraint(
                condition=Q(market_cap=None) | Q(market_cap__gte=0), name="company_profile_market_cap_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(dividend_yield=None) | Q(dividend_yield__gte=0), name="company_profile_yield_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return self.company_name or str(self.security_id)


class CompanyProfileRevision(TimestampedModel):
    """The profile figures the engines read, as they were known from `as_of` on: no session sees a later one."""

    security = models.ForeignKey(Security, on_delete=models.CASCADE, related_name="profile_revisions", db_index=False)
    as_of = models.DateField()
    beta = _ratio()
    dividend_yield = models.DecimalField(max_digits=10, decimal_places=6, null=True, blank=True)
    market_cap = _amount()
    pe_ratio = _ratio()
    forward_pe = _ratio()
    forward_eps = _per_share()
    target_mean_price = _per_share()
    target_high_price = _per_share()
    target_low_price = _per_share()
    earnings_growth = _ratio()
    revenue_growth = _ratio()
    total_revenue = _amount()
    current_year_revenue_avg = _amount()
    current_year_earnings_avg = _per_share()
    next_year_revenue_avg = _amount()
    next_year_earnings_avg = _per_share()
    source = models.CharField(max_length=32)

    class Meta:
        db_table = "company_profile_revisions"
        ordering = ["security", "-as_of"]
        constraints = [
            models.UniqueConstraint(fields=["security", "as_of"], name="profile_revision_unique"),
            models.CheckConstraint(
                condition=Q(dividend_yield=None) | Q(dividend_yield__gte=0), name="profile_revision_yield_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(market_cap=None) | Q(market_cap__gte=0), name="profile_revision_market_cap_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.security_id} as of {self.as_of}"
