"""One published book laid out as the night lays out a shard, for figures that are worked out when somebody asks."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from analytics.batch.book_inputs import Book, Floats, lay_out, stand_ins
from analytics.batch.book_risk import BookHistory, book_history
from analytics.batch.holdings import (
    LotFacts,
    load_contract_values,
    load_holdings,
    load_lots,
    needed_securities,
    no_contract_values,
)
from analytics.batch.symbols import fund_returns
from analytics.batch.universe import Universe, load_universe
from analytics.engines.risk import LOOKBACK
from analytics.engines.scenarios import MARKET
from marketdata import calendar
from marketdata.services.panel import load_panel
from sigmasight.core.bulk import to_uuids


@dataclass(frozen=True)
class ReadBook:
    """The lots of one book at a session, and the securities they move with, the factor and sector funds among them."""

    session: dt.date
    book: Book
    facts: LotFacts
    universe: Universe

    @property
    def position_ids(self) -> list[UUID]:
        """Of the lots, in their order."""
        return to_uuids(self.facts.id[self.book.holdings.lot])

    @property
    def symbols(self) -> list[str]:
        """Of the lots, in their order."""
        return [str(name) for name in self.facts.names[self.book.holdings.lot]]

    def returns(self) -> tuple[Floats, Floats]:
        """Daily returns of the universe over the window of the risk engines, and the same with stand-ins, (252, N) each."""
        first = calendar.shift(self.session, -LOOKBACK)
        returns = load_panel(self.universe.security, first, self.session).simple_returns()[1:]
        market = fund_returns(self.universe, returns)[:, MARKET]
        return returns, stand_ins(returns, self.universe.sector_fund_columns, market)

    def history(self) -> BookHistory:
        """What the book and its lots would have made over the window: the histories behind the stored risk."""
        return book_history(self.book, *self.returns())


def read_book(portfolio_id: UUID, session: dt.date | None) -> ReadBook | None:
    """A book as the night stored it at a session, None if it did not or there was none yet."""
    if session is None:
        return None
    universe = load_universe(needed_securities([portfolio_id]))
    facts, contracts = load_lots([portfolio_id], universe)
    holdings = load_holdings([portfolio_id], facts, session, session).get(session)
    if holdings is None:
        return None
    values = load_contract_values(contracts, session, session).get(session)
    book = lay_out(holdings, facts, contracts, values or no_contract_values(len(contracts.security)), universe)
    return ReadBook(session, book, facts, universe)
