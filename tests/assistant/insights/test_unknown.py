"""What rules write where a figure is not known: never a zero."""

from __future__ import annotations

import copy
import dataclasses
from typing import Any

import pytest

from assistant.models import InsightType
from assistant.services.insight_drafts import DETAILED, Assignment, Briefing, Draft
from assistant.services.insight_evidence import Evidence, gather
from assistant.services.insight_rules import write
from portfolios.models import Portfolio, PortfolioSnapshot

pytestmark = [pytest.mark.django_db(databases=["default", "ai"]), pytest.mark.usefixtures("demo_results")]


def text_of(draft: Draft) -> str:
    told = [draft.title, draft.summary, *draft.key_findings, *draft.recommendations, draft.full_analysis]
    return "\n".join([*told, draft.data_limitations])


def without(evidence: Evidence, section: str, *path: str | int) -> Evidence:
    """The evidence with one figure unknown."""
    data: Any = copy.deepcopy(dict(evidence.data))
    place = data[section]
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = None
    return dataclasses.replace(evidence, data=data)


def test_an_unknown_drawdown_is_no_peak(evidence: Evidence) -> None:
    told = text_of(write(without(evidence, "overview", "drawdown_from_peak_pct"), Assignment("stress_test_review")))
    assert "stands at its peak" not in told
    assert (
        "How far the book stands below its peak is not known: the last night stored no drawdown; the deepest fall"
        in told
    )


def test_a_leaning_of_unknown_dollars_makes_not_zero(evidence: Evidence) -> None:
    rows = evidence.section("factors")["styles_beside_the_market"]
    slot = next(number for number, row in enumerate(rows) if row["name"] == "Growth")
    draft = write(
        without(evidence, "factors", "styles_beside_the_market", slot, "usd_per_1pct"), Assignment("factor_exposure")
    )
    assert "$0" not in text_of(draft)
    assert "when growth stocks beat value stocks by 1 % is not known" in text_of(draft)


def test_a_leaning_of_unknown_beta_is_left_out_of_the_title(evidence: Evidence) -> None:
    rows = evidence.section("factors")["styles_beside_the_market"]
    slot = max(range(len(rows)), key=lambda number: abs(rows[number]["usd_per_1pct"]))
    missing = without(evidence, "factors", "styles_beside_the_market", slot, "beta")
    assert rows[slot]["name"].lower() not in write(missing, Assignment("factor_exposure")).title


def test_a_position_of_unknown_value_shows_a_dash(evidence: Evidence) -> None:
    missing = without(evidence, "risk", "contributions", 0, "market_value_usd")
    told = text_of(write(missing, Assignment("volatility_analysis")))
    assert "$0" not in told
    assert "of the volatility with a value that is not known, then" in told
    name = missing.section("risk")["contributions"][0]["symbol"]
    assert f"| {name} | – |" in told


def test_an_unknown_net_asset_value_is_said_to_be(evidence: Evidence) -> None:
    told = text_of(write(without(evidence, "overview", "net_asset_value_usd"), Assignment("daily_summary")))
    assert "net asset value (NAV) is unknown" in told
    assert "$0" not in told


@pytest.mark.parametrize("value", [-250_000, 0])
def test_a_book_under_water_is_critical_and_nothing_is_a_share_of_it(hedge_fund: Portfolio, value: int) -> None:
    PortfolioSnapshot.objects.filter(portfolio=hedge_fund).update(net_asset_value=value)
    found = gather(hedge_fund.user, hedge_fund)
    assert found.section("overview")["leverage_gross_over_nav"] is None
    for kind in InsightType.values:
        told = text_of(write(found, Assignment(kind, question="Am I hedged?", briefing=Briefing(verbosity=DETAILED))))
        assert "(0.0 % of NAV)" not in told, kind
        assert "needs holdings with a market price" not in told, kind
    draft = write(found, Assignment("daily_summary"))
    assert draft.severity == "critical"
    assert "nothing of the book would be left if it were sold" in text_of(draft)
