"""How every engine fared on every book: status, reason, counts, and what was left out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.batch.book_inputs import Book
from analytics.batch.holdings import LotFacts

METHOD_VERSION = "1"
MOST_SKIPPED = 50
MIN_SERIES = 63


def engine_documents(
    wanted: NDArray[np.bool_], book: Book, facts: LotFacts, factor: dict[str, Any], stress: dict[str, Any], risk: dict[str, Any],
    volatility: dict[str, Any], correlations: list[dict[str, Any] | None], series: NDArray[np.float64],
) -> list[dict[str, Any] | None]:  # fmt: skip
    """One document a book, by engine name; None for books that are not wanted."""
    return [
        _document(p, book, facts, factor, stress, risk, volatility, correlations[p], series) if wanted[p] else None
        for p in range(len(book.holdings.equity))
    ]


def _result(status: str, reason: str | None, **counts: Any) -> dict[str, Any]:
    return {"status": status, "reason": reason, **counts, "method_version": METHOD_VERSION}


def _document(
    p: int, book: Book, facts: LotFacts, factor: dict[str, Any], stress: dict[str, Any], risk: dict[str, Any],
    volatility: dict[str, Any], correlation: dict[str, Any] | None, series: NDArray[np.float64],
) -> dict[str, Any]:  # fmt: skip
    held = book.holdings
    mine = np.flatnonzero(held.portfolio == p)
    lot = held.lot[mine]
    private, option = facts.is_private[lot], facts.is_option[lot]
    total = len(mine)
    counts = {"positions_total": total, "positions_private": int(private.sum())}
    unpriced = [[str(facts.names[i]), "no_price_data"] for i in lot[~held.usable[mine] & ~private]]
    no_delta = option & held.usable[mine] & np.isnan(book.dollars[mine])
    no_history = ~private & held.usable[mine] & (facts.column[lot] < 0)
    skipped = unpriced + [[str(facts.names[i]), "no_underlying_price"] for i in lot[no_delta]]
    skipped += [[str(facts.names[i]), "insufficient_data"] for i in lot[no_history]]
    apart = [[str(facts.names[i]), "symbol_skipped"] for i in lot[book.mapped_lots.is_private[mine]]]
    public = total - int(private.sum())
    solvent = bool(held.equity[p] > 0)
    documents: dict[str, Any] = {}
    if total == 0:
        nothing = _result("skipped", "no_active_positions", **counts, skipped=[])
        return dict.fromkeys(
            ("portfolio_aggregation", "position_greeks", "factor_analysis", "market_risk_scenarios", "stress_testing",
             "position_correlations"), nothing,
        ) | {
            "portfolio_snapshot": _result("ok", None, **counts, skipped=[]), "factor_correlations": _result("ok", None, skipped=[]),
        }  # fmt: skip

    days = int((~np.isnan(series[:, p])).sum())
    aggregate = "partial" if unpriced or not solvent else "ok"
    documents["portfolio_aggregation"] = _result(
        aggregate, None if solvent else "invalid_equity", **counts, positions_analyzed=total - len(unpriced), data_days=days,
        skipped=unpriced[:MOST_SKIPPED],
        volatility={
            "observations": days, "method": volatility["forecast_method"][p],
            "reason": None if days >= MIN_SERIES else "insufficient_data",
        },
        value_at_risk={
            "observations": int(risk["observations"][p]), "reason": None if not np.isnan(risk["var_95_1d"][p]) else "insufficient_data",
        },
    )  # fmt: skip
    options = int(option.sum())
    valued = options - int((option & np.isnan(book.dollars[mine])).sum())
    documents["position_greeks"] = _result(
        "ok" if valued == options else "partial" if valued else "skipped", None if valued or not options else "no_underlying_price",
        positions_total=options, positions_analyzed=valued, skipped=[s for s in skipped if s[1] == "no_underlying_price"],
    )  # fmt: skip
    documents["portfolio_snapshot"] = _result(
        "partial" if unpriced else "ok",
        "no_price_data" if unpriced else None,
        **counts,
        skipped=unpriced[:MOST_SKIPPED],
    )
    documents["factor_analysis"] = _covered(
        total - len(apart), bool((~np.isnan(factor["exposure_dollar"][p])).any()), skipped, apart, counts, "no_factor_data",
        coverage=_round(factor["coverage"][p, 0]), data_days=days,
    )  # fmt: skip
    scenarios = ~np.isnan(stress["correlated_pnl"][p])
    reachable, uncovered = stress["covered"][p] > 0, stress["uncovered"][p]
    for name, part in (("market_risk_scenarios", scenarios[-10:]), ("stress_testing", scenarios[:-10])):
        if not reachable:
            reason = "no_public_positions" if public == 0 else "no_factor_exposures"
            documents[name] = _result("skipped", reason, **counts, skipped=uncovered[:MOST_SKIPPED])
        else:
            documents[name] = _covered(
                max(public, 1), bool(part.any()), uncovered, [], counts, "no_factor_data", coverage=_round(stress["coverage"][p]),
                scenarios_tested=int(part.sum()), scenarios_skipped=int((~part).sum()),
            )  # fmt: skip
    if correlation is None:
        reason = "no_public_positions" if public == 0 else "insufficient_data"
        documents["position_correlations"] = _result(
            "skipped", reason, **counts, skipped=(skipped + apart)[:MOST_SKIPPED]
        )
    else:
        documents["position_correlations"] = _result(
            "partial" if skipped else "ok",
            None,
            **counts,
            positions_analyzed=correlation["positions_included"],
            skipped=skipped[:MOST_SKIPPED],
        )
    usable = not np.isnan(stress["correlated_pnl"]).all()
    documents["factor_correlations"] = _result(
        "ok" if usable else "skipped", None if usable else "insufficient_data", skipped=[]
    )
    return documents


def _covered(
    public: int,
    computed: bool,
    skipped: list[list[str]],
    apart: list[list[str]],
    counts: dict[str, int],
    missing: str,
    **more: Any,
) -> dict[str, Any]:
    left_out = skipped + apart
    if public == 0 or not computed:
        reason = missing if public else "no_public_positions"
        return _result("skipped", reason, **counts, skipped=left_out[:MOST_SKIPPED], **more)
    analyzed = counts["positions_total"] - len(left_out)
    status = "partial" if skipped else "ok"
    return _result(status, None, **counts, positions_analyzed=analyzed, skipped=left_out[:MOST_SKIPPED], **more)


def _round(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 4)
