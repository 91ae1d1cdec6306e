"""The securities the symbol-level engines work on, and their place in every array of a run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.engines.factors import FACTOR_FUNDS
from analytics.engines.sector import SECTOR_NAMES
from marketdata.services.securities import SECTOR_FUNDS
from sigmasight.core.bulk import read_columns

Ints = NDArray[np.int64]
SECTORS = tuple(SECTOR_FUNDS)
FUND_TYPES = ("etf", "etn", "mutual_fund")


@dataclass(frozen=True)
class Universe:
    """Every priced stock and fund, ascending by id, (N,) each. `sector` indexes `SECTORS`, -1 for funds and unknown ones."""

    security: Ints
    symbols: NDArray[np.object_]
    sector: Ints
    is_fund: NDArray[np.bool_]

    def columns(self, security_ids: Ints) -> Ints:
        """Place of each security, -1 where it is not in the universe."""
        if not len(self.security):
            return np.full(len(security_ids), -1, dtype=np.int64)
        place = np.minimum(np.searchsorted(self.security, security_ids), len(self.security) - 1)
        return np.where(self.security[place] == security_ids, place, -1)

    def column_of(self, symbol: str) -> int:
        """Place of a symbol, -1 without it."""
        found = np.flatnonzero(self.symbols == symbol)
        return int(found[0]) if len(found) else -1

    @property
    def factor_columns(self) -> Ints:
        """(8,) places of the factor funds."""
        return np.array([self.column_of(symbol) for symbol in FACTOR_FUNDS], dtype=np.int64)

    @property
    def sector_fund_columns(self) -> Ints:
        """(N,) place of the fund of each security's sector, -1 without one."""
        funds = np.array([self.column_of(SECTOR_FUNDS[name]) for name in SECTORS] + [-1], dtype=np.int64)
        return funds[self.sector]


def sector_code(names: NDArray[np.object_]) -> Ints:
    """Index into `SECTORS` of sector names in any spelling, -1 for others."""
    known = {name: i for i, name in enumerate(SECTORS)}
    return np.array([known.get(SECTOR_NAMES.get(name, name), -1) for name in names.tolist()], dtype=np.int64)


def load_universe(only: Ints | None = None) -> Universe:
    """All securities with a price history, indices and contracts apart; or those among the ids of `only`."""
    rows = read_columns(
        "SELECT s.id, s.symbol, coalesce(s.sector, '') AS sector, (s.security_type = ANY(%(funds)s)) AS is_fund FROM securities s "
        "JOIN price_histories h ON h.security_id = s.id WHERE s.security_type NOT IN ('index', 'option') "
        "AND (%(only)s::bigint[] IS NULL OR s.id = ANY(%(only)s::bigint[])) ORDER BY s.id",
        {"funds": list(FUND_TYPES), "only": None if only is None else only.tolist()},
    )
    is_fund = np.array(rows["is_fund"], dtype=bool)
    return Universe(rows["id"], rows["symbol"], np.where(is_fund, -1, sector_code(rows["sector"])), is_fund)
