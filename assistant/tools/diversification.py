"""How much of a portfolio hangs on few names, and how far they move together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from analytics.services.concentration import (
    NoConcentration,
    PortfolioConcentration,
    TopPosition,
    aggregate_concentration,
    portfolio_concentration,
    top_positions,
)
from analytics.services.correlations import Matrix, correlate, cut, diversification_of
from analytics.services.held_lots import held_lots
from analytics.services.missing import Missing
from analytics.services.published import published_book
from assistant.tools.arguments import Whole
from assistant.tools.exposures import position_row, unavailable
from assistant.tools.figures import percent_of, rounded
from assistant.tools.registry import PORTFOLIO, Call, tool
from assistant.tools.results import Finding

PAIRS_SHOWN = 10


@tool(
    purpose="How a portfolio's larger holdings move together: average and pairwise correlations of daily returns.",
    returns="average_correlation (in size), diversification_score (100 = independent), highest_pairs, lowest_pairs, rows of the upper "
    "triangle by symbol, largest holding first",
    source="GET /analytics/portfolio/{id}/correlation-matrix and /diversification-score: correlate, diversification_of",
    arguments=(
        PORTFOLIO,
        Whole("lookback_days", "Sessions of returns.", default=90, least=30, most=365),
        Whole("max_symbols", "The largest holdings to show.", default=15, least=2, most=25),
    ),
)
def get_correlation_matrix(call: Call) -> Finding:
    book = published_book(call.user, call.book.pk)
    found = correlate([book.portfolio_id], book.as_of, lookback=call["lookback_days"])
    if isinstance(found, Missing):
        return Finding(unavailable(found), book.as_of)
    diversified = diversification_of(book.portfolio_id, book.as_of, lookback=call["lookback_days"])
    matrix = cut(found, call["max_symbols"])
    pairs = sorted(_pairs(cut(found, len(found.symbols))), key=lambda pair: -pair["correlation"])
    return Finding(
        {
            "sessions": found.lookback,
            "average_correlation": rounded(found.average),
            "diversification_score": None if isinstance(diversified, Missing) else rounded(diversified.score, 1),
            "symbols_included": len(found.symbols),
            "highest_pairs": pairs[:PAIRS_SHOWN],
            "lowest_pairs": pairs[::-1][:PAIRS_SHOWN],
            "rows": _triangle(matrix),
            "left_out_for_unknown_pairs": list(matrix.left_out),
        },
        found.session,
        ("Correlations are of the symbols' returns: a short position turns their sign for the book.",),
    )


def _pairs(matrix: Matrix) -> list[dict[str, Any]]:
    return [
        {"pair": f"{matrix.symbols[i]} / {matrix.symbols[j]}", "correlation": rounded(matrix.values[i][j], 2)}
        for i in range(len(matrix.symbols))
        for j in range(i + 1, len(matrix.symbols))
    ]


def _triangle(matrix: Matrix) -> list[dict[str, Any]]:
    names = matrix.symbols
    return [
        {"symbol": name, "with": {names[j]: rounded(matrix.values[i][j], 2) for j in range(i + 1, len(names))}}
        for i, name in enumerate(names[:-1])
    ]


def _concentration_together(call: Call, ids: Sequence[UUID]) -> Finding:
    _, found, largest = aggregate_concentration(call.user, ids)
    return Finding(
        {"available": False, "reason": found.error}
        if isinstance(found, NoConcentration)
        else _concentration(found, largest)
    )


@tool(
    purpose="How much of a portfolio hangs on few names: Herfindahl index, effective number of positions, the largest holdings.",
    returns="hhi (to 10,000) with its reading, effective_positions, top_3_pct, top_10_pct, largest (symbol, pct of gross value, "
    "net_value_usd)",
    source="GET /analytics/portfolio/{id}/concentration: portfolio_concentration, top_positions",
    arguments=(PORTFOLIO,),
    together=_concentration_together,
)
def get_concentration_metrics(call: Call) -> Finding:
    book, found = portfolio_concentration(call.user, call.book.pk)
    if isinstance(found, NoConcentration):
        return Finding({"available": False, "reason": found.error}, book.as_of)
    largest = top_positions(held_lots([call.book.pk], current=book.is_current))
    return Finding(_concentration(found, largest), book.as_of)


def _concentration(found: PortfolioConcentration, largest: Sequence[TopPosition]) -> dict[str, Any]:
    return {
        "hhi": rounded(found.hhi, 0),
        "reading": found.interpretation,
        "effective_positions": found.effective_num_positions,
        "top_3_pct_of_gross": percent_of(found.top_3_concentration),
        "top_10_pct_of_gross": percent_of(found.top_10_concentration),
        "symbols": found.unique_symbols,
        "lots": found.total_positions,
        "largest": [position_row(one) for one in largest],
    }
