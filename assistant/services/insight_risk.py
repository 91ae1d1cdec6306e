"""Findings on what a portfolio may lose: volatility, value at risk and who makes it, stress."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from assistant.services.insight_contributors import name_of, share_told, shares_of_volatility
from assistant.services.insight_evidence import Evidence, coverage
from assistant.services.insight_points import (
    ELEVATED,
    INFO,
    NORMAL,
    OUTLOOK,
    PERCENTILE_HIGH,
    SOURCE,
    VALUE_AT_RISK,
    VOLATILITY,
    WARNING,
    WORST_STRESS,
    Point,
    rated,
)
from assistant.services.insight_words import listed, money, percent

NAMED = 3
TEN_PERCENT_DOWN = "market_down_10"
ZONES = {"green": NORMAL, "yellow": ELEVATED, "red": WARNING}
ENOUGH_PCT = 99.5


def volatility(evidence: Evidence) -> list[Point]:
    """How much it moves, what is forecast, and where that stands in the past year."""
    told = evidence.section("volatility")
    now, ahead = told.get("realized_21d_pct"), told.get("expected_21d_pct")
    if now is None:
        return []
    text = f"Realised volatility is {percent(now)} a year over 21 sessions"
    if told.get("realized_63d_pct") is not None:
        text += f" and {percent(told['realized_63d_pct'])} over 63"
    text += (
        f"; the forecast for the next 21 is {percent(ahead)}." if ahead is not None else "; no forecast could be made."
    )
    rank = told.get("percentile_pct")
    if rank is not None:
        text += f" The month's volatility is higher than on {percent(rank, 0)} of the past year's days"
        text += f", its trend {told['trend']}." if told.get("trend") else "."
    severity = rated(now if ahead is None else max(now, ahead), VOLATILITY)
    advice = None
    if rank is not None and rank >= PERCENTILE_HIGH:
        severity = max(severity, ELEVATED)
        advice = f"Volatility is at the {rank:.0f}th percentile of its year: positions sized in calmer times are larger bets now."
    if ahead is not None and now > 0 and ahead / now >= OUTLOOK:
        severity = max(severity, ELEVATED)
        advice = (
            f"The forecast of {percent(ahead)} is well above the realised {percent(now)}: expect daily swings to widen."
        )
    return [Point("volatility", text, severity, evidence.section("risk").get("daily_volatility_usd") or 0, advice)]


def tail(evidence: Evidence) -> list[Point]:
    """Value at risk and shortfall, and how the former has stood up."""
    told = evidence.section("risk")
    first: Mapping[str, Any] = next(iter(told.get("value_at_risk") or []), {})
    day_95 = first.get("1d_95pct")
    if not day_95:
        return []
    share = day_95.get("var_pct_of_nav")
    text = f"On one session in twenty the book should lose {money(day_95['var_usd'])}"
    text += f" ({percent(share)} of NAV)" if share is not None else ""
    text += f" or more, on average then {money(day_95['es_usd'])}"
    long = first.get("10d_99pct")
    text += f"; the ten-session loss of one case in a hundred is {money(long['var_usd'])}." if long else "."
    covered = coverage(told)
    if covered is not None and covered < ENOUGH_PCT:
        text += f" That is of the {percent(covered)} of the holdings that have a market price."
    severity = rated(share, VALUE_AT_RISK)
    advice = None
    if share is not None and severity >= ELEVATED:
        advice = (
            f"A value at risk of {percent(share)} of NAV is much for one "
            "session: the positions that add most volatility are where to cut."
        )
    return [Point("value at risk", text, severity, day_95["var_usd"], advice), *_tested(told)]


def _tested(told: Mapping[str, Any]) -> list[Point]:
    test = next(
        (row for row in told.get("backtest") or [] if row.get("confidence_pct") == 95 and row.get("zone")), None
    )
    if test is None:
        return []
    text = (
        f"In {test['sessions']} sessions losses passed the 95 % value at risk "
        f"{_times(test['exceptions'])}, {test['expected']:.0f} were to be expected"
    )
    severity = ZONES.get(test["zone"], NORMAL)
    text += ": the model holds." if severity == NORMAL else f": the model understates the risk ({test['zone']} zone)."
    advice = (
        None
        if severity == NORMAL
        else "Read the value at risk with a margin: it has been passed more often than it should."
    )
    return [Point("value at risk", text, min(severity, WARNING) if severity > NORMAL else INFO, 0, advice)]


def _times(count: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}.get(count, f"{count} times")


def drivers(evidence: Evidence) -> list[Point]:
    """Which positions make the volatility, and which take from it."""
    rows = shares_of_volatility(evidence)
    adding = [row for row in rows if row["volatility_share_pct"] > 0]
    taking = [row for row in rows[::-1] if row["volatility_share_pct"] < 0]
    if not adding:
        return []
    top = adding[0]
    value = top.get("market_value_usd")
    size = "a value that is not known" if value is None else f"{money(abs(value))} held"
    text = f"{name_of(top)} makes {percent(top['volatility_share_pct'])} of the volatility with {size}"
    if others := adding[1:NAMED]:
        text += f", then {listed([share_told(row) for row in others])}"
    if taking:
        text += f"; {listed([share_told(row) for row in taking[:NAMED]])} take{'s' if len(taking[:NAMED]) == 1 else ''} from it"
    daily = evidence.section("risk").get("daily_volatility_usd") or 0
    severity = rated(top["volatility_share_pct"], SOURCE)
    advice = None
    if top["volatility_share_pct"] >= SOURCE[0] or severity >= ELEVATED:
        advice = (
            f"Less of {name_of(top)} lowers the risk most for each dollar moved: it "
            f"makes {percent(top['volatility_share_pct'])} of the volatility."
        )
    return [Point("drivers", f"{text}.", severity, daily * top["volatility_share_pct"] / 100, advice, (top["symbol"],))]


def stress(evidence: Evidence) -> list[Point]:
    """The worst scenarios, a plain fall of the market, rates, and what would help."""
    told = evidence.section("stress")
    scenarios = sorted(told.get("scenarios") or [], key=lambda row: row["impact_usd"])
    if not scenarios:
        return []
    worst = scenarios[0]
    if worst["impact_usd"] >= 0:
        return [Point("stress", f"None of {len(scenarios)} scenarios costs the book anything.", INFO)]
    text = f"Worst of {len(scenarios)} stress scenarios: {_scenario(worst)}"
    if others := [row for row in scenarios[1:NAMED] if row["impact_usd"] < 0]:
        text += f", then {listed([_scenario(row) for row in others])}"
    text += "."
    literally = worst.get("unbounded_usd")
    if worst.get("plausibility_scale") and literally is not None and literally < worst["impact_usd"]:
        text += (
            " That shock is held to what the factors have ever done together; "
            f"taken literally it would cost {money(-literally)}."
        )
    loss = -worst["impact_pct"]
    severity = rated(loss, WORST_STRESS)
    advice = None
    if severity >= ELEVATED:
        advice = (
            f"Decide whether a loss of {percent(loss)} ({money(abs(worst['impact_usd']))}) "
            "can be borne; if not, weigh a smaller book or a hedge before such a time."
        )
    found = [Point("stress", text, severity, abs(worst["impact_usd"]), advice)]
    return [*found, *_plain(scenarios), *_private(told, worst), *_helps(scenarios)]


def _plain(scenarios: Sequence[Mapping[str, Any]]) -> list[Point]:
    found = []
    fall = next((row for row in scenarios if row["id"] == TEN_PERCENT_DOWN), None)
    if fall:
        word = "cost" if fall["impact_usd"] < 0 else "make"
        text = f"A fall of the market by 10 % would {word} {money(abs(fall['impact_usd']))} ({percent(abs(fall['impact_pct']))} of NAV)."
        found.append(Point("market fall", text, NORMAL, abs(fall["impact_usd"])))
    rates = [row for row in scenarios if row.get("category") == "rates"]
    if rates:
        worst = min(rates, key=lambda row: row["impact_usd"])
        largest = max(abs(row["impact_pct"]) for row in rates)
        text = (
            f"Worst of {len(rates)} rate scenarios: {_scenario(worst)}."
            if worst["impact_usd"] < 0
            else "No rate scenario costs anything."
        )
        found.append(
            Point("rates", text, NORMAL if largest < WORST_STRESS[0] / 2 else ELEVATED, abs(worst["impact_usd"]))
        )
    return found


def _private(told: Mapping[str, Any], worst: Mapping[str, Any]) -> list[Point]:
    part = worst.get("private_part_usd")
    found = []
    if part:
        text = f"{money(abs(part))} of that loss is of private holdings, by proxies of listed markets: their own marks would show it late."
        found.append(Point("private", text, INFO, abs(part)))
    reached = told.get("coverage_pct")
    if reached is not None and reached < ENOUGH_PCT:
        missed = [row["symbol"] for row in told.get("not_reached") or []]
        text = f"The scenarios reach {percent(reached)} of the holdings"
        text += (
            f"; they count nothing for {listed(missed[:5])}{f' and {len(missed) - 5} more' if len(missed) > 5 else ''}."
            if missed
            else "."
        )
        advice = (
            "The true loss may be larger than shown: name a listed proxy for the holdings that no scenario reaches."
            if missed
            else None
        )
        found.append(Point("private", text, ELEVATED if reached < 75 else NORMAL, 0, advice))
    return found


def _helps(scenarios: Sequence[Mapping[str, Any]]) -> list[Point]:
    best = scenarios[-1]
    if best["impact_usd"] <= 0:
        return []
    return [Point("best case", f"The book would gain most in {_scenario(best)}.", INFO, best["impact_usd"])]


def _scenario(row: Mapping[str, Any]) -> str:
    return f"{row['name']} {money(row['impact_usd'])} ({percent(row['impact_pct'], sign=True)})"
