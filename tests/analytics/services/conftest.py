"""Books of the demo by their names, and what the night stored of them."""

from __future__ import annotations

import pytest

from portfolios.models import Portfolio, PortfolioSnapshot
from sigmasight.core.demo import rows

BOOKS = [row["portfolio"] for row in rows("portfolios")]


def book_of(name: str) -> Portfolio:
    """A portfolio of the demo by its short name, e.g. "hedge_fund"."""
    row = next(row for row in rows("portfolios") if row["portfolio"] == name)
    return Portfolio.objects.select_related("user").get(pk=row["id"])


def snapshot_of(book: Portfolio) -> PortfolioSnapshot:
    return PortfolioSnapshot.objects.get(portfolio=book, snapshot_date=book.results_as_of)


@pytest.fixture(params=BOOKS)
def demo_book(request: pytest.FixtureRequest, demo_results: object, db: None) -> Portfolio:
    """Every portfolio of the demo in turn."""
    return book_of(request.param)
