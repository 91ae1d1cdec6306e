"""How every engine fared on every book: status, reason, counts, and what was left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.batch.book_inputs import Book
from analytics.batch.holdings import LotFacts

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

METHOD_VERSION = "1"
MOST_SKIPPED = 50
MIN_SERIES = 63


@dataclass(frozen=True)
class LotStatus:
    """What kept each lot out of the engines: (L,) flags in the order of the holdings, which lie together by book."""

    bounds: Ints
    private: Flags
    option: Flags
    unpriced: Flags
    no_delta: Flags
    no_history: Flags
    apart: Flags

    @classmethod
    def of(cls, book: Book, facts: LotFacts) -> LotStatus:
        held = book.holdings
        lot = held.lot
        private, option, priced = facts.is_private[lot], facts.is_option[lot], held.usable
        return cls(
            bounds=np.searchsorted(held.portfolio, np.arange(len(held.equity) + 1)),
            private=private,
            option=option,
            unpriced=~priced & ~private,
            no_delta=option & priced & np.isnan(book.dollars),
            no_history=~private & priced & (facts.column[lot] < 0),
            apart=book.mapped_lots.is_private,
        )


def engine_documents(
    wanted: NDArray[np.bool_], book: Book, facts: LotFacts, factor: dict[str, Any], stress: dict[str, Any], risk: dict[str, Any],
    volatility: dict[str, Any], correlations: list[dict[str, Any] | None], series: NDArray[np.float64],
) -> list[dict[str, Any] | None]:  # fmt: skip
    """One document a book, by engine name; None for books that are not wanted."""
    lots, days = LotStatus.of(book, facts), (~np.isnan(series)).sum(axis=0)
    return [
        _document(p, book, facts, lots, factor, stress, risk, volatility, correlations[p], int(days[p]))
        if wanted[p]
        else None
        for p in range(len(book.holdings.equity))
    ]


def _result(status: str, reason: str | None, **counts: Any) -> dict[str, Any]:
    return {"status": status, "reason": reason, **counts, "method_version": METHOD_VERSION}


def _named(flags: Flags, mine: slice, book: Book, facts: LotFacts, reason: str) -> list[list[str]]:
    """Symbol and reason of the flagged lots of a book."""
    part = flags[mine]
    if not part.any():
        return []
    return [[str(facts.names[i]), reason] for i in book.holdings.lot[mine][part]]


def _document(
    p: int, book: Book, facts: LotFacts, lots: LotStatus, factor: dict[str, Any], stress: dict[str, Any], risk: dict[str, Any],
    volatility: dict[str, Any], correlation: dict[str, Any] | None, days: int,
) -> dict[str, Any]:  # fmt: skip
    held = book.holdings
    mine = slice(int(lots.bounds[p]), int(lots.bounds[p + 1]))
    total, private = mine.stop - mine.start, int(lots.private[mine].sum())
    counts = {"positions_total": total, "positions_private": private}
    unpriced = _named(lots.unpriced, mine, book, facts, "no_price_data")
    no_delta = _named(lots.no_delta, mine, book, facts, "no_underlying_price")
    skipped = unpriced + no_delta + _named(lots.no_history, mine, book, facts, "insufficient_data")
    apart = _named(lots.apart, mine, book, facts, "symbol_skipped")
    public = total - private
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
    options = int(lots.option[mine].sum())
    valued = options - int((lots.option[mine] & np.isnan(book.dollars[mine])).sum())
    documents["position_greeks"] = _result(
        "ok" if valued == options else "partial" if valued else "skipped", None if valued or not options else "no_underlying_price",
        positions_total=options, positions_analyzed=valued, skipped=no_delta,
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
    usable = bool(stress["any_scenario"])
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
