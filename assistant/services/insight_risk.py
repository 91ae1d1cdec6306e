"""Findings on what a portfolio may lose: volatility, value at risk, stress, and whether its hedges work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

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
from assistant.services.insight_words import CONTRACT, holding, listed, money, percent

NAMED = 3
TEN_PERCENT_DOWN = "market_down_10"
ZONES = {"green": NORMAL, "yellow": ELEVATED, "red": WARNING}
ENOUGH_PCT = 99.5
CLEARLY = 0.05
UNHEDGED = "Nothing in the book is held against the market"


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
    severity = rated(max(now, ahead or 0), VOLATILITY)
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
    if severity >= ELEVATED:
        advice = (
            f"A value at risk of {percent(share or 0)} of NAV is much for one "
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
    rows = _shares(evidence)
    adding = [row for row in rows if row["volatility_share_pct"] > 0]
    taking = [row for row in rows[::-1] if row["volatility_share_pct"] < 0]
    if not adding:
        return []
    top = adding[0]
    text = f"{_of(top)} makes {percent(top['volatility_share_pct'])} of the volatility with {money(abs(top['market_value_usd'] or 0))} held"
    if others := adding[1:NAMED]:
        text += f", then {listed([_share(row) for row in others])}"
    if taking:
        text += (
            f"; {listed([_share(row) for row in taking[:NAMED]])} take{'s' if len(taking[:NAMED]) == 1 else ''} from it"
        )
    daily = evidence.section("risk").get("daily_volatility_usd") or 0
    severity = rated(top["volatility_share_pct"], SOURCE)
    advice = None
    if top["volatility_share_pct"] >= SOURCE[0] or severity >= ELEVATED:
        advice = (
            f"Less of {_of(top)} lowers the risk most for each dollar moved: it "
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
    if worst.get("plausibility_scale") and worst["unbounded_usd"] < worst["impact_usd"]:
        text += (
            " That shock is held to what the factors have ever done together; "
            f"taken literally it would cost {money(-worst['unbounded_usd'])}."
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


def hedges(evidence: Evidence) -> list[Point]:
    """Whether what is held against the market works."""
    sums = evidence.section("overview").get("exposures") or {}
    if not sums:
        return []
    rows = [row for row in _shares(evidence) if _is_hedge(row)]
    if not rows:
        return [_unhedged(evidence)]
    found = []
    if sums["long_usd"] and sums["short_usd"]:
        offset = 100 * abs(sums["short_usd"]) / sums["long_usd"]
        found.append(
            Point(
                "hedges",
                (
                    f"Short positions offset {percent(offset)} of the long exposure "
                    f"({money(abs(sums['short_usd']))} of {money(sums['long_usd'])})."
                ),
                NORMAL,
                abs(sums["short_usd"]),
            )
        )
    working = sorted(
        (row for row in rows if row["volatility_share_pct"] < 0), key=lambda row: row["volatility_share_pct"]
    )
    idle = [row for row in rows if row["volatility_share_pct"] >= 0]
    daily = evidence.section("risk").get("daily_volatility_usd") or 0
    if working:
        together = -sum(row["volatility_share_pct"] for row in working)
        best = listed([_share(row) for row in working[:NAMED]])
        if len(rows) == 1:
            text = f"Its one hedge, {_of(rows[0])}, takes {percent(together)} off the volatility."
        else:
            part = f"All {len(rows)}" if len(working) == len(rows) else f"{len(working)} of {len(rows)}"
            text = (
                f"{part} hedging positions take from the volatility, {percent(together)} of it together; most: {best}."
            )
        found.append(Point("hedges", text, NORMAL, daily * together / 100))
    if idle:
        names = listed([_of(row) for row in idle[:NAMED]])
        found.append(
            Point(
                "hedges",
                (
                    f"{names} {'is' if len(idle) == 1 else 'are'} held against the "
                    f"market but add{'s' if len(idle) == 1 else ''} to the volatility."
                ),
                ELEVATED,
                sum(abs(row["market_value_usd"] or 0) for row in idle),
                f"Ask of {names} what it protects: by the past year it does not hedge this book.",
            )
        )
    return found + _dearest(rows) + _written_puts(evidence) + _captured(evidence)


def _dearest(rows: Sequence[Mapping[str, Any]]) -> list[Point]:
    """The largest hedge, if it protects little for its size."""
    largest = max(rows, key=lambda row: abs(row["market_value_usd"] or 0))
    whole = sum(abs(row["market_value_usd"] or 0) for row in rows)
    share = 100 * abs(largest["market_value_usd"] or 0) / whole if whole else 0
    protects = -largest["volatility_share_pct"]
    together = -sum(min(row["volatility_share_pct"], 0) for row in rows)
    if share < 25 or together <= 0 or 100 * protects / together > share / 2:
        return []
    text = (
        f"{_of(largest)} is {percent(share)} of all hedging positions "
        f"({money(abs(largest['market_value_usd'] or 0))}) but takes only {percent(protects)} from "
    )
    text += "the volatility: it is a view on the name more than a hedge."
    return [
        Point("hedges", f"{text[:1].upper()}{text[1:]}", ELEVATED, abs(largest["market_value_usd"] or 0),
              f"Weigh moving a part of {_of(largest)} into an index hedge, which protects more for each dollar.", (largest["symbol"],))
    ]  # fmt: skip


def _written_puts(evidence: Evidence) -> list[Point]:
    rows = [row for row in _shares(evidence) if _right(row) == "P" and (row["market_value_usd"] or 0) < 0]
    if not rows:
        return []
    names, size = listed([_of(row) for row in rows]), sum(abs(row["market_value_usd"]) for row in rows)
    share = sum(row["volatility_share_pct"] for row in rows)
    text = (
        f"Written puts ({names}, {money(size)}) count as short but lose when "
        f"the market falls: they make {percent(share)} of the volatility."
    )
    return [
        Point(
            "hedges",
            text,
            ELEVATED,
            size,
            f"Do not count {names} as protection; see what would be bought at those strikes.",
        )
    ]


def _captured(evidence: Evidence) -> list[Point]:
    told = evidence.section("performance").get("beside_sp500") or {}
    up, down = told.get("up_capture"), told.get("down_capture")
    if up is None or down is None:
        return []
    text = f"Since it began the book has taken {percent(100 * up, 0)} of the S&P 500's rises and {percent(100 * down, 0)} of its falls"
    if down - up >= CLEARLY:
        return [
            Point(
                "hedges",
                f"{text}: the protection has cost more than it saved.",
                ELEVATED,
                evidence.nav * (down - up) / 100,
            )
        ]
    if up - down >= CLEARLY:
        return [Point("hedges", f"{text}: it has kept more of the rises than of the falls.", NORMAL, 0)]
    return [Point("hedges", f"{text}: as much of the one as of the other.", NORMAL, 0)]


def hedge_count(evidence: Evidence) -> int:
    """Positions held against the market."""
    return sum(map(_is_hedge, _shares(evidence)))


def _unhedged(evidence: Evidence) -> Point:
    fall = next(
        (row for row in evidence.section("stress").get("scenarios") or [] if row["id"] == TEN_PERCENT_DOWN), None
    )
    text = f"{UNHEDGED}: no short position, no bought put, no written call."
    if fall is None:
        return Point("hedges", text, INFO)
    text += (
        f" A fall of the market by 10 % would cost {money(-fall['impact_usd'])} "
        f"({percent(-fall['impact_pct'])} of NAV)."
    )
    value = evidence.section("overview").get("beta_to_market", {}).get("calculated_90d")
    advice = None
    if value and evidence.nav > 0:
        advice = (
            f"A hedge of half the market risk would be about {money(value * evidence.nav / 2)} "
            "short of an S&P 500 fund, or puts of that delta."
        )
    severity = ELEVATED if -fall["impact_pct"] >= 10 else NORMAL
    return Point("hedges", text, severity, abs(fall["impact_usd"]), advice)


def _shares(evidence: Evidence) -> list[dict[str, Any]]:
    """Contributions that are known, the largest share of volatility first."""
    rows = [
        row
        for row in evidence.section("risk").get("contributions") or []
        if row.get("volatility_share_pct") is not None
    ]
    return sorted(rows, key=lambda row: -row["volatility_share_pct"])


def _right(row: Mapping[str, Any]) -> str | None:
    found = CONTRACT.match(row["symbol"])
    return found.group(5) if found else None


def _is_hedge(row: Mapping[str, Any]) -> bool:
    """Short stocks, written calls and bought puts."""
    value = row["market_value_usd"] or 0
    return value > 0 if _right(row) == "P" else value < 0


def _of(row: Mapping[str, Any]) -> str:
    short = (row.get("market_value_usd") or 0) < 0
    return holding(row["symbol"], "SHORT" if short else None)


def _share(row: Mapping[str, Any]) -> str:
    return f"{_of(row)} ({percent(row['volatility_share_pct'])})"


def _scenario(row: Mapping[str, Any]) -> str:
    return f"{row['name']} {money(row['impact_usd'])} ({percent(row['impact_pct'], sign=True)})"
