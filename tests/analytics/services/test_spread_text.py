"""What spread exposures are said to mean."""

from __future__ import annotations

import pytest

from analytics.services.spread_text import SPREADS, UNKNOWN, describe_spread


@pytest.mark.parametrize(
    ("name", "positive", "negative", "zero"),
    [
        ("Growth-Value Spread", "Growth", "Value", "Balanced"),
        ("Momentum Spread", "Momentum", "Contrarian", "Neutral"),
        ("Size Spread", "Small Cap", "Large Cap", "Balanced"),
        ("Quality Spread", "Quality", "Speculative", "Balanced"),
    ],
)
def test_directions(name: str, positive: str, negative: str, zero: str) -> None:
    assert [describe_spread(name, beta).direction for beta in (0.3, -0.3, 0.0)] == [positive, negative, zero]


@pytest.mark.parametrize(
    ("beta", "magnitude", "risk"),
    [
        (0.51, "Strong", "high"), (-0.51, "Strong", "high"), (0.5, "Moderate", "medium"), (-0.21, "Moderate", "medium"),
        (0.2, "Mild", "low"), (0.0, "Mild", "low"),
    ],
)  # fmt: skip
def test_magnitudes(beta: float, magnitude: str, risk: str) -> None:
    text = describe_spread("Size Spread", beta)
    assert (text.magnitude, text.risk_level) == (magnitude, risk)


@pytest.mark.parametrize("name", SPREADS)
def test_a_gain_on_one_side_is_a_loss_on_the_other(name: str) -> None:
    long, short = describe_spread(name, 0.374).explanation, describe_spread(name, -0.374).explanation
    assert "gains about 0.37%" in long
    assert "loses about 0.37%" in short


def test_a_strong_lean_says_what_to_watch() -> None:
    assert "Watch" in describe_spread("Momentum Spread", 0.9).explanation
    assert "Watch" not in describe_spread("Momentum Spread", 0.4).explanation


def test_an_unknown_spread_has_no_direction() -> None:
    text = describe_spread("Carry Spread", -0.7)
    assert (text.direction, text.magnitude, text.risk_level) == ("Unknown", "Strong", "medium")
    assert "0.70%" in text.explanation


def test_an_unknown_beta_leans_to_no_side_and_says_why() -> None:
    text = describe_spread("Size Spread", None)
    assert text.direction == UNKNOWN
    assert text.explanation.startswith("Not known")
