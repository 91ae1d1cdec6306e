"""Findings on what a portfolio made and lost: the session, the week, its record, its price targets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from assistant.services.insight_evidence import Evidence
from assistant.services.insight_points import (
    CRITICAL,
    DRAWDOWN,
    ELEVATED,
    INFO,
    NORMAL,
    WARNING,
    Point,
    rated,
)
from assistant.services.insight_words import day, dollars, holding, listed, money, percent

NAMED = 3
# A day that costs more than half the value at risk is worth a look.
HALF = 0.5
NOTABLE_FALL = 1.0


def session(evidence: Evidence) -> list[Point]:
    """The last session: the book beside the market, and who made and cost most."""
    moved = evidence.section("movers")
    if evidence.as_of is None or not moved:
        return []
    made, fraction = moved["portfolio"]["day_pnl_usd"], moved["portfolio"]["day_return_pct"]
    sides = moved["day"]
    if made is None or not (made or sides["gainers"] or sides["losers"]):
        return [Point("session", _unmoved(evidence), INFO)]
    text = f"The book {_made(made)} on {day(evidence.as_of)}{_of(fraction)}"
    beside = period(evidence, "1d").get("sp500_pct")
    text += f"; the S&P 500 returned {percent(beside, 2, sign=True)}." if beside is not None else "."
    severity, compared = _against_risk(evidence, made)
    found = [Point("session", text + compared, severity, made)]
    if movers := _sides(sides):
        largest = max(abs(row["pnl_usd"]) for side in sides.values() for row in side)
        found.append(Point("movers", movers, NORMAL, largest, names=_names(sides)))
    return found


def week(evidence: Evidence) -> list[Point]:
    """The last five sessions."""
    moved = evidence.section("movers")
    made = moved.get("portfolio", {}).get("week_pnl_usd")
    if not made:
        return []
    text = f"Over five sessions the book {_made(made)}{_of(moved['portfolio']['week_return_pct'])}"
    beside = period(evidence, "5d").get("sp500_pct")
    text += f", the S&P 500 {percent(beside, 2, sign=True)}." if beside is not None else "."
    return [Point("week", f"{text} {_sides(moved['week'])}".strip(), NORMAL, made, names=_names(moved["week"]))]


def record(evidence: Evidence) -> list[Point]:
    """Since the books began, and where they stand below their peak."""
    told = evidence.section("performance")
    whole = period(evidence, "since_start")
    if not whole or not _priced(evidence):
        return []
    own, beside = whole.get("twr_pct"), whole.get("sp500_pct")
    text = f"Since the close of {day(whole['since_close_of'])} the book has {_made(whole['pnl_usd'])}{_of(own)}"
    if own is not None and beside is not None:
        gap = own - beside
        text += f", {percent(abs(gap))} points {'ahead of' if gap >= 0 else 'behind'} the S&P 500 ({percent(beside, sign=True)})"
        text = text.replace(" % points", " percentage points")
    found = [Point("record", f"{text}. {_makers(evidence, told)}".strip(), NORMAL, whole["pnl_usd"])]
    return found + _fall(evidence, told)


def targets(evidence: Evidence) -> list[Point]:
    """What price targets promise, and which of them have been overtaken."""
    summary = evidence.section("targets").get("summary") or {}
    if not summary.get("positions_with_targets"):
        return []
    up, down = summary["upside_eoy_usd"], summary["downside_usd"]
    text = f"Price targets cover {summary['positions_with_targets']} of {summary['positions']} positions"
    if up is not None:
        text += f": at those of the year's end the book would {'gain' if up >= 0 else 'lose'} {money(abs(up))}"
        text += _in_percent(summary["expected_return_eoy_pct"])
    if down is not None:
        text += f", at the downside targets {'lose' if down < 0 else 'gain'} {money(abs(down))}"
        text += _in_percent(summary["downside_return_pct"])
    overtaken = [
        row["symbol"]
        for row in evidence.section("targets").get("targets", [])
        if row["type"] == "LONG" and (row.get("downside_pct") or 0) > 0
    ]
    found = [Point("targets", f"{text}.", NORMAL, up or 0)]
    if overtaken:
        found.append(
            Point(
                "targets",
                f"{listed(overtaken)} trade{'s' if len(overtaken) == 1 else ''} below {'its' if len(overtaken) == 1 else 'their'} "
                "downside target: the target no longer bounds the loss.",
                ELEVATED,
                sum(abs(_weight(evidence, one)) for one in overtaken),
                f"Set the targets of {listed(overtaken)} anew: they are above the price they were meant to guard.",
                tuple(overtaken),
            )
        )
    return found


def market(evidence: Evidence) -> list[Point]:
    """The market's session, where it was gathered."""
    told = evidence.data.get("market") or {}
    rows = [row for row in told.get("indices", []) if row.get("change_pct") is not None]
    if not rows:
        return []
    text = "Market: " + ", ".join(f"{row['name']} {percent(row['change_pct'], 2, sign=True)}" for row in rows)
    sectors = [row for row in told.get("sectors", []) if row.get("change_pct") is not None]
    if len(sectors) > 1:
        best, worst = sectors[0], sectors[-1]
        text += f"; best sector {best['name']} ({percent(best['change_pct'], 2, sign=True)}), "
        text += f"worst {worst['name']} ({percent(worst['change_pct'], 2, sign=True)})"
    if told.get("vix"):
        text += f"; VIX {told['vix']['level']:.1f}"
    return [Point("market", f"{text}.", INFO)]


def period(evidence: Evidence, name: str) -> Mapping[str, Any]:
    """A period of the record; {} where there is none."""
    rows = evidence.section("performance").get("periods") or []
    found: Mapping[str, Any] = next((row for row in rows if row["period"] == name), {})
    return found


def _priced(evidence: Evidence) -> bool:
    """Whether the market moves any of it at all."""
    return "volatility" in evidence.data or bool(evidence.section("performance").get("made_most"))


def _made(dollars: float) -> str:
    return f"{'made' if dollars >= 0 else 'lost'} {money(abs(dollars))}"


def _of(fraction: float | None) -> str:
    return _in_percent(fraction, 2)


def _in_percent(value: float | None, digits: int = 1) -> str:
    return "" if value is None else f" ({percent(value, digits, sign=True)})"


def _unmoved(evidence: Evidence) -> str:
    count = evidence.section("overview").get("counts", {}).get("total_positions", 0)
    if _priced(evidence):
        return f"The book's value did not change on {day(evidence.as_of or '')}."
    return (
        f"The book's value of {dollars(evidence.nav)} did not change: none of its {count} holdings has a market price, each stands at "
        "its last valuation, or at what was paid for it."
    )


def _against_risk(evidence: Evidence, made: float) -> tuple[int, str]:
    tail: Mapping[str, Any] = next(iter(evidence.section("risk").get("value_at_risk", [])), {})
    at_95 = tail.get("1d_95pct", {}).get("var_usd")
    at_99 = tail.get("1d_99pct", {}).get("var_usd")
    if made >= 0 or at_95 is None:
        return NORMAL, ""
    loss = -made
    if at_99 is not None and loss > at_99:
        return CRITICAL, f" That is beyond the 99 % value at risk of {money(at_99)}."
    if loss > at_95:
        return WARNING, f" That is beyond the 95 % value at risk of {money(at_95)}."
    if loss > HALF * at_95:
        return ELEVATED, f" That is more than half of the 95 % value at risk of {money(at_95)}."
    return NORMAL, f" That is within the 95 % value at risk of {money(at_95)}."


def _sides(sides: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    parts = []
    for side, word in (("gainers", "Made most"), ("losers", "Cost most")):
        if rows := sides[side][:NAMED]:
            parts.append(f"{word}: " + ", ".join(_mover(row) for row in rows) + ".")
    return " ".join(parts)


def _mover(row: Mapping[str, Any]) -> str:
    change = row.get("price_change_pct")
    moved = "" if change is None else f" (price {percent(change, sign=True)})"
    return f"{holding(row['symbol'], row['type'])} {money(abs(row['pnl_usd']))}{moved}"


def _names(sides: Mapping[str, Sequence[Mapping[str, Any]]]) -> tuple[str, ...]:
    return tuple(row["symbol"] for side in sides.values() for row in side[:NAMED])


def _earner(evidence: Evidence, row: Mapping[str, Any]) -> str:
    kind = "SHORT" if evidence.is_short(row["symbol"]) else None
    return f"{holding(row['symbol'], kind)} {money(abs(row['pnl_usd']))}"


def _makers(evidence: Evidence, told: Mapping[str, Any]) -> str:
    parts = []
    for key, word in (("made_most", "Made most"), ("lost_most", "lost most")):
        if rows := (told.get(key) or [])[:NAMED]:
            parts.append(f"{word}: " + ", ".join(_earner(evidence, row) for row in rows))
    text = "; ".join(parts)
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def _fall(evidence: Evidence, told: Mapping[str, Any]) -> list[Point]:
    worst = told.get("worst_fall") or {}
    if worst.get("depth_pct") is None or abs(worst["depth_pct"]) < NOTABLE_FALL:
        return []
    stored = evidence.section("overview").get("drawdown_from_peak_pct")
    now = None if stored is None else abs(stored)
    text = f"{_standing(now)}; "
    text += f"the deepest fall was {percent(abs(worst['depth_pct']))}, from {day(worst['from_close_of'])} to {day(worst['to_close_of'])}"
    text += f", made up by {day(worst['recovered_on'])}." if worst.get("recovered_on") else ", and is not yet made up."
    advice = None
    if now is not None and now >= DRAWDOWN[0]:
        advice = f"The book is {percent(now)} below its peak: decide at which loss positions are cut before the next one, not in it."
    return [Point("drawdown", text, rated(now, DRAWDOWN), evidence.dollars_of(now or 0.0), advice)]


def _standing(below_peak: float | None) -> str:
    if below_peak is None:
        return "How far the book stands below its peak is not known: the last night stored no drawdown"
    return f"The book stands {percent(below_peak)} below its peak" if below_peak else "The book stands at its peak"


def _weight(evidence: Evidence, symbol: str) -> float:
    rows = evidence.section("risk").get("contributions") or []
    return next((row.get("market_value_usd") or 0 for row in rows if row["symbol"] == symbol), 0)
