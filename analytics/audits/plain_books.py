"""Books at a session as plain lots with what was stored for them, for recomputing results one lot after the other."""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from analytics.audits.row_returns import RowReturns, fund_ids, row_returns
from analytics.audits.scope import Scope, mixed
from analytics.engines.risk import LOOKBACK
from analytics.engines.sector import SECTOR_NAMES
from analytics.engines.stress import CASH_LIKE, PRIVATE_PROXIES
from analytics.models import SymbolFactorExposure
from marketdata import calendar
from marketdata.models import Security, SecurityType
from marketdata.models.securities import FUND_TYPES
from marketdata.services.securities import FACTOR_FUNDS, SECTOR_FUNDS
from portfolios.models import Portfolio

Floats = NDArray[np.float64]
FEWEST = 0.95
MARKET_FUND = "SPY"
# One statement for the lots of all books, each at its session, with the terms and the stored values of contracts.
LOTS = """
    SELECT n.portfolio_id, p.symbol, p.investment_class, p.investment_subtype,
           coalesce(o.underlying_id, p.security_id), coalesce(s.security_type, ''),
           u.quantity, u.market_value, u.quality::text, coalesce(o.multiplier, 1),
           x.id, h.security_id, coalesce(p.proxy_multiple, 1)::float8,
           o.option_type = 'CALL', o.strike::float8, (o.expiration - n.snapshot_date), b.security_type,
           g.delta::float8, g.implied_volatility::float8, g.underlying_price::float8, g.rate::float8, g.dividend_yield::float8
    FROM portfolios f
    JOIN position_snapshots n ON n.portfolio_id = f.id AND n.snapshot_date = coalesce(%(session)s::date, f.results_as_of)
    CROSS JOIN LATERAL unnest(n.position_ids, n.quantity, n.market_value, n.quality)
        AS u (position_id, quantity, market_value, quality)
    JOIN positions p ON p.id = u.position_id
    LEFT JOIN securities s ON s.id = p.security_id
    LEFT JOIN option_contracts o ON o.security_id = p.security_id
    LEFT JOIN securities b ON b.id = o.underlying_id
    LEFT JOIN option_greeks g ON g.security_id = p.security_id AND g.calculation_date = n.snapshot_date
    LEFT JOIN securities x ON x.symbol = nullif(p.proxy_symbol, '')
    LEFT JOIN price_histories h ON h.security_id = x.id AND x.security_type NOT IN ('index', 'option')
    WHERE f.id = ANY(%(ids)s) ORDER BY n.portfolio_id, p.symbol, u.position_id
"""
EQUITY = """
    SELECT f.id, n.snapshot_date, n.net_asset_value FROM portfolios f
    JOIN portfolio_snapshots n ON n.portfolio_id = f.id AND n.snapshot_date = coalesce(%(session)s::date, f.results_as_of)
    WHERE f.id = ANY(%(ids)s)
"""
INDEX_LIKE = {*FUND_TYPES, SecurityType.INDEX}
# Letters of `LotQuality`: an old price carried, and one that was never there.
UNPRICED = ("Z", "E")


@dataclass(frozen=True)
class Contract:
    """Terms and stored values of an option, fractions a year; NaN where there are none."""

    is_call: bool
    strike: float
    years: float
    on_index: bool
    delta: float
    volatility: float
    spot: float
    rate: float
    dividend_yield: float


@dataclass(frozen=True)
class PlainLot:
    """priced_by : id of the stock, or of the option's underlying. usable : whether risk may use its price. proxy, multiple : what a
    private lot follows, by its owner's choice (by_owner) or by its kind; None for what follows nothing, or stands still like cash
    (like_cash)."""

    symbol: str
    priced_by: int | None
    quantity: float
    market_value: float
    multiplier: float
    usable: bool
    contract: Contract | None
    is_private: bool
    by_owner: bool
    like_cash: bool
    proxy: int | None
    multiple: float

    @property
    def delta_dollars(self) -> float | None:
        """Of a contract, what it moves like in dollars of its underlying; None where it has no delta."""
        if self.contract is None:
            return None
        value = self.quantity * self.multiplier * self.contract.delta * self.contract.spot
        return None if math.isnan(value) else value

    @property
    def dollars(self) -> float | None:
        """Dollars of the stock or underlying that it moves like, None where unknown. Private lots move like nothing."""
        if self.is_private or not self.usable or self.priced_by is None:
            return None
        if self.contract is None:
            return self.market_value
        return None if math.isnan(self.contract.volatility) else self.delta_dollars


@dataclass(frozen=True)
class PlainBook:
    """A portfolio at a session with its lots and net asset value."""

    portfolio: Portfolio
    session: dt.date
    equity: float
    lots: list[PlainLot]

    @property
    def name(self) -> str:
        return self.portfolio.account_name

    @property
    def size(self) -> float:
        """Absolute dollars that should have a return: netted by what they move like, and public lots of which nothing is known."""
        unknown = sum(abs(lot.market_value) for lot in self.lots if lot.dollars is None and not lot.is_private)
        return sum(abs(dollars) for dollars in self.netted().values()) + unknown

    def moving(self) -> list[tuple[int, float, PlainLot]]:
        """What factors, volatility and value at risk are of: security, dollars, lot. Private lots count as what their owner chose."""
        moving = []
        for lot in self.lots:
            if lot.priced_by is not None and lot.dollars is not None:
                moving.append((lot.priced_by, lot.dollars, lot))
            elif lot.by_owner and lot.proxy is not None:
                moving.append((lot.proxy, lot.market_value * lot.multiple, lot))
        return moving

    def netted(self) -> dict[int, float]:
        """The same by security."""
        sums: dict[int, float] = defaultdict(float)
        for security_id, dollars, _ in self.moving():
            sums[security_id] += dollars
        return dict(sums)


@dataclass(frozen=True)
class PlainBooks:
    """Books with the returns and loadings of what they hold. loadings : by session and security. waiting : names of those that were
    changed after their results, which are left out."""

    books: list[PlainBook]
    returns: RowReturns | None
    loadings: dict[tuple[dt.date, int], SymbolFactorExposure]
    funds: dict[str, int]
    sectors: dict[int, str]
    waiting: list[str]

    def stress_loading(self, session: dt.date, security_id: int) -> Floats | None:
        """The seven loadings of a symbol, of its sector's fund where it has none."""
        fund = self.funds.get(SECTOR_FUNDS.get(self.sectors.get(security_id, ""), ""))
        for one in (security_id, fund):
            row = self.loadings.get((session, one)) if one is not None else None
            if row is not None and row.joint_shrunk is not None and not _holed(row.joint_shrunk):
                return np.array(row.joint_shrunk, dtype=np.float64)
        return None

    def filled(self, session: dt.date, security_id: int, count: int) -> tuple[Floats, Floats]:
        """Last returns of a security, and the same with its sector's fund, else the market, in the place of missing ones."""
        assert self.returns is not None
        own = self.returns.until(security_id, session, count)
        whole = own.copy()
        for fund in (SECTOR_FUNDS.get(self.sectors.get(security_id, ""), ""), MARKET_FUND):
            if fund in self.funds:
                instead = self.returns.until(self.funds[fund], session, count)
                whole = np.where(np.isnan(whole), instead, whole)
        return own, whole

    def history(self, book: PlainBook, count: int, made_by: Callable[[PlainLot, float, Floats], Floats]) -> Floats:
        """P&L of today's book under the returns of the last sessions, NaN on days on which less than 95 % of it has one.

        made_by : what a lot of so many dollars makes of returns, (T,) dollars.
        """
        total = book.size
        if not total:
            return np.full(count, np.nan)
        made, lacking = np.zeros(count), np.zeros(count)
        for security_id, dollars, lot in book.moving():
            made = made + made_by(lot, dollars, self.filled(book.session, security_id, count)[1])
        for security_id, dollars in book.netted().items():
            lacking += abs(dollars) * np.isnan(self.filled(book.session, security_id, count)[0])
        covered = sum(abs(dollars) for dollars in book.netted().values()) - lacking
        return np.where(covered / total >= FEWEST - 1e-12, made, np.nan)


def load_books(scope: Scope) -> PlainBooks:
    """The books of the scope, a sample of them where there are more, with all that their results are recomputed from. Six statements,
    whatever they hold."""
    books_of_scope = scope.portfolios()
    waiting = [one.account_name for one in books_of_scope if one.dirty_from is not None]
    settled = sorted((one for one in books_of_scope if one.dirty_from is None), key=lambda one: mixed(one.pk))
    names = {one.pk: one for one in settled[: scope.sample]}
    given: dict[str, Any] = {"ids": list(names), "session": scope.session}
    with connection.cursor() as cursor:
        cursor.execute(LOTS, given)
        rows = cursor.fetchall()
        cursor.execute(EQUITY, given)
        equity = cursor.fetchall()
    funds = fund_ids(sorted({*FACTOR_FUNDS, *SECTOR_FUNDS.values(), *(fund for fund, _ in PRIVATE_PROXIES.values())}))
    lots: dict[UUID, list[PlainLot]] = defaultdict(list)
    for row in rows:
        lots[row[0]].append(_lot(row, funds))
    books = [PlainBook(names[one], day, float(value), lots[one]) for one, day, value in equity]
    books.sort(key=lambda book: book.name)
    held = {one for book in books for lot in book.lots for one in (lot.priced_by, lot.proxy) if one is not None}
    sessions = sorted({book.session for book in books})
    wanted = held | set(funds.values())
    loadings = SymbolFactorExposure.objects.filter(security_id__in=wanted, calculation_date__in=sessions)
    return PlainBooks(
        books=books,
        returns=row_returns(wanted, sessions[-1], LOOKBACK + calendar.sessions_between(sessions[0], sessions[-1]))
        if sessions
        else None,
        loadings={(row.calculation_date, row.security_id): row for row in loadings},
        funds=funds,
        sectors=_sectors(wanted),
        waiting=waiting,
    )


def _lot(row: tuple[Any, ...], funds: dict[str, int]) -> PlainLot:
    (_, symbol, group, kind, priced_by, security_type, quantity, value, quality, multiplier, owner_proxy, priced_proxy, owner_multiple,
     is_call, strike, days, underlying_type, *stored) = row  # fmt: skip
    is_private, contract = group == "PRIVATE", None
    if group == "OPTIONS":
        figures = [math.nan if figure is None else figure for figure in stored]
        contract = Contract(is_call, strike, max(days, 0) / 365, underlying_type in INDEX_LIKE, *figures)
    # What the owner chose counts even if it has no price: then the lot follows nothing.
    proxy, multiple = priced_proxy, owner_multiple
    if owner_proxy is None and kind in PRIVATE_PROXIES:
        fund, multiple = PRIVATE_PROXIES[kind]
        proxy = funds.get(fund)
    no_market = is_private or SecurityType.INDEX in (security_type, underlying_type)
    return PlainLot(
        symbol=symbol, priced_by=None if no_market else priced_by, quantity=quantity, market_value=value,
        multiplier=float(multiplier), usable=quality not in UNPRICED, contract=contract, is_private=is_private,
        by_owner=is_private and owner_proxy is not None, like_cash=is_private and owner_proxy is None and kind in CASH_LIKE,
        proxy=proxy if is_private else None, multiple=multiple,
    )  # fmt: skip


def _sectors(security_ids: set[int]) -> dict[int, str]:
    """Sector of each stock in the spelling of the sector funds; funds have none."""
    rows = Security.objects.filter(pk__in=security_ids).exclude(security_type__in=FUND_TYPES)
    return {one: SECTOR_NAMES.get(sector, sector) for one, sector in rows.values_list("id", "sector")}


def _holed(values: list[float | None]) -> bool:
    return any(value is None or value != value for value in values)
