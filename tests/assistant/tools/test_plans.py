"""Trades that are only thought of, told with what they change."""

from __future__ import annotations

from typing import Any

import pytest

from analytics.services.traded_book import Trade
from analytics.services.what_if import what_if
from tests.assistant.tools.asking import ask, books_of, data_of, person
from tests.demo_fixtures import DemoResults

pytestmark = pytest.mark.django_db


def named(rows: list[dict[str, Any]], key: str = "name") -> dict[str, dict[str, Any]]:
    return {row[key]: row for row in rows}


def test_a_hedge_is_told_with_before_after_and_change(demo_results: DemoResults) -> None:
    user = person()
    _, wanted = what_if(user, books_of(user)[0].pk, [Trade("SPY", -1000)])
    assert wanted is not None
    result = ask("run_what_if", trades=[{"symbol": "spy", "quantity": -1000}])
    found = data_of(result)
    assert len(result.text) <= 10_000
    assert found["trades"] == [
        {"symbol": "SPY", "quantity": -1000, "price_usd": 646.82, "price_date": "2025-11-20", "paid_usd": -646820}
    ]
    figures = named(found["figures"], "figure")
    var = figures["value_at_risk_95_usd"]
    assert var["before"] == pytest.approx(wanted.before.value_at_risk_95, abs=0.51)
    assert var["after"] == pytest.approx(wanted.after.value_at_risk_95, abs=0.51)
    assert var["change"] == pytest.approx(var["after"] - var["before"], abs=1.1)
    beta = named(found["factor_betas"])["Market Beta (90D)"]
    assert beta["change"] < -0.15
    crash = named(found["stress_usd"])["market_crash_35"]
    assert crash["after"] > crash["before"]
    changes = [abs(row["change"]) for row in found["stress_usd"]]
    assert changes == sorted(changes, reverse=True)


@pytest.mark.parametrize(
    ("trades", "told"),
    [
        ([], "trades must be a list of 1 to 20"),
        ([{"symbol": "SPY"}], "quantity is missing"),
        ([{"symbol": "SPY", "quantity": 0}], "Give every trade a quantity"),
        ([{"symbol": "NOSUCH", "quantity": 5}], "NOSUCH cannot be traded here"),
        ([{"symbol": "SPY", "quantity": 5, "price": 1}], "Unknown argument price"),
    ],
)
def test_what_cannot_be_traded_is_refused_in_words(demo_results: DemoResults, trades: Any, told: str) -> None:
    error = ask("run_what_if", trades=trades).envelope["error"]
    assert told in error["message"]
    assert error["type"] == "validation_error"
