"""A figure that can be explained: where it is stored, who computes it, from what and by which formula."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

AGGREGATION, LEDGER, FACTORS, CORRELATIONS, GREEKS, STRESS, TARGETS = (
    "portfolio_aggregation",
    "portfolio_snapshot",
    "factor_analysis",
    "position_correlations",
    "position_greeks",
    "stress_testing",
    "target_prices",
)
SNAPSHOT, LOTS, RISK, MOVES = "portfolio_snapshots", "position_snapshots", "portfolio_risk", "market_risk_scenarios"
METRICS = "symbol_daily_metrics"
# The engine and its two tables.
FACTOR_PAIRS = FACTOR_CORRELATIONS = "factor_correlations"
FACTOR_COVARIANCES = "factor_covariances"
DAYS = {SNAPSHOT: "snapshot_date", LOTS: "snapshot_date", METRICS: "metrics_date", TARGETS: ""}


class Kind(StrEnum):
    """What a figure of a part of the book is of."""

    BOOK = ""
    FACTOR = "factor"
    SCENARIO = "scenario"
    TAIL = "tail"
    SYMBOL = "symbol"
    CONTRACT = "contract"
    JOINT = "joint factor"
    MOVE = "market move"
    SECTOR = "sector"
    PAIR = "pair of factors"
    JOINT_PAIR = "pair of joint factors"
    TARGET = "holding with a target"


@dataclass(frozen=True)
class Measure:
    """unit : "usd", "fraction", "percent", "ratio", "index" or "squared fraction". table, column : where it is stored; the column
    may be an expression over the row `t` and over `k`, what `join` finds for the part `of` which it is.
    engine : its name in `EngineResult.results`, `part` of its document counts the observations.
    window, minimum : sessions, None where it is of one session alone. source : literature.
    counted : expression for observations kept with the figure itself. reason : expression for why there is no figure. without : the reason
    of every missing one, where no engine says it.
    facts : further stored figures that belong to it, by the names people read.
    """

    title: str
    unit: str
    table: str
    column: str
    engine: str
    formula: str
    window: int | None = None
    minimum: int | None = None
    part: str | None = None
    source: str = ""
    of: Kind = Kind.BOOK
    join: str = ""
    counted: str = "NULL"
    reason: str = "NULL"
    without: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def day(self) -> str:
        """The column of its table that holds the session; "" where it has only what is newest."""
        return DAYS.get(self.table, "calculation_date")

    @property
    def of_a_security(self) -> bool:
        """Whether it belongs to a symbol, whoever holds it."""
        return self.of in (Kind.SYMBOL, Kind.CONTRACT) and self.table not in (RISK, LOTS)

    @property
    def of_the_market(self) -> bool:
        """Whether it is the same for every book."""
        return self.of in (Kind.PAIR, Kind.JOINT_PAIR)

    @property
    def of_some_lots(self) -> bool:
        """Whether it is made from the lots that `of` names, and not from all of them."""
        return self.of in (Kind.SYMBOL, Kind.CONTRACT, Kind.TARGET)
