"""Findings on what a portfolio holds: exposures, cash, options, sectors, single names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assistant.services.insight_evidence import Evidence
from assistant.services.insight_points import (
    CRITICAL,
    ELEVATED,
    FUND,
    GROSS,
    INFO,
    LARGEST,
    NORMAL,
    SECTOR,
    WARNING,
    Point,
    rated,
)
from assistant.services.insight_words import CONTRACT, dollars, holding, listed, money, percent

NAMED = 3
# Not sectors of an economy: what a bound on sectors does not fit.
APART = frozenset({"Unclassified", "ETFs"})
LARGE_CASH_PCT = 10.0
HHI_ELEVATED, HHI_WARNING = 1_500, 2_500
GOAL_PCT = 10.0
FALL = 0.20


def exposure(evidence: Evidence) -> list[Point]:
    """Long, short, gross, net and cash, and what options add at their delta."""
    told = evidence.section("overview")
    sums = told.get("exposures")
    if not sums:
        return []
    gross = sums.get("gross_pct_of_nav")
    if gross is None:
        return [_owing(evidence, sums), *_options(told), *_cash(told)]
    text = f"Gross exposure is {money(sums['gross_usd'])} ({percent(gross)} of NAV), net {money(sums['net_usd'])} "
    text += f"({percent(sums['net_pct_of_nav'])}): {money(sums['long_usd'])} long"
    text += f", {money(abs(sums['short_usd']))} short."
    if not sums["short_usd"]:
        text = f"{money(sums['long_usd'])} is invested ({percent(sums['long_pct_of_nav'])} of NAV), all of it long, none of it borrowed."
        if gross > 100.5:
            text = text.replace("none of it borrowed", "a part of it with borrowed money")
    severity = rated(gross, GROSS)
    advice = None
    if severity >= ELEVATED:
        advice = (
            f"Gross exposure of {percent(gross, 0)} of NAV magnifies errors on both sides: see whether each pair of longs and shorts "
            "still earns its place."
        )
    return [Point("exposure", text, severity, sums["gross_usd"], advice), *_options(told), *_cash(told)]


def _owing(evidence: Evidence, sums: Mapping[str, Any]) -> Point:
    """Exposures of a book of which nothing would be left, so that they are a share of nothing."""
    text = (
        f"Net asset value is {dollars(evidence.nav)}: nothing of the book would be left if it were sold, and no figure can be told as a "
        f"share of it. Exposures are {money(sums['gross_usd'])} gross, {money(sums['net_usd'])} net: {money(sums['long_usd'])} long, "
        f"{money(abs(sums['short_usd']))} short."
    )
    advice = (
        "Check cash, margin debits and booked flows first; if they are right, the book owes what it holds and more."
    )
    return Point("exposure", text, CRITICAL, sums["gross_usd"], advice)


def _options(told: Mapping[str, Any]) -> list[Point]:
    at_delta = told.get("with_options_at_delta") or {}
    net, plain = at_delta.get("net_exposure_usd"), told["exposures"]["net_usd"]
    if net is None:
        return []
    hidden = net - plain
    text = f"With its options at their delta, net exposure is {money(net)}"
    if at_delta.get("net_pct_of_nav") is not None:
        text += f" ({percent(at_delta['net_pct_of_nav'])} of NAV)"
    text += f": the contracts {'add' if hidden >= 0 else 'take off'} {money(abs(hidden))} that their prices do not show"
    theta, vega = at_delta.get("theta_usd_per_day"), at_delta.get("vega_usd_per_volatility_point")
    if theta is not None and vega is not None:
        text += f". They {'cost' if theta < 0 else 'earn'} {money(abs(theta))} a day of time and "
        text += f"{'gain' if vega >= 0 else 'lose'} {money(abs(vega))} if implied volatility rises by a point"
    return [Point("options", f"{text}.", NORMAL, abs(hidden))]


def _cash(told: Mapping[str, Any]) -> list[Point]:
    cash, nav = told.get("cash_usd"), told.get("net_asset_value_usd")
    if cash is None or nav is None or nav <= 0:
        return []
    share = 100 * cash / nav
    if cash < 0:
        return [
            Point(
                "cash",
                f"Cash is {money(cash)}: the book is financed with a margin debit of {percent(abs(share))} of its value.",
                ELEVATED,
                abs(cash),
                "A margin debit costs interest and may be called: know at which loss, and what would be sold then.",
            )
        ]
    if share < LARGE_CASH_PCT:
        return []
    text = f"Cash is {money(cash)} ({percent(share)} of NAV)"
    text += ", among it what the short positions were sold for." if told["exposures"]["short_usd"] else "."
    return [Point("cash", text, INFO, cash)]


def sectors(evidence: Evidence) -> list[Point]:
    """The largest sectors: against the S&P 500 where the book is long only and unlevered, else by net weight."""
    rows = evidence.section("sectors").get("sectors") or []
    held = [row for row in rows if row["positions"]]
    real = [row for row in held if row["sector"] not in APART]
    found: list[Point] = []
    if real:
        by_net = sorted(real, key=lambda row: -abs(row["net_pct"]))
        largest = by_net[0]
        shown = ", ".join(_sector(row) for row in by_net[:NAMED])
        text = f"Largest net sector weight{'s' if len(by_net) > 1 else ''}, of NAV: {shown}."
        crossed = max(real, key=lambda row: row["gross_pct"] - abs(row["net_pct"]))
        if crossed["gross_pct"] - abs(crossed["net_pct"]) > LARGEST[0]:
            text += (
                f" {crossed['sector']} is {percent(crossed['gross_pct'])} gross "
                f"but {percent(crossed['net_pct'])} net: longs and shorts in "
            )
            text += "it are a bet on each other, not on the sector."
        severity = rated(abs(largest["net_pct"]), SECTOR)
        advice = None
        if severity >= ELEVATED:
            advice = f"{percent(abs(largest['net_pct']))} of NAV hangs on {largest['sector']}: check that this is meant, against "
            advice += (
                f"{percent(largest['benchmark_pct'])} in the S&P 500."
                if largest.get("benchmark_pct")
                else "what it is meant to be."
            )
        found.append(Point("sectors", text, severity, evidence.dollars_of(abs(largest["net_pct"])), advice))
    for row in held:
        if row["sector"] in APART and row["gross_pct"] >= LARGEST[0]:
            what = (
                "is in funds, which hold sectors of their own"
                if row["sector"] == "ETFs"
                else "has no sector (mutual funds, options, private holdings)"
            )
            found.append(
                Point(
                    "sectors",
                    f"{percent(row['gross_pct'])} of NAV, {row['positions']} positions, {what}.",
                    INFO,
                    evidence.dollars_of(row["gross_pct"]),
                )
            )
    return found


def _sector(row: Mapping[str, Any]) -> str:
    beside = f" (S&P 500 {percent(row['benchmark_pct'])})" if row.get("benchmark_pct") is not None else ""
    return f"{row['sector']} {percent(row['net_pct'])}{beside}"


def concentration(evidence: Evidence) -> list[Point]:
    """The largest names, and what a fall of the largest would cost."""
    told = evidence.section("concentration")
    largest = told.get("largest") or []
    if not largest:
        return []
    top = largest[0]
    kind = "SHORT" if top["net_value_usd"] < 0 else None
    name = holding(top["symbol"], kind)
    fund = ", a fund," if top["symbol"] in evidence.funds else ""
    size = abs(top["net_value_usd"])
    share = top["pct_of_gross"]
    text = f"{name[:1].upper()}{name[1:]}{fund} is the largest holding: {money(size)}, {percent(share)} of gross value"
    if others := largest[1:NAMED]:
        told_others = listed([f"{_named(row)} ({percent(row['pct_of_gross'])})" for row in others])
        text += f"; then {told_others}"
    text += (
        f". The three largest make up {percent(told['top_3_pct_of_gross'])}, the {told['symbols']} names weigh like "
    )
    text += f"{told['effective_positions']:.1f} equal ones (Herfindahl index {told['hhi']:,.0f})."
    hhi = NORMAL + (told["hhi"] > HHI_ELEVATED) + (told["hhi"] > HHI_WARNING)
    found = [
        Point(
            "concentration",
            text,
            max(rated(share, FUND if fund else LARGEST), min(hhi, WARNING)),
            size,
            _trim(evidence, told, top),
            (top["symbol"],),
        )
    ]
    if (
        evidence.nav is not None
        and evidence.nav > 0
        and not CONTRACT.match(top["symbol"])
        and top["symbol"] not in evidence.funds
    ):
        loss = FALL * size
        found.append(
            Point(
                "single name",
                (
                    f"A {'rise' if kind else 'fall'} of {top['symbol']} by 20 % alone would "
                    f"cost {money(loss)}, {percent(100 * loss / evidence.nav)} of NAV."
                ),
                NORMAL,
                loss,
                names=(top["symbol"],),
            )
        )
    return found + _same_name(evidence)


def _named(row: Mapping[str, Any]) -> str:
    return holding(row["symbol"], "SHORT" if row["net_value_usd"] < 0 else None)


def _trim(evidence: Evidence, told: Mapping[str, Any], top: Mapping[str, Any]) -> str | None:
    """What to sell for the largest holding to be a tenth of gross value afterwards."""
    share = top["pct_of_gross"]
    if share < LARGEST[0] or len(told["largest"]) < 2 or top["symbol"] in evidence.funds:
        return None
    if top["symbol"] in evidence.private:
        return f"{top['symbol']} cannot be sold in a market: let new money go elsewhere until its {percent(share)} is a smaller share."
    size = abs(top["net_value_usd"])
    gross = size / (share / 100)
    cut = (size - GOAL_PCT / 100 * gross) / (1 - GOAL_PCT / 100)
    word = "Buying back" if top["net_value_usd"] < 0 else "Selling"
    return f"{word} about {money(cut)} of {top['symbol']} would bring it from {percent(share)} to {percent(GOAL_PCT, 0)} of gross value."


def _same_name(evidence: Evidence) -> list[Point]:
    """Stocks of which contracts are held as well: one bet in several lines."""
    symbols = [row["symbol"] for row in evidence.section("risk").get("contributions") or []]
    roots: dict[str, list[str]] = {}
    for symbol in symbols:
        if found := CONTRACT.match(symbol):
            roots.setdefault(found.group(1), []).append(symbol)
    both = sorted(root for root in roots if root in symbols)
    if not both:
        return []
    values = {row["symbol"]: row.get("market_value_usd") or 0 for row in evidence.section("risk")["contributions"]}
    told = [
        f"{root} with {listed([holding(s, 'SC' if values[s] < 0 else None) for s in roots[root]])}" for root in both
    ]
    size = sum(abs(values[root]) for root in both)
    text = f"Held as stock and as contracts, so that the lines are one bet: {'; '.join(told)}."
    return [Point("options", text, INFO, size, names=tuple(both))]
