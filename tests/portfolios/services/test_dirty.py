"""Marks that tell the batch where to begin again, and who waits for whom."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from django.db import OperationalError, connection, transaction

from portfolios.models import Portfolio
from portfolios.services.dirty import clear_dirty, lock_portfolio, mark_dirty
from portfolios.services.equity import record_equity_change

EARLY, LATE = dt.date(2026, 1, 5), dt.date(2026, 2, 2)


def dirty(portfolio: Portfolio) -> dt.date | None:
    return Portfolio.objects.values_list("dirty_from", flat=True).get(pk=portfolio.pk)


@pytest.mark.django_db
def test_the_earliest_day_stays(portfolio: Portfolio) -> None:
    for day, wanted in ((LATE, LATE), (EARLY, EARLY), (LATE, EARLY)):
        mark_dirty(portfolio.id, day)
        assert dirty(portfolio) == wanted


@pytest.mark.django_db
def test_an_answered_mark_is_taken_back(portfolio: Portfolio) -> None:
    mark_dirty(portfolio.id, EARLY)
    portfolio.refresh_from_db()
    assert clear_dirty(portfolio.id, EARLY, portfolio.updated_at)
    assert dirty(portfolio) is None


@pytest.mark.django_db
def test_a_mark_set_again_meanwhile_stays(portfolio: Portfolio) -> None:
    mark_dirty(portfolio.id, EARLY)
    portfolio.refresh_from_db()
    mark_dirty(portfolio.id, LATE)
    assert not clear_dirty(portfolio.id, EARLY, portfolio.updated_at)
    assert dirty(portfolio) == EARLY


@pytest.mark.django_db(transaction=True)
def test_two_changes_of_one_book_follow_each_other(portfolio: Portfolio) -> None:
    def change(patience: str) -> None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL lock_timeout = '{patience}'")
                record_equity_change(portfolio.id, "CONTRIBUTION", Decimal(5), LATE)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            lock_portfolio(portfolio.id)
            with pytest.raises(OperationalError):
                pool.submit(change, "100ms").result()
        pool.submit(change, "5s").result()
    assert dirty(portfolio) == LATE


@pytest.mark.django_db(transaction=True)
def test_rows_that_point_at_a_portfolio_do_not_wait(portfolio: Portfolio) -> None:
    def store() -> None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '100ms'")
                portfolio.target_prices.create(symbol="AAPL", current_price=1)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        lock_portfolio(portfolio.id)
        pool.submit(store).result()
    assert portfolio.target_prices.count() == 1
