"""Concentration is what the night stored, of lots added up by symbol, across portfolios too."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

import pytest

from analytics.services.concentration import (
    NoConcentration,
    PortfolioConcentration,
    aggregate_concentration,
    portfolio_concentration,
)
from portfolios.models import Portfolio
from portfolios.services.valued_lots import valued_lots
from tests.analytics.services.conftest import book_of, snapshot_of
from tests.factories import PortfolioFactory, PositionFactory, SecurityFactory, UserFactory

pytestmark = pytest.mark.django_db


def measured(book: Portfolio) -> PortfolioConcentration:
    _, found = portfolio_concentration(book.user, book.id)
    assert isinstance(found, PortfolioConcentration)
    return found


def test_it_is_what_the_night_stored(demo_book: Portfolio) -> None:
    stored, found = snapshot_of(demo_book), measured(demo_book)
    assert found.hhi == pytest.approx(float(stored.hhi or 0), abs=1e-4)
    assert found.effective_num_positions == float(stored.effective_num_positions or 0)
    assert found.top_3_concentration == pytest.approx(float(stored.top_3_concentration or 0), abs=5e-5)
    assert found.top_10_concentration == pytest.approx(float(stored.top_10_concentration or 0), abs=5e-5)
    assert found.total_positions == stored.num_positions


def test_by_hand() -> None:
    book = PortfolioFactory()
    one, other = SecurityFactory(symbol="AAA"), SecurityFactory(symbol="BBB")
    for security, quantity, side in ((one, 30, "LONG"), (one, 10, "LONG"), (other, -60, "SHORT")):
        PositionFactory(portfolio=book, security=security, quantity=Decimal(quantity), position_type=side)
    found = measured(book)
    assert (found.hhi, found.effective_num_positions) == (5200.0, 1.92)
    assert (found.top_3_concentration, found.top_10_concentration) == (1.0, 1.0)
    assert (found.total_positions, found.unique_symbols) == (3, 2)


@pytest.mark.parametrize(
    ("holdings", "words"),
    [
        (3, "Highly concentrated (HHI > 2500)"),
        (4, "Moderately concentrated (HHI 1500-2500)"),
        (7, "Well diversified (HHI < 1500)"),
    ],
)
def test_words(holdings: int, words: str) -> None:
    book = PortfolioFactory()
    for _ in range(holdings):
        PositionFactory(portfolio=book)
    assert measured(book).interpretation == words


def test_why_there_is_none() -> None:
    book = PortfolioFactory()
    assert portfolio_concentration(book.user, book.id)[1] == NoConcentration("No active positions")
    PositionFactory(portfolio=book, quantity=Decimal(0), opening_trade=False)
    assert portfolio_concentration(book.user, book.id)[1] == NoConcentration("Total portfolio value is zero")


def test_several_add_their_lots_up_by_symbol(demo_results: Any) -> None:
    books = [book_of("individual"), book_of("high_net_worth")]
    Portfolio.objects.filter(pk=books[1].pk).update(user=books[0].user)
    sizes: dict[str, Decimal] = defaultdict(Decimal)
    for lot in valued_lots([book.id for book in books]):
        sizes[lot.symbol] += abs(lot.market_value)
    total = sum(sizes.values())
    selection, found, largest = aggregate_concentration(books[0].user)
    assert isinstance(found, PortfolioConcentration)
    assert len(selection.portfolios) == 2
    assert found.hhi == pytest.approx(sum(float(10_000 * (value / total) ** 2) for value in sizes.values()), abs=1e-3)
    assert found.unique_symbols == len(sizes) < found.total_positions
    ranked = sorted(sizes.items(), key=lambda entry: (-entry[1], entry[0]))[:10]
    assert [(top.symbol, Decimal(str(top.value))) for top in largest] == ranked
    assert largest[0].weight == round(float(ranked[0][1] / total), 6)


def test_one_of_several_is_as_it_is_alone(demo_book: Portfolio) -> None:
    assert aggregate_concentration(demo_book.user, [demo_book.id])[1] == measured(demo_book)


def test_a_short_has_its_sign_beside_its_size(demo_results: Any) -> None:
    book = book_of("hedge_fund")
    _, _, largest = aggregate_concentration(book.user)
    (short,) = [top for top in largest if top.symbol == "NFLX"]
    assert short.net_value == -short.value < 0


def test_several_without_portfolios_or_holdings() -> None:
    assert aggregate_concentration(UserFactory())[1] == NoConcentration("No portfolios found")
    user = PortfolioFactory().user
    assert aggregate_concentration(user)[1] == NoConcentration("Total portfolio value is zero")
