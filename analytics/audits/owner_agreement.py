"""What the endpoints say of all portfolios of a person against what they say of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from analytics.audits.agreement import OVERVIEW, STRESS
from analytics.audits.answers import unanswered
from analytics.audits.comparisons import CENT, FOUR, MILLIONTH, NO_ANSWERS, Comparisons, times, total
from analytics.audits.endpoints import Answers
from portfolios.models import Portfolio
from sigmasight.core.audits import Check, check

BOTH_SPELLINGS = ("overview", "breakdown", "beta", "volatility")


def check_owner(email: str, books: Sequence[Portfolio], said: Answers, own: Callable[[Portfolio], Answers]) -> Check:
    """Sums over the portfolios and the endpoints of all; both spellings of a path say the same.

    Parameters
    ----------
    books : all active portfolios of the person. own : the answers for one of them.
    """
    found = Comparisons(email, "all portfolios", said)
    each = [own(book) for book in books]
    few = CENT * max(len(books), 1)
    for name, path in (
        ("net asset value", ("net_asset_value",)),
        ("gross exposure", ("exposures", "gross_exposure")),
        ("net exposure", ("exposures", "net_exposure")),
        ("total P&L", ("pnl", "total_pnl")),
        ("number of lots", ("position_count", "total_positions")),
    ):
        parts = total(one.number(OVERVIEW, *path) for one in each)
        found.same(f"{name} of each and of all", parts, said.number("aggregate-overview", *path), few)
    _shares(said, found, few)
    # A book without positive equity is told no impacts of its own, but has its part in those of all.
    solvent = all(
        (one.number(OVERVIEW, "net_asset_value") or 0) > 0 or not one.number(OVERVIEW, "exposures", "gross_exposure")
        for one in each
    )
    for scenario in (said.get("aggregate-stress-test", "data", "scenarios") or []) if solvent else ():
        impacts = total(_impact(answers, scenario["id"]) for answers in each)
        found.same(f"{scenario['name']}: impact of each and of all", impacts, scenario["impact"]["dollar_impact"], few)
    for kind in BOTH_SPELLINGS:
        same = said.of[f"all-{kind}"].body == said.of[f"aggregate-{kind}"].body
        found.holds(f"both spellings of the path to the {kind} of all answer the same", same)
    seen = {"portfolios": len(books), "endpoints": len(said.of), "comparisons": found.count}
    findings = [*unanswered(email, said), *found.findings]
    return check(f"All portfolios of {email}", seen, findings, nothing=NO_ANSWERS)


def _shares(said: Answers, found: Comparisons, few: float) -> None:
    """Weights, contributions and sectors make the whole."""
    value = said.number("aggregate-overview", "net_asset_value")
    parts = said.get("aggregate-breakdown", "portfolios") or []
    if parts and value:
        found.same("weights of the portfolios and one", total(one["weight"] for one in parts), 1.0, MILLIONTH)
    for kind, whole, within in (("beta", "aggregate_beta", FOUR), ("volatility", "aggregate_volatility", 1e-4)):
        parts = said.get(f"aggregate-{kind}", "portfolios") or []
        contributions, few_parts = total(one["contribution"] for one in parts), within * max(len(parts), 1)
        found.same(
            f"contributions to {kind} and the whole",
            contributions,
            said.number(f"aggregate-{kind}", whole),
            few_parts,
        )
    weights = said.get("aggregate-sector-exposure", "data", "portfolio_weights") or {}
    if weights and value:
        gross = said.number("aggregate-overview", "exposures", "gross_exposure")
        found.same(
            "sector weights of all and gross exposure",
            times(total(weights.values()), value),
            gross,
            few + abs(value) * 1e-5,
        )


def _impact(answers: Answers, scenario_id: str) -> float | None:
    scenarios = answers.get(STRESS, "data", "scenarios") or []
    return next((one["impact"]["dollar_impact"] for one in scenarios if one["id"] == scenario_id), None)
