"""What a shard's books hold at each session, as columns the engines take: lots with values, deltas and their places."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from analytics.batch.universe import SECTOR_NAMES, SECTORS, Universe, sector_code
from analytics.engines.factors import FACTOR_FUNDS
from analytics.engines.holdings import FOLLOWS_CASH
from analytics.engines.stress import CASH_LIKE, PRIVATE_PROXIES
from marketdata.services.securities import SECTOR_FUNDS
from portfolios.services.book import CLASSES, places
from sigmasight.core.bulk import read_columns, to_uuids, uuid_index

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

# Sectors as the exposure engine counts them: the benchmark's, other names as sent, funds, and what has no sector.
ETFS, UNCLASSIFIED = len(SECTORS), len(SECTORS) + 1
SECTOR_LABELS = (*SECTORS, "ETFs", "Unclassified")
NO_PRICE = (b"Z", b"E")
FEW_LOTS = 5_000


@dataclass(frozen=True)
class LotFacts:
    """What does not change from session to session of a shard's lots, (L,) each, in the order of `id`.

    `column` : place of the stock or the option's underlying in the universe, -1 for none. `contract` : place among the shard's
    contracts, -1 for stocks. `proxy` : place of what a private lot follows, -1 for nothing, -2 for cash; `proxy_multiple` with
    it, `proxy_by_owner` whether the owner chose it. `sector` : index of `SECTOR_LABELS`. `symbol` : code of the lot's symbol.
    """

    id: NDArray[np.void]
    names: NDArray[np.object_]
    symbol: Ints
    column: Ints
    contract: Ints
    multiplier: Floats
    is_option: Flags
    is_private: Flags
    sector: Ints
    proxy: Ints
    proxy_multiple: Floats
    proxy_by_owner: Flags


@dataclass(frozen=True)
class ContractFacts:
    """The shard's option contracts, (C,) each, ascending by id."""

    security: Ints
    underlying: Ints
    sign: Ints
    strike: Floats
    is_index: Flags


@dataclass(frozen=True)
class Holdings:
    """The lots held by the shard's books at one session, (L,) each, sorted by book; books (P,) with their equity.

    `lot` : row of `LotFacts`. `usable` : whether the lot has a price that risk may use.
    """

    session: dt.date
    portfolio: Ints
    lot: Ints
    quantity: Floats
    price: Floats
    market_value: Floats
    usable: Flags
    equity: Floats
    present: Flags


# Choices come as numbers: texts cost both sides more than everything else about a lot.
SUBTYPES = (*PRIVATE_PROXIES, *sorted(CASH_LIKE))
OPTION, PRIVATE = CLASSES.index("OPTIONS"), CLASSES.index("PRIVATE")
LOTS = f"""
    SELECT id, symbol, coalesce(security_id, -1) AS security_id, proxy_symbol <> '' AS has_proxy,
           CASE investment_class {places(CLASSES)} END AS class,
           CASE investment_subtype {places(("", *SUBTYPES))} ELSE 0 END AS subtype
    FROM positions WHERE portfolio_id = ANY(%(ids)s) ORDER BY id
"""


def load_lots(portfolio_ids: list[UUID], universe: Universe) -> tuple[LotFacts, ContractFacts]:
    """Lots of the portfolios, open or not, and the contracts among them."""
    rows = read_columns(LOTS, {"ids": portfolio_ids}, raw_uuids=True)
    is_option, is_private = rows["class"] == OPTION, rows["class"] == PRIVATE
    contracts = read_columns(
        "SELECT o.security_id, o.underlying_id, CASE o.option_type WHEN 'CALL' THEN 1 ELSE -1 END AS sign, o.strike, "
        "o.multiplier::float8 AS multiplier, (u.security_type IN ('etf', 'etn', 'mutual_fund', 'index')) AS is_index "
        "FROM option_contracts o JOIN securities u ON u.id = o.underlying_id WHERE o.security_id = ANY(%(ids)s) ORDER BY o.security_id",
        {"ids": np.unique(rows["security_id"][is_option]).tolist()},
    )
    # A lot of an option has its contract: they are made together.
    contract = np.where(is_option, np.searchsorted(contracts["security_id"], rows["security_id"]), -1)
    priced, multiplier = rows["security_id"].copy(), np.ones(len(contract))
    priced[is_option] = contracts["underlying_id"][contract[is_option]]
    multiplier[is_option] = contracts["multiplier"][contract[is_option]]
    facts = ContractFacts(
        contracts["security_id"],
        contracts["underlying_id"],
        contracts["sign"],
        contracts["strike"],
        contracts["is_index"],
    )
    proxy, multiple, by_owner = _proxies(rows, is_private, universe)
    # Codes in the order of the names, so that a book's sums do not depend on who else is in the shard.
    symbol = _codes(rows["symbol"])
    return (
        LotFacts(
            id=rows["id"],
            names=rows["symbol"],
            symbol=symbol.astype(np.int64),
            column=np.where(is_private, -1, universe.columns(priced)),
            contract=contract,
            multiplier=multiplier,
            is_option=is_option,
            is_private=is_private,
            sector=_sectors(rows["security_id"], is_option | is_private),
            proxy=proxy,
            proxy_multiple=multiple,
            proxy_by_owner=by_owner,
        ),
        facts,
    )


def _codes(names: NDArray[np.object_]) -> Ints:
    """The place of each name among all of them, ascending, (L,)."""
    if len(names) < FEW_LOTS:
        return np.unique(names, return_inverse=True)[1].astype(np.int64)
    # For many it is several times as fast; a web server, which reads single books, does without loading it.
    import pandas as pd

    return np.asarray(pd.factorize(names, sort=True)[0], dtype=np.int64)


def needed_securities(portfolio_ids: list[UUID]) -> Ints:
    """Ids of what the portfolios' lots are priced by or follow, and of the funds that factors and sectors are measured by."""
    funds = {*FACTOR_FUNDS, *SECTOR_FUNDS.values(), *(symbol for symbol, _ in PRIVATE_PROXIES.values())}
    rows = read_columns(
        """
        SELECT coalesce(o.underlying_id, p.security_id) AS id
        FROM positions p LEFT JOIN option_contracts o ON o.security_id = p.security_id
        WHERE p.portfolio_id = ANY(%(ids)s) AND p.security_id IS NOT NULL
        UNION SELECT s.id FROM positions p JOIN securities s ON s.symbol = p.proxy_symbol
        WHERE p.portfolio_id = ANY(%(ids)s) AND p.proxy_symbol <> ''
        UNION SELECT id FROM securities WHERE symbol = ANY(%(funds)s)
        """,
        {"ids": portfolio_ids, "funds": sorted(funds)},
    )
    return np.unique(rows["id"])


def _sectors(security: Ints, apart: Flags) -> Ints:
    """Sector of each lot; those that are `apart`, and those without one, are unclassified."""
    held = np.unique(security[~apart & (security >= 0)])
    rows = read_columns(
        "SELECT id, coalesce(sector, '') AS sector, security_type IN ('etf', 'etn') AS is_fund FROM securities "
        "WHERE id = ANY(%(ids)s) ORDER BY id",
        {"ids": held.tolist()},
    )
    code = np.where(rows["is_fund"], ETFS, sector_code(rows["sector"]))
    # The last place is that of lots that are apart.
    code = np.append(np.where(code < 0, UNCLASSIFIED, code), UNCLASSIFIED)
    return code[np.where(apart | (security < 0), len(held), np.searchsorted(held, security))]


def _proxies(rows: dict[str, Any], is_private: Flags, universe: Universe) -> tuple[Ints, Floats, Flags]:
    """What private lots follow in scenarios: the owner's choice, else the rule for their kind."""
    count = len(rows["id"])
    proxy, multiple = np.full(count, -1, dtype=np.int64), np.ones(count)
    for kind, (symbol, factor) in PRIVATE_PROXIES.items():
        mine = is_private & (rows["subtype"] == SUBTYPES.index(kind) + 1)
        proxy[mine], multiple[mine] = universe.column_of(symbol), factor
    proxy[is_private & np.isin(rows["subtype"], [SUBTYPES.index(kind) + 1 for kind in CASH_LIKE])] = FOLLOWS_CASH
    chosen = read_columns(
        "SELECT p.id, x.id AS proxy, coalesce(p.proxy_multiple, 1)::float8 AS multiple FROM positions p "
        "JOIN securities x ON x.symbol = p.proxy_symbol WHERE p.id = ANY(%(ids)s)",
        {"ids": to_uuids(rows["id"][is_private & rows["has_proxy"]])},
        raw_uuids=True,
    )
    place = uuid_index(rows["id"], chosen["id"])
    by_owner = np.zeros(count, dtype=bool)
    by_owner[place] = True
    proxy[place], multiple[place] = universe.columns(chosen["proxy"]), chosen["multiple"]
    return proxy, multiple, by_owner


def load_holdings(portfolio_ids: list[UUID], facts: LotFacts, first: dt.date, last: dt.date) -> dict[dt.date, Holdings]:
    """The stored books of every session of a range, by session. Books without a snapshot at a session are not `present`."""
    keys = np.frombuffer(b"".join(i.bytes for i in portfolio_ids), dtype="V16")
    books = read_columns(
        "SELECT portfolio_id, snapshot_date, net_asset_value::float8 AS equity FROM portfolio_snapshots "
        "WHERE portfolio_id = ANY(%(ids)s) AND snapshot_date BETWEEN %(first)s AND %(last)s AND is_complete",
        {"ids": portfolio_ids, "first": first, "last": last},
        raw_uuids=True,
    )
    stored = read_columns(
        "SELECT portfolio_id, snapshot_date, position_ids, quantity, price, market_value, quality FROM position_snapshots "
        "WHERE portfolio_id = ANY(%(ids)s) AND snapshot_date BETWEEN %(first)s AND %(last)s",
        {"ids": portfolio_ids, "first": first, "last": last},
        raw_uuids=True,
    )
    book_row = uuid_index(keys, books["portfolio_id"])
    lots = np.diff(stored["position_ids"].offsets)
    lot_book = np.repeat(uuid_index(keys, stored["portfolio_id"]), lots)
    days = np.repeat(stored["snapshot_date"], lots)
    lot = uuid_index(facts.id, stored["position_ids"].values)
    order = np.lexsort((lot, lot_book, days))
    rows = {name: stored[name].values[order] for name in ("quantity", "price", "market_value", "quality")}
    lot, lot_book, days = lot[order], lot_book[order], days[order]
    usable = ~np.isin(rows["quality"], NO_PRICE)
    result = {}
    for session in np.unique(books["snapshot_date"]):
        mine = books["snapshot_date"] == session
        equity, present = np.full(len(keys), np.nan), np.zeros(len(keys), dtype=bool)
        equity[book_row[mine]], present[book_row[mine]] = books["equity"][mine], True
        low, high = np.searchsorted(days, [session, session + np.timedelta64(1, "D")])
        part = slice(int(low), int(high))
        result[session.item()] = Holdings(
            session.item(), lot_book[part], lot[part], rows["quantity"][part], rows["price"][part], rows["market_value"][part],
            usable[part], equity, present,
        )  # fmt: skip
    return result


@dataclass(frozen=True)
class ContractValues:
    """Values and inputs of the shard's contracts at one session, (C,) each, NaN where skipped. Dividend yield, rate and
    volatility are fractions a year."""

    delta: Floats
    gamma: Floats
    theta: Floats
    vega: Floats
    spot: Floats
    volatility: Floats
    rate: Floats
    dividend_yield: Floats
    years: Floats


def load_contract_values(contracts: ContractFacts, first: dt.date, last: dt.date) -> dict[dt.date, ContractValues]:
    """Stored Greeks of the contracts by session."""
    rows = read_columns(
        """
        SELECT g.security_id, g.calculation_date, g.delta, g.gamma, g.theta, g.vega, g.underlying_price AS spot,
               g.implied_volatility AS volatility, g.rate, g.dividend_yield, (o.expiration - g.calculation_date)::float8 / 365 AS years
        FROM option_greeks g JOIN option_contracts o ON o.security_id = g.security_id
        WHERE g.security_id = ANY(%(ids)s) AND g.calculation_date BETWEEN %(first)s AND %(last)s
        """,
        {"ids": contracts.security.tolist(), "first": first, "last": last},
    )
    names = tuple(ContractValues.__dataclass_fields__)
    column = np.searchsorted(contracts.security, rows["security_id"])
    result = {}
    for session in np.unique(rows["calculation_date"]):
        mine = rows["calculation_date"] == session
        values = {}
        for name in names:
            values[name] = np.full(len(contracts.security), np.nan)
            values[name][column[mine]] = rows[name][mine]
        result[session.item()] = ContractValues(**values)
    return result


def no_contract_values(count: int) -> ContractValues:
    """Contracts of which nothing is known."""
    return ContractValues(*(np.full(count, np.nan) for _ in ContractValues.__dataclass_fields__))


__all__ = [
    "ETFS", "SECTOR_LABELS", "SECTOR_NAMES", "UNCLASSIFIED", "ContractFacts", "ContractValues", "Holdings", "LotFacts",
    "load_contract_values", "load_holdings", "load_lots", "no_contract_values",
]  # fmt: skip
