"""Profiles, statements and estimates of Yahoo."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
import yfinance.const

from marketdata.models import AnalystEstimate, BalanceSheet, CashFlowStatement, CompanyProfile, IncomeStatement
from marketdata.providers import yahoo_statements
from marketdata.providers.base import Outcome, Profile, ProviderError
from marketdata.providers.wall_clock import request_day
from marketdata.providers.yfinance import YFinanceProvider
from tests.marketdata.providers import wire
from tests.marketdata.providers.conftest import ONCE
from tests.marketdata.providers.loopback import Loopback, fixture

SUMMARY = "/v10/finance/quoteSummary/"
SERIES = "/ws/fundamentals-timeseries/v1/finance/timeseries/"
TODAY = dt.date(2026, 2, 27)


@pytest.fixture
def yahoo(server: Loopback) -> YFinanceProvider:
    return YFinanceProvider(base_url=server.base_url, timeout=0.4, retry=ONCE, workers=1, today=lambda: TODAY)


def profile(yahoo: YFinanceProvider, symbol: str, as_of: dt.date = TODAY) -> Profile:
    return yahoo.profiles([symbol], as_of)[symbol]


def columns(model: Any) -> set[str]:
    return {field.name for field in model._meta.get_fields()}


def trend(**values: Any) -> dict[str, Any]:
    """earningsTrend with one figure per period, in Yahoo's {"raw": ..., "fmt": ...}."""

    def figures(average: float) -> dict[str, Any]:
        return {
            "avg": {"raw": average},
            "low": {"raw": average - 1},
            "high": {"raw": average + 1},
            "numberOfAnalysts": {"raw": 7},
            "growth": {"raw": 0.1},
        }

    return {
        "trend": [
            {
                "period": period,
                "endDate": end,
                "earningsEstimate": figures(2.0),
                "revenueEstimate": figures(500.0),
            }
            for period, end in (
                ("0q", "2026-03-31"),
                ("+1q", "2026-06-30"),
                ("0y", "2026-12-31"),
                ("+1y", "2027-12-31"),
            )
        ]
    } | values


def test_a_stock_profile_fills_the_columns_it_knows(yahoo: YFinanceProvider, server: Loopback) -> None:
    modules = {
        "assetProfile": {
            "sector": "Technology",
            "industry": "Semiconductors",
            "country": "United States",
            "longBusinessSummary": "x" * 1500,
            "fullTimeEmployees": 1000,
            "companyOfficers": [{"name": "A. Clerk", "title": "CFO"}, {"name": "B. Boss", "title": "CEO & Director"}],
        },
        "price": {"longName": "Example Inc.", "exchangeName": "NasdaqGS", "marketCap": {"raw": 5_000_000}},
        "summaryDetail": {"dividendYield": 0.0125, "beta": 1.3, "trailingPE": "Infinity", "fiftyTwoWeekHigh": 120.5},
        "defaultKeyStatistics": {"forwardEps": 3.25, "lastFiscalYearEnd": {"raw": 1735603200, "fmt": "2024-12-31"}},
        "financialData": {"targetMeanPrice": 130, "recommendationKey": "none", "numberOfAnalystOpinions": {}},
        "calendarEvents": {"earnings": {"earningsDate": [1777593600], "earningsAverage": 2.1}},
        "earningsTrend": trend(),
    }
    server.serve(SUMMARY + "ABC", wire.yahoo_summary("ABC", **modules))
    values = profile(yahoo, "ABC").values
    assert values["company_name"] == "Example Inc."
    assert (values["sector"], values["industry"], values["ceo"]) == ("Technology", "Semiconductors", "B. Boss")
    assert values["market_cap"] == Decimal(5_000_000)
    assert values["dividend_yield"] == Decimal("0.0125")
    assert (values["is_etf"], values["is_fund"]) == (False, False)
    assert values["fiscal_year_end"] == "12-31"
    assert values["next_earnings_date"] == dt.date(2026, 5, 1)
    assert len(str(values["description"])) == 1000
    assert values["current_quarter_target_period_date"] == dt.date(2026, 3, 31)
    assert values["next_year_earnings_avg"] == Decimal("2.0")
    assert {"pe_ratio", "recommendation_key", "number_of_analyst_opinions"}.isdisjoint(values), "unknown, not zero"


def test_every_profile_value_is_a_column(yahoo: YFinanceProvider, server: Loopback) -> None:
    server.serve(SUMMARY + "ABC", wire.yahoo_summary("ABC", earningsTrend=trend()))
    values = profile(yahoo, "ABC").values
    assert values["security_type"] == "stock"
    assert set(values) <= columns(CompanyProfile) | {"security_type"}


def test_recorded_apple_is_a_technology_company(yahoo: YFinanceProvider, server: Loopback) -> None:
    server.serve(SUMMARY + "AAPL", fixture("yahoo_assetProfile_AAPL.json"))
    values = profile(yahoo, "AAPL").values
    assert (values["sector"], values["industry"]) == ("Technology", "Consumer Electronics")
    assert values["employees"] == 150000
    assert values["ceo"] == "Mr. Timothy D. Cook"
    assert "beta" not in values


def test_recorded_fund_has_its_yield_as_a_fraction(yahoo: YFinanceProvider, server: Loopback) -> None:
    server.serve(SUMMARY + "QQQ", fixture("yahoo_quoteSummary_QQQ.json"))
    values = profile(yahoo, "QQQ").values
    assert values["is_etf"] is True
    assert values["dividend_yield"] == Decimal("0.0054")
    assert values["beta"] == Decimal("1.16")
    assert values["market_cap"] == Decimal(206817771520)
    assert "sector" not in values


def test_recorded_unknown_symbol_is_not_found(yahoo: YFinanceProvider, server: Loopback) -> None:
    server.serve(SUMMARY + "ADH", fixture("yahoo_assetProfile_not_found.json"), status=404)
    answer = yahoo.profiles(["ADH"], TODAY)
    assert answer == {}
    assert answer.errors["ADH"].outcome is Outcome.NOT_FOUND


def test_an_error_inside_a_good_status_is_not_found(yahoo: YFinanceProvider, server: Loopback) -> None:
    error = {"code": "Not Found", "description": "Quote not found"}
    server.serve(SUMMARY + "ABC", {"quoteSummary": {"result": None, "error": error}})
    assert yahoo.profiles(["ABC"], TODAY).errors["ABC"].outcome is Outcome.NOT_FOUND


def test_the_profile_of_another_symbol_is_refused(yahoo: YFinanceProvider, server: Loopback) -> None:
    server.serve(SUMMARY + "ABC", wire.yahoo_summary("XYZ", assetProfile={"sector": "Energy"}))
    assert yahoo.profiles(["ABC"], TODAY).errors["ABC"].outcome is Outcome.MALFORMED


def test_an_empty_result_is_empty_and_a_strange_one_malformed(yahoo: YFinanceProvider, server: Loopback) -> None:
    server.serve(SUMMARY + "ABC", {"quoteSummary": {"result": [], "error": None}})
    server.serve(SUMMARY + "DEF", {"unexpected": True})
    errors = yahoo.profiles(["ABC", "DEF"], TODAY).errors
    assert (errors["ABC"].outcome, errors["DEF"].outcome) == (Outcome.EMPTY, Outcome.MALFORMED)


def test_a_rate_limit_ends_the_round_with_what_is_there(yahoo: YFinanceProvider, server: Loopback) -> None:
    server.serve(SUMMARY + "ABC", wire.yahoo_summary("ABC"))
    server.fault(SUMMARY + "DEF", status=429)
    answer = yahoo.profiles(["ABC", "DEF", "GHI"], TODAY)
    assert set(answer) == {"ABC"}
    assert {symbol: error.outcome for symbol, error in answer.errors.items()} == {
        "DEF": Outcome.RATE_LIMITED,
        "GHI": Outcome.RATE_LIMITED,
    }
    assert server.about(SUMMARY + "GHI") == []


@pytest.mark.parametrize(
    ("as_of", "dated"),
    [(TODAY, TODAY), (dt.date(2026, 2, 25), dt.date(2026, 2, 25)), (dt.date(2025, 6, 30), TODAY)],
)
def test_a_profile_never_dates_from_before_it_was_known(
    yahoo: YFinanceProvider, server: Loopback, as_of: dt.date, dated: dt.date
) -> None:
    server.serve(SUMMARY + "ABC", wire.yahoo_summary("ABC"))
    assert profile(yahoo, "ABC", as_of).as_of == dated


def serve_statements(server: Loopback, symbol: str) -> None:
    annual = {
        "TotalRevenue": {"2024-09-28": 1000.0, "2023-09-30": 800.0},
        "GrossProfit": {"2024-09-28": 400.0},
        "DilutedAverageShares": {"2024-09-28": 50.0},
        "StockholdersEquity": {"2024-09-28": 200.0},
        "TotalDebt": {"2024-09-28": 100.0},
        "OrdinarySharesNumber": {"2024-09-28": 40.0},
        "FreeCashFlow": {"2024-09-28": 250.0},
        "CapitalExpenditure": {"2024-09-28": -30.0},
    }
    quarterly = {"TotalRevenue": {"2024-12-28": 300.0, "2024-09-28": 260.0}}

    def answer(query: dict[str, str]) -> Any:
        kind = "annual" if query["type"].startswith("annual") else "quarterly"
        return wire.yahoo_series(symbol, kind, annual if kind == "annual" else quarterly)

    server.serve(SERIES + symbol, answer)
    server.serve(SUMMARY + symbol, wire.yahoo_summary(symbol, earningsTrend=trend()))


def test_statements_come_newest_first_with_their_ratios(yahoo: YFinanceProvider, server: Loopback) -> None:
    serve_statements(server, "ABC")
    statements = yahoo.fundamentals("ABC", TODAY)
    newest = statements.income[0]
    assert (newest["period_date"], newest["frequency"], newest["fiscal_year"]) == (dt.date(2024, 9, 28), "a", 2024)
    assert (newest["total_revenue"], newest["gross_margin"]) == (Decimal("1000.0"), Decimal("0.4"))
    assert newest["diluted_average_shares"] == 50
    assert "net_income" not in newest
    assert [row["fiscal_year"] for row in statements.income if row["frequency"] == "a"] == [2024, 2023]
    assert statements.balance[0]["debt_to_equity"] == Decimal("0.5")
    assert statements.balance[0]["book_value_per_share"] == Decimal("5")
    assert statements.cash_flow[0]["fcf_margin"] == Decimal("0.25")
    assert statements.cash_flow[0]["capital_expenditures"] == Decimal("-30.0")
    assert len(statements.balance) == 1, "a period without a figure of a statement has no row there"


def test_quarters_are_counted_in_the_companys_year(yahoo: YFinanceProvider, server: Loopback) -> None:
    serve_statements(server, "ABC")
    quarters = [row for row in yahoo.fundamentals("ABC", TODAY).income if row["frequency"] == "q"]
    assert [(row["fiscal_year"], row["fiscal_quarter"]) for row in quarters] == [(2025, 1), (2024, 4)]


def test_estimates_come_with_their_date(yahoo: YFinanceProvider, server: Loopback) -> None:
    serve_statements(server, "ABC")
    (row,) = yahoo.fundamentals("ABC", TODAY).estimates
    assert row["as_of"] == TODAY
    assert row["current_quarter_end_date"] == dt.date(2026, 3, 31)
    assert (row["current_year_analyst_count"], row["next_year_revenue_low"]) == (7, Decimal("499.0"))


def test_every_statement_key_is_a_column(yahoo: YFinanceProvider, server: Loopback) -> None:
    serve_statements(server, "ABC")
    statements = yahoo.fundamentals("ABC", TODAY)
    for rows, model, fields in (
        (statements.income, IncomeStatement, yahoo_statements.INCOME),
        (statements.balance, BalanceSheet, yahoo_statements.BALANCE),
        (statements.cash_flow, CashFlowStatement, yahoo_statements.CASH_FLOW),
        (statements.estimates, AnalystEstimate, {}),
    ):
        assert set(fields) | {key for row in rows for key in row} <= columns(model)


def test_every_field_asked_for_is_one_the_library_knows() -> None:
    names = {name for group in yfinance.const.fundamentals_keys.values() for name in group}
    assert {name.removeprefix("annual") for name in yahoo_statements.type_names("a")} <= names


def test_no_statements_at_all_is_empty(yahoo: YFinanceProvider, server: Loopback) -> None:
    server.serve(SERIES + "ABC", {"timeseries": {"result": [], "error": None}})
    server.serve(SUMMARY + "ABC", wire.yahoo_summary("ABC"))
    with pytest.raises(ProviderError) as raised:
        yahoo.fundamentals("ABC", TODAY)
    assert raised.value.outcome is Outcome.EMPTY


def test_the_real_clock_dates_profiles_by_default() -> None:
    assert abs((request_day() - dt.datetime.now(dt.UTC).date()).days) <= 1
