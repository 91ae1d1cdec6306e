"""Which thought, which length and whether the web: by the words of the question."""

from __future__ import annotations

import pytest

from assistant.prompts.routing import Route, route

PLAIN, RECENT = Route(), Route(web_search=True)
DEEP, DEEP_AND_RECENT = Route("high", "high", False, True), Route("high", "high", True, True)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("What is my beta?", PLAIN),
        ("", PLAIN),
        ("Do you know the value of my book?", PLAIN),
        ("Explain snowflakes and newspapers", PLAIN),
        ("Show my federal bonds", PLAIN),
        ("What is the latest on NVDA?", RECENT),
        ("what happened TODAY", RECENT),
        ("How does Fed policy hit me", RECENT),
        ("Give me the morning briefing", RECENT),
        ("Today’s movers", RECENT),
        ("Is inflation a risk for me", RECENT),
        ("Write a DCF for Apple", DEEP),
        ("What is the long-term thesis for META", DEEP),
        ("What is my beta? And my VaR?", DEEP),
        ("word " * 51, DEEP),
        ("word " * 50, PLAIN),
        ("Due diligence on Tesla after the latest news", DEEP_AND_RECENT),
        ("Why is NVDA down? What should I do now?", DEEP_AND_RECENT),
    ],
)
def test_words_decide(text: str, wanted: Route) -> None:
    assert route(text) == wanted


def test_long_texts_take_no_time() -> None:
    assert route("a-" * 2_000 + "?" * 2).deep is True
