"""What engines are called, and what they left out, in words."""

from __future__ import annotations

from collections.abc import Iterable

from analytics.services.reasons import in_words

ENGINE_NAMES = {
    "portfolio_aggregation": "volatility, value at risk and concentration",
    "portfolio_snapshot": "net asset value",
    "factor_analysis": "factor exposures",
    "factor_correlations": "factor correlations",
    "position_correlations": "correlations",
    "position_greeks": "option Greeks",
    "stress_testing": "stress scenarios",
    "market_risk_scenarios": "market risk scenarios",
}


def engine_name(engine: str) -> str:
    """What an engine computes; an unknown one as it is called."""
    return ENGINE_NAMES.get(engine, engine.replace("_", " "))


def skipped_sentences(skipped: Iterable[tuple[str, str]]) -> list[str]:
    """One for each engine that computed nothing."""
    return [f"Not computed: {engine_name(engine)} ({in_words(reason)})." for engine, reason in skipped]


def left_out_sentences(left_out: Iterable[tuple[str, str, str]]) -> list[str]:
    """Engine, symbol and reason of what was not used, as one sentence for each engine and reason."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for engine, symbol, reason in left_out:
        grouped.setdefault((engine, reason), []).append(symbol)
    return [
        f"Left out of {engine_name(engine)} ({in_words(reason)}): {', '.join(symbols)}."
        for (engine, reason), symbols in grouped.items()
    ]
