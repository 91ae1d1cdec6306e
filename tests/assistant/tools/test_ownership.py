"""Nobody reaches what is somebody else's: every id in every argument of every tool, and those of the conversation."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from assistant.models import Insight
from assistant.tools.arguments import Argument, Identity, Many, PortfolioId, PositionId, Record
from assistant.tools.registry import Tool, ToolContext, call_tool, tools
from portfolios.models import Portfolio, Position
from sigmasight.core import clock
from tests.assistant.tools.asking import books_of, fitting, person, value_for
from tests.demo_fixtures import DemoResults

pytestmark = pytest.mark.django_db

TOOLS = list(tools().values())
STRANGER = "demo_hnw"


def ids_in(declared: Argument) -> Iterator[type[Identity]]:
    if isinstance(declared, Identity):
        yield type(declared)
    for inner in (
        [declared.one] if isinstance(declared, Many) else declared.parts if isinstance(declared, Record) else ()
    ):
        yield from ids_in(inner)


PLACES = [
    pytest.param(one, argument, kind, id=f"{one.name}-{argument.name}-{kind.__name__}")
    for one in TOOLS
    for argument in one.arguments
    for kind in sorted(set(ids_in(argument)), key=lambda kind: kind.__name__)
]
OF_PORTFOLIOS = [pytest.param(one, id=one.name) for one in TOOLS if one.of_portfolio]


def foreign(kind: type[Identity]) -> dict[str, UUID]:
    """Somebody else's, an unknown and a deleted one of the caller's."""
    mine, other = person(), person(STRANGER)
    if kind is PortfolioId:
        gone = Portfolio.objects.create(
            user=mine, name="Gone", account_name="Gone", equity_as_of=clock.market_today(), is_active=False,
            deleted_at=clock.now(),
        )  # fmt: skip
        return {"foreign": books_of(other)[0].pk, "unknown": uuid4(), "deleted": gone.pk}
    assert kind is PositionId, f"Say here what a foreign {kind.__name__} is."
    gone_lot = Position.objects.filter(portfolio__user=mine).order_by("pk")[0]
    Position.objects.filter(pk=gone_lot.pk).update(deleted_at=clock.now())
    lot = Position.objects.filter(portfolio__user=other).order_by("pk")[0]
    return {"foreign": lot.pk, "unknown": uuid4(), "deleted": gone_lot.pk}


@pytest.mark.parametrize(("one", "argument", "kind"), PLACES)
def test_ids_of_others_are_refused_in_every_argument(
    demo_results: DemoResults, one: Tool, argument: Argument, kind: type[Identity]
) -> None:
    user = person()
    context = ToolContext(user, books_of(user)[0].pk)
    for what, identity in foreign(kind).items():
        arguments = fitting(one) | {argument.name: value_for(argument, identity)}
        result = call_tool(context, one.name, json.dumps(arguments))
        noun = "Portfolio" if kind is PortfolioId else "Position"
        assert result.envelope["error"] == {
            "type": "validation_error", "message": f"{noun} not found", "details": {}, "retryable": False,
        }, what  # fmt: skip
        assert result.envelope["data"] is None
        assert books_of(person(STRANGER))[0].name not in result.text


@pytest.mark.parametrize("one", OF_PORTFOLIOS)
@pytest.mark.parametrize("where", ["portfolio_id", "portfolio_ids"])
def test_ids_of_others_are_refused_in_the_conversation(demo_results: DemoResults, one: Tool, where: str) -> None:
    user, other = person(), books_of(person(STRANGER))[0].pk
    own = books_of(user)[0].pk
    context = ToolContext(user, other) if where == "portfolio_id" else ToolContext(user, None, (own, other))
    arguments = {name: value for name, value in fitting(one).items() if name != "symbols"}
    result = call_tool(context, one.name, json.dumps(arguments))
    assert result.envelope["error"]["message"] == "Portfolio not found"


@pytest.mark.parametrize("one", OF_PORTFOLIOS)
def test_the_own_portfolio_is_served_where_the_conversation_names_none(demo_results: DemoResults, one: Tool) -> None:
    user = person()
    result = call_tool(ToolContext(user), one.name, json.dumps(fitting(one)))
    assert not result.failed, result.envelope["error"]
    assert result.envelope["meta"]["applied"]["portfolio_id"] == str(books_of(user)[0].pk)


def test_lots_of_an_own_portfolio_that_is_not_in_view_are_not_mixed_in(demo_results: DemoResults) -> None:
    user = person("demo_familyoffice")
    first, second = books_of(user)
    lot = Position.objects.filter(portfolio=second)[0]
    context = ToolContext(user, first.pk)
    result = call_tool(context, "get_positions_details", json.dumps({"position_ids": [str(lot.pk)]}))
    assert result.envelope["data"]["positions"] == []
    assert result.envelope["meta"]["notes"][-1] == (
        "1 of the lots named are in another portfolio of this person: name that one."
    )


def test_briefings_are_those_of_the_portfolio(demo_results: DemoResults) -> None:
    for account in ("demo_hedgefundstyle", STRANGER):
        book = books_of(person(account))[0]
        common: dict[str, Any] = {"summary": f"of {account}", "model_used": "rules", "provider": "rules"}
        Insight.objects.create(
            portfolio=book, insight_type="morning_briefing", title=f"Briefing of {account}", **common
        )
    user = person()
    context = ToolContext(user, books_of(user)[0].pk)
    for name in ("get_morning_briefing", "get_briefing_history"):
        text = call_tool(context, name, "{}").text
        assert "Briefing of demo_hedgefundstyle" in text
        assert STRANGER not in text


def test_a_company_is_told_with_own_holdings_only(demo_results: DemoResults) -> None:
    user = person()
    found = call_tool(ToolContext(user), "get_company_profile", '{"symbol": "NVDA"}').envelope["data"]
    assert {row["portfolio"] for row in found["held"]} == {books_of(user)[0].name}
    assert Position.objects.filter(symbol="NVDA").exclude(portfolio__user=user).exists()
