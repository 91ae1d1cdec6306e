"""Marks that tell the batch where to begin again, and who waits for whom."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from django.db import OperationalError, connection, transaction

from portfolios.models import Portfolio
from portfolios.services.dirty import claim_dirty, lock_portfolio, mark_dirty
from portfolios.services.equity import record_equity_change
from tests.factories import PortfolioFactory

EARLY, LATE = dt.date(2026, 1, 5), dt.date(2026, 2, 2)


def dirty(portfolio: Portfolio) -> dt.date | None:
    return Portfolio.objects.values_list("dirty_from", flat=True).get(pk=portfolio.pk)


@pytest.mark.django_db
def test_the_earliest_day_stays(portfolio: Portfolio) -> None:
    for day, wanted in ((LATE, LATE), (EARLY, EARLY), (LATE, EARLY)):
        mark_dirty(portfolio.id, day)
        assert dirty(portfolio) == wanted


@pytest.mark.django_db
def test_a_roll_takes_the_marks_and_clears_them(portfolio: Portfolio) -> None:
    clean = PortfolioFactory()
    gone = PortfolioFactory(is_active=False, deleted_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC), dirty_from=EARLY)
    mark_dirty(portfolio.id, EARLY)
    with transaction.atomic():
        marks = claim_dirty([portfolio.id, clean.id, gone.id])
    assert marks == {portfolio.id: EARLY, clean.id: None}
    assert dirty(portfolio) is None


@pytest.mark.django_db
def test_a_failed_roll_leaves_the_marks(portfolio: Portfolio) -> None:
    mark_dirty(portfolio.id, EARLY)
    with transaction.atomic():
        claim_dirty([portfolio.id])
        transaction.set_rollback(True)
    assert dirty(portfolio) == EARLY


@pytest.mark.django_db(transaction=True)
def test_a_change_waits_for_the_roll(portfolio: Portfolio) -> None:
    def change(patience: str) -> None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL lock_timeout = '{patience}'")
                record_equity_change(portfolio.id, "CONTRIBUTION", Decimal(5), LATE)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            claim_dirty([portfolio.id])
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
