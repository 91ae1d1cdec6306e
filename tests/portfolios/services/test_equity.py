"""Money in and out, and the balance people set."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from portfolios.models import EquityChange, Portfolio, PortfolioSnapshot
from portfolios.services.equity import (
    delete_equity_change,
    equity_on,
    record_equity_change,
    set_equity_balance,
    update_equity_change,
)
from portfolios.services.portfolios import portfolio_with_equity
from sigmasight.core.errors import DomainError, NotFound
from tests.portfolios.services.conftest import TODAY

pytestmark = pytest.mark.django_db

THURSDAY = dt.date(2026, 2, 26)
LEDGER_COLUMNS = (
    "cash_value", "long_value", "short_value", "gross_exposure", "net_exposure",
    "daily_pnl", "daily_unrealized_pnl", "daily_realized_pnl", "daily_income", "daily_capital_flow",
    "cumulative_pnl", "cumulative_realized_pnl", "cumulative_capital_flow",
)  # fmt: skip


def publish(portfolio: Portfolio, equity: int, session: dt.date = THURSDAY, flow: int = 0) -> None:
    """A session's equity, made of flows (rolled already, or to be booked) and of what was earned."""
    money = dict.fromkeys(LEDGER_COLUMNS, 0)
    money |= {"cumulative_capital_flow": flow, "cumulative_pnl": equity - flow - int(portfolio.opening_equity)}
    PortfolioSnapshot.objects.create(
        portfolio=portfolio, snapshot_date=session, net_asset_value=equity, twr_index=1.0, **money
    )
    # Written the night before, as far as the database's clock goes.
    PortfolioSnapshot.objects.update(updated_at=dt.datetime(2026, 2, 26, 3, tzinfo=dt.UTC))
    portfolio.results_as_of = session
    portfolio.save()


def record(portfolio: Portfolio, kind: str, amount: object, day: dt.date | None = None, **terms: Any) -> EquityChange:
    return record_equity_change(portfolio.id, kind, Decimal(str(amount)), day, **terms)


def dirty(portfolio: Portfolio) -> dt.date | None:
    portfolio.refresh_from_db()
    return portfolio.dirty_from


def test_a_contribution_is_of_today(portfolio: Portfolio) -> None:
    change = record(portfolio, "CONTRIBUTION", "250.005", notes="bonus", created_by=portfolio.user)
    assert (change.amount, change.change_date, change.notes) == (Decimal("250.00"), TODAY, "bonus")
    assert not change.is_system
    assert dirty(portfolio) == TODAY


def test_a_late_entry_rolls_the_book_again_from_its_day(portfolio: Portfolio) -> None:
    record(portfolio, "CONTRIBUTION", 100)
    record(portfolio, "WITHDRAWAL", 100, dt.date(2026, 1, 10))
    assert dirty(portfolio) == dt.date(2026, 1, 10)


@pytest.mark.parametrize(
    ("kind", "amount", "day", "code"),
    [
        ("CONTRIBUTION", 0, None, "EQUITY_001"),
        ("CONTRIBUTION", "0.004", None, "EQUITY_001"),
        ("WITHDRAWAL", -5, None, "EQUITY_001"),
        ("CONTRIBUTION", 1, TODAY + dt.timedelta(days=1), "EQUITY_002"),
        ("WITHDRAWAL", "100000.01", None, "EQUITY_003"),
        ("CONTRIBUTION", 1, dt.date(2025, 6, 29), "EQUITY_002"),
        ("CONTRIBUTION", "1e12", None, "amount_too_large"),
        ("DEPOSIT", 1, None, "change_type_unknown"),
    ],
)
def test_what_cannot_be_is_refused(
    portfolio: Portfolio, kind: str, amount: object, day: dt.date | None, code: str
) -> None:
    with pytest.raises(DomainError) as error:
        record(portfolio, kind, amount, day)
    assert error.value.code == code
    assert not EquityChange.objects.exists()
    assert dirty(portfolio) is None


def test_withdrawals_since_the_snapshot_count_against_the_next(portfolio: Portfolio) -> None:
    publish(portfolio, 1_000)
    record(portfolio, "WITHDRAWAL", 700)
    with pytest.raises(DomainError, match=r"equity of 300\.00"):
        record(portfolio, "WITHDRAWAL", 301)


def test_equity_on_a_day_is_what_was_earned_until_then_and_every_change(portfolio: Portfolio) -> None:
    publish(portfolio, 1_000)
    record(portfolio, "CONTRIBUTION", 50, THURSDAY)
    record(portfolio, "CONTRIBUTION", 20)
    record(portfolio, "WITHDRAWAL", 5)
    assert equity_on(portfolio, dt.date(2026, 2, 25)) == 100_000
    assert equity_on(portfolio, THURSDAY) == 1_050
    assert equity_on(portfolio, TODAY) == 1_065


def test_an_edit_rolls_the_book_again_from_the_earlier_day(portfolio: Portfolio) -> None:
    change = record(portfolio, "CONTRIBUTION", 100, dt.date(2026, 2, 10))
    Portfolio.objects.update(dirty_from=None)
    update_equity_change(change.id, change_date=dt.date(2026, 2, 20), amount=Decimal(80))
    change.refresh_from_db()
    assert (change.amount, change.change_date) == (80, dt.date(2026, 2, 20))
    assert dirty(portfolio) == dt.date(2026, 2, 10)


def test_a_withdrawal_is_not_counted_against_its_own_edit(portfolio: Portfolio) -> None:
    change = record(portfolio, "WITHDRAWAL", 100_000)
    assert update_equity_change(change.id, amount=Decimal(90_000)).amount == 90_000


def test_a_withdrawal_that_the_night_has_rolled_is_not_counted_against_its_own_edit(portfolio: Portfolio) -> None:
    change = record(portfolio, "WITHDRAWAL", 99_000, THURSDAY)
    publish(portfolio, 1_000, flow=-99_000)
    assert update_equity_change(change.id, amount=Decimal(50_000)).amount == 50_000
    with pytest.raises(DomainError, match=r"equity of 100,000\.00"):
        update_equity_change(change.id, amount=Decimal("100000.01"))


def test_a_second_withdrawal_of_a_rolled_day_finds_what_the_first_has_left(portfolio: Portfolio) -> None:
    publish(portfolio, 1_000)
    record(portfolio, "WITHDRAWAL", 700, THURSDAY)
    with pytest.raises(DomainError, match=r"equity of 300\.00"):
        record(portfolio, "WITHDRAWAL", 301, THURSDAY)


def test_notes_alone_roll_nothing_again(portfolio: Portfolio) -> None:
    change = record(portfolio, "CONTRIBUTION", 100)
    Portfolio.objects.update(dirty_from=None)
    assert update_equity_change(change.id, notes="rent").notes == "rent"
    assert dirty(portfolio) is None


@pytest.mark.parametrize(("age", "editable", "deletable"), [(6, True, True), (7, False, True), (30, False, False)])
def test_changes_can_be_edited_for_a_week_and_deleted_for_a_month(
    portfolio: Portfolio, age: int, *, editable: bool, deletable: bool
) -> None:
    change = record(portfolio, "CONTRIBUTION", 100)
    written = dt.datetime(2026, 2, 27, 22, tzinfo=dt.UTC) - dt.timedelta(days=age)
    EquityChange.objects.update(created_at=written)
    refusals = []
    for verb in (lambda: update_equity_change(change.id, amount=Decimal(5)), lambda: delete_equity_change(change.id)):
        try:
            verb()
        except DomainError as error:
            refusals.append(error.code)
    assert refusals == [code for code, allowed in (("EQUITY_006", editable), ("EQUITY_007", deletable)) if not allowed]


def test_a_deleted_change_no_longer_counts(portfolio: Portfolio) -> None:
    change = record(portfolio, "CONTRIBUTION", 100, dt.date(2026, 2, 10))
    delete_equity_change(change.id)
    assert equity_on(portfolio, TODAY) == 100_000
    with pytest.raises(DomainError) as error:
        delete_equity_change(change.id)
    assert error.value.code == "EQUITY_009"


def test_an_unknown_change_is_not_found() -> None:
    with pytest.raises(NotFound):
        delete_equity_change(uuid4())


def test_before_anything_is_published_the_balance_is_the_opening_equity(portfolio: Portfolio) -> None:
    assert set_equity_balance(portfolio.id, Decimal("250000.50")) is None
    assert dirty(portfolio) == portfolio.equity_as_of
    shown = portfolio_with_equity(portfolio.user, portfolio.id).equity
    assert portfolio.opening_equity == shown == Decimal("250000.50")


def test_the_published_balance_sent_back_changes_nothing(portfolio: Portfolio) -> None:
    publish(portfolio, 1_000)
    assert set_equity_balance(portfolio.id, Decimal("1000.00")) is None
    assert dirty(portfolio) is None
    assert not EquityChange.objects.exists()


@pytest.mark.parametrize(("balance", "kind", "amount"), [(1_200, "CONTRIBUTION", 200), (900, "WITHDRAWAL", 100)])
def test_another_balance_books_the_difference(portfolio: Portfolio, balance: int, kind: str, amount: int) -> None:
    publish(portfolio, 1_000)
    change = set_equity_balance(portfolio.id, Decimal(balance), created_by=portfolio.user)
    assert change is not None
    assert (change.change_type, change.amount, change.change_date) == (kind, amount, TODAY)
    assert change.is_system
    assert dirty(portfolio) == TODAY
    portfolio.refresh_from_db()
    assert portfolio.opening_equity == 100_000


def test_the_newest_word_on_the_balance_counts(portfolio: Portfolio) -> None:
    publish(portfolio, 1_000)
    for balance in (1_200, 1_300, 1_300):
        set_equity_balance(portfolio.id, Decimal(balance))
    assert equity_on(portfolio, TODAY) == 1_300
    assert EquityChange.objects.filter(deleted_at=None).count() == 1


def test_the_newest_word_counts_also_where_the_published_session_was_computed_again(portfolio: Portfolio) -> None:
    publish(portfolio, 1_000)
    set_equity_balance(portfolio.id, Decimal(1_200))
    PortfolioSnapshot.objects.update(updated_at=timezone.now() + dt.timedelta(minutes=1))
    set_equity_balance(portfolio.id, Decimal(1_300))
    assert equity_on(portfolio, TODAY) == 1_300


def test_changes_people_booked_stay_beside_the_balance(portfolio: Portfolio) -> None:
    publish(portfolio, 1_000)
    record(portfolio, "CONTRIBUTION", 50)
    set_equity_balance(portfolio.id, Decimal(1_200))
    assert EquityChange.objects.filter(deleted_at=None).count() == 2


def test_a_balance_is_not_negative(portfolio: Portfolio) -> None:
    with pytest.raises(DomainError) as error:
        set_equity_balance(portfolio.id, Decimal(-1))
    assert error.value.code == "equity_balance_negative"
