"""One finding of an insight, and the bounds by which its severity is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.models import InsightSeverity

INFO, NORMAL, ELEVATED, WARNING, CRITICAL = range(5)
WORDS = (
    InsightSeverity.INFO,
    InsightSeverity.NORMAL,
    InsightSeverity.ELEVATED,
    InsightSeverity.WARNING,
    InsightSeverity.CRITICAL,
)

# From these values on a figure is elevated, a warning, critical; below the first it is normal. Percent unless told otherwise.
WORST_STRESS = (20.0, 35.0, 50.0)  # loss of the worst scenario, of net asset value
VALUE_AT_RISK = (2.0, 3.0, 5.0)  # one session, 95 %, of net asset value
VOLATILITY = (20.0, 30.0, 40.0)  # a year, the higher of realised and expected
DRAWDOWN = (10.0, 20.0, 30.0)  # below the peak
GROSS = (200.0, 300.0, 400.0)  # gross exposure, of net asset value
BETA = (1.2, 1.5, 2.0)  # market beta, its sign aside; a ratio
LARGEST = (15.0, 25.0, 40.0)  # largest holding, of gross value
FUND = (25.0, 40.0, 60.0)  # the same where it is a fund
SECTOR = (35.0, 50.0, 75.0)  # largest net weight of one sector, of net asset value
TILT = (0.4, 0.8, 1.2)  # style beside the market, its sign aside; dollars per dollar of net asset value
CORRELATION = (0.45, 0.6, 0.8)  # average correlation of the larger holdings; a ratio
SOURCE = (25.0, 40.0, 60.0)  # volatility that one position makes
PERCENTILE_HIGH = 90.0  # of the past year's volatilities
OUTLOOK = 1.25  # expected volatility over realised


@dataclass(frozen=True)
class Point:
    """A finding.

    topic : what it is about, a section of the evidence or a part of one. dollars : its size, by which findings of one severity are
    ranked; 0 where it has none or it is not known, and never told. advice : what follows from it, if anything does. names : holdings
    it speaks of.
    """

    topic: str
    text: str
    severity: int = NORMAL
    dollars: float = 0.0
    advice: str | None = None
    names: tuple[str, ...] = ()


def rated(value: float | None, bounds: Sequence[float]) -> int:
    """The severity of a value by its three bounds; unknown is NORMAL."""
    return NORMAL if value is None else NORMAL + sum(value >= bound for bound in bounds)


def ranked(points: Sequence[Point]) -> list[Point]:
    """The gravest first, then the largest in dollars."""
    return sorted(points, key=lambda one: (-one.severity, -abs(one.dollars)))


def gravest(points: Sequence[Point]) -> InsightSeverity:
    """The severity of an insight: that of its gravest finding; INFO without any."""
    return WORDS[max((one.severity for one in points), default=INFO)]
