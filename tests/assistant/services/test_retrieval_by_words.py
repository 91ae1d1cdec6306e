"""What is found without any key: full text over the product's own texts, scopes, thresholds and the budget."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from assistant.services import ai_database
from assistant.services.knowledge import store_document
from assistant.services.retrieval import MOST_CHARACTERS, examples_for, retrieve
from assistant.services.seeding import seed_knowledge
from tests.factories import PortfolioFactory

pytestmark = pytest.mark.django_db(databases=["default", "ai"])


@pytest.fixture(autouse=True)
def _without_key(settings: Any) -> Iterator[None]:
    settings.OPENAI_API_KEY = settings.OPENAI_BASE_URL = ""
    ai_database.rest.end()
    yield
    ai_database.rest.end()


def found(question: str, user_id: UUID | None = None, **values: Any) -> list[str]:
    given: dict[str, Any] = {"portfolio_ids": [], "page_hint": None, "route": None} | values
    return [passage.slug for passage in retrieve(user_id or uuid4(), question, **given)]


# The first of the texts found, or one of the three for questions with several good answers.
FIRST = {
    "what does VaR mean": "measure-value-at-risk",
    "why is my beta above one": "measure-market-beta",
    "am I too concentrated?": "tool-concentration",
    "what happens if rates rise by 1%": "faq-interest-rates",
    "why did I lose money today": "faq-why-did-my-portfolio-lose",
    "what is theta": "engine-option-greeks",
    "how do I hedge my portfolio": "faq-reduce-risk-hedge",
    "am I overweight tech": "tool-sector-exposure",
    "what would hurt me most": "tool-stress-test-results",
    "explain the 2008 scenario": "engine-stress-scenarios-list",
    "why are some numbers missing": "faq-why-is-a-number-missing",
    "what does HHI mean": "measure-concentration",
    "how is sharpe ratio calculated": "measure-sharpe-sortino-drawdown",
    "when are numbers updated": "engine-nightly-batch",
    "tell me about NVDA": "tool-company-profile",
    "what do you remember about me": "faq-what-the-assistant-can-do",
    "what should I sell": "faq-sell-trim-what",
    "why do my returns differ from my broker": "faq-returns-differ-from-broker",
    "what is marginal VaR": "measure-var-contributions",
    "how are private investments treated in stress tests": "faq-private-investments",
}
AMONG_THREE = {
    "how is expected shortfall different from VaR": "measure-expected-shortfall",
    "how to close a position": "faq-add-edit-positions",
    "is my portfolio diversified": "tool-correlation-matrix",
    "what does plausibility scale mean": "engine-stress-testing",
    "does momentum matter for me": "measure-spread-factors",
}
UNRELATED = (
    "hello", "write me a poem about the sea", "who won the world cup", "what's the weather in Paris tomorrow",
    "please write a poem about a rainy day in Paris for my wife", "which is the best laptop to buy in 2026", "", "?!", "\0\ud800",
)  # fmt: skip


def test_real_questions_find_the_text_that_answers_them() -> None:
    seed_knowledge()
    firsts = {question: (found(question) or [""])[0] for question in FIRST}
    assert firsts == FIRST
    assert [question for question, slug in AMONG_THREE.items() if slug not in found(question)] == []
    assert [question for question in UNRELATED if found(question)] == []


def test_only_scopes_of_the_turn_are_looked_at() -> None:
    book, foreign = PortfolioFactory(), PortfolioFactory()
    scopes = ["global", "page:risk", "route:/risk", f"portfolio:{book.pk}", f"portfolio:{foreign.pk}", "page:home"]
    scopes += [f"user:{book.user.pk}", "feedback:positive_example"]
    for number, scope in enumerate(scopes):
        store_document(scope=scope, slug=f"n{number}", title=f"Title {number}", content=f"The covenant {number}.")
    shown = found(
        "covenant", book.user.pk, portfolio_ids=[book.pk, foreign.pk], page_hint="risk", route="/risk", limit=9
    )
    assert set(shown) == {"n0", "n1", "n2", "n3"}
    assert found("covenant", book.user.pk, limit=9) == ["n0"]
    assert set(found("covenant", foreign.user.pk, portfolio_ids=[book.pk, foreign.pk], limit=9)) == {"n0", "n4"}


def test_a_deleted_portfolios_texts_are_not_told() -> None:
    book = PortfolioFactory()
    store_document(scope=f"portfolio:{book.pk}", slug="x", title="Covenant", content="The covenant.")
    assert found("covenant", book.user.pk, portfolio_ids=[book.pk]) == ["x"]
    book.is_active = False
    book.save()
    assert found("covenant", book.user.pk, portfolio_ids=[book.pk]) == []


def test_the_budget_is_4000_characters_and_a_stump_is_not_told() -> None:
    for number, length in enumerate((2_000, 1_700, 1_000)):
        store_document(
            scope="global",
            slug=f"n{number}",
            title=f"Covenant {number}",
            content="covenant " * (3 - number) + "x" * length,
        )
    user_id = uuid4()
    told = retrieve(user_id, "covenant", portfolio_ids=[], page_hint=None, route=None)
    assert sum(len(one.title) + len(one.content) for one in told) <= MOST_CHARACTERS
    assert [one.slug for one in told] == ["n0", "n1", "n2"]
    assert told[-1].content.endswith("...")
    store_document(scope="global", slug="n1", title="Covenant 1", content="covenant covenant " + "x" * 1_850)
    assert found("covenant") == ["n0", "n1"]


def test_one_text_is_told_once() -> None:
    long = " ".join(f"The covenant of paragraph {number} holds." for number in range(300))
    store_document(scope="global", slug="long", title="Covenants", content=long)
    store_document(scope="page:risk", slug="twin", title="covenants", content="The covenant again.")
    store_document(scope="global", slug="other", title="Loans", content="A covenant of a loan.")
    assert sorted(found("covenant", page_hint="risk")) in (["long", "other"], ["other", "twin"])


def test_examples_are_the_persons_own_and_like_the_question() -> None:
    user_id, other = uuid4(), uuid4()
    for owner in (user_id, other):
        for number, title in enumerate(
            ("Why is my beta above one?", "Which stocks pay dividends?", "How large is my beta?")
        ):
            store_document(scope=f"user:{owner}", slug=f"e{number}", title=title, content=f"Answer {number}")
    told = examples_for(user_id, "why is the beta of my book above one")
    assert [one.slug for one in told] == ["e0"]
    assert {one.scope for one in told} == {f"user:{user_id}"}
    assert examples_for(user_id, "Sharpe ratio since January") == []
    assert examples_for(uuid4(), "why is my beta above one") == []


@pytest.mark.parametrize(
    "question",
    ["'; DROP TABLE ai_kb_documents; --", "a & b | !c <-> 'd", "%s %(x)s", "https://a.b/c?d=e&f", "x" * 50_000],
)
def test_any_text_may_be_asked(question: str) -> None:
    store_document(scope="global", slug="x", title="Beta", content="Something else entirely")
    assert found(question) == []
