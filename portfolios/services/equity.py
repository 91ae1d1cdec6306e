"""Money in and out of a portfolio, and its equity as people set it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.db.models import Case, F, Q, Sum, When

from portfolios.models import EquityChange, EquityChangeType, Portfolio, PortfolioSnapshot, User
from portfolios.services import amounts
from portfolios.services.dirty import lock_portfolio, mark_dirty
from sigmasight.core import clock
from sigmasight.core.errors import DomainError, NotFound

EDITABLE = dt.timedelta(days=7)
DELETABLE = dt.timedelta(days=30)
BALANCE_NOTE = "Equity balance set to {amount:.2f}"


@transaction.atomic
def record_equity_change(
    portfolio_id: UUID,
    change_type: str,
    amount: Decimal,
    change_date: dt.date | None = None,
    *,
    notes: str = "",
    is_system: bool = False,
    created_by: User | None = None,
) -> EquityChange:
    """Book a contribution or withdrawal at the end of a day (today in New York by default).

    Raises
    ------
    NotFound; DomainError if the amount is not positive, the date is in the future or before the ledger begins, or a
    withdrawal exceeds the equity of its date.
    """
    book = lock_portfolio(portfolio_id)
    change = EquityChange(
        portfolio=book,
        change_type=_type(change_type),
        amount=_amount(amount),
        change_date=_date(book, change_date or clock.market_today()),
        notes=notes,
        is_system=is_system,
        created_by=created_by,
    )
    _check_covered(book, change)
    change.save()
    mark_dirty(book.id, change.change_date)
    return change


@transaction.atomic
def update_equity_change(
    change_id: UUID,
    *,
    amount: Decimal | None = None,
    change_date: dt.date | None = None,
    notes: str | None = None,
    at_any_time: bool = False,
) -> EquityChange:
    """Edit a change within seven days of its entry, staff `at_any_time`; the type stays. None leaves a field as it is.

    Raises
    ------
    NotFound; DomainError as for a new change, or when the seven days are over.
    """
    change, book = _locked(change_id)
    if not at_any_time and clock.now() >= editable_until(change):
        raise DomainError("EQUITY_006", "An equity change can be edited for seven days after it was entered.")
    dirty = change.change_date
    if notes is not None:
        change.notes = notes
    if amount is not None:
        change.amount = _amount(amount)
    if change_date is not None:
        change.change_date = _date(book, change_date)
    if amount is not None or change_date is not None:
        _check_covered(book, change)
        mark_dirty(book.id, min(dirty, change.change_date))
    change.save()
    return change


@transaction.atomic
def delete_equity_change(change_id: UUID, *, at_any_time: bool = False) -> EquityChange:
    """Take a change back within thirty days of its entry, staff `at_any_time`; it stays readable as deleted.

    Raises
    ------
    NotFound; DomainError when the thirty days are over or it was deleted before.
    """
    change, book = _locked(change_id)
    if not at_any_time and clock.now() >= deletable_until(change):
        raise DomainError("EQUITY_007", "An equity change can be deleted for thirty days after it was entered.")
    change.deleted_at = clock.now()
    change.save(update_fields=["deleted_at", "updated_at"])
    mark_dirty(book.id, change.change_date)
    return change


@transaction.atomic
def set_equity_balance(portfolio_id: UUID, balance: Decimal, *, created_by: User | None = None) -> EquityChange | None:
    """Make the equity of a portfolio what its owner says it is.

    Before anything is published this is the opening equity. Afterwards the difference to the newest published equity is
    booked as a contribution or withdrawal of today with a system note; saying it again before the next publication
    replaces that change, and the published equity itself, sent back by a form, changes nothing.

    Returns
    -------
    The change that was booked, None if there was none to book.

    Raises
    ------
    NotFound; DomainError for a negative balance.
    """
    book = lock_portfolio(portfolio_id)
    wanted = amounts.money(balance, "equity_balance")
    if wanted < 0:
        raise DomainError("equity_balance_negative", "The equity balance must not be negative.")
    published = _published(book)
    if published is None:
        if wanted != book.opening_equity:
            book.opening_equity = wanted
            book.save(update_fields=["opening_equity", "updated_at"])
            mark_dirty(book.id, book.equity_as_of)
        return None
    difference = wanted - published.net_asset_value
    if not difference:
        return None
    now = clock.now()
    # What was said since the published snapshot is not in it yet: the newest word counts. Its row may have been written again since.
    later = Q(created_at__gt=published.updated_at) | Q(change_date__gt=published.snapshot_date)
    pending = book.equity_changes.filter(later, is_system=True, deleted_at__isnull=True)
    for change in pending:
        mark_dirty(book.id, change.change_date)
    pending.update(deleted_at=now, updated_at=now)
    today = clock.market_today()
    change = EquityChange.objects.create(
        portfolio=book,
        change_type=EquityChangeType.CONTRIBUTION if difference > 0 else EquityChangeType.WITHDRAWAL,
        amount=abs(difference),
        change_date=today,
        notes=BALANCE_NOTE.format(amount=wanted),
        is_system=True,
        created_by=created_by,
    )
    mark_dirty(book.id, today)
    return change


@transaction.atomic
def correct_opening_equity(portfolio_id: UUID, amount: Decimal) -> None:
    """Put right what a ledger begins with; all of it is rolled again.

    Raises
    ------
    NotFound; DomainError for a negative amount.
    """
    book = lock_portfolio(portfolio_id)
    opening = amounts.money(amount, "opening_equity")
    if opening < 0:
        raise DomainError("equity_balance_negative", "The opening equity must not be negative.")
    book.opening_equity = opening
    book.save(update_fields=["opening_equity", "updated_at"])
    mark_dirty(book.id, book.equity_as_of)


def _published(book: Portfolio) -> PortfolioSnapshot | None:
    if book.results_as_of is None:
        return None
    snapshots = book.snapshots.filter(snapshot_date__lte=book.results_as_of, is_complete=True)
    return snapshots.order_by("-snapshot_date").first()


def equity_on(book: Portfolio, day: dt.date, *, without: EquityChange | None = None) -> Decimal:
    """The equity known at the end of a day: what the ledger began with, what the snapshots have earned until then, and every change
    that is booked until then, whether a snapshot has seen it as it is now or not.

    `without` leaves one change out, to ask what there was before it.
    """
    earned = (
        PortfolioSnapshot.objects.filter(portfolio=book, snapshot_date__lte=day, is_complete=True)
        .order_by("-snapshot_date")
        .values_list("cumulative_pnl", flat=True)
        .first()
    )
    changes = EquityChange.objects.filter(portfolio=book, deleted_at__isnull=True, change_date__lte=day)
    if without is not None:
        changes = changes.exclude(pk=without.pk)
    signed = Case(When(change_type=EquityChangeType.WITHDRAWAL, then=-F("amount")), default=F("amount"))
    total: Decimal | None = changes.aggregate(total=Sum(signed))["total"]
    return book.opening_equity + (earned or Decimal(0)) + (total or Decimal(0))


def editable_until(change: EquityChange) -> dt.datetime:
    """From this instant on the change can no longer be edited."""
    return change.created_at + EDITABLE


def deletable_until(change: EquityChange) -> dt.datetime:
    """From this instant on the change can no longer be deleted."""
    return change.created_at + DELETABLE


def _locked(change_id: UUID) -> tuple[EquityChange, Portfolio]:
    portfolio_id = EquityChange.objects.filter(pk=change_id).values_list("portfolio_id", flat=True).first()
    if portfolio_id is None:
        raise NotFound("EQUITY_008", "Equity change not found.")
    book = lock_portfolio(portfolio_id)
    change = EquityChange.objects.select_for_update().get(pk=change_id)
    if change.deleted_at is not None:
        raise DomainError("EQUITY_009", "This equity change was deleted.")
    return change, book


def _type(change_type: str) -> EquityChangeType:
    if change_type not in EquityChangeType.values:
        raise DomainError("change_type_unknown", f"An equity change is one of {', '.join(EquityChangeType.values)}.")
    return EquityChangeType(change_type)


def _amount(amount: Decimal) -> Decimal:
    rounded = amounts.money(amount)
    if rounded <= 0:
        raise DomainError("EQUITY_001", "The amount must be above 0.")
    return rounded


def _date(book: Portfolio, day: dt.date) -> dt.date:
    today = clock.market_today()
    if day > today:
        raise DomainError("EQUITY_002", f"The date {day} is after today ({today} in New York).")
    if day < book.equity_as_of:
        raise DomainError(
            "EQUITY_002",
            f"The books of this portfolio begin on {book.equity_as_of}; money moved before is in its opening equity.",
        )
    return day


def _check_covered(book: Portfolio, change: EquityChange) -> None:
    if change.change_type == EquityChangeType.WITHDRAWAL:
        available = equity_on(book, change.change_date, without=change)
        if change.amount > available:
            raise DomainError(
                "EQUITY_003",
                f"A withdrawal of {change.amount:,.2f} exceeds the equity of {available:,.2f} on {change.change_date}.",
            )
