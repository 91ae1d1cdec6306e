"""Stress tests of books, alone and together."""

from __future__ import annotations

import math
from uuid import UUID

import pytest

from analytics.models import EngineResult, ScenarioFactorShock, StressScenario, StressTestResult
from analytics.services.missing import Missing
from analytics.services.selection import select_portfolios
from analytics.services.stress import StressTest, aggregate_stress_test, stress_test_of
from portfolios.models import Portfolio, PortfolioSnapshot, User
from sigmasight.core.demo import rows
from tests.demo_fixtures import DemoResults
from tests.factories import PortfolioFactory

pytestmark = pytest.mark.django_db
IDS = {row["portfolio"]: UUID(row["id"]) for row in rows("portfolios")}


@pytest.fixture(params=IDS)
def book(request: pytest.FixtureRequest, demo_results: DemoResults) -> Portfolio:
    return Portfolio.objects.get(pk=IDS[request.param])


@pytest.fixture
def hedge_fund(demo_results: DemoResults) -> Portfolio:
    return Portfolio.objects.get(pk=IDS["hedge_fund"])


def stress(book: Portfolio, only: list[str] | None = None) -> StressTest:
    found = stress_test_of(book.pk, book.results_as_of, only=only)
    assert isinstance(found, StressTest)
    return found


def stored(book: Portfolio) -> StressTestResult:
    return StressTestResult.objects.get(portfolio=book, calculation_date=book.results_as_of)


def equity(book: Portfolio) -> float:
    return float(PortfolioSnapshot.objects.get(portfolio=book, snapshot_date=book.results_as_of).net_asset_value)


def test_every_scenario_is_the_stored_one_over_equity(book: Portfolio) -> None:
    found, row, value = stress(book), stored(book), equity(book)
    slots = dict(StressScenario.objects.values_list("scenario_id", "slot"))
    assert found.value == value
    assert {effect.scenario_id for effect in found.scenarios} == set(slots)
    for effect in found.scenarios:
        slot = slots[effect.scenario_id]
        assert effect.dollars == row.correlated_pnl[slot]
        assert effect.percent == pytest.approx(100 * row.correlated_pnl[slot] / value, abs=1e-6)
        assert effect.value_after == pytest.approx(value + row.correlated_pnl[slot], abs=0.005)
        assert (effect.direct, effect.unbounded, effect.private) == (
            row.direct_pnl[slot], row.unbounded_pnl[slot], row.private_pnl[slot],
        )  # fmt: skip
    assert found.coverage == float(row.coverage or 0)


def test_plausibility_is_that_of_the_scenario_at_the_session(hedge_fund: Portfolio) -> None:
    shocks = {
        shock.scenario_key: shock
        for shock in ScenarioFactorShock.objects.filter(calculation_date=hedge_fund.results_as_of)
    }
    for effect in stress(hedge_fund).scenarios:
        shock = shocks[effect.scenario_id]
        assert (effect.plausibility_scale, effect.length) == (shock.plausibility_scale, shock.mahalanobis_length)
        if effect.plausibility_scale == 1:
            assert effect.dollars == effect.unbounded


def test_order_is_by_category_and_name(hedge_fund: Portfolio) -> None:
    order = [(effect.category, effect.name) for effect in stress(hedge_fund).scenarios]
    assert order == sorted(order)
    assert len(order) == 22


def test_long_books_lose_in_a_decline_and_gain_in_a_rally(demo_results: DemoResults) -> None:
    book = Portfolio.objects.get(pk=IDS["individual"])
    by_id = {effect.scenario_id: effect.dollars for effect in stress(book).scenarios}
    assert by_id["market_crash_35"] < by_id["market_down_10"] < by_id["market_down_5"] < 0 < by_id["market_up_5"]


def test_only_the_scenarios_asked_for(hedge_fund: Portfolio) -> None:
    found = stress(hedge_fund, ["market_down_10", "nothing_of_the_kind"])
    assert [effect.scenario_id for effect in found.scenarios] == ["market_down_10"]


def test_none_of_those_asked_for(hedge_fund: Portfolio) -> None:
    found = stress_test_of(hedge_fund.pk, hedge_fund.results_as_of, only=["nothing_of_the_kind"])
    assert isinstance(found, Missing)
    assert (found.reason, found.flag) == ("no_results", "NO_MATCHING_RESULTS")


def test_a_skipped_scenario_is_named_and_not_shown(hedge_fund: Portfolio) -> None:
    row = stored(hedge_fund)
    scenario = StressScenario.objects.get(scenario_id="market_down_10")
    row.correlated_pnl[scenario.slot] = math.nan
    row.flags = {"skipped": ["market_down_10"], "uncovered": [["XYZ", "no_price_data"]]}
    row.save()
    found = stress(hedge_fund)
    assert "market_down_10" not in {effect.scenario_id for effect in found.scenarios}
    assert (found.skipped, found.uncovered) == (("market_down_10",), (("XYZ", "no_price_data"),))


def test_a_scenario_that_staff_switched_off_is_not_shown(hedge_fund: Portfolio) -> None:
    StressScenario.objects.filter(scenario_id="market_down_10").update(active=False)
    assert "market_down_10" not in {effect.scenario_id for effect in stress(hedge_fund).scenarios}


def test_a_loss_beyond_equity_is_marked(hedge_fund: Portfolio) -> None:
    row, slot = stored(hedge_fund), StressScenario.objects.get(scenario_id="market_crash_35").slot
    row.correlated_pnl[slot] = -equity(hedge_fund) - 1
    row.save()
    (effect,) = stress(hedge_fund, ["market_crash_35"]).scenarios
    assert effect.exceeds_value
    assert effect.value_after == pytest.approx(-1, abs=0.005)
    assert not any(e.exceeds_value for e in stress(hedge_fund).scenarios if e.scenario_id != "market_crash_35")


def test_a_book_the_engine_skipped_is_told_why(hedge_fund: Portfolio) -> None:
    night = EngineResult.objects.get(portfolio=hedge_fund, calculation_date=hedge_fund.results_as_of)
    night.results["stress_testing"] = {"status": "skipped", "reason": "no_public_positions"}
    night.save()
    stored(hedge_fund).delete()
    found = stress_test_of(hedge_fund.pk, hedge_fund.results_as_of)
    assert isinstance(found, Missing)
    assert found.message == "There are no stress tests of this book: the book holds nothing with a market price."


def test_no_results_are_told_before_no_snapshot(demo_results: DemoResults) -> None:
    fresh = PortfolioFactory()
    found = stress_test_of(fresh.pk, None)
    assert isinstance(found, Missing)
    assert (found.reason, found.flag) == ("no_results", "NO_STRESS_TEST_RESULTS")


def test_results_without_a_snapshot(hedge_fund: Portfolio) -> None:
    PortfolioSnapshot.objects.filter(portfolio=hedge_fund, snapshot_date=hedge_fund.results_as_of).delete()
    found = stress_test_of(hedge_fund.pk, hedge_fund.results_as_of)
    assert isinstance(found, Missing)
    assert (found.reason, found.flag, found.positions_total) == ("no_snapshot", "NO_SNAPSHOT", 30)


@pytest.mark.parametrize("value", [0, -100])
def test_nothing_is_related_to_no_equity(hedge_fund: Portfolio, value: int) -> None:
    PortfolioSnapshot.objects.filter(portfolio=hedge_fund, snapshot_date=hedge_fund.results_as_of).update(
        net_asset_value=value
    )
    found = stress_test_of(hedge_fund.pk, hedge_fund.results_as_of)
    assert isinstance(found, Missing)
    assert (found.reason, found.flag) == ("no_snapshot", "ZERO_BASELINE")


# -- together


def test_effects_add_up_over_books(demo_results: DemoResults) -> None:
    owner = User.objects.get(email="demo_familyoffice@sigmasight.com")
    selection = select_portfolios(owner)
    assert len(selection.portfolios) == 2
    found = aggregate_stress_test(selection)
    assert found is not None
    alone = [{e.scenario_id: e for e in stress(Portfolio.objects.get(pk=pk)).scenarios} for pk in selection.ids]
    for effect in found.scenarios:
        parts = [one[effect.scenario_id] for one in alone]
        assert effect.dollars == pytest.approx(sum(part.dollars for part in parts), abs=0.01)
        assert effect.private == pytest.approx(sum(part.private or 0 for part in parts), abs=0.01)
        assert effect.percent == pytest.approx(100 * effect.dollars / float(selection.total_value), abs=1e-6)
        assert effect.books == 2
    assert found.books_with_results == 2


def test_a_book_that_skipped_a_scenario_is_not_counted_in_it(demo_results: DemoResults) -> None:
    owner = User.objects.get(email="demo_familyoffice@sigmasight.com")
    selection = select_portfolios(owner)
    row = stored(Portfolio.objects.get(pk=selection.ids[0]))
    slot = StressScenario.objects.get(scenario_id="market_down_10").slot
    row.correlated_pnl[slot] = math.nan
    row.save()
    other = stored(Portfolio.objects.get(pk=selection.ids[1]))
    found = aggregate_stress_test(selection)
    assert found is not None
    effect = next(e for e in found.scenarios if e.scenario_id == "market_down_10")
    assert (effect.books, effect.dollars) == (1, other.correlated_pnl[slot])
    assert found.books_with_results == 2


def test_books_without_results_have_no_stress_test(demo_results: DemoResults) -> None:
    assert aggregate_stress_test(select_portfolios(PortfolioFactory().user)) is None
