"""Positions by the volatility they make or take, and how they are spoken of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assistant.services.insight_evidence import Evidence
from assistant.services.insight_words import CONTRACT, holding, percent


def shares_of_volatility(evidence: Evidence) -> list[dict[str, Any]]:
    """Contributions that are known, the largest share of volatility first."""
    rows = [
        row
        for row in evidence.section("risk").get("contributions") or []
        if row.get("volatility_share_pct") is not None
    ]
    return sorted(rows, key=lambda row: -row["volatility_share_pct"])


def right_of(row: Mapping[str, Any]) -> str | None:
    found = CONTRACT.match(row["symbol"])
    return found.group(5) if found else None


def is_hedge(row: Mapping[str, Any]) -> bool:
    """Short stocks, written calls and bought puts; one without a value is on neither side."""
    value = row.get("market_value_usd") or 0
    return value > 0 if right_of(row) == "P" else value < 0


def size_of(row: Mapping[str, Any]) -> float:
    """Dollars, its sign aside, to rank and weigh by; one without a value weighs nothing."""
    return abs(row.get("market_value_usd") or 0.0)


def name_of(row: Mapping[str, Any]) -> str:
    short = (row.get("market_value_usd") or 0) < 0
    return holding(row["symbol"], "SHORT" if short else None)


def share_told(row: Mapping[str, Any]) -> str:
    return f"{name_of(row)} ({percent(row['volatility_share_pct'])})"
