from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from marketdata.models import (
    AnalystEstimate,
    BalanceSheet,
    CashFlowStatement,
    CompanyProfile,
    CompanyProfileRevision,
    DailyPrice,
    Dividend,
    IncomeStatement,
    InstrumentMark,
    OptionContract,
    OptionQuote,
    PriceCorrection,
    PriceFamily,
    PriceHistory,
    PriceRejection,
    ProviderRequest,
    ProviderState,
    SectorBenchmarkWeight,
    Security,
    Split,
    SymbolCollection,
    TreasuryYield,
)
from marketdata.services.acceptance import accept_prices
from sigmasight.core.admin import ComputedAdmin, TableAdmin, long_text, number, short_id


@admin.register(Security)
class SecurityAdmin(TableAdmin):
    icon = "sell"
    list_display = ["symbol", long_text("name"), "security_type", "sector", "exchange", "price_status", "is_active"]
    search_fields = ["symbol", "name"]
    list_filter = ["security_type", "price_status", "is_active", "sector"]
    autocomplete_fields = ["renamed_to"]
    readonly_fields = ["created_at", "updated_at"]


@admin.register(OptionContract)
class OptionContractAdmin(TableAdmin):
    icon = "contract"
    list_display = ["security", "underlying", "option_type", "strike", "expiration", "multiplier", "exercise_style"]
    list_select_related = ["security", "underlying"]
    search_fields = ["security__symbol", "underlying__symbol"]
    list_filter = ["option_type", "exercise_style"]
    date_hierarchy = "expiration"
    autocomplete_fields = ["security", "underlying"]


@admin.register(DailyPrice)
class DailyPriceAdmin(TableAdmin):
    icon = "candlestick_chart"
    list_display = [
        "security",
        "date",
        number("open"),
        number("high"),
        number("low"),
        number("close"),
        number("volume", 0),
        "source",
        "quality",
    ]
    list_select_related = ["security"]
    search_fields = ["security__symbol"]
    list_filter = ["quality", "source"]
    date_hierarchy = "date"
    autocomplete_fields = ["security"]
    readonly_fields = ["created_at", "updated_at"]
    show_full_result_count = False
    actions = ["accept"]

    @admin.action(description="Accept suspect prices: let them count from their day on", permissions=["change"])
    def accept(self, request: HttpRequest, prices: QuerySet[DailyPrice]) -> None:
        count = accept_prices(list(prices.values_list("pk", flat=True)))
        self.message_user(request, f"{count} suspect prices accepted; the next run rolls their holders again.")


@admin.register(PriceHistory)
class PriceHistoryAdmin(ComputedAdmin):
    icon = "history"
    list_display = ["security", "version", "first_session", short_id("checksum"), "updated_at"]
    list_select_related = ["security"]
    search_fields = ["security__symbol"]


@admin.register(Split)
class SplitAdmin(TableAdmin):
    icon = "call_split"
    list_display = ["security", "ex_date", "ratio", "kind", "source"]
    list_select_related = ["security"]
    search_fields = ["security__symbol"]
    list_filter = ["kind", "source"]
    date_hierarchy = "ex_date"
    autocomplete_fields = ["security"]


@admin.register(Dividend)
class DividendAdmin(TableAdmin):
    icon = "payments"
    list_display = ["security", "ex_date", "amount", "kind", "source"]
    list_select_related = ["security"]
    search_fields = ["security__symbol"]
    list_filter = ["kind", "source"]
    date_hierarchy = "ex_date"
    autocomplete_fields = ["security"]


@admin.register(InstrumentMark)
class InstrumentMarkAdmin(ComputedAdmin):
    icon = "price_check"
    list_display = ["security", "session", "price", "price_date", "age_sessions", "quality", "price_source"]
    list_select_related = ["security"]
    search_fields = ["security__symbol"]
    list_filter = ["quality", "price_source"]
    date_hierarchy = "session"


@admin.register(OptionQuote)
class OptionQuoteAdmin(TableAdmin):
    icon = "request_quote"
    list_display = [
        "security",
        "session",
        "bid",
        "ask",
        "last",
        "implied_volatility",
        "volume",
        "open_interest",
        "source",
    ]
    list_select_related = ["security"]
    search_fields = ["security__symbol"]
    list_filter = ["source"]
    date_hierarchy = "session"
    autocomplete_fields = ["security"]


@admin.register(TreasuryYield)
class TreasuryYieldAdmin(TableAdmin):
    icon = "account_balance"
    list_display = ["series_id", "date", "percent", "source"]
    list_filter = ["series_id", "source"]
    date_hierarchy = "date"


@admin.register(SectorBenchmarkWeight)
class SectorBenchmarkWeightAdmin(TableAdmin):
    icon = "pie_chart"
    list_display = ["benchmark_code", "asof_date", "sector", "weight", "num_constituents", "data_source"]
    search_fields = ["sector"]
    list_filter = ["benchmark_code", "data_source", "sector"]
    date_hierarchy = "asof_date"


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


@admin.register(SymbolCollection)
class SymbolCollectionAdmin(ComputedAdmin):
    icon = "download"
    list_display = [
        "security",
        "first_session",
        "last_session",
        "last_attempt_at",
        "consecutive_failures",
        "priority",
        long_text("last_error"),
    ]
    list_select_related = ["security"]
    search_fields = ["security__symbol", "last_error"]


@admin.register(ProviderRequest)
class ProviderRequestAdmin(ComputedAdmin):
    icon = "lan"
    list_display = [
        "started_at",
        "provider",
        "operation",
        "symbols_asked",
        "rows",
        "outcome",
        "http_status",
        "latency_ms",
        long_text("error"),
    ]
    search_fields = ["operation", "error"]
    list_filter = ["provider", "outcome"]
    date_hierarchy = "started_at"


@admin.register(ProviderState)
class ProviderStateAdmin(TableAdmin):
    icon = "electric_bolt"
    list_display = ["provider", "breaker", "open_until", "failures", "budget_used", "budget_resets_at"]
    list_filter = ["breaker"]


@admin.register(PriceRejection)
class PriceRejectionAdmin(TableAdmin):
    icon = "block"
    list_display = ["symbol", "date", "provider", "reason", "resolved", "created_at"]
    search_fields = ["symbol", "reason"]
    list_filter = ["resolved", "provider", "reason"]
    date_hierarchy = "date"
    readonly_fields = ["symbol", "date", "provider", "reason", "payload", "created_at", "updated_at"]


@admin.register(PriceCorrection)
class PriceCorrectionAdmin(ComputedAdmin):
    icon = "published_with_changes"
    list_display = ["security", "from_date", "kind", "detected_at", "processed_at"]
    list_select_related = ["security"]
    search_fields = ["security__symbol"]
    list_filter = ["kind"]
    date_hierarchy = "detected_at"


@admin.register(PriceFamily)
class PriceFamilyAdmin(ComputedAdmin):
    icon = "family_history"
    list_display = ["family", "directory", "adopted_at"]
