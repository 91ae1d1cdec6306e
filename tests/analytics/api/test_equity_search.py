"""/equity-search: filters, order, pages, and the figures of each period."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from analytics.models import SymbolDailyMetrics
from marketdata.models import (
    AnalystEstimate,
    BalanceSheet,
    CashFlowStatement,
    CompanyProfile,
    IncomeStatement,
    Security,
)
from sigmasight.core import clock
from tests.analytics.api.callers import answer, client_of
from tests.factories import SecurityFactory, UserFactory

pytestmark = pytest.mark.django_db

SESSION = dt.date(2025, 11, 20)
BILLION = Decimal(1_000_000_000)
QUARTERS = (
    dt.date(2025, 9, 30),
    dt.date(2025, 6, 30),
    dt.date(2025, 3, 31),
    dt.date(2024, 12, 31),
    dt.date(2024, 9, 30),
)


def listed(symbol: str, name: str = "", *, sector: str = "Technology", industry: str = "", **metrics: Any) -> Security:
    """A symbol of the universe, its market cap in billions."""
    security = SecurityFactory(symbol=symbol, name=name or symbol, sector=sector, industry=industry)
    if "market_cap" in metrics:
        metrics["market_cap"] = metrics["market_cap"] * BILLION
    SymbolDailyMetrics.objects.create(security=security, metrics_date=SESSION, **metrics)
    return security


def search(**query: Any) -> Any:
    return answer(client_of(UserFactory()), "equity-search", **query)


def symbols(**query: Any) -> list[str]:
    return [item["symbol"] for item in search(**query)["items"]]


@pytest.fixture
def three() -> None:
    listed("AAA", "Alpha & Sons", market_cap=5, pe_ratio=10, industry="Software")
    listed("BBB", "Beta Bank", sector="Financial Services", market_cap=50, pe_ratio=Decimal("20.5"), industry="Banks")
    listed("CCC", "100% Growth", industry="Software")


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["BBB", "AAA", "CCC"]),
        ({"sort_order": "asc"}, ["AAA", "BBB", "CCC"]),
        ({"sort_by": "symbol", "sort_order": "desc"}, ["CCC", "BBB", "AAA"]),
        ({"sort_by": "company_name", "sort_order": "asc"}, ["CCC", "AAA", "BBB"]),
        ({"query": "aLPh"}, ["AAA"]),
        ({"query": "b"}, ["BBB"]),
        ({"query": "%"}, ["CCC"]),
        ({"query": "_"}, []),
        ({"sectors": "Financial Services, Energy"}, ["BBB"]),
        ({"sectors": "financial services"}, []),
        ({"industries": "Software"}, ["AAA", "CCC"]),
        ({"min_market_cap": 5e9}, ["BBB", "AAA"]),
        ({"max_market_cap": 5e9}, ["AAA"]),
        ({"min_pe_ratio": 10, "max_pe_ratio": 20.5}, ["BBB", "AAA"]),
        ({"min_pe_ratio": 10.1}, ["BBB"]),
        ({"sectors": "Technology", "min_market_cap": 1}, ["AAA"]),
    ],
)
def test_what_is_found_and_in_which_order(query: dict[str, Any], found: list[str]) -> None:
    answered = search(**query)
    assert [item["symbol"] for item in answered["items"]] == found
    assert answered["total_count"] == len(found)


@pytest.mark.usefixtures("three")
def test_filters_are_told_as_they_were_applied() -> None:
    answered = search(query="a", sectors="Technology,Energy", min_market_cap=0, period="forward", sort_by="ebit")
    assert answered["filters_applied"] == {"query": "a", "sectors": ["Technology", "Energy"], "min_market_cap": 0}
    assert (answered["period"], answered["sort_by"], answered["sort_order"]) == ("forward", "ebit", "desc")
    assert search()["filters_applied"] == {}


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("sort_by", ["market_cap", "revenue"])
def test_pages_know_the_whole(sort_by: str) -> None:
    pages = [search(limit=2, offset=offset, sort_by=sort_by) for offset in (0, 2, 4)]
    assert [len(page["items"]) for page in pages] == [2, 1, 0]
    assert [page["total_count"] for page in pages] == [3, 3, 3]
    assert [page["metrics_date"] for page in pages] == ["2025-11-20", "2025-11-20", None]
    assert {item["symbol"] for page in pages for item in page["items"]} == {"AAA", "BBB", "CCC"}


def test_an_unknown_column_is_400() -> None:
    refused = client_of(UserFactory()).get("/api/v1/equity-search", {"sort_by": "password"})
    assert refused.status_code == 400
    assert "market_cap" in refused.json()["detail"]


def test_ties_stand_by_symbol() -> None:
    for symbol in ("TTT", "SSS", "UUU"):
        listed(symbol, market_cap=1)
    assert symbols() == symbols(sort_order="asc") == ["SSS", "TTT", "UUU"]


def report(
    security: Security, frequency: str, ends: dt.date, revenue: int | None, ebit: int, fcf: int, **more: Any
) -> None:
    common = {"security": security, "frequency": frequency, "period_date": ends, "source": "test"}
    IncomeStatement.objects.create(**common, total_revenue=revenue, ebit=ebit, **more)
    CashFlowStatement.objects.create(**common, free_cash_flow=fcf)


def figures(**query: Any) -> tuple[Any, ...]:
    [item] = search(**query)["items"]
    return tuple(item[key] for key in ("revenue", "ebit", "fcf", "period_label"))


def test_figures_of_each_period() -> None:
    company = listed("REP")
    for place, ends in enumerate(QUARTERS):
        report(
            company,
            "q",
            ends,
            100 + place,
            10 + place,
            5,
            fiscal_year=ends.year,
            fiscal_quarter=(ends.month - 1) // 3 + 1,
        )
    report(company, "a", dt.date(2024, 12, 31), 380, 40, 22, fiscal_year=2024)
    report(company, "a", dt.date(2023, 12, 31), 1, 1, 1, fiscal_year=2023)
    AnalystEstimate.objects.create(
        security=company,
        as_of=SESSION,
        current_year_revenue_avg=444,
        current_year_end_date=dt.date(2025, 12, 31),
        source="test",
    )
    assert figures(period="ttm") == (100 + 101 + 102 + 103, 10 + 11 + 12 + 13, 20, "TTM")
    assert figures(period="last_quarter") == (100, 10, 5, "Q3 2025")
    assert figures(period="last_year") == (380, 40, 22, "FY2024")
    assert figures(period="forward") == (444, None, None, "FY2025E")


def test_a_quarter_without_the_figure_leaves_the_sum_unknown() -> None:
    company = listed("GAP")
    report(company, "q", QUARTERS[0], 100, 10, 5)
    report(company, "q", QUARTERS[1], None, 10, 5)
    assert figures(period="ttm") == (None, 20, 10, "TTM")


def test_without_statements_the_calendar_names_the_period() -> None:
    listed("NEW")
    assert figures(period="last_quarter") == (None, None, None, "Q3 2025")
    assert figures(period="last_year")[3] == "FY2024"
    assert figures(period="forward")[3] == "FY2025E"


def test_early_in_a_year_the_last_quarter_is_the_fourth() -> None:
    listed("JAN")
    SymbolDailyMetrics.objects.update(metrics_date=dt.date(2026, 2, 3))
    assert figures(period="last_quarter")[3] == "Q4 2025"


def test_sorting_by_a_computed_figure_goes_before_paging() -> None:
    for symbol, revenue in (("LOW", 1), ("TOP", 300), ("MID", 20)):
        report(listed(symbol, market_cap=1), "q", QUARTERS[0], revenue, revenue, revenue)
    listed("NIL", market_cap=99)
    for column in ("revenue", "ebit", "fcf"):
        assert symbols(sort_by=column, limit=2) == ["TOP", "MID"]
        assert symbols(sort_by=column, limit=2, offset=2) == ["LOW", "NIL"]
        assert symbols(sort_by=column, sort_order="asc") == ["LOW", "MID", "TOP", "NIL"]


def test_enterprise_value_is_stored_or_computed() -> None:
    indebted, stored = listed("DEBT", market_cap=3), listed("SAFE", market_cap=4, enterprise_value=BILLION)
    for frequency, ends, debt in (("q", QUARTERS[0], 2), ("q", QUARTERS[1], 7), ("a", QUARTERS[3], 9)):
        BalanceSheet.objects.create(
            security=indebted, frequency=frequency, period_date=ends, total_debt=debt * BILLION,
            cash_and_cash_equivalents=BILLION / 2, source="test",
        )  # fmt: skip
    BalanceSheet.objects.create(
        security=stored, frequency="q", period_date=QUARTERS[0], total_debt=BILLION, source="test"
    )
    listed("BARE", market_cap=2)
    items = {item["symbol"]: item["enterprise_value"] for item in search(sort_by="enterprise_value")["items"]}
    assert items == {"DEBT": 4.5e9, "BARE": 2e9, "SAFE": 1e9}
    assert list(items) == ["DEBT", "BARE", "SAFE"]


def test_zero_is_a_figure() -> None:
    report(listed("ZERO", factor_value=0.0, pe_ratio=0), "q", QUARTERS[0], 0, 0, 0)
    [item] = search()["items"]
    assert [item[key] for key in ("factor_value", "pe_ratio", "revenue", "ebit", "fcf")] == [0] * 5


def test_names_come_from_the_profile_first() -> None:
    security = listed("PRO", "Prospect plc", sector="")
    CompanyProfile.objects.create(
        security=security,
        company_name="Prospect Group",
        sector="Energy",
        industry="Gas",
        source="test",
        fetched_at=clock.now(),
    )
    [item] = search(sectors="Energy")["items"]
    assert (item["company_name"], item["sector"], item["industry"]) == ("Prospect Group", "Energy", "Gas")


def test_what_is_no_longer_listed_is_not_found() -> None:
    security = listed("GONE")
    Security.objects.filter(pk=security.pk).update(is_active=False)
    assert symbols() == []


@pytest.mark.usefixtures("three")
def test_values_for_the_filter_boxes() -> None:
    listed("ETF", sector="")
    found = answer(client_of(UserFactory()), "equity-search/filters")
    assert found["sectors"] == ["Financial Services", "Technology"]
    assert found["industries"] == ["Banks", "Software"]
    bounds = [(band["min_value"], band["max_value"]) for band in found["market_cap_ranges"]]
    assert bounds == [(2e11, None), (1e10, 2e11), (2e9, 1e10), (3e8, 2e9), (None, 3e8)]
