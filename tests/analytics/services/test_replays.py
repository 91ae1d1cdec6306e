"""Past episodes over today's holdings: from the rows of prices, splits and dividends of then."""

from __future__ import annotations

import datetime as dt

import pytest

from analytics.models import FactorCovariance, StressScenario
from analytics.services.replays import Replay, Replays, replays
from marketdata import calendar
from marketdata.models import DailyPrice, Dividend, Security, Split
from marketdata.services.history import rebuild_histories
from portfolios.models import Portfolio, Position, PositionSnapshot
from sigmasight.core.errors import NotFound
from tests.analytics.services.conftest import book_of
from tests.demo_fixtures import DemoResults
from tests.factories import PortfolioFactory, UserFactory

pytestmark = pytest.mark.django_db
FIRST, LAST = dt.date(2025, 9, 2), dt.date(2025, 10, 31)


def replayed(book: Portfolio) -> Replays:
    return replays(book.user, book.pk)[1]


def one_of(found: Replays, name: str) -> Replay:
    return next(one for one in found.replays if one.episode.id == name)


def episode(first: dt.date, last: dt.date) -> str:
    StressScenario.objects.filter(scenario_id="covid_crash_2020").update(replay_from=first, replay_to=last)
    return "covid_crash_2020"


def total_return(symbol: str, first: dt.date, last: dt.date) -> float:
    """Compounded day by day: a holder's shares after splits and cash dividends, over what they cost."""
    security, wealth = Security.objects.get(symbol=symbol), 1.0
    closes = dict(DailyPrice.objects.filter(security=security).values_list("date", "close"))
    for day in calendar.sessions(calendar.shift(first, 1), last):
        ratio = Split.objects.filter(security=security, ex_date=day).values_list("ratio", flat=True).first() or 1
        cash = Dividend.objects.filter(security=security, ex_date=day).values_list("amount", flat=True).first() or 0
        wealth *= float((closes[day] * ratio + cash) / closes[calendar.shift(day, -1)])
    return wealth - 1


def values_of(book: Portfolio) -> dict[str, float]:
    night = PositionSnapshot.objects.get(portfolio=book, snapshot_date=book.results_as_of)
    lots, values = Position.objects.in_bulk(night.position_ids), {}
    for lot, value in zip(night.position_ids, night.market_value, strict=True):
        values[lots[lot].symbol] = values.get(lots[lot].symbol, 0.0) + float(value)
    return values


def test_a_book_of_stocks_makes_its_values_times_their_total_returns(demo_results: DemoResults) -> None:
    book = book_of("family_office_public")
    name = episode(FIRST, LAST)
    found = one_of(replayed(book), name)
    wanted = sum(value * total_return(symbol, FIRST, LAST) for symbol, value in values_of(book).items())
    assert found.pnl == pytest.approx(wanted, abs=0.02)
    assert found.market_return == pytest.approx(total_return("SPY", FIRST, LAST), abs=1e-6)
    assert (found.own_returns, found.private, found.reason) == (1.0, 0.0, None)


def test_a_symbol_without_prices_of_then_moves_by_its_loadings(demo_results: DemoResults) -> None:
    book = book_of("family_office_public")
    values, name = values_of(book), episode(FIRST, LAST)
    before, own = one_of(replayed(book), name), total_return("AVGO", FIRST, LAST)
    avgo = Security.objects.get(symbol="AVGO")
    DailyPrice.objects.filter(security=avgo, date=FIRST).delete()
    rebuild_histories([avgo.id])
    after = one_of(replayed(book), name)
    assert after.own_returns == pytest.approx(1 - values["AVGO"] / sum(values.values()), abs=1e-5)
    assert after.pnl is not None
    assert before.pnl is not None
    moved = (after.pnl - before.pnl) / values["AVGO"] + own
    assert moved != pytest.approx(0, abs=1e-4), "not left standing still"
    assert -0.9 < moved < 0.9


def test_the_worst_stretches_are_the_markets_own(demo_results: DemoResults) -> None:
    found = replayed(book_of("family_office_public"))
    worst = one_of(found, "worst_5d")
    closes = dict(DailyPrice.objects.filter(security__symbol="SPY").values_list("date", "close"))
    days = sorted(closes)
    falls = {last: float(closes[last] / closes[first]) - 1 for first, last in zip(days, days[5:], strict=False)}
    # Dividends make total returns a little kinder than those of closes.
    assert worst.market_return == pytest.approx(min(falls.values()), abs=0.01)
    assert calendar.shift(worst.episode.first, 5) == worst.episode.last
    assert found.prices_since == days[0]


def test_episodes_before_the_stored_prices_say_so(demo_results: DemoResults) -> None:
    found = replayed(book_of("hedge_fund"))
    named = {one.episode.id: one for one in found.replays if not one.episode.id.startswith("worst")}
    assert list(named) == ["dotcom_crash_2000", "financial_crisis_2008", "covid_crash_2020", "inflation_2022"]
    assert {(one.pnl, one.market_return, one.reason) for one in named.values()} == {(None, None, "no_price_data")}


def test_private_holdings_follow_what_stands_for_them(demo_results: DemoResults) -> None:
    found = replayed(book_of("family_office_private"))
    worst = one_of(found, "worst_21d")
    assert worst.pnl == worst.private
    assert worst.pnl is not None
    assert worst.pnl < 0
    assert found.coverage is not None
    assert 0 < found.coverage < 1


def test_days_beyond_the_calendar_are_no_episode(demo_results: DemoResults) -> None:
    name = episode(dt.date(1987, 10, 14), dt.date(2090, 1, 1))
    found = one_of(replayed(book_of("family_office_public")), name)
    assert found.reason == "no_price_data"


def test_without_factors_before_the_first_night_and_of_others_there_is_none(demo_results: DemoResults) -> None:
    FactorCovariance.objects.all().delete()
    assert replayed(book_of("family_office_public")).reason == "no_factor_data"
    assert replayed(PortfolioFactory()).reason == "no_calculation_available"
    with pytest.raises(NotFound):
        replays(UserFactory(), book_of("family_office_public").pk)
