"""What scenarios would do to a portfolio."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from analytics.services.missing import Missing
from analytics.services.published import published_book
from analytics.services.reasons import in_words
from analytics.services.selection import select_portfolios
from analytics.services.stress import ScenarioEffect, aggregate_stress_test, stress_test_of
from assistant.tools.exposures import unavailable
from assistant.tools.figures import known, percent, percent_of, rounded, usd
from assistant.tools.registry import PORTFOLIO, Call, tool
from assistant.tools.results import Finding

DRAWN_BACK = "plausibility_scale below 1: the shock was drawn back to what the factors' history allows; unbounded_usd is without that."


def _together(call: Call, ids: Sequence[UUID]) -> Finding:
    found = aggregate_stress_test(select_portfolios(call.user, ids))
    if found is None:
        return Finding({"available": False, "reason": "No stress test has been calculated."})
    return Finding({"scenarios": _rows(found.scenarios)}, found.session)


@tool(
    purpose="What each stress scenario (market, rates, styles, volatility, history) would do to a portfolio, worst first.",
    returns="scenarios (name, category, severity, impact_usd, impact_pct of net asset value, direct_usd by the shocked factors alone, "
    "plausibility_scale, unbounded_usd), coverage, what no scenario reaches, what could not be formed",
    source="GET /analytics/portfolio/{id}/stress-test: stress_test_of",
    arguments=(PORTFOLIO,),
    together=_together,
)
def get_stress_test_results(call: Call) -> Finding:
    book = published_book(call.user, call.book.pk)
    found = stress_test_of(book.portfolio_id, book.as_of)
    if isinstance(found, Missing):
        return Finding(unavailable(found), book.as_of)
    return Finding(
        {
            "net_asset_value_usd": usd(found.value),
            "scenarios": _rows(found.scenarios),
            "coverage_pct": percent_of(found.coverage),
            "scenarios_not_formed": list(found.skipped),
            "not_reached": [{"symbol": symbol, "reason": in_words(reason)} for symbol, reason in found.uncovered],
        },
        found.session,
        (DRAWN_BACK,) if any((one.plausibility_scale or 1) < 1 for one in found.scenarios) else (),
    )


def _rows(effects: Sequence[ScenarioEffect]) -> list[dict[str, Any]]:
    return [_row(one) for one in sorted(effects, key=lambda one: one.dollars)]


def _row(one: ScenarioEffect) -> dict[str, Any]:
    drawn_back = one.plausibility_scale is not None and one.plausibility_scale < 1
    return known(
        {
            "id": one.scenario_id,
            "name": one.name,
            "category": one.category,
            "severity": one.severity,
            "impact_usd": usd(one.dollars),
            "impact_pct": percent(one.percent),
            "direct_usd": usd(one.direct),
            "plausibility_scale": rounded(one.plausibility_scale, 2) if drawn_back else None,
            "unbounded_usd": usd(one.unbounded) if drawn_back else None,
            "private_part_usd": usd(one.private) or None,
            "exceeds_net_asset_value": True if one.exceeds_value else None,
        }
    )
