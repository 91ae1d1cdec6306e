"""Whose is it: the one place where a thing is looked up for a person. Foreign and unknown are the same to him."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from portfolios.models import EquityChange, Portfolio, Position, TargetPrice, User
from portfolios.services.tokens import listed_portfolios
from sigmasight.core.errors import NotFound

USER_NOT_FOUND = "User not found"
PORTFOLIO_NOT_FOUND = "Portfolio not found"
POSITION_NOT_FOUND = "Position not found"
EQUITY_CHANGE_NOT_FOUND = "Equity change not found"
TARGET_PRICE_NOT_FOUND = "Target price not found"


def require_account(user_id: UUID) -> None:
    """For staff, who may ask about anybody.

    Raises
    ------
    NotFound if there is no such person.
    """
    if not User.objects.filter(pk=user_id).exists():
        raise NotFound("user_not_found", USER_NOT_FOUND)


def owned_portfolio(user: User, portfolio_id: UUID) -> Portfolio:
    """A person's undeleted portfolio, in one query.

    Raises
    ------
    NotFound for unknown, deleted and foreign ones alike.
    """
    book = Portfolio.objects.filter(pk=portfolio_id, user_id=user.pk, deleted_at__isnull=True).first()
    if book is None:
        raise NotFound("portfolio_not_found", PORTFOLIO_NOT_FOUND)
    return book


def owned_portfolios(user: User, portfolio_ids: Collection[UUID] | None = None) -> list[Portfolio]:
    """A person's active portfolios in the order clients show them: all, or those named.

    Raises
    ------
    NotFound if one of the ids is unknown, deleted, inactive or foreign.
    """
    books = listed_portfolios(user.pk)
    if portfolio_ids is None:
        return list(books)
    found = list(books.filter(pk__in=set(portfolio_ids)))
    if len(found) != len(set(portfolio_ids)):
        raise NotFound("portfolio_not_found", PORTFOLIO_NOT_FOUND)
    return found


def owned_position(user: User, position_id: UUID) -> Position:
    """A person's undeleted lot with its portfolio and security, in one query.

    Raises
    ------
    NotFound for unknown, deleted and foreign ones alike.
    """
    lot = (
        Position.objects.select_related("portfolio", "security", "security__option_contract__underlying")
        .filter(pk=position_id, deleted_at__isnull=True, portfolio__user_id=user.pk, portfolio__deleted_at__isnull=True)
        .first()
    )
    if lot is None:
        raise NotFound("position_not_found", POSITION_NOT_FOUND)
    return lot


def owned_positions(user: User, position_ids: Collection[UUID]) -> list[Position]:
    """A person's undeleted lots with these ids, by symbol, in one query.

    Raises
    ------
    NotFound if one of the ids is unknown, deleted or foreign.
    """
    wanted = set(position_ids)
    lots = list(
        Position.objects.filter(
            pk__in=wanted, deleted_at__isnull=True, portfolio__user_id=user.pk, portfolio__deleted_at__isnull=True
        )
    )
    if len(lots) != len(wanted):
        raise NotFound("position_not_found", POSITION_NOT_FOUND)
    return lots


def owned_equity_change(
    user: User, portfolio_id: UUID, change_id: UUID, *, include_deleted: bool = False
) -> EquityChange:
    """A change of a person's portfolio, with its portfolio; a deleted one only on demand.

    Raises
    ------
    NotFound: of a portfolio that is not his, whatever the change; else of a change that is not there.
    """
    book = owned_portfolio(user, portfolio_id)
    change = EquityChange.objects.filter(pk=change_id, portfolio=book).first()
    if change is None or (change.deleted_at is not None and not include_deleted):
        raise NotFound("EQUITY_008", EQUITY_CHANGE_NOT_FOUND)
    change.portfolio = book
    return change


def owned_target_price(user: User, target_id: UUID) -> TargetPrice:
    """A target of one of a person's undeleted portfolios, in one query.

    Raises
    ------
    NotFound for unknown and foreign ones alike.
    """
    target = TargetPrice.objects.filter(
        pk=target_id, portfolio__user_id=user.pk, portfolio__deleted_at__isnull=True
    ).first()
    if target is None:
        raise NotFound("target_price_not_found", TARGET_PRICE_NOT_FOUND)
    return target
