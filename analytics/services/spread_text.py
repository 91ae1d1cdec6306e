"""What a spread exposure means, in words: which way a book leans, how strongly, what it costs or earns, what to watch."""

from __future__ import annotations

from dataclasses import dataclass

STRONG, MODERATE = 0.5, 0.2
RISK_LEVELS = {"Strong": "high", "Moderate": "medium", "Mild": "low"}
UNKNOWN = "Unknown"
NO_BETA = "Not known: a beta is a share of net asset value, and this book has none that is positive."
HOW = {"Strong": "strongly", "Moderate": "moderately", "Mild": "slightly"}


@dataclass(frozen=True)
class _Side:
    """One side of a spread: its name, what a book on it holds more of, and what to watch."""

    name: str
    holds: str
    watch: str


@dataclass(frozen=True)
class _Spread:
    """Both sides, the word for neither, and what happens when the bought side leads or lags."""

    bought: _Side
    sold: _Side
    neither: str
    leads: str
    lags: str


SPREADS = {
    "Growth-Value Spread": _Spread(
        _Side("Growth", "growth stocks", "rising long-term yields, which tend to favour value"),
        _Side("Value", "value stocks", "falling yields and technology rallies, which tend to favour growth"),
        "Balanced", "growth beats value", "value beats growth",
    ),
    "Momentum Spread": _Spread(
        _Side("Momentum", "recent winners", "sharp reversals when the market turns"),
        _Side("Contrarian", "recent losers", "long trends that carry the winners further"),
        "Neutral", "recent winners beat the market", "they fall behind it",
    ),
    "Size Spread": _Spread(
        _Side("Small Cap", "small companies", "credit and liquidity, whose lack small companies feel first"),
        _Side("Large Cap", "large companies", "broad rallies beyond the few largest companies"),
        "Balanced", "small companies beat the market", "they fall behind it",
    ),
    "Quality Spread": _Spread(
        _Side("Quality", "profitable, little indebted companies", "rallies led by indebted and unprofitable companies"),
        _Side("Speculative", "indebted or unprofitable companies", "credit stress, when weak balance sheets are sold first"),
        "Balanced", "quality beats the market", "it falls behind it",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class SpreadText:
    """direction : the side the book leans to. magnitude : Strong, Moderate or Mild. risk_level : high, medium or low."""

    direction: str
    magnitude: str
    risk_level: str
    explanation: str


def describe_spread(name: str, beta: float | None) -> SpreadText:
    """A spread exposure in words.

    Parameters
    ----------
    beta : gain of the book in percent when the long side of the spread beats the short side by 1 percent; None where it is unknown,
        whose magnitude and risk level are the middle words of no claim, since clients know no others.
    """
    if beta is None:
        return SpreadText(UNKNOWN, "Moderate", "medium", NO_BETA)
    size = abs(beta)
    magnitude = "Strong" if size > STRONG else "Moderate" if size > MODERATE else "Mild"
    spread = SPREADS.get(name)
    if spread is None:
        text = f"The book moves by {size:.2f}% for a move of 1% of this spread."
        return SpreadText(UNKNOWN, magnitude, "medium", text)
    risk = RISK_LEVELS[magnitude]
    if beta == 0:
        text = f"The book leans to neither side: it neither gains nor loses when {spread.leads}."
        return SpreadText(spread.neither, magnitude, risk, text)
    side = spread.bought if beta > 0 else spread.sold
    moves, otherwise = ("gains", "loses") if beta > 0 else ("loses", "gains")
    text = (
        f"The book leans {HOW[magnitude]} to {side.holds}: it {moves} about {size:.2f}% when {spread.leads} by 1%, "
        f"and {otherwise} as much when {spread.lags}."
    )
    if magnitude == "Strong":
        text += f" Watch {side.watch}."
    return SpreadText(side.name, magnitude, risk, text)
