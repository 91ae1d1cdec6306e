"""A corrected old price and a late trade change the rows that depend on them, and no other."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.utils import timezone

from analytics.batch.ledger import roll_shard
from analytics.batch.night import Outcome, Request, run_night
from analytics.batch.scope import Plan
from analytics.batch.steps import StepMeter
from analytics.services.checksum import IGNORED_COLUMNS, RESULT_MODELS
from marketdata.models import DailyPrice, PriceCorrection, Security
from marketdata.services.history import rebuild_histories
from portfolios.models import Portfolio, Position, PositionSnapshot
from portfolios.services.positions import close_position
from tests.analytics.batch.conftest import LAST

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(300)]
DAY = dt.date(2025, 7, 2)
OWNERS = ("portfolio_id", "security_id", "id")
DATES = ("calculation_date", "snapshot_date", "session", "metrics_date", "date")


def fingerprints() -> dict[tuple[str, Any, Any], str]:
    """Of every result row: table, whose it is, its day, and its values."""
    rows = {}
    with connection.cursor() as cursor:
        for label in RESULT_MODELS:
            model = apps.get_model(label)
            columns = [field.column for field in model._meta.concrete_fields]
            owner = next((name for name in OWNERS if name in columns), "NULL")
            day = next((name for name in DATES if name in columns), "NULL::date")
            values = ", ".join(f'"{name}"' for name in columns if name not in IGNORED_COLUMNS | {"id", "version"})
            cursor.execute(
                f"SELECT {owner}, {day}, md5(string_agg(line, '' ORDER BY line)) FROM (SELECT *, md5(ROW({values})::text) AS line "
                f'FROM "{model._meta.db_table}") AS t GROUP BY 1, 2'
            )
            rows |= {(label, of, on): mark for of, on, mark in cursor.fetchall()}
    return rows


def changed(before: dict[tuple[str, Any, Any], str]) -> set[tuple[str, Any, Any]]:
    after = fingerprints()
    return {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}


def again() -> Outcome:
    return run_night(Request(source="simulated", session=LAST))


def test_a_corrected_old_price_changes_its_holders_from_that_day(first_nights: Outcome) -> None:
    apple = Security.objects.get(symbol="AAPL")
    contracts = Security.objects.filter(option_contract__underlying=apple)
    mine = {apple.id, *contracts.values_list("id", flat=True)}
    holders = set(Portfolio.objects.filter(positions__security_id__in=mine).values_list("id", flat=True))
    lots = set(Position.objects.filter(security_id__in=mine).values_list("id", flat=True))
    before = fingerprints()
    row = DailyPrice.objects.get(security=apple, date=DAY)
    row.close = row.low = row.close - 1
    row.save()
    rebuild_histories([apple.id])
    PriceCorrection.objects.create(security=apple, from_date=DAY, kind="price", detected_at=timezone.now())
    again()
    differing = changed(before)
    assert 0 < len(holders) < Portfolio.objects.count()
    assert {of for label, of, _ in differing if label == "portfolios.PortfolioSnapshot"} == holders
    for label, of, on in differing:
        assert of in mine | holders | lots, (label, of, on)
        assert on is None or on >= DAY, (label, of, on)
    assert {on for label, _, on in differing if label == "portfolios.PortfolioSnapshot"} >= {DAY}
    assert again().run is None


def test_a_late_trade_changes_its_book_from_that_day(first_nights: Outcome) -> None:
    book = Portfolio.objects.get(account_name="Demo Individual")
    lot = Position.objects.filter(portfolio=book, investment_class="PUBLIC").order_by("symbol").first()
    assert lot is not None
    before = fingerprints()
    close_position(lot.id, exit_price=lot.entry_price, close_quantity=Decimal(10), exit_date=DAY)
    again()
    for label, of, on in changed(before):
        assert of in {book.id} | ({lot.id} if label == "portfolios.Position" else set()), (label, of, on)
        assert on is None or on >= DAY, (label, of, on)
    assert {on for label, _, on in changed(before) if label == "portfolios.PortfolioSnapshot"} == {DAY, LAST}
    assert again().run is None


def test_a_book_whose_old_lots_were_dropped_is_rolled_from_its_inception(
    first_nights: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never from an empty book: its rows come out as they were, the dropped ones too."""
    monkeypatch.setenv("SIGMASIGHT_NOW", "2027-12-01T22:00:00-05:00")
    before = fingerprints()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; DROP TABLE position_snapshots_2025_06")
    book = Portfolio.objects.earliest("id")
    lost = before.keys() - fingerprints().keys()
    assert (PositionSnapshot._meta.label, book.id, dt.date(2025, 6, 30)) in lost
    Portfolio.objects.filter(pk=book.pk).update(dirty_from=dt.date(2025, 7, 1))
    again = run_night(Request(source="simulated", session=LAST))
    assert [(need.portfolio_id, need.first) for need in again.plan.needs] == [(book.id, dt.date(2025, 6, 30))]
    after = fingerprints()
    assert {key: mark for key, mark in before.items() if key[1] == book.id} == {
        key: mark for key, mark in after.items() if key[1] == book.id
    }


def test_a_shard_without_the_lots_to_roll_on_from_is_refused(first_nights: Outcome) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; DROP TABLE position_snapshots_2025_06")
    before = fingerprints()
    needs = tuple(replace(need, first=dt.date(2025, 7, 1)) for need in first_nights.plan.needs)
    with pytest.raises(ValueError, match="a snapshot of 2025-06-30 to roll on from is missing"):
        roll_shard(Plan(LAST, needs), StepMeter(), "simulated")
    assert fingerprints() == before
