"""Symbol-level numbers are computed once a session, and again exactly where what they are made of has changed."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from analytics.batch.night import Outcome, Request, run_night
from analytics.models import (
    BatchRun,
    BatchStep,
    ScenarioFactorShock,
    StressScenario,
    SymbolFactorExposure,
    SymbolSession,
)
from analytics.services.checksum import results_checksum, table_checksums
from marketdata.models import DailyPrice, PriceCorrection, Security
from marketdata.services.history import rebuild_histories
from portfolios.models import Portfolio
from tests.analytics.batch.conftest import LAST

pytestmark = pytest.mark.django_db

FIRST, SECOND, THIRD = dt.date(2025, 6, 30), dt.date(2025, 7, 1), dt.date(2025, 7, 2)
SYMBOL_STEPS = ("symbol volatility", "factor_analysis (symbols)")


def one_book_again() -> BatchRun:
    portfolio = Portfolio.objects.get(account_name="Demo Individual")
    outcome = run_night(Request(source="simulated", session=LAST, portfolio_id=portfolio.id, recompute_from=FIRST))
    assert outcome.run is not None
    return outcome.run


def everything_again() -> str:
    run_night(Request(source="simulated", session=LAST, recompute_from=FIRST))
    return results_checksum()


def stored() -> dict[tuple[dt.date, str], str]:
    return {(row.session, row.kind): row.fingerprint for row in SymbolSession.objects.all()}


def changed(before: dict[tuple[dt.date, str], str]) -> set[dt.date]:
    now = stored()
    assert now.keys() == before.keys()
    return {session for (session, kind), text in now.items() if before[session, kind] != text}


def test_one_book_finds_the_numbers_of_its_symbols(first_nights: Outcome) -> None:
    before, fingerprints = results_checksum(), stored()
    assert len(fingerprints) == 8
    steps = BatchStep.objects.filter(run=one_book_again(), name__in=SYMBOL_STEPS)
    assert [(step.rows_written, step.measured["cpu"]["compute"]) for step in steps] == [(0, 0.0), (0, 0.0)]
    assert (results_checksum(), stored()) == (before, fingerprints)


def test_staff_who_compute_everything_again_compute_the_symbols_too(first_nights: Outcome) -> None:
    before = results_checksum()
    assert everything_again() == before
    newest = BatchStep.objects.filter(name__in=SYMBOL_STEPS).order_by("-run__created_at", "id")[:2]
    assert all(step.measured["cpu"]["compute"] > 0 for step in newest)


def test_a_corrected_price_touches_the_sessions_after_it(first_nights: Outcome) -> None:
    before = stored()
    apple = Security.objects.get(symbol="AAPL")
    row = DailyPrice.objects.get(security=apple, date=THIRD)
    row.close = row.low = row.close - 1
    row.save()
    rebuild_histories([apple.id])
    PriceCorrection.objects.create(security=apple, from_date=THIRD, kind="price", detected_at=timezone.now())
    run_night(Request(source="simulated", session=LAST))
    assert changed(before) == {THIRD, LAST}
    corrected = table_checksums()
    everything_again()
    now = table_checksums()
    # What does not hold it kept its shrunk loadings and its stress: its part in the mean they are drawn towards is all that reaches them.
    assert {table for table in now if now[table] != corrected[table]} <= {
        "analytics.MarketRiskScenario", "analytics.StressTestResult", "analytics.SymbolFactorExposure",
    }  # fmt: skip


def test_a_later_price_leaves_earlier_sessions_alone(first_nights: Outcome) -> None:
    before = stored()
    run_night(Request(source="simulated", session=dt.date(2025, 7, 7)))
    now = stored()
    assert {key: now[key] for key in before} == before
    assert len(now) == len(before) + 2


def test_another_scenario_changes_what_it_does_at_every_session(first_nights: Outcome) -> None:
    before = stored()
    shocks = list(ScenarioFactorShock.objects.order_by("id").values_list("factor_shock", flat=True))
    scenario = StressScenario.objects.filter(active=True, shock_config__has_key="Market").order_by("slot").first()
    assert scenario is not None
    scenario.shock_config["Market"] = 2 * scenario.shock_config["Market"]
    scenario.save()
    one_book_again()
    assert changed(before) == {FIRST, SECOND, THIRD, LAST}
    assert list(ScenarioFactorShock.objects.order_by("id").values_list("factor_shock", flat=True)) != shocks


def test_a_new_security_is_computed_with_the_others(first_nights: Outcome) -> None:
    before = stored()
    fresh = Security.objects.create(symbol="FRESH", name="Fresh", security_type="stock", price_status="known")
    DailyPrice.objects.create(security=fresh, date=THIRD, open=10, high=10, low=10, close=10, source="simulated")
    rebuild_histories([fresh.id])
    one_book_again()
    assert changed(before) == {FIRST, SECOND, THIRD, LAST}


def new_symbol() -> None:
    """One that moves like Apple, in its sector, with prices of all sessions."""
    apple = Security.objects.get(symbol="AAPL")
    fresh = Security.objects.create(
        symbol="FRESH", name="Fresh", security_type="stock", price_status="known", sector=apple.sector
    )
    DailyPrice.objects.bulk_create(
        DailyPrice(
            security=fresh, date=row.date, source="simulated", open=row.open, high=row.high, low=row.low,
            close=row.close if place % 2 else row.low,
        )
        for place, row in enumerate(DailyPrice.objects.filter(security=apple))
    )  # fmt: skip
    rebuild_histories([fresh.id])


def shrunk(first: dt.date = FIRST) -> dict[int, list[float] | None]:
    rows = SymbolFactorExposure.objects.filter(calculation_date__gte=first).exclude(security__symbol="FRESH")
    return dict(rows.values_list("id", "joint_shrunk"))


def test_a_new_symbol_leaves_other_books_with_the_loadings_their_stress_was_computed_with(
    first_nights: Outcome,
) -> None:
    before = shrunk()
    new_symbol()
    one_book_again()
    assert SymbolFactorExposure.objects.filter(security__symbol="FRESH").exclude(joint_shrunk=None).exists()
    assert shrunk() == before


def test_where_every_book_is_rolled_loadings_are_those_of_all_symbols_of_now(first_nights: Outcome) -> None:
    before = shrunk(SECOND)
    new_symbol()
    Portfolio.objects.update(dirty_from=SECOND)
    run_night(Request(source="simulated", session=LAST))
    rolled = shrunk(SECOND)
    assert rolled != before
    everything_again()
    assert shrunk(SECOND) == rolled


def test_numbers_that_were_deleted_are_computed_again(first_nights: Outcome) -> None:
    before = results_checksum()
    ScenarioFactorShock.objects.all().delete()
    SymbolSession.objects.all().delete()
    one_book_again()
    assert results_checksum() == before
