"""What the targets of a portfolio add up to, computed whenever it is asked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from uuid import UUID

from portfolios.models import TargetPrice
from portfolios.services.amounts import CENT
from portfolios.services.valued_lots import ValuedLot, valued_lots

# Percent a year, the same for every book.
RISK_FREE = Decimal(4)
STEP = Decimal("0.0001")


@dataclass(frozen=True)
class TargetSums:
    """Coverage, returns in percent weighted by the value of what has the target, and dollars at the targets.

    total_positions : open lots; positions_with_targets : those of them whose symbol and side have a target; coverage : percent.
    Returns and dollars are None where no held target tells them. sharpe, sortino : of the expected return at the year's end,
    against half the distance to the downside.
    """

    total_positions: int
    positions_with_targets: int
    coverage: Decimal
    return_eoy: Decimal | None
    return_next_year: Decimal | None
    downside_return: Decimal | None
    dollars_eoy: Decimal | None
    dollars_next_year: Decimal | None
    downside_dollars: Decimal | None
    sharpe: Decimal | None
    sortino: Decimal | None


def sum_targets(portfolio_id: UUID, targets: Iterable[TargetPrice]) -> TargetSums:
    """The sums over the open lots of a portfolio, in one query."""
    lots = valued_lots([portfolio_id])
    held: dict[tuple[str, str], list[ValuedLot]] = defaultdict(list)
    for lot in lots:
        held[lot.symbol, lot.position_type].append(lot)
    pairs = [(target, held.get((target.symbol, target.position_type), [])) for target in targets]
    pairs = [(target, mine) for target, mine in pairs if mine]
    covered = sum(len(mine) for _, mine in pairs)
    eoy, downside = _weighted(pairs, "expected_return_eoy"), _weighted(pairs, "downside_return")
    sharpe, sortino = _ratios(eoy, downside)
    return TargetSums(
        total_positions=len(lots),
        positions_with_targets=covered,
        coverage=_step(Decimal(100 * covered) / len(lots)) if lots else Decimal(0),
        return_eoy=eoy,
        return_next_year=_weighted(pairs, "expected_return_next_year"),
        downside_return=downside,
        dollars_eoy=_dollars(pairs, "target_price_eoy"),
        dollars_next_year=_dollars(pairs, "target_price_next_year"),
        downside_dollars=_dollars(pairs, "downside_target_price"),
        sharpe=sharpe,
        sortino=sortino,
    )


Pairs = list[tuple[TargetPrice, list[ValuedLot]]]


def _weighted(pairs: Pairs, name: str) -> Decimal | None:
    """Mean of a return over the holdings that have it, by the size of their market value."""
    told = [
        (getattr(target, name), abs(sum((lot.market_value for lot in mine), start=Decimal(0))))
        for target, mine in pairs
        if getattr(target, name) is not None
    ]
    weight = sum((value for _, value in told), start=Decimal(0))
    return _step(sum((gain * value for gain, value in told), start=Decimal(0)) / weight) if weight else None


def _dollars(pairs: Pairs, name: str) -> Decimal | None:
    """What the lots gain until the target is met; shorts have negative units and gain by a fall."""
    told = [
        sum((lot.quantity * lot.multiplier for lot in mine), start=Decimal(0)) * (wanted - target.current_price)
        for target, mine in pairs
        if (wanted := getattr(target, name)) is not None
    ]
    return sum(told, start=Decimal(0)).quantize(CENT, ROUND_HALF_EVEN) if told else None


def _ratios(eoy: Decimal | None, downside: Decimal | None) -> tuple[Decimal | None, Decimal | None]:
    if eoy is None or downside is None:
        return None, None
    spread = abs(eoy - downside) / 2
    loss = abs(downside) if downside < 0 else spread / 2
    excess = eoy - RISK_FREE
    return (_step(excess / spread) if spread else None), (_step(excess / loss) if loss else None)


def _step(value: Decimal) -> Decimal:
    return value.quantize(STEP, ROUND_HALF_EVEN)
