"""Financial statements as reported, and analysts' estimates."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from marketdata.models.securities import Security
from sigmasight.core.models import TimestampedModel


class Frequency(models.TextChoices):
    QUARTERLY = "q", "Quarter"
    ANNUAL = "a", "Year"


def _amount() -> models.DecimalField[Any, Any]:
    """Dollars, two decimals."""
    return models.DecimalField(max_digits=20, decimal_places=2, null=True, blank=True)


def _per_share() -> models.DecimalField[Any, Any]:
    """Dollars per share, four decimals."""
    return models.DecimalField(max_digits=14, decimal_places=4, null=True, blank=True)


def _fraction() -> models.DecimalField[Any, Any]:
    """A fraction, six decimals."""
    return models.DecimalField(max_digits=16, decimal_places=6, null=True, blank=True)


def _ratio() -> models.DecimalField[Any, Any]:
    """A ratio, four decimals."""
    return models.DecimalField(max_digits=16, decimal_places=4, null=True, blank=True)


class StatementModel(TimestampedModel):
    """One reporting period of a company. Amounts in dollars as reported; unknown is null."""

    security = models.ForeignKey(Security, on_delete=models.CASCADE, related_name="%(class)ss", db_index=False)
    frequency = models.CharField(max_length=1, choices=Frequency)
    period_date = models.DateField(help_text="End of the period")
    fiscal_year = models.SmallIntegerField(null=True, blank=True)
    fiscal_quarter = models.SmallIntegerField(null=True, blank=True, help_text="1 to 4; empty for years")
    source = models.CharField(max_length=32)

    class Meta:
        abstract = True
        ordering = ["security", "frequency", "-period_date"]
        constraints = [
            models.UniqueConstraint(fields=["security", "frequency", "period_date"], name="%(class)s_unique"),
            models.CheckConstraint(condition=Q(frequency__in=Frequency.values), name="%(class)s_frequency_valid"),
            models.CheckConstraint(
                condition=Q(fiscal_quarter=None) | Q(fiscal_quarter__gte=1, fiscal_quarter__lte=4),
                name="%(class)s_quarter_valid",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.security_id} {self.frequency} {self.period_date}"


class IncomeStatement(StatementModel):
    """Income statement of a quarter or a year."""

    total_revenue = _amount()
    cost_of_revenue = _amount()
    gross_profit = _amount()
    gross_margin = _fraction()
    research_and_development = _amount()
    selling_general_and_administrative = _amount()
    operating_income = _amount()
    operating_margin = _fraction()
    ebit = _amount()
    ebitda = _amount()
    net_income = _amount()
    net_margin = _fraction()
    diluted_eps = _per_share()
    basic_eps = _per_share()
    basic_average_shares = models.BigIntegerField(null=True, blank=True)
    diluted_average_shares = models.BigIntegerField(null=True, blank=True)
    tax_provision = _amount()
    interest_expense = _amount()
    depreciation_and_amortization = _amount()

    class Meta(StatementModel.Meta):
        db_table = "income_statements"


class BalanceSheet(StatementModel):
    """Balance sheet at the end of a quarter or a year."""

    total_assets = _amount()
    current_assets = _amount()
    cash_and_cash_equivalents = _amount()
    short_term_investments = _amount()
    accounts_receivable = _amount()
    inventory = _amount()
    property_plant_equipment = _amount()
    intangible_assets = _amount()
    total_liabilities = _amount()
    current_liabilities = _amount()
    accounts_payable = _amount()
    short_term_debt = _amount()
    long_term_debt = _amount()
    total_debt = _amount()
    total_stockholders_equity = _amount()
    retained_earnings = _amount()
    common_stock = _amount()
    working_capital = _amount()
    net_debt = _amount()
    current_ratio = _ratio()
    debt_to_equity = _ratio()
    book_value_per_share = _per_share()

    class Meta(StatementModel.Meta):
        db_table = "balance_sheets"


class CashFlowStatement(StatementModel):
    """Cash flow statement of a quarter or a year."""

    operating_cash_flow = _amount()
    depreciation_and_amortization = _amount()
    stock_based_compensation = _amount()
    change_in_working_capital = _amount()
    investing_cash_flow = _amount()
    capital_expenditures = _amount()
    acquisitions = _amount()
    purchases_of_investments = _amount()
    financing_cash_flow = _amount()
    dividends_paid = _amount()
    stock_repurchases = _amount()
    debt_issuance_repayment = _amount()
    net_change_in_cash = _amount()
    beginning_cash_position = _amount()
    free_cash_flow = _amount()
    fcf_margin = _fraction()

    class Meta(StatementModel.Meta):
        db_table = "cash_flow_statements"


class AnalystEstimate(TimestampedModel):
    """Analysts' consensus on the coming quarters and years, as known from `as_of` on."""

    security = models.ForeignKey(Security, on_delete=models.CASCADE, related_name="analyst_estimates", db_index=False)
    as_of = models.DateField()
    current_quarter_end_date = models.DateField(null=True, blank=True)
    current_quarter_revenue_avg = _amount()
    current_quarter_revenue_low = _amount()
    current_quarter_revenue_high = _amount()
    current_quarter_eps_avg = _per_share()
    current_quarter_eps_low = _per_share()
    current_quarter_eps_high = _per_share()
    current_quarter_analyst_count = models.IntegerField(null=True, blank=True)
    next_quarter_end_date = models.DateField(null=True, blank=True)
    next_quarter_revenue_avg = _amount()
    next_quarter_revenue_low = _amount()
    next_quarter_revenue_high = _amount()
    next_quarter_eps_avg = _per_share()
    next_quarter_eps_low = _per_share()
    next_quarter_eps_high = _per_share()
    next_quarter_analyst_count = models.IntegerField(null=True, blank=True)
    current_year_end_date = models.DateField(null=True, blank=True)
    current_year_revenue_avg = _amount()
    current_year_revenue_low = _amount()
    current_year_revenue_high = _amount()
    current_year_revenue_growth = _fraction()
    current_year_earnings_avg = _per_share()
    current_year_earnings_low = _per_share()
    current_year_earnings_high = _per_share()
    current_year_analyst_count = models.IntegerField(null=True, blank=True)
    next_year_end_date = models.DateField(null=True, blank=True)
    next_year_revenue_avg = _amount()
    next_year_revenue_low = _amount()
    next_year_revenue_high = _amount()
    next_year_revenue_growth = _fraction()
    next_year_earnings_avg = _per_share()
    next_year_earnings_low = _per_share()
    next_year_earnings_high = _per_share()
    next_year_analyst_count = models.IntegerField(null=True, blank=True)
    source = models.CharField(max_length=32)

    class Meta:
        db_table = "analyst_estimates"
        ordering = ["security", "-as_of"]
        constraints = [models.UniqueConstraint(fields=["security", "as_of"], name="analyst_estimate_unique")]

    def __str__(self) -> str:
        return f"{self.security_id} as of {self.as_of}"
