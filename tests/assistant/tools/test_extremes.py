"""Reverse stress, replays and the spread of risk: the numbers of the endpoints, and what is not known with its reason."""

from __future__ import annotations

import pytest

from analytics.services.reverse_stress import reverse_stress
from assistant.tools.registry import ToolContext, call_tool
from tests.assistant.tools.asking import ACCOUNTS, ask, books_of, data_of, person
from tests.assistant.tools.test_exposures import close, served
from tests.demo_fixtures import DemoResults
from tests.factories import PortfolioFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("account", ACCOUNTS)
def test_reverse_stress_is_the_endpoints(demo_results: DemoResults, account: str) -> None:
    there = served(demo_results, account, "reverse-stress")["data"]
    found = data_of(ask("get_extreme_scenarios", account))["reverse_stress"]
    assert len(found["moves"]) == len(there["reaches"]) == 6
    for row, wanted in zip(found["moves"], there["reaches"], strict=True):
        move = wanted["market_move"]
        assert (row["direction"], row["loss_usd"]) == (wanted["direction"], close(wanted["loss"]))
        assert row["market_move_pct"] == close(None if move is None else 100 * move, per=0.006)
        assert ("reason" in row) is (move is None)
    assert any(row["market_move_pct"] is not None for row in found["moves"])


def test_the_loss_that_is_asked_for_is_reversed(demo_results: DemoResults) -> None:
    user = person()
    wanted = {one.direction: one for one in reverse_stress(user, books_of(user)[0].pk, (0.1,))[1].reaches}
    moves = data_of(ask("get_extreme_scenarios", loss_pct=10))["reverse_stress"]["moves"]
    assert [row["loss_pct_of_nav"] for row in moves] == [10, 10]
    fall = wanted["fall"].market_move
    assert fall is not None
    assert moves[0]["market_move_pct"] == close(100 * fall, per=0.006)


def test_replays_are_the_endpoints_worst_first(demo_results: DemoResults) -> None:
    there = served(demo_results, "demo_hedgefundstyle", "replays")["data"]["replays"]
    found = data_of(ask("get_extreme_scenarios"))
    known = {one["name"]: one for one in there if one["pnl"] is not None}
    assert {row["episode"] for row in found["replays"]} == set(known)
    for row in found["replays"]:
        assert row["pnl_usd"] == close(known[row["episode"]]["pnl"])
        assert row["from_close_of"] == known[row["episode"]]["first"]
    dollars = [row["pnl_usd"] for row in found["replays"]]
    assert dollars == sorted(dollars)
    assert len(found["not_replayed"]) == len(there) - len(known) > 0
    assert {row["reason"] for row in found["not_replayed"]} == {"prices of that time are not stored"}


@pytest.mark.parametrize("account", ACCOUNTS)
def test_the_spread_of_risk_is_the_endpoints(demo_results: DemoResults, account: str) -> None:
    there = served(demo_results, account, "diversification")["data"]
    found = data_of(ask("get_risk_spread", account))
    assert found["effective_bets"] == close(there["spread"]["effective_bets"], per=0.006)
    assert found["diversification_ratio"] == close(there["spread"]["diversification_ratio"], per=0.006)
    assert found["largest_bets_pct"][0] == close(100 * there["spread"]["bets"][0], per=0.006)
    assert len(found["clusters"]) == len(there["clusters"])


def test_a_book_of_private_holdings_moves_by_what_stands_for_them_and_has_no_spread(demo_results: DemoResults) -> None:
    private = books_of(person("demo_familyoffice"))[1]
    found = data_of(ask("get_extreme_scenarios", "demo_familyoffice", portfolio_id=private.pk))
    assert 50 < found["reverse_stress"]["coverage_pct"] < 60
    assert all(row["private_part_usd"] == row["pnl_usd"] < 0 for row in found["replays"])
    spread = data_of(ask("get_risk_spread", "demo_familyoffice", portfolio_id=private.pk))
    assert spread == {
        "available": False,
        "reason": "No spread of risk: the book holds nothing with a market price.",
    }


@pytest.mark.parametrize("name", ["get_extreme_scenarios", "get_risk_spread"])
def test_before_the_first_night_nothing_is_told_but_why(name: str) -> None:
    found = data_of(call_tool(ToolContext(PortfolioFactory().user), name, "{}"))
    assert found["available"] is False
    assert found["reason"].endswith(": it has not been calculated.")
