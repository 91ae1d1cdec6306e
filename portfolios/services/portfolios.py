"""The verbs of an account: list, create, change, delete."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypedDict, Unpack
from uuid import NAMESPACE_DNS, UUID, uuid4, uuid5

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q

from portfolios.models import AccountType, Portfolio, User
from portfolios.services import amounts
from portfolios.services.access import PORTFOLIO_NOT_FOUND, owned_portfolio
from portfolios.services.dirty import lock_portfolio
from portfolios.services.equity import set_equity_balance
from portfolios.services.inception import ledger_start
from portfolios.services.valued_lots import EMPTY_BOOK, book_values
from sigmasight.core import clock
from sigmasight.core.errors import Conflict, DomainError, NotFound

MOST_NAMED = 10
# Active ones first, accounts named private behind the others, the oldest first: clients open the first of a list. The equity is the
# newest published one, before the first night the opening one. Written out: the ORM takes longer to phrase it than the database to answer.
LISTED = """
    SELECT f.*, coalesce(s.net_asset_value, f.opening_equity) AS equity
    FROM portfolios AS f
    LEFT JOIN LATERAL (
        SELECT net_asset_value FROM portfolio_snapshots
        WHERE portfolio_id = f.id AND is_complete AND snapshot_date <= f.results_as_of
        ORDER BY snapshot_date DESC LIMIT 1
    ) AS s ON true
    WHERE f.user_id = %(user)s AND (%(id)s::uuid IS NULL OR f.id = %(id)s::uuid)
      AND (f.is_active OR %(inactive)s) AND (f.deleted_at IS NULL OR %(deleted)s)
    ORDER BY f.is_active DESC, f.account_name ILIKE '%%private%%', f.created_at, f.id
"""


@dataclass(frozen=True, slots=True)
class ListedPortfolio:
    """An account and what it is worth: the newest published equity (before the first session the opening one), the market
    value of its open lots at that session, dollars, and their number."""

    portfolio: Portfolio
    equity: Decimal
    market_value: Decimal
    open_lots: int


class PortfolioChanges(TypedDict, total=False):
    """What is to change of an account; a key that is left out leaves the field as it is."""

    name: str | None
    account_name: str | None
    account_type: str | None
    description: str | None
    currency: str | None
    equity_balance: Decimal | None
    is_active: bool | None


def list_portfolios(
    user: User, *, include_inactive: bool = True, include_deleted: bool = False
) -> list[ListedPortfolio]:
    """A person's portfolios in the order clients show them, in two queries."""
    return _listed({"user": user.pk, "id": None, "inactive": include_inactive, "deleted": include_deleted})


def portfolio_with_equity(user: User, portfolio_id: UUID) -> ListedPortfolio:
    """One portfolio of a person, in two queries.

    Raises
    ------
    NotFound for unknown, deleted and foreign ones alike.
    """
    found = _listed({"user": user.pk, "id": portfolio_id, "inactive": True, "deleted": False})
    if not found:
        raise NotFound("portfolio_not_found", PORTFOLIO_NOT_FOUND)
    return found[0]


def portfolio_called(text: str) -> Portfolio:
    """The undeleted portfolio with this id, or with this name or account name, whoever owns it, with its owner: for commands of operators.

    Raises
    ------
    NotFound if there is none. Conflict if several have the name.
    """
    books = Portfolio.objects.select_related("user").filter(deleted_at__isnull=True)
    wanted = text.replace("\0", "").strip()
    try:
        found = list(books.filter(pk=UUID(wanted)))
    except ValueError:
        named = books.filter(Q(name__iexact=wanted) | Q(account_name__iexact=wanted))
        found = list(named.order_by("user__email", "id")[:MOST_NAMED])
    if not found:
        raise NotFound("portfolio_not_found", f"There is no portfolio with the id or the name {wanted!r}.")
    if len(found) > 1:
        listed = "; ".join(f"{book.pk} of {book.user.email}" for book in found)
        raise Conflict(
            "portfolio_ambiguous", f"Several portfolios are called {wanted!r}. Name one by its id: {listed}."
        )
    return found[0]


def _currency(text: str) -> str:
    if not re.fullmatch("[A-Za-z]{3}", text):
        raise DomainError("currency_invalid", f"The currency {text!r} is not the three letters of one, such as USD.")
    return text.upper()


def _listed(wanted: dict[str, Any]) -> list[ListedPortfolio]:
    books = list(Portfolio.objects.raw(LISTED, wanted))
    values = book_values([book.pk for book in books])
    return [
        ListedPortfolio(book, book.equity, value.market_value, value.open_lots)  # type: ignore[attr-defined]
        for book in books
        for value in [values.get(book.pk, EMPTY_BOOK)]
    ]


@transaction.atomic
def create_portfolio(
    user: User,
    name: str,
    account_name: str,
    *,
    account_type: str = AccountType.TAXABLE,
    description: str = "",
    currency: str = "USD",
    opening_equity: Decimal = Decimal(0),
    is_active: bool = True,
) -> Portfolio:
    """Open an account without lots; its ledger begins with the session of today.

    Raises
    ------
    Conflict if the person has an account of that name, a deleted one included; DomainError for a negative equity.
    """
    book = Portfolio(
        id=_new_id(user, account_name),
        user=user,
        name=name,
        account_name=account_name,
        account_type=account_type,
        description=description,
        currency=_currency(currency),
        opening_equity=_opening(opening_equity),
        equity_as_of=ledger_start(None, clock.market_today()),
        is_active=is_active,
    )
    _check_name_free(book)
    _store(book)
    return book


@transaction.atomic
def change_portfolio(user: User, portfolio_id: UUID, **changes: Unpack[PortfolioChanges]) -> None:
    """Change what is given of an account. A description may be None, which clears it; an equity of None says nothing.

    Raises
    ------
    NotFound; Conflict if another account of the person has the name; DomainError for another field that is None, or for a
    negative equity.
    """
    owned_portfolio(user, portfolio_id)
    book = lock_portfolio(portfolio_id)
    equity = changes.pop("equity_balance", None)
    for field, value in changes.items():
        if field == "description":
            value = value or ""
        elif value is None:
            raise DomainError(f"{field}_missing", f"The {field} cannot be empty. Leave it out to keep it as it is.")
        setattr(book, field, value)
    book.currency = _currency(book.currency)
    if "account_name" in changes:
        _check_name_free(book)
    _store(book, update_fields=[*changes, "updated_at"])
    if equity is not None:
        set_equity_balance(portfolio_id, equity, created_by=user)


@transaction.atomic
def delete_portfolio(user: User, portfolio_id: UUID) -> Portfolio:
    """Close an account; its lots and its past stay in the tables, and its name stays taken.

    Raises
    ------
    NotFound; DomainError if the person would be left without an active portfolio.
    """
    # All active ones are locked: two deletions at once must not each count on the other's portfolio.
    mine = Portfolio.objects.select_for_update(no_key=True).filter(user_id=user.pk, deleted_at__isnull=True)
    active = set(mine.filter(is_active=True).order_by("pk").values_list("pk", flat=True))
    owned_portfolio(user, portfolio_id)
    book = lock_portfolio(portfolio_id)
    if active == {book.pk}:
        raise DomainError(
            "last_active_portfolio", "This is your only active portfolio. Create another one before you delete it."
        )
    book.is_active, book.deleted_at = False, clock.now()
    book.save(update_fields=["is_active", "deleted_at", "updated_at"])
    return book


def _opening(equity: Decimal) -> Decimal:
    opening = amounts.equity(equity)
    if opening < 0:
        raise DomainError("equity_balance_negative", "The equity balance must not be negative.")
    return opening


def _new_id(user: User, account_name: str) -> UUID:
    """Random, or with `DETERMINISTIC_UUIDS` made of owner and account, unless a renamed account has that id."""
    if settings.DETERMINISTIC_UUIDS:
        derived = uuid5(NAMESPACE_DNS, f"{user.pk}:{account_name.strip()}")
        if not Portfolio.objects.filter(pk=derived).exists():
            return derived
    return uuid4()


def _check_name_free(book: Portfolio) -> None:
    if Portfolio.objects.filter(user_id=book.user_id, account_name=book.account_name).exclude(pk=book.pk).exists():
        raise _name_taken(book)


def _store(book: Portfolio, update_fields: list[str] | None = None) -> None:
    try:
        with transaction.atomic():
            book.save(force_insert=update_fields is None, update_fields=update_fields)
    except IntegrityError as error:
        if "portfolio_account_name_unique" in str(error):
            raise _name_taken(book) from error
        raise


def _name_taken(book: Portfolio) -> Conflict:
    text = f"You have an account named {book.account_name!r}, or deleted one of that name. Choose another account name."
    return Conflict("account_name_taken", text)
