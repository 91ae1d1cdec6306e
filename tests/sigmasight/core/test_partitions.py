"""Tables cut by month: made when a row needs it, by one of two, and converted with what they hold."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from analytics.models import EngineResult, PortfolioRisk, StressTestResult
from portfolios.models import Portfolio, PositionSnapshot
from sigmasight.core.bulk import UpsertCount, upsert
from sigmasight.core.models import MonthlyModel
from sigmasight.core.partition_operations import PartitionByMonth
from sigmasight.core.partitions import ensure, ensure_all, monthly_models, months_between, partitions, shift_month
from tests.factories import PortfolioFactory

pytestmark = pytest.mark.django_db
DAYS = [dt.date(2031, 1, 31), dt.date(2031, 2, 3), dt.date(2031, 2, 4), dt.date(2032, 12, 31)]
LOTS = (
    "position_ids",
    "quantity",
    "price",
    "market_value",
    "entry_value",
    "cost_micro",
    "unrealized_pnl",
    "daily_pnl",
    "quality",
)
PNL = (
    "direct_pnl",
    "correlated_pnl",
    "correlated_pnl_without_vol_shock",
    "unbounded_pnl",
    "private_pnl",
    "factor_impacts",
    "unexplained",
)
COLUMNS: dict[type[MonthlyModel], dict[str, Any]] = {
    PositionSnapshot: {name: [] for name in LOTS},
    PortfolioRisk: {"var_95_1d": 10},
    EngineResult: {"results": {"greeks": {"status": "ok"}}, "price_source": "simulated"},
    StressTestResult: {name: [] for name in PNL},
}  # fmt: skip


def asked(statement: str, *values: object) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


def elsewhere(*works: Callable[[], object]) -> None:
    """Each in a thread with a connection of its own, at the same moment, committed."""
    ready, errors = threading.Barrier(len(works)), []

    def run(work: Callable[[], object]) -> None:
        try:
            ready.wait(10)
            work()
        except Exception as error:  # noqa: BLE001 - the test tells which
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert errors == []


def store(model: type[MonthlyModel], portfolio: Portfolio) -> None:
    for day in DAYS:
        model._default_manager.create(portfolio=portfolio, **{model.partitioned_by: day}, **COLUMNS[model])
    asked("SET CONSTRAINTS ALL IMMEDIATE")


def test_the_largest_tables_are_cut_and_have_no_place_for_stray_rows() -> None:
    assert set(monthly_models()) == set(COLUMNS)
    for model in monthly_models():
        found = asked(
            "SELECT c.relkind, p.partdefid FROM pg_class c JOIN pg_partitioned_table p ON p.partrelid = c.oid "
            "WHERE c.oid = %s::regclass", model._meta.db_table,
        )  # fmt: skip
        assert found == [("p", 0)]


@pytest.mark.django_db(databases=["default", "ai"])
def test_django_knows_of_nothing() -> None:
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


@pytest.mark.parametrize("model", COLUMNS)
def test_a_stored_row_makes_its_month(model: type[MonthlyModel]) -> None:
    table = model._meta.db_table
    store(model, PortfolioFactory())
    names = {part.name for part in partitions([table])}
    assert {f"{table}_2031_01", f"{table}_2031_02", f"{table}_2032_12"} <= names
    assert asked(f'SELECT count(*) FROM ONLY "{table}_2031_02"') == [(2,)]
    row = model._default_manager.get(**{model.partitioned_by: DAYS[0]})
    row.save()
    assert model._default_manager.get(pk=row.pk) == row


def test_what_copy_stores_makes_its_months_and_tells_new_from_changed() -> None:
    book = PortfolioFactory()
    days = np.array(DAYS, dtype="datetime64[D]")

    def write(values: list[float]) -> UpsertCount:
        columns = {"portfolio": [book.pk] * 4, "calculation_date": days, "var_95_1d": np.array(values)}
        return upsert(PortfolioRisk, columns, unique=["portfolio", "calculation_date"])

    PortfolioRisk.objects.create(portfolio=book, calculation_date=DAYS[1], var_95_1d=1)
    assert write([1, 2, 3, 4]) == UpsertCount(4, 3, 1)
    assert write([1, 2, 3, 4]) == UpsertCount(4, 0, 0)
    assert write([1, 2, 3, 5]) == UpsertCount(4, 0, 1)


def test_a_row_without_a_month_is_refused() -> None:
    book = PortfolioFactory()
    row = PortfolioRisk(portfolio=book, calculation_date=dt.date(2040, 1, 2))
    with pytest.raises(DatabaseError, match="no partition"), transaction.atomic():
        PortfolioRisk.objects.bulk_create([row])
    assert not PortfolioRisk.objects.filter(portfolio=book).exists()


def test_a_default_partition_made_by_hand_stops_the_writers() -> None:
    """It would take rows that no retention finds."""
    asked("CREATE TABLE stray PARTITION OF portfolio_risk DEFAULT")
    with pytest.raises(RuntimeError, match="stray of portfolio_risk is no partition by date"):
        ensure_all(DAYS[0], DAYS[0])


def test_one_row_a_portfolio_and_day() -> None:
    book = PortfolioFactory()
    PortfolioRisk.objects.create(portfolio=book, calculation_date=DAYS[0])
    with pytest.raises(DatabaseError, match="portfolio_risk"), transaction.atomic():
        PortfolioRisk.objects.create(portfolio=book, calculation_date=DAYS[0])


def test_all_tables_get_the_months_of_a_run_and_the_one_after() -> None:
    ensure_all(dt.date(2035, 11, 30), dt.date(2036, 1, 2))
    made = {(part.table, part.first) for part in partitions(model._meta.db_table for model in monthly_models())}
    for model in monthly_models():
        assert {(model._meta.db_table, dt.date(2036, month, 1)) for month in (1, 2)} <= made
        assert (model._meta.db_table, dt.date(2035, 11, 1)) in made
    assert ensure_all(dt.date(2035, 11, 30), dt.date(2036, 1, 2)) == []


@pytest.fixture(scope="module")
def months_of_old(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Months that tests make and commit; gone after the module's transactions."""
    yield
    with django_db_blocker.unblock():
        names = [part.name for part in partitions(["portfolio_risk"]) if part.first.year < 2000]
        for name in names:
            asked(f'DROP TABLE "{name}"')


def test_two_that_make_the_same_months_at_once_make_them_once(months_of_old: None) -> None:
    days = [dt.date(1999, month, 15) for month in range(1, 13)]
    made: list[list[str]] = []
    elsewhere(*[lambda: made.append(ensure(PortfolioRisk, days))] * 4)
    assert sorted(len(names) for names in made) == [0, 0, 0, 12]


def test_a_month_is_made_beside_readers_and_writers(months_of_old: None) -> None:
    """Whoever has the table open, for reading or for writing, is not waited for."""
    at_work, made = threading.Event(), threading.Event()

    def write() -> None:
        with transaction.atomic():
            asked("SELECT count(*) FROM portfolio_risk")
            asked("UPDATE portfolio_risk SET observations = 1 WHERE false")
            at_work.set()
            assert made.wait(10)

    def make() -> None:
        assert at_work.wait(10)
        asked("SET lock_timeout = '2s'")
        assert ensure(PortfolioRisk, [dt.date(1998, 1, 1)]) == ["portfolio_risk_1998_01"]
        made.set()

    elsewhere(write, make)


@pytest.mark.parametrize("model", COLUMNS)
def test_a_table_is_converted_with_its_rows_and_back(model: type[MonthlyModel]) -> None:
    table = model._meta.db_table
    store(model, PortfolioFactory())

    def rows() -> list[tuple[Any, ...]]:
        return asked(f'SELECT id, created_at, updated_at, t::text FROM "{table}" AS t ORDER BY id')

    def keys() -> list[tuple[Any, ...]]:
        return asked(
            "SELECT conname, contype FROM pg_constraint WHERE conrelid = %s::regclass UNION ALL "
            "SELECT c.relname, 'i' FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE indrelid = %s::regclass ORDER BY 1, 2",
            table, table,
        )  # fmt: skip

    before, named = rows(), keys()
    assert len(before) == 4
    operation = PartitionByMonth(model.__name__, model.partitioned_by)
    state: Any = SimpleNamespace(apps=apps)
    label = model._meta.app_label
    for convert, kind in ((operation.database_backwards, "r"), (operation.database_forwards, "p")):
        with connection.schema_editor() as editor:
            convert(label, editor, state, state)
        assert asked("SELECT relkind FROM pg_class WHERE oid = %s::regclass", table) == [(kind,)]
        assert (rows(), keys()) == (before, named)
    assert {part.name[-7:] for part in partitions([table])} == {"2031_01", "2031_02", "2032_12"}
    more = model._default_manager.create(
        portfolio=PortfolioFactory(), **{model.partitioned_by: DAYS[0]}, **COLUMNS[model]
    )
    assert more.pk > max(row[0] for row in before)


def test_months_are_counted_over_the_year() -> None:
    assert shift_month(dt.date(2025, 1, 1), -1) == dt.date(2024, 12, 1)
    assert shift_month(dt.date(2025, 11, 1), 14) == dt.date(2027, 1, 1)
    assert months_between(dt.date(2025, 11, 30), dt.date(2026, 1, 1)) == [
        dt.date(2025, 11, 1), dt.date(2025, 12, 1), dt.date(2026, 1, 1),
    ]  # fmt: skip
