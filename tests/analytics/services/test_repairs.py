"""Results deleted and computed again are the same; nobody's but the demo's go unless everybody is meant."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from analytics.batch.night import Request, run_night
from analytics.models import BatchRun, EngineResult, OptionGreeks, SessionCoverage
from analytics.services.checksum import results_checksum
from analytics.services.clearing import NEVER, OF_BOOKS, OF_SYMBOLS, Scope, clear, what_would_go
from analytics.services.demo import demo_portfolio_ids
from analytics.services.repair_runs import at_once
from analytics.services.repairs import CLEAR, clear_calculations, repair_state, seed_portfolios, total_portfolios
from portfolios.models import Portfolio, PortfolioSnapshot, User
from portfolios.services.portfolios import portfolio_with_equity
from sigmasight.core.errors import Conflict, DomainError, NotFound
from tests.analytics.batch.conftest import LAST, first_nights, nights  # noqa: F401 - the demo after its first sessions
from tests.factories import PortfolioFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("first_nights")]
MIDDLE = dt.date(2025, 7, 2)


@pytest.fixture
def staff() -> User:
    return User.objects.get(email="demo_admin@sigmasight.com")


@pytest.fixture
def stranger() -> Portfolio:
    """A portfolio that is none of the demo's, with results."""
    book = PortfolioFactory(opening_equity=Decimal("5000.00"), equity_as_of=dt.date(2025, 7, 1))
    run_night(Request(source="simulated", session=LAST))
    book.refresh_from_db()
    assert book.results_as_of == LAST
    return book


def demo_rows() -> int:
    return PortfolioSnapshot.objects.filter(portfolio__in=demo_portfolio_ids()).count()


def test_what_was_cleared_is_computed_again_alike(staff: User, stranger: Portfolio) -> None:
    before = results_checksum()
    others = PortfolioSnapshot.objects.filter(portfolio=stranger).count()
    found = clear_calculations(staff, Scope())
    assert found.rows["portfolio_snapshots"] == 20
    assert (found.portfolios, found.equity_resets) == (5, 5)
    assert all(found.rows[name] == 0 for name in (*NEVER, *OF_SYMBOLS))
    assert demo_rows() == 0
    assert PortfolioSnapshot.objects.filter(portfolio=stranger).count() == others
    assert set(Portfolio.objects.filter(results_as_of=None).values_list("pk", flat=True)) == set(demo_portfolio_ids())
    run_night(Request(source="simulated", session=LAST))
    assert results_checksum() == before


def test_everybodys_results_go_with_those_of_the_symbols(staff: User, stranger: Portfolio) -> None:
    before = results_checksum()
    found = clear_calculations(staff, Scope(everybody=True))
    assert set(found.rows) == {*OF_BOOKS, *OF_SYMBOLS, *NEVER}
    assert min(found.rows[name] for name in OF_SYMBOLS) > 0
    assert found.total == sum(found.rows.values())
    assert not PortfolioSnapshot.objects.exists()
    assert not OptionGreeks.objects.exists()
    assert not SessionCoverage.objects.exists()
    stranger.refresh_from_db()
    assert stranger.results_as_of is None
    run_night(Request(source="simulated", session=LAST))
    assert results_checksum() == before


def test_from_a_day_on_the_days_before_stay(staff: User) -> None:
    before = results_checksum()
    found = clear_calculations(staff, Scope(first=MIDDLE))
    assert found.rows["portfolio_snapshots"] == 10
    assert found.equity_resets == 0
    kept = dt.date(2025, 7, 1)
    assert set(Portfolio.objects.values_list("results_as_of", flat=True)) == {kept}
    assert EngineResult.objects.filter(calculation_date__gt=kept).count() == 0
    run_night(Request(source="simulated", session=LAST))
    assert results_checksum() == before


def test_equity_is_the_opening_one_again(staff: User) -> None:
    book = Portfolio.objects.get(pk=demo_portfolio_ids()[0])
    clear_calculations(staff, Scope())
    book.refresh_from_db()
    assert portfolio_with_equity(book.user, book.pk).equity == book.opening_equity


@pytest.mark.parametrize(
    "scope", [Scope(), Scope(everybody=True), Scope(first=MIDDLE), Scope(first=dt.date(2024, 1, 2))]
)
def test_asking_first_tells_the_same_and_changes_nothing(staff: User, scope: Scope) -> None:
    before, runs = results_checksum(), BatchRun.objects.count()
    asked = clear_calculations(staff, scope, dry_run=True)
    assert results_checksum() == before
    assert BatchRun.objects.count() == runs
    assert asked == what_would_go(scope) == clear(scope)


def test_a_repair_is_read_back(staff: User) -> None:
    found = clear_calculations(staff, Scope(first=MIDDLE))
    run = BatchRun.objects.get(kind="fix")
    state = repair_state(run.pk)
    assert (state.job_type, state.status, state.computed, state.seeded) == (
        "clear-calculations",
        "completed",
        None,
        None,
    )
    assert state.cleared == found.report()
    assert (run.requested_by, run.params["start_date"]) == (staff, "2025-07-02")
    nightly = BatchRun.objects.exclude(kind="fix").first()
    with pytest.raises(NotFound):
        repair_state(nightly.pk)  # type: ignore[union-attr]


@pytest.mark.parametrize("one_portfolio", [True, False])
def test_no_repair_beside_a_run(staff: User, one_portfolio: bool) -> None:
    now = timezone.now()
    run = BatchRun.objects.create(
        kind="portfolio", trigger="owner", source="simulated", status="running", started_at=now, heartbeat_at=now,
        scope_portfolio_id=demo_portfolio_ids()[0] if one_portfolio else None,
    )  # fmt: skip
    before = demo_rows()
    with pytest.raises(Conflict, match=str(run.pk)):
        clear_calculations(staff, Scope())
    with pytest.raises(Conflict, match=str(run.pk)):
        seed_portfolios(staff)
    assert demo_rows() == before


def test_seeding_restores_what_is_missing(staff: User) -> None:
    Portfolio.objects.filter(pk=demo_portfolio_ids()[0]).delete()
    assert seed_portfolios(staff, dry_run=True).positions == 16
    assert total_portfolios() == 4
    assert seed_portfolios(staff).positions == 16
    assert repair_state(BatchRun.objects.get(kind="fix").pk).seeded == {"total_portfolios": 5}


def test_a_repair_that_fails_says_why(staff: User) -> None:
    with pytest.raises(ZeroDivisionError), at_once(CLEAR, staff, Scope()):
        raise ZeroDivisionError("no such session")
    state = repair_state(BatchRun.objects.get(kind="fix").pk)
    assert state.status == "failed"
    assert "ZeroDivisionError" in (state.error or "")


def test_a_repair_that_is_refused_leaves_no_run(staff: User, settings: Any) -> None:
    settings.DEMO_ALLOWED = False
    with pytest.raises(DomainError, match="published passwords"):
        seed_portfolios(staff)
    assert not BatchRun.objects.filter(kind="fix").exists()
