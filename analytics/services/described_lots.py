"""Lots as people see them: valued, with the company behind them and the tags on them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from marketdata.services.companies import NOTHING_KNOWN, Company, companies_of
from portfolios.models import Portfolio, User
from portfolios.services.access import owned_portfolio, owned_positions
from portfolios.services.valued_lots import ValuedLot, valued_lots
from tagging.services.links import Label, labels_of_lots


@dataclass(frozen=True, slots=True)
class DescribedLot:
    lot: ValuedLot
    account_name: str
    company: Company
    labels: Sequence[Label]


@dataclass(frozen=True, slots=True)
class LotTotals:
    """Sums over lots, dollars: cost without its sign, market value with shorts negative."""

    cost_basis: Decimal
    market_value: Decimal
    unrealized_pnl: Decimal


def lots_of_portfolio(user: User, portfolio_id: UUID, *, include_closed: bool = False) -> list[DescribedLot]:
    """A portfolio's lots by symbol, entry date and id; the closed ones only if asked for.

    Raises
    ------
    NotFound if the portfolio is unknown or foreign.
    """
    book = owned_portfolio(user, portfolio_id)
    return _described({book.pk: book.account_name}, valued_lots([book.pk], include_closed=include_closed))


def lots_with_ids(user: User, position_ids: Collection[UUID]) -> list[DescribedLot]:
    """These lots, open or closed, by symbol, entry date and id.

    Raises
    ------
    NotFound if one of them is unknown, deleted or foreign.
    """
    books = {lot.portfolio_id for lot in owned_positions(user, position_ids)}
    wanted = set(position_ids)
    lots = [lot for lot in valued_lots(list(books), include_closed=True) if lot.position_id in wanted]
    return _described(dict(Portfolio.objects.filter(pk__in=books).values_list("pk", "account_name")), lots)


def totals(lots: Sequence[DescribedLot]) -> LotTotals:
    return LotTotals(
        sum((abs(one.lot.cost_basis) for one in lots), Decimal(0)),
        sum((one.lot.market_value for one in lots), Decimal(0)),
        sum((one.lot.unrealized_pnl for one in lots), Decimal(0)),
    )


def _described(account_names: dict[UUID, str], lots: Sequence[ValuedLot]) -> list[DescribedLot]:
    companies = companies_of({lot.security_id for lot in lots if lot.security_id is not None})
    labels = labels_of_lots(list(account_names))
    return [
        DescribedLot(
            lot,
            account_names[lot.portfolio_id],
            NOTHING_KNOWN if lot.security_id is None else companies.get(lot.security_id, NOTHING_KNOWN),
            labels.get(lot.position_id, ()),
        )
        for lot in lots
    ]
