"""Every tool answers for every book of the demo, dated, with its source, in bounded text; what goes wrong is an error, not an exception."""

from __future__ import annotations

import json
import math
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.models import Insight
from assistant.prompts.fence import encode
from assistant.tools import registry
from assistant.tools.registry import Call, Tool, ToolContext, call_tool, tools
from assistant.tools.results import LONG, SHORT, Finding
from portfolios.models import Portfolio, User
from tests.assistant.tools.asking import ACCOUNTS, ask, books_of, data_of, fitting, person
from tests.demo_fixtures import DemoResults
from tests.factories import PortfolioFactory, UserFactory

pytestmark = pytest.mark.django_db

TOOLS = list(tools().values())
SPECIFIED = {
    "list_user_portfolios", "get_portfolio_complete", "get_positions_details", "get_portfolio_data_quality",
    "get_prices_historical", "get_current_quotes", "get_factor_etf_prices", "get_analytics_overview", "get_factor_exposures",
    "get_sector_exposure", "get_correlation_matrix", "get_stress_test_results", "get_concentration_metrics",
    "get_volatility_analysis", "get_company_profile", "get_target_prices", "get_position_tags", "get_daily_movers",
    "get_market_news", "get_morning_briefing", "get_market_overview", "get_briefing_history",
}  # fmt: skip
LONGER = {"get_portfolio_complete", "get_positions_details", "get_portfolio_data_quality"}
# News there are none of, briefings neither; profiles are of the day they were fetched.
UNDATED = {"get_market_news", "get_morning_briefing", "get_company_profile"}


def test_the_tools_are_those_of_the_specification_and_the_new_ones() -> None:
    assert len(SPECIFIED) == 22
    assert set(tools()) > SPECIFIED
    assert {one.name for one in TOOLS if one.most == LONG} >= LONGER
    assert {one.most for one in TOOLS if one.name not in LONGER} <= {SHORT, LONG}


@pytest.mark.parametrize("account", ACCOUNTS)
@pytest.mark.parametrize("one", TOOLS, ids=lambda one: one.name)
def test_every_tool_answers_for_every_book(demo_results: DemoResults, one: Tool, account: str) -> None:
    user = person(account)
    for book in books_of(user):
        result = call_tool(ToolContext(user, book.pk), one.name, json.dumps(fitting(one)))
        assert result.envelope["error"] is None
        read = json.loads(result.text)
        assert len(result.text) <= one.most
        assert "<" not in result.text
        meta = result.envelope["meta"]
        assert meta["simulated"] is read["meta"]["simulated"] is True
        assert meta["price_source"] == read["meta"]["price_source"] == "simulated"
        if one.name not in UNDATED:
            assert meta["data_as_of"] == read["meta"]["data_as_of"] == demo_results.session.isoformat()
        assert not nonsense(result.envelope["data"])
        assert encode(result.summary)


def nonsense(value: Any) -> bool:
    """Numbers that are none, or longer than anybody reads."""
    if isinstance(value, dict):
        return any(nonsense(one) for one in value.values())
    if isinstance(value, list):
        return any(nonsense(one) for one in value)
    if isinstance(value, float):
        return not math.isfinite(value) or len(repr(value)) > 14
    return False


def test_several_portfolios_are_told_one_by_one_and_as_one(demo_results: DemoResults) -> None:
    user = person("demo_familyoffice")
    books = books_of(user)
    result = call_tool(ToolContext(user, None, tuple(book.pk for book in books)), "get_analytics_overview", "{}")
    data = data_of(result)
    assert data["multi_portfolio"] is True
    assert [row["portfolio_id"] for row in data["portfolios"]] == [str(book.pk) for book in books]
    total = sum(row["net_asset_value_usd"] for row in data["portfolios"])
    assert data["together"]["net_asset_value_usd"] == pytest.approx(total, abs=2)
    assert result.envelope["meta"]["applied"]["portfolio_id"] == [str(book.pk) for book in books]


def test_the_one_in_view_goes_before_the_several(demo_results: DemoResults) -> None:
    user = person("demo_familyoffice")
    first, second = (book.pk for book in books_of(user))
    result = call_tool(
        ToolContext(user, second, (first, second)), "get_concentration_metrics", '{"portfolio_id": "default"}'
    )
    assert result.envelope["meta"]["applied"]["portfolio_id"] == str(second)


def test_five_portfolios_at_most_and_it_is_said() -> None:
    user = UserFactory()
    for _ in range(7):
        PortfolioFactory(user=user)
    ids = tuple(Portfolio.objects.filter(user=user).values_list("pk", flat=True))
    for context in (ToolContext(user), ToolContext(user, None, ids)):
        result = call_tool(context, "get_positions_details", "{}")
        assert len(data_of(result)["portfolios"]) == 5
        assert "The first 5 of 7 portfolios are shown" in result.envelope["meta"]["notes"][0]


@pytest.mark.parametrize("one", [one for one in TOOLS if one.of_portfolio], ids=lambda one: one.name)
def test_before_the_first_night_there_are_explanations_not_numbers(one: Tool) -> None:
    user = PortfolioFactory().user
    result = call_tool(ToolContext(user), one.name, json.dumps(fitting(one)))
    assert result.envelope["error"] is None
    assert not nonsense(result.envelope["data"])


def test_a_person_without_portfolios_is_told_so() -> None:
    result = call_tool(ToolContext(UserFactory()), "get_analytics_overview", "{}")
    assert result.envelope["error"]["message"] == "This person has no portfolio yet."
    assert data_of(call_tool(ToolContext(UserFactory()), "list_user_portfolios", "{}"))["portfolios"] == []


@pytest.mark.parametrize(
    ("name", "arguments", "told"),
    [
        ("drop_tables", "{}", "There is no tool 'drop_tables'."),
        ("get_current_quotes", "{}", "symbols is missing"),
        ("get_current_quotes", '{"symbols": ["A B"]}', "symbol must be a symbol such as AAPL"),
        ("get_current_quotes", '{"symbols": ', "not valid JSON"),
        ("get_sector_exposure", '{"portfolio_id": "no id"}', "portfolio_id must be a UUID"),
        ("get_sector_exposure", '{"user_id": "x"}', "Unknown argument user_id. Known: portfolio_id."),
    ],
)
def test_bad_calls_are_refused_in_words(name: str, arguments: str, told: str) -> None:
    result = call_tool(ToolContext(UserFactory()), name, arguments)
    error = result.envelope["error"]
    assert told in error["message"]
    assert (error["type"], error["retryable"]) == ("validation_error", False)
    assert result.envelope["meta"]["applied"] == {}


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A tool that does as the test says."""

    def install(handler: Any) -> None:
        added = Tool("broken", "", "", "", (), handler)
        monkeypatch.setattr(registry, "tools", lambda: {"broken": added})

    return install


def test_what_breaks_inside_is_not_shown(broken: Any, caplog: pytest.LogCaptureFixture) -> None:
    def handler(call: Call) -> Finding:
        raise ValueError("secret of the inside")

    broken(handler)
    result = call_tool(ToolContext(UserFactory()), "broken", "{}")
    assert result.envelope["error"]["type"] == "execution_error"
    assert result.envelope["error"]["retryable"] is False
    assert "secret" not in json.dumps(result.envelope)
    assert "secret of the inside" in caplog.text


def test_a_database_that_fails_is_worth_another_try(broken: Any) -> None:
    def handler(call: Call) -> Finding:
        raise DatabaseError("connection to 10.0.0.1 lost")

    broken(handler)
    result = call_tool(ToolContext(UserFactory()), "broken", "{}")
    assert result.envelope["error"]["retryable"] is True
    assert "10.0.0.1" not in json.dumps(result.envelope)


def test_no_tool_can_write(broken: Any) -> None:
    def handler(call: Call) -> Finding:
        call.user.full_name = "Somebody else"
        call.user.save()
        return Finding({})

    broken(handler)
    user = UserFactory(full_name="Ada")
    assert call_tool(ToolContext(user), "broken", "{}").failed
    assert User.objects.get(pk=user.pk).full_name == "Ada"
    with connection.cursor() as cursor:
        cursor.execute("SHOW transaction_read_only")
        assert cursor.fetchone() == ("off",)


def test_the_connection_can_write_again_after_a_tool() -> None:
    book = PortfolioFactory()
    assert not call_tool(ToolContext(book.user), "list_user_portfolios", "{}").failed
    User.objects.filter(pk=book.user_id).update(full_name="Written")
    assert User.objects.get(pk=book.user_id).full_name == "Written"


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["default", "SPY,QQQ", "NVDA"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize("one", TOOLS, ids=lambda one: one.name)
def test_whatever_a_model_writes_there_is_an_answer(one: Tool) -> None:
    user = UserFactory()
    names = [argument.name for argument in one.arguments] or ["none"]

    @settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow], deadline=None)
    @given(st.dictionaries(st.sampled_from(names) | st.text(max_size=8), VALUES, max_size=4) | VALUES)
    def asked(arguments: Any) -> None:
        result = call_tool(ToolContext(user), one.name, json.dumps(arguments))
        assert set(json.loads(result.text)) in ({"meta", "data"}, {"data", "error"})
        assert set(result.envelope) == {"meta", "data", "error"}
        assert result.envelope["error"] is None or result.envelope["error"]["type"] == "validation_error"

    asked()


@pytest.mark.parametrize(
    "text", ['{"portfolio_id": 1e400}', '{"portfolio_id": "\\ud800"}', '{"portfolio_id": "\\u0000"}', "\x00", None, 7]
)
def test_what_is_hardly_json_is_refused(text: Any) -> None:
    result = call_tool(ToolContext(UserFactory()), "get_sector_exposure", text)
    assert result.envelope["error"]["type"] == "validation_error"


def test_briefings_are_told_newest_first_and_at_most_as_many_as_asked(demo_results: DemoResults) -> None:
    book = books_of(person())[0]
    for n in range(12):
        Insight.objects.create(
            portfolio=book, insight_type="morning_briefing", title=f"Briefing {n} on NVDA", summary="s", severity="warning",
            full_analysis="One.\n\nTwo.", key_findings=["META leads."], model_used="rules", provider="rules",
        )  # fmt: skip
    Insight.objects.create(
        portfolio=book, insight_type="daily_summary", title="No briefing", summary="s", model_used="r", provider="r"
    )
    latest = data_of(ask("get_morning_briefing"))
    assert latest["available"] is True
    assert latest["title"].startswith("Briefing")
    found = data_of(ask("get_briefing_history", limit=99, include_full_analysis=True))
    assert len(found["briefings"]) == 10
    assert found["severities"] == {"warning": 10}
    assert {row["symbol"]: row["briefings"] for row in found["named_most_often"]} == {"NVDA": 10, "META": 10}
    assert found["briefings"][0]["full_analysis"] == ["One.", "Two."]
    assert ask("get_briefing_history", limit=99).envelope["meta"]["notes"] == [
        "limit: 10 was used, the bounds are 1 to 10."
    ]


def test_ids_of_a_call_are_ids(demo_results: DemoResults) -> None:
    result = ask("get_sector_exposure")
    assert UUID(result.envelope["meta"]["applied"]["portfolio_id"])
