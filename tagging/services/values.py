"""What a portfolio holds under each tag."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from portfolios.services.valued_lots import ValuedLot, valued_lots
from tagging.services.links import labels_of_lots


@dataclass(frozen=True, slots=True)
class TagValue:
    """The open lots that carry a tag: symbols in alphabetical order, and dollars, net with shorts negative."""

    symbols: tuple[str, ...]
    net: Decimal
    gross: Decimal
    unrealized_pnl: Decimal


UNUSED = TagValue((), Decimal(0), Decimal(0), Decimal(0))


def tag_values(portfolio_id: UUID) -> dict[UUID, TagValue]:
    """By tag, in two queries; tags without an open lot are left out. A lot with several tags counts under each."""
    lots = {lot.position_id: lot for lot in valued_lots([portfolio_id])}
    tagged: dict[UUID, list[ValuedLot]] = defaultdict(list)
    for position_id, labels in labels_of_lots([portfolio_id]).items():
        for label in labels:
            if position_id in lots:
                tagged[label.id].append(lots[position_id])
    return {tag: _sum(mine) for tag, mine in tagged.items()}


def _sum(lots: list[ValuedLot]) -> TagValue:
    return TagValue(
        symbols=tuple(sorted({lot.symbol for lot in lots})),
        net=sum((lot.market_value for lot in lots), Decimal(0)),
        gross=sum((abs(lot.market_value) for lot in lots), Decimal(0)),
        unrealized_pnl=sum((lot.unrealized_pnl for lot in lots), Decimal(0)),
    )
