"""Which figures of a text count as found in the data."""

from __future__ import annotations

import pytest

from assistant.services.insight_numbers import numbers_of, unfounded

DATA = [
    '{"nav_usd": 3211602, "worst_pct": -24.93, "worst_usd": -800671, "beta": 0.716, "share": 0.166, "top": "SPY271217C00650000"}'
]


@pytest.mark.parametrize(
    "text",
    [
        "NAV is $3,211,602, or $3.2 million, about $3.21m.",
        "It would lose 24.9 % or about $800,000, roughly $0.8 million.",
        "Beta 0.72; META makes 16.6 % of it (17 %).",
        "The SPY Dec 2027 650 call, and the S&P 500 with 12 names on 20 November 2025.",
        "Made on 2025-11-20; 3 of 30 positions, as in 2008.",
        "Shares fell 7.7 % ([Reuters](https://example.com/a)).",
    ],
)
def test_figures_of_the_data_are_found_as_people_write_them(text: str) -> None:
    assert unfounded(text, numbers_of(DATA))[0] == []


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("It would lose 26.0 %.", ["26.0 %"]),
        ("NAV is $3,311,602.", ["$3,311,602"]),
        ("About $900,000 or $0.9 million.", ["$900,000", "$0.9 million"]),
        ("Beta 0.75, and 412 shares.", ["0.75", "412"]),
    ],
)
def test_others_are_named(text: str, missing: list[str]) -> None:
    assert unfounded(text, numbers_of(DATA))[0] == missing


def test_figures_are_counted() -> None:
    assert unfounded("NAV $3,211,602, loss 24.9 %, beta 9.99, 3 names.", numbers_of(DATA)) == (["9.99"], 3)
