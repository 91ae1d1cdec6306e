"""Profiles and estimates of companies, as one consistent set."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from marketdata.models import AnalystEstimate, CashFlowStatement, CompanyProfile
from marketdata.services.fundamentals import consensus_estimates, newest_statements, statement_fields
from marketdata.services.profiles import ESTIMATES, PROFILE_FIELDS, company_profiles
from sigmasight.core import clock
from sigmasight.core.errors import NotFound
from tests.factories import SecurityFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _evening(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGMASIGHT_NOW", "2025-11-14T21:30:00-05:00")


def profile(symbol: str, **values: Any) -> CompanyProfile:
    return CompanyProfile.objects.create(
        security=SecurityFactory(symbol=symbol), source="simulated", fetched_at=clock.now(), **values
    )


def estimate(symbol: str, as_of: dt.date, **values: Any) -> None:
    AnalystEstimate.objects.create(security=SecurityFactory(symbol=symbol), as_of=as_of, source="x", **values)


def test_a_profile_has_the_77_columns_of_the_contract_by_symbol() -> None:
    assert len(PROFILE_FIELDS) == len(set(PROFILE_FIELDS)) == 77
    profile("ZZZ", beta="1.25")
    profile("AAA", description="x" * 3000)
    SecurityFactory(symbol="BARE")
    first, second = company_profiles({"ZZZ", "AAA", "BARE", "NOSUCH"})
    assert tuple(first) == PROFILE_FIELDS
    assert (first["symbol"], len(first["description"])) == ("AAA", 1000)
    assert (second["beta"], second["ceo"], second["data_source"]) == (Decimal("1.25"), None, "simulated")


def test_only_the_fields_asked_for_are_read() -> None:
    profile("AAA", beta="1.25")
    assert company_profiles(["AAA"], ["beta", "symbol"]) == [{"beta": Decimal("1.25"), "symbol": "AAA"}]


def test_what_the_profile_leaves_open_the_security_tells() -> None:
    profile("AAA", sector="", industry="Software")
    [one] = company_profiles(["AAA"], ["company_name", "sector", "industry", "exchange"])
    assert one == {"company_name": "AAA Inc.", "sector": "Technology", "industry": "Software", "exchange": None}


def test_estimates_sent_by_themselves_are_part_of_the_profile() -> None:
    profile("AAA")
    estimate("AAA", dt.date(2025, 10, 1), current_year_earnings_avg="4")
    estimate("AAA", dt.date(2025, 11, 1), current_year_earnings_avg="5", current_quarter_end_date="2025-12-31")
    estimate("AAA", dt.date(2025, 12, 1), current_year_earnings_avg="6")
    [one] = company_profiles(["AAA"])
    assert one["current_year_earnings_avg"] == 5
    assert one["current_quarter_target_period_date"] == dt.date(2025, 12, 31)


def test_years_of_the_profile_and_of_older_estimates_are_not_mixed() -> None:
    profile("AAA", current_year_end_date="2026-12-31", current_year_earnings_avg="7")
    estimate(
        "AAA",
        dt.date(2025, 11, 1),
        current_year_end_date="2025-12-31",
        current_year_earnings_avg="5",
        current_year_revenue_avg="100",
        current_year_analyst_count=12,
        next_year_analyst_count=9,
    )
    found = consensus_estimates("aaa")
    assert (found["current_year_earnings_avg"], found["current_year_revenue_avg"]) == (7, None)
    assert (found["current_year_analyst_count"], found["next_year_analyst_count"]) == (None, 9)


def test_estimates_have_all_keys_even_if_nobody_estimates() -> None:
    profile("AAA")
    assert consensus_estimates("AAA") == dict.fromkeys(ESTIMATES)
    assert len(ESTIMATES) == 34
    SecurityFactory(symbol="BARE")
    for symbol in ("BARE", "NOSUCH"):
        with pytest.raises(NotFound, match=f"No company profile is stored for {symbol}"):
            consensus_estimates(symbol)


def test_statements_are_the_newest_of_their_frequency_newest_first() -> None:
    security = SecurityFactory(symbol="BRK-B")
    for frequency, period_date in [("a", "2023-12-31"), ("a", "2024-12-31"), ("q", "2025-03-31"), ("a", "2022-12-31")]:
        CashFlowStatement.objects.create(
            security=security, frequency=frequency, period_date=period_date, source="x", capital_expenditures=-5
        )
    found = newest_statements(CashFlowStatement, "brk.b", frequency="a", periods=2)
    assert [one["period_date"].year for one in found] == [2024, 2023]
    assert tuple(found[0]) == statement_fields(CashFlowStatement)
    assert (found[0]["capital_expenditures"], found[0]["free_cash_flow"]) == (-5, None)
    with pytest.raises(NotFound, match="No cash flow statement of a quarter is stored for AAA"):
        newest_statements(CashFlowStatement, "AAA")
