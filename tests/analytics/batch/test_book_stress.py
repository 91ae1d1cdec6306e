"""What scenarios reach of a book, what they say of the rest, and the two forms of a scenario."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from analytics.batch.book_inputs import SymbolNumbers
from analytics.batch.book_stress import stress_columns, stress_loadings
from tests.analytics.batch.small_shard import (
    CASH,
    CHIP,
    NOTHING,
    PLAIN,
    SYMBOLS,
    TECH,
    WORLD,
    XLK,
    book,
    day_returns,
    market,
    numbers,
    shocked_funds,
)  # fmt: skip

CRASH, ROTATION = -0.4, 0.2
SCENARIOS = shocked_funds({"crash": {"SPY": CRASH}, "rotation": {"SPY": -0.05, "VTV": ROTATION}})
COUNT = 2 + PLAIN
IWM = SYMBOLS.index("IWM")


def symbol_numbers(**changes: Any) -> SymbolNumbers:
    """Every symbol moves 0.9 times the market; shocks are not drawn back unless the changes say so."""
    loadings = np.zeros((len(SYMBOLS), 7))
    loadings[:, 0] = 0.9
    factors = np.zeros((COUNT, 7))
    factors[:, 0] = np.nan_to_num(SCENARIOS.funds[:, 0])
    values = {"loadings": loadings, "factors": factors, "unbounded": factors, "scale": np.ones(COUNT)} | changes
    return numbers(**values)


def stressed(*held: dict[str, Any], of: SymbolNumbers | None = None) -> dict[str, Any]:
    books, facts = book(*held)
    factor = {"exposure_dollar": np.zeros((1, 13)), "joint_dollar": np.zeros((1, 7))}
    return stress_columns(
        books, facts, market(day_returns(), SCENARIOS), of or symbol_numbers(), factor, np.array([True])
    )


def without_loadings(*symbols: int) -> SymbolNumbers:
    loadings = symbol_numbers().factors.shrunk.copy()
    loadings[list(symbols)] = np.nan
    return symbol_numbers(loadings=loadings)


def test_a_book_loses_its_holdings_times_their_moves() -> None:
    result = stressed({"symbol": TECH, "value": 50_000}, {"symbol": 0, "value": 50_000})
    # The market fund takes its shock, everything else follows its loading.
    assert result["correlated_pnl"][0, 0] == pytest.approx(50_000 * 0.9 * CRASH + 50_000 * CRASH)
    parts = result["factor_impacts"].sum(axis=2) + result["unexplained"]
    np.testing.assert_allclose(parts, result["correlated_pnl"])


@pytest.mark.parametrize(
    ("proxy", "coverage"), [(IWM, 1.0), (CASH, 1.0), (NOTHING, 0.6), (WORLD, 0.6)],
    ids=["follows a fund", "like cash", "follows nothing", "follows what has no loadings"],
)  # fmt: skip
def test_a_private_lot_is_covered_if_it_follows_what_scenarios_reach(proxy: int, coverage: float) -> None:
    result = stressed(
        {"symbol": TECH, "value": 60_000},
        {"proxy": proxy, "multiple": 1.2, "value": 40_000},
        of=without_loadings(WORLD),
    )
    assert result["coverage"][0] == pytest.approx(coverage)
    assert result["covered"][0] == pytest.approx(coverage * 100_000)
    assert result["uncovered"] == [[] if coverage == 1 else [["PRIVATE_1", "symbol_skipped"]]]
    moves = 0.9 * CRASH * 1.2 * 40_000 if proxy == IWM else 0.0
    assert result["private_pnl"][0, 0] == pytest.approx(moves)


def test_a_shock_that_is_not_drawn_back_has_one_form() -> None:
    result = stressed({"symbol": SYMBOLS.index("VTV"), "value": 70_000}, {"symbol": 0, "value": 30_000})
    np.testing.assert_array_equal(result["unbounded_pnl"], result["correlated_pnl"])


def test_a_fund_takes_its_whole_shock_where_nothing_is_bounded() -> None:
    half = symbol_numbers(scale=np.full(COUNT, 0.5))
    result = stressed({"symbol": SYMBOLS.index("VTV"), "value": 100_000}, of=half)
    assert result["unbounded_pnl"][0, 1] == pytest.approx(100_000 * ROTATION)
    assert result["correlated_pnl"][0, 1] == pytest.approx(100_000 * 0.9 * -0.05)


def test_a_young_symbol_has_the_loadings_of_its_sectors_fund() -> None:
    result = stressed({"symbol": CHIP, "value": 100_000}, of=without_loadings(CHIP))
    assert result["correlated_pnl"][0, 0] == pytest.approx(100_000 * 0.9 * CRASH)
    assert result["coverage"].tolist() == [1.0]


def test_loadings_of_a_sectors_fund_replace_no_known_ones() -> None:
    loadings = np.arange(14.0).reshape(2, 7)
    np.testing.assert_array_equal(stress_loadings(loadings, np.array([1, -1])), loadings)
    loadings[0] = np.nan
    assert np.isnan(stress_loadings(loadings, np.array([-1, -1]))[0]).all()


def test_holdings_no_scenario_reaches_are_named_with_the_reason() -> None:
    result = stressed(
        {"symbol": TECH, "value": 50_000}, {"symbol": WORLD, "value": 20_000}, {"symbol": CHIP, "value": 10_000, "usable": False},
        {"proxy": NOTHING, "value": 20_000}, of=without_loadings(WORLD),
    )  # fmt: skip
    listed = [["WORLD", "insufficient_data"], ["CHIP", "no_price_data"], ["PRIVATE_3", "symbol_skipped"]]
    assert result["uncovered"] == [listed]
    assert result["flags"][0]["uncovered"] == listed
    assert result["coverage"][0] == pytest.approx(0.5)


def test_flags_name_skipped_scenarios_and_losses_beyond_the_equity() -> None:
    factors = symbol_numbers().scenarios.factors.copy()
    factors[1] = np.nan
    scale = np.ones(COUNT)
    scale[1] = np.nan
    result = stressed(
        {"symbol": TECH, "value": 300_000}, {"proxy": IWM, "multiple": 1.2, "value": 1_000},
        of=symbol_numbers(factors=factors, unbounded=factors, scale=scale),
    )  # fmt: skip
    assert result["flags"] == [
        {
            "skipped": ["rotation"],
            "loss_exceeds_equity": ["crash"],
            "uncovered": [],
            "proxies": [["PRIVATE_1", "IWM", 1.2]],
        }
    ]
    assert np.isnan(result["correlated_pnl"][0, 1])


def test_plain_moves_are_flagged_nowhere() -> None:
    result = stressed({"symbol": XLK, "value": -3_000_000})
    assert result["correlated_pnl"][0, -1] < -100_000
    assert result["flags"][0]["loss_exceeds_equity"] == []
