"""Profiles, statements and estimates: read only."""

from __future__ import annotations

from django.contrib import admin

from marketdata.models import (
    AnalystEstimate,
    BalanceSheet,
    CashFlowStatement,
    CompanyProfile,
    CompanyProfileRevision,
    IncomeStatement,
)
from sigmasight.core.admin import ComputedAdmin, long_text, number


@admin.register(CompanyProfile)
class CompanyProfileAdmin(ComputedAdmin):
    icon = "domain"
    list_display = [
        "security",
        long_text("company_name"),
        "sector",
        number("market_cap", 0),
        "beta",
        "source",
        "fetched_at",
    ]
    list_select_related = ["security"]
    search_fields = ["security__symbol", "company_name"]
    list_filter = ["source", "sector"]


@admin.register(CompanyProfileRevision)
class CompanyProfileRevisionAdmin(ComputedAdmin):
    icon = "difference"
    list_display = ["security", "as_of", "beta", "dividend_yield", "market_cap", "source"]
    list_select_related = ["security"]
    search_fields = ["security__symbol"]
    list_filter = ["source"]
    date_hierarchy = "as_of"


class StatementAdmin(ComputedAdmin):
    list_select_related = ["security"]
    search_fields = ["security__symbol"]
    list_filter = ["frequency", "source"]
    date_hierarchy = "period_date"


@admin.register(IncomeStatement)
class IncomeStatementAdmin(StatementAdmin):
    icon = "receipt_long"
    list_display = [
        "security",
        "frequency",
        "period_date",
        number("total_revenue", 0),
        number("operating_income", 0),
        number("net_income", 0),
        "source",
    ]


@admin.register(BalanceSheet)
class BalanceSheetAdmin(StatementAdmin):
    icon = "balance"
    list_display = [
        "security",
        "frequency",
        "period_date",
        number("total_assets", 0),
        number("total_debt", 0),
        number("total_stockholders_equity", 0, "equity"),
        "source",
    ]


@admin.register(CashFlowStatement)
class CashFlowStatementAdmin(StatementAdmin):
    icon = "waterfall_chart"
    list_display = [
        "security",
        "frequency",
        "period_date",
        number("operating_cash_flow", 0),
        number("free_cash_flow", 0),
        "source",
    ]


@admin.register(AnalystEstimate)
class AnalystEstimateAdmin(ComputedAdmin):
    icon = "psychology_alt"
    list_display = [
        "security",
        "as_of",
        number("current_year_revenue_avg", 0),
        number("current_year_earnings_avg"),
        "source",
    ]
    list_select_related = ["security"]
    search_fields = ["security__symbol"]
    list_filter = ["source"]
    date_hierarchy = "as_of"
