"""The long text of an insight: its findings by chapter, with the tables behind them, as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from assistant.services.insight_contributors import name_of
from assistant.services.insight_drafts import BRIEF
from assistant.services.insight_evidence import Evidence
from assistant.services.insight_points import Point
from assistant.services.insight_words import day, holding, money, percent, table

ROWS = 8
PERIODS = {
    "1d": "last session",
    "5d": "5 sessions",
    "21d": "21 sessions",
    "63d": "63 sessions",
    "252d": "252 sessions",
    "mtd": "month to date",
    "ytd": "year to date",
    "since_start": "since it began",
}


def page(
    evidence: Evidence,
    title: str,
    summary: str,
    points: Sequence[Point],
    advice: Sequence[str],
    limits: str,
    verbosity: str,
) -> str:
    """Chapters only where they have findings; without tables where the reader wants it brief."""
    parts = [f"# {title}", summary]
    for heading, topics, tables in CHAPTERS:
        told = [point for point in points if point.topic in topics]
        if not told:
            continue
        parts.append(f"## {heading}")
        parts += [point.text for point in told]
        if verbosity != BRIEF:
            parts += [text for make in tables if (text := make(evidence))]
    if advice:
        parts.append("## What to look at")
        parts.append("\n".join(f"- {one}" for one in advice))
    if limits:
        parts += ["## What limits this", limits]
    if evidence.as_of is not None:
        parts.append(f"*Figures are of the close of {day(evidence.as_of)}. Analysis of data, not investment advice.*")
    return "\n\n".join(parts)


def _periods(evidence: Evidence) -> str:
    rows = evidence.section("performance").get("periods") or []
    shown = [row for row in rows if row["period"] in PERIODS]
    return (
        table(
            ["Period", "P&L", "Return", "S&P 500"],
            [
                [
                    PERIODS[row["period"]],
                    money(row["pnl_usd"], sign=True),
                    _pct(row.get("twr_pct")),
                    _pct(row.get("sp500_pct")),
                ]
                for row in shown
            ],
        )
        if any(row["pnl_usd"] for row in shown)
        else ""
    )


def _largest(evidence: Evidence) -> str:
    rows = (evidence.section("concentration").get("largest") or [])[:ROWS]
    return (
        table(
            ["Holding", "Value", "Of gross value"],
            [
                [
                    holding(row["symbol"], "SHORT" if row["net_value_usd"] < 0 else None),
                    money(row["net_value_usd"]),
                    percent(row["pct_of_gross"]),
                ]
                for row in rows
            ],
        )
        if rows
        else ""
    )


def _drivers(evidence: Evidence) -> str:
    rows = (evidence.section("risk").get("contributions") or [])[:ROWS]
    rows = [row for row in rows if row.get("volatility_share_pct") is not None]
    return (
        table(
            ["Position", "Value", "Of the volatility"],
            [
                [
                    name_of(row),
                    None if (value := row.get("market_value_usd")) is None else money(value),
                    percent(row["volatility_share_pct"]),
                ]
                for row in rows
            ],
        )
        if rows
        else ""
    )


def _sectors(evidence: Evidence) -> str:
    rows = [row for row in evidence.section("sectors").get("sectors") or [] if row["positions"]][:ROWS]
    return (
        table(
            ["Sector, of NAV", "Gross", "Net", "S&P 500"],
            [
                [
                    row["sector"],
                    percent(row["gross_pct"]),
                    percent(row["net_pct"]),
                    _pct(row.get("benchmark_pct"), sign=False),
                ]
                for row in rows
            ],
        )
        if rows
        else ""
    )


def _stress(evidence: Evidence) -> str:
    rows = sorted(evidence.section("stress").get("scenarios") or [], key=lambda row: row["impact_usd"])
    shown = rows if len(rows) <= ROWS else [*rows[: ROWS - 2], *rows[-2:]]
    return (
        table(
            ["Scenario", "P&L", "Of value"],
            [
                [row["name"], money(row["impact_usd"], sign=True), percent(row["impact_pct"], sign=True)]
                for row in shown
            ],
        )
        if rows
        else ""
    )


def _tails(evidence: Evidence) -> str:
    rows = evidence.section("risk").get("value_at_risk") or []
    return (
        table(
            ["Method", "VaR 95 %, 1 session", "Shortfall", "VaR 99 %, 10 sessions"],
            [
                [
                    row["method"].replace("_", "-"),
                    _usd(row, "1d_95pct", "var_usd"),
                    _usd(row, "1d_95pct", "es_usd"),
                    _usd(row, "10d_99pct", "var_usd"),
                ]
                for row in rows
            ],
        )
        if rows
        else ""
    )


def _usd(row: dict[str, Any], tail: str, figure: str) -> str | None:
    value = (row.get(tail) or {}).get(figure)
    return None if value is None else money(value)


def _pct(value: float | None, *, sign: bool = True) -> str | None:
    return None if value is None else percent(value, 2 if sign else 1, sign=sign)


Table = Callable[[Evidence], str]
CHAPTERS: tuple[tuple[str, frozenset[str], tuple[Table, ...]], ...] = (
    ("What happened", frozenset({"session", "movers", "week", "market"}), ()),
    ("How it has done", frozenset({"record", "drawdown", "targets"}), (_periods,)),
    ("What it holds", frozenset({"exposure", "options", "cash", "concentration", "single name"}), (_largest,)),
    ("What moves it", frozenset({"beta", "styles", "variance", "correlation", "sectors"}), (_sectors,)),
    ("What it may lose", frozenset({"volatility", "value at risk", "drivers"}), (_tails, _drivers)),
    ("What would hurt it", frozenset({"stress", "market fall", "rates", "private", "best case"}), (_stress,)),
    ("Whether its hedges work", frozenset({"hedges"}), ()),
)
