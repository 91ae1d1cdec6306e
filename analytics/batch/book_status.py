"""How every engine fared on every book: status, reason, counts, and what was left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.batch.book_inputs import Book
from analytics.batch.holdings import LotFacts

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

METHOD_VERSION = "1"
# The last scenarios are the plain moves of market risk.
PLAIN_MOVES = 10
MOST_SKIPPED = 50
MIN_SERIES = 63


@dataclass(frozen=True)
class LotStatus:
    """Lots by book, (P,) lists of counts, and by book those that were kept out of the engines: `[symbol, reason]` each.

    `valued` : options with known delta dollars. Books without an entry in a mapping have no such lot.
    """

    total: list[int]
    private: list[int]
    option: list[int]
    valued: list[int]
    unpriced: dict[int, list[list[str]]]
    no_delta: dict[int, list[list[str]]]
    no_history: dict[int, list[list[str]]]
    apart: dict[int, list[list[str]]]

    @classmethod
    def of(cls, book: Book, facts: LotFacts) -> LotStatus:
        held = book.holdings
        lot, owner = held.lot, held.portfolio
        private, option, priced = facts.is_private[lot], facts.is_option[lot], held.usable
        known = ~np.isnan(book.dollars)

        def count(flags: Flags) -> list[int]:
            return np.bincount(owner[flags], minlength=len(held.equity)).tolist()  # type: ignore[no-any-return]

        def named(flags: Flags, reason: str) -> dict[int, list[list[str]]]:
            found: dict[int, list[list[str]]] = {}
            for i in np.flatnonzero(flags).tolist():
                found.setdefault(int(owner[i]), []).append([str(facts.names[lot[i]]), reason])
            return found

        return cls(
            total=count(np.ones(len(lot), dtype=bool)),
            private=count(private),
            option=count(option),
            valued=count(option & known),
            unpriced=named(~priced & ~private, "no_price_data"),
            no_delta=named(option & priced & ~known, "no_underlying_price"),
            no_history=named(~private & priced & (facts.column[lot] < 0), "insufficient_data"),
            apart=named(book.mapped_lots.is_private, "symbol_skipped"),
        )


@dataclass(frozen=True)
class BookStatus:
    """How far the engines came with each book, (P,) lists: what they could compute, and the shares they covered."""

    solvent: list[bool]
    days: list[int]
    observations: list[int]
    valued_at_risk: list[bool]
    with_factors: list[bool]
    factor_coverage: list[float | None]
    reachable: list[bool]
    stress_coverage: list[float | None]
    market_tested: list[int]
    stress_tested: list[int]

    @classmethod
    def of(
        cls, equity: Floats, factor: dict[str, Any], stress: dict[str, Any], risk: dict[str, Any], series: Floats
    ) -> BookStatus:
        scenarios = ~np.isnan(stress["correlated_pnl"])
        return cls(
            solvent=(equity > 0).tolist(),
            days=(~np.isnan(series)).sum(axis=0).tolist(),
            observations=risk["observations"].astype(np.int64).tolist(),
            valued_at_risk=(~np.isnan(risk["var_95_1d"])).tolist(),
            with_factors=(~np.isnan(factor["exposure_dollar"])).any(axis=1).tolist(),
            factor_coverage=_rounded(factor["coverage"][:, 0]),
            reachable=(stress["covered"] > 0).tolist(),
            stress_coverage=_rounded(stress["coverage"]),
            market_tested=scenarios[:, -PLAIN_MOVES:].sum(axis=1).tolist(),
            stress_tested=scenarios[:, :-PLAIN_MOVES].sum(axis=1).tolist(),
        )


def engine_documents(
    wanted: NDArray[np.bool_], book: Book, facts: LotFacts, factor: dict[str, Any], stress: dict[str, Any], risk: dict[str, Any],
    volatility: dict[str, Any], correlations: list[dict[str, Any] | None], series: NDArray[np.float64],
) -> list[dict[str, Any] | None]:  # fmt: skip
    """One document a book, by engine name; None for books that are not wanted."""
    lots, status = LotStatus.of(book, facts), BookStatus.of(book.holdings.equity, factor, stress, risk, series)
    scenarios = stress["correlated_pnl"].shape[1] - PLAIN_MOVES
    usable = bool(stress["any_scenario"])
    return [
        _document(
            p,
            lots,
            status,
            stress["uncovered"][p],
            volatility["forecast_method"][p],
            correlations[p],
            scenarios,
            usable,
        )
        if asked
        else None
        for p, asked in enumerate(wanted.tolist())
    ]


def _result(status: str, reason: str | None, **counts: Any) -> dict[str, Any]:
    return {"status": status, "reason": reason, **counts, "method_version": METHOD_VERSION}


def _document(
    p: int, lots: LotStatus, status: BookStatus, uncovered: list[list[str]], forecast: str | None,
    correlation: dict[str, Any] | None, scenarios: int, usable: bool,
) -> dict[str, Any]:  # fmt: skip
    total, private = lots.total[p], lots.private[p]
    counts = {"positions_total": total, "positions_private": private}
    unpriced, no_delta = lots.unpriced.get(p, []), lots.no_delta.get(p, [])
    skipped = unpriced + no_delta + lots.no_history.get(p, [])
    apart = lots.apart.get(p, [])
    public = total - private
    solvent, days = status.solvent[p], status.days[p]
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
            "observations": days, "method": forecast,
            "reason": None if days >= MIN_SERIES else "insufficient_data",
        },
        value_at_risk={
            "observations": status.observations[p], "reason": None if status.valued_at_risk[p] else "insufficient_data",
        },
    )  # fmt: skip
    options, valued = lots.option[p], lots.valued[p]
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
        total - len(apart), status.with_factors[p], skipped, apart, counts, "no_factor_data",
        coverage=status.factor_coverage[p], data_days=days,
    )  # fmt: skip
    for name, tested, count in (
        ("market_risk_scenarios", status.market_tested[p], PLAIN_MOVES), ("stress_testing", status.stress_tested[p], scenarios),
    ):  # fmt: skip
        if not status.reachable[p]:
            reason = "no_public_positions" if public == 0 else "no_factor_exposures"
            documents[name] = _result("skipped", reason, **counts, skipped=uncovered[:MOST_SKIPPED])
        else:
            documents[name] = _covered(
                max(public, 1), tested > 0, uncovered, [], counts, "no_factor_data", coverage=status.stress_coverage[p],
                scenarios_tested=tested, scenarios_skipped=count - tested,
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


def _rounded(values: Floats) -> list[float | None]:
    return [None if value != value else round(value, 4) for value in values.tolist()]
