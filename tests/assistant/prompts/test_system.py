"""The instructions: the same rules for everybody, a style, the moment, and the data in its order, read in few statements."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from assistant.models import Insight, Memory, Mode
from assistant.prompts.modes import BLOCKS
from assistant.prompts.system import RULES, PromptContext, instructions
from assistant.tools.registry import tools
from portfolios.models import PortfolioSnapshot, User
from tests.assistant.tools.asking import ask, books_of, data_of, person
from tests.demo_fixtures import DemoResults
from tests.factories import PortfolioFactory, UserFactory

pytestmark = pytest.mark.django_db(databases=["default", "ai"])


def blocks(text: str) -> list[tuple[str, list[dict[str, Any]]]]:
    """Kind and lines of every data block, in order; the rules in front of them have none."""
    found = []
    for part in text.removeprefix(RULES).split('<data kind="')[1:]:
        kind, _, rest = part.partition('">\n')
        inside, mark, _ = rest.partition("\n</data>")
        assert mark
        found.append((kind, [json.loads(line) for line in inside.split("\n")]))
    return found


def fields(lines: list[dict[str, Any]]) -> dict[str, Any]:
    return {key: value for line in lines for key, value in line.items()}


def written(user: User, **changed: Any) -> str:
    values: dict[str, Any] = {"mode": "green", "model": "gpt-5-mini", "query": "How am I doing?"}
    return instructions(PromptContext(user, **(values | changed)))


def test_rules_come_first_and_are_the_same_for_everybody(demo_results: DemoResults) -> None:
    texts = [written(person(), mode="blue"), written(person("demo_hnw"), mode="violet"), written(UserFactory())]
    assert all(text.startswith(f"{RULES}\n\nStyle: ") for text in texts)


def test_the_rules_name_only_tools_that_exist() -> None:
    named = {word.strip(".,:;()") for word in RULES.split() if word.startswith(("get_", "run_", "list_", "explain_"))}
    assert named
    assert named <= set(tools())


@pytest.mark.parametrize("mode", Mode.values)
def test_each_mode_has_its_own_short_style(demo_results: DemoResults, mode: str) -> None:
    text = written(person(), mode=mode)
    styles = [block for block in BLOCKS.values() if block in text]
    assert styles == [BLOCKS[Mode(mode)]]
    assert len(styles[0]) < 500
    assert len(set(BLOCKS.values())) == 4


def test_an_unknown_mode_writes_in_the_first_style() -> None:
    assert BLOCKS[Mode.GREEN] in written(UserFactory(), mode="crimson")


def test_blocks_stand_in_their_order(demo_results: DemoResults) -> None:
    user = person()
    book = books_of(user)[0]
    Memory.objects.create(user_id=user.pk, scope="user", content="Prefers tables.")
    text = written(
        user, portfolio_id=book.pk, ui_context={"page_hint": "risk-metrics", "route": "/risk", "selection": "NVDA"}
    )
    kinds = [kind for kind, _ in blocks(text)]
    assert [kind for kind in kinds if kind in ("portfolio", "memories", "screen")] == [
        "portfolio",
        "memories",
        "screen",
    ]
    assert "It is Thursday, 20 November 2025, 21:30 in New York. You run as gpt-5-mini." in text
    assert dict(blocks(text))["memories"] == ["Prefers tables."]
    assert dict(blocks(text))["screen"] == [
        {"page_hint": "risk-metrics", "route": "/risk", "selection": "NVDA", "portfolio_ids_in_view": [str(book.pk)]}
    ]


def test_the_book_is_told_as_the_tools_tell_it(demo_results: DemoResults) -> None:
    user = person()
    book = books_of(user)[0]
    night = PortfolioSnapshot.objects.get(portfolio=book, snapshot_date=demo_results.session)
    told = fields(dict(blocks(written(user, portfolio_id=book.pk)))["portfolio"])
    overview, whole = data_of(ask("get_analytics_overview")), data_of(ask("get_portfolio_complete"))
    assert (told["as_of"], told["simulated"], told["price_source"]) == ("2025-11-20", True, "simulated")
    assert told["net_asset_value_usd"] == overview["net_asset_value_usd"]
    assert told["cash_usd"] == overview["cash_usd"]
    assert told["day_pnl_usd"] == overview["day"]["pnl_usd"]
    assert told["beta_to_market_90d"] == overview["beta_to_market"]["calculated_90d"]
    assert told["volatility_21d_pct"] == overview["volatility_pct_a_year"]["realized_21d"]
    assert told["sharpe_ratio"] == pytest.approx(overview["last_year"]["sharpe_ratio"], abs=0.02)
    assert told["drawdown_from_peak_pct"] == pytest.approx(100 * night.drawdown, abs=0.006)
    assert len(told["top_holdings"]) == 10
    assert told["holdings_in_all"] == 30
    for mine, theirs in zip(told["top_holdings"], whole["holdings"], strict=False):
        assert (mine["symbol"], mine["value_usd"], mine["weight_pct"], mine["pnl_usd"]) == (
            theirs["symbol"], theirs["market_value_usd"], theirs["weight_pct"], theirs["pnl_usd"],
        )  # fmt: skip
    sectors = {row["sector"]: row for row in overview["sectors"]}
    assert len(told["top_sectors_pct_of_nav"]) == 5
    for name, weights in told["top_sectors_pct_of_nav"].items():
        assert weights == {"gross": sectors[name]["gross_pct"], "net": sectors[name]["net_pct"]}
    factors = {row["name"]: row["beta"] for row in data_of(ask("get_factor_exposures"))["factors"]}
    assert told["factor_betas"] == factors


def test_the_latest_briefing_is_told(demo_results: DemoResults) -> None:
    book = books_of(person())[0]
    for title in ("Old", "New"):
        Insight.objects.create(
            portfolio=book, insight_type="morning_briefing", title=title, summary="s " * 2_000, model_used="rules",
            provider="rules", key_findings=[f"finding {n}" for n in range(9)],
        )  # fmt: skip
    Insight.objects.filter(title="Old").update(created_at="2020-01-01T00:00:00Z")
    told = fields(dict(blocks(written(person(), portfolio_id=book.pk)))["portfolio"])["latest_morning_briefing"]
    assert told["title"] == "New"
    assert len(told["findings"]) == 5
    assert len(told["summary"]) <= 600


def test_everything_is_read_in_few_statements_and_little_time(demo_results: DemoResults) -> None:
    user = person("demo_familyoffice")
    ids = tuple(book.pk for book in books_of(user))
    written(user, portfolio_ids=ids)
    seconds = []
    for _ in range(5):
        with CaptureQueriesContext(connection) as core:
            begun = time.perf_counter()
            text = written(user, portfolio_ids=ids)
            seconds.append(time.perf_counter() - begun)
    assert [kind for kind, _ in blocks(text)].count("portfolio") == 2
    assert len(core) <= 4
    # Four milliseconds on an idle machine.
    assert min(seconds) < 0.05


def test_other_people_are_not_there_whatever_is_asked(demo_results: DemoResults) -> None:
    user, other = person(), person("demo_hnw")
    strange = books_of(other)[0]
    Memory.objects.create(user_id=other.pk, scope="user", content="Secret of somebody else")
    for changed in ({"portfolio_id": strange.pk}, {"portfolio_ids": (strange.pk, books_of(user)[0].pk)}):
        text = written(user, **changed)
        assert strange.name not in text
        assert "Secret of somebody else" not in text


def test_without_a_portfolio_in_view_all_are_told_five_at_most() -> None:
    user = UserFactory()
    assert fields(dict(blocks(written(user)))["portfolio"])["portfolios"] == 0
    for _ in range(7):
        PortfolioFactory(user=user)
    found = blocks(written(user))
    assert [kind for kind, _ in found].count("portfolio") == 5
    assert fields(dict(found)["portfolios"])["shown"] == 5
    first = fields(dict(found)["portfolio"])
    assert first["note"] == "No night has been computed for this portfolio yet."
    assert "beta_to_market_90d" not in first
