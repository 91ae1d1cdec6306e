"""What a portfolio holds of a symbol already, before another lot of it is entered or one is sold."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from marketdata.services.securities import canonical
from portfolios.models import User
from portfolios.services.valued_lots import ValuedLot, valued_lots
from tagging.services.links import tags_for_symbol


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Open lots by entry date, and the live tags on the portfolio's lots of the symbol, in display order."""

    lots: list[ValuedLot]
    tag_ids: list[UUID]


def find_duplicates(user: User, portfolio_id: UUID, symbol: str, position_type: str | None = None) -> Duplicates:
    """The open lots of a symbol, only those of one type if it is given.

    Raises
    ------
    NotFound if the portfolio is unknown or foreign.
    """
    tag_ids = tags_for_symbol(user, portfolio_id, symbol)
    spellings = {symbol.strip().upper(), canonical(symbol)}
    lots = [lot for lot in valued_lots([portfolio_id]) if lot.symbol in spellings]
    return Duplicates([lot for lot in lots if position_type in (None, lot.position_type)], tag_ids)
