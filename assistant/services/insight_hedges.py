"""Findings on whether what is held against the market works."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from assistant.services.insight_contributors import (
    is_hedge,
    name_of,
    right_of,
    share_told,
    shares_of_volatility,
    size_of,
)
from assistant.services.insight_evidence import Evidence
from assistant.services.insight_points import ELEVATED, INFO, NORMAL, Point
from assistant.services.insight_words import listed, money, percent

NAMED = 3
TEN_PERCENT_DOWN = "market_down_10"
# Captures closer than this are alike.
CLEARLY = 0.05
UNHEDGED = "Nothing in the book is held against the market"


def hedges(evidence: Evidence) -> list[Point]:
    """Whether what is held against the market works."""
    sums = evidence.section("overview").get("exposures") or {}
    if not sums:
        return []
    rows = [row for row in shares_of_volatility(evidence) if is_hedge(row)]
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
        best = listed([share_told(row) for row in working[:NAMED]])
        if len(rows) == 1:
            text = f"Its one hedge, {name_of(rows[0])}, takes {percent(together)} off the volatility."
        else:
            part = f"All {len(rows)}" if len(working) == len(rows) else f"{len(working)} of {len(rows)}"
            text = (
                f"{part} hedging positions take from the volatility, {percent(together)} of it together; most: {best}."
            )
        found.append(Point("hedges", text, NORMAL, daily * together / 100))
    if idle:
        names = listed([name_of(row) for row in idle[:NAMED]])
        found.append(
            Point(
                "hedges",
                (
                    f"{names} {'is' if len(idle) == 1 else 'are'} held against the "
                    f"market but add{'s' if len(idle) == 1 else ''} to the volatility."
                ),
                ELEVATED,
                sum(map(size_of, idle)),
                f"Ask of {names} what it protects: by the past year it does not hedge this book.",
            )
        )
    return found + _dearest(rows) + _written_puts(evidence) + _captured(evidence)


def _dearest(rows: Sequence[Mapping[str, Any]]) -> list[Point]:
    """The largest hedge, if it protects little for its size."""
    largest = max(rows, key=size_of)
    whole = sum(map(size_of, rows))
    share = 100 * size_of(largest) / whole if whole else 0
    protects = -largest["volatility_share_pct"]
    together = -sum(min(row["volatility_share_pct"], 0) for row in rows)
    if share < 25 or together <= 0 or 100 * protects / together > share / 2:
        return []
    text = (
        f"{name_of(largest)} is {percent(share)} of all hedging positions "
        f"({money(size_of(largest))}) but takes only {percent(protects)} from "
    )
    text += "the volatility: it is a view on the name more than a hedge."
    return [
        Point("hedges", f"{text[:1].upper()}{text[1:]}", ELEVATED, size_of(largest),
              f"Weigh moving a part of {name_of(largest)} into an index hedge, which protects more for each dollar.", (largest["symbol"],))
    ]  # fmt: skip


def _written_puts(evidence: Evidence) -> list[Point]:
    rows = [
        row for row in shares_of_volatility(evidence) if right_of(row) == "P" and (row.get("market_value_usd") or 0) < 0
    ]
    if not rows:
        return []
    names, size = listed([name_of(row) for row in rows]), sum(map(size_of, rows))
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
                evidence.dollars_of(down - up),
            )
        ]
    if up - down >= CLEARLY:
        return [Point("hedges", f"{text}: it has kept more of the rises than of the falls.", NORMAL, 0)]
    return [Point("hedges", f"{text}: as much of the one as of the other.", NORMAL, 0)]


def hedge_count(evidence: Evidence) -> int:
    """Positions held against the market."""
    return sum(map(is_hedge, shares_of_volatility(evidence)))


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
    severity = ELEVATED if -fall["impact_pct"] >= 10 else NORMAL
    return Point("hedges", text, severity, abs(fall["impact_usd"]))
