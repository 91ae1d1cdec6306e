"""The practice model that a newcomer without a key talks to: real tools, read out as sentences, and labelled."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from assistant.tools.registry import tools
from tests.assistant.chat.reading import Person
from tests.assistant.tools.asking import ask, fitting
from tests.fake_ai import practice
from tests.fake_ai.practice import LABEL
from tests.fake_ai.reading import READERS, read_out

pytestmark = pytest.mark.django_db(databases=["default", "ai"])


@pytest.mark.parametrize(
    ("question", "tool", "says"),
    [
        ("How am I doing today?", "get_daily_movers", "as of 20 November 2025, simulated prices"),
        ("What do I hold?", "get_portfolio_complete", "- META: $620,826 (19.3 %), P&L since entry +$42,164"),
        ("What if I sold 100 shares of META?", "run_what_if", "Selling 100 META at "),
        ("Explain my value at risk", "explain_number", "From 252 sessions since 19 November 2024"),
        ("Tell me about NVDA", "get_company_profile", "Held: NVDA Dec 2027 200 call"),
    ],
)
def test_a_question_is_answered_from_a_tool_that_fits(
    person: Callable[..., Person], monkeypatch: pytest.MonkeyPatch, question: str, tool: str, says: str
) -> None:
    monkeypatch.setattr(practice, "PAUSE", 0)
    stream = person().ask(question)
    assert [data["tool_name"] for data in stream.of("tool_call")] == [tool]
    assert stream.text().startswith(LABEL)
    assert "simulated prices" in stream.text()
    assert says in stream.text()


@pytest.mark.usefixtures("demo_results")
def test_every_tool_it_may_call_is_read_out_in_sentences() -> None:
    given = {"get_company_profile": {"symbol": "XOM"}, "explain_number": {"metric": "var_95_1d"},
             "run_what_if": {"trades": [{"symbol": "META", "quantity": 5}]}}  # fmt: skip
    for name, reader in READERS.items():
        arguments = given.get(name) or fitting(tools()[name])
        data = json.loads(ask(name, **arguments).text)["data"]
        assert read_out(name, data) == [f"- {line}" for line in reader(data)], name


def test_what_is_not_known_is_read_out_plainly() -> None:
    assert read_out("get_volatility_analysis", {"realized_21d_pct": None, "observations": 5}) == ["- observations: 5"]
    assert read_out("get_stress_test_results", {"available": False, "reason": "No night."}) == ["- No night."]
