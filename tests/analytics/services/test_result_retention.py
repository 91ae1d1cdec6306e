"""Old months of results: what is dropped, what is kept because somebody needs it, and what an archive holds."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
import json
import math
import re
import threading
import uuid
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from analytics import tasks
from analytics.models import BatchRun, EngineResult, PortfolioRisk, StressTestResult
from analytics.services import archives, result_retention
from analytics.services.result_retention import OldMonth, Verdict, retain
from portfolios.models import Portfolio, PositionSnapshot
from sigmasight.core.errors import DomainError
from sigmasight.core.models import MonthlyModel
from sigmasight.core.partitions import ensure, monthly_models, partitions
from tests.factories import PortfolioFactory

pytestmark = pytest.mark.django_db
TABLE = "portfolio_risk"
MAY, JUNE, LATE = dt.date(2023, 5, 31), dt.date(2023, 6, 1), dt.date(2024, 11, 1)


@pytest.fixture(autouse=True)
def evening(monkeypatch: pytest.MonkeyPatch) -> None:
    """25 months are kept, so that what ended before 2024-11 may go."""
    monkeypatch.setenv("SIGMASIGHT_NOW", "2026-12-01T22:00:00-05:00")


@pytest.fixture
def book() -> Portfolio:
    book = PortfolioFactory()
    for day in (MAY, JUNE, LATE):
        PortfolioRisk.objects.create(portfolio=book, calculation_date=day, var_95_1d=day.month)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    return book


def verdicts(**options: Any) -> dict[dt.date, tuple[Verdict, str]]:
    return {old.partition.first: (old.verdict, old.reason) for old in retain(tables=[TABLE], **options)}


def left() -> list[dt.date]:
    return list(PortfolioRisk.objects.order_by("calculation_date").values_list("calculation_date", flat=True))


def command(*words: str) -> str:
    out = io.StringIO()
    call_command("retention", *words, stdout=out)
    return out.getvalue()


def test_months_older_than_kept_go_and_a_second_time_finds_nothing(book: Portfolio) -> None:
    done = verdicts()
    assert done == {dt.date(2023, month, 1): (Verdict.DROPPED, "") for month in (5, 6)}
    assert left() == [LATE]
    assert not {part.first for part in partitions([TABLE])} & done.keys()
    assert verdicts() == {}


def test_the_first_month_kept_is_the_setting(book: Portfolio, settings: Any) -> None:
    settings.RESULT_MONTHS = {TABLE: 24}
    verdicts()
    assert left() == []


def test_nothing_goes_where_everything_is_kept(book: Portfolio, settings: Any) -> None:
    settings.RESULT_MONTHS = {TABLE: 0}
    assert verdicts() == {}
    assert left() == [MAY, JUNE, LATE]


def test_a_dry_run_says_rows_and_bytes_and_drops_nothing(book: Portfolio) -> None:
    told = command("--dry-run", "--table", TABLE)
    assert re.search(r"portfolio_risk_2023_05 +1 rows .*would be dropped", told)
    assert "would free 2 rows" in told
    assert left() == [MAY, JUNE, LATE]


def test_the_command_drops_and_tells_what_it_freed(book: Portfolio) -> None:
    assert "freed 2 rows" in command("--table", TABLE)
    assert "Nothing to drop" in command("--table", TABLE)


def test_other_tables_keep_theirs(book: Portfolio) -> None:
    StressTestResult.objects.create(
        portfolio=book, calculation_date=MAY, direct_pnl=[], correlated_pnl=[], correlated_pnl_without_vol_shock=[],
        unbounded_pnl=[], private_pnl=[], factor_impacts=[], unexplained=[],
    )  # fmt: skip
    verdicts()
    assert StressTestResult.objects.filter(portfolio=book).count() == 1


def test_a_published_session_keeps_its_month_and_what_its_backtest_reads(book: Portfolio) -> None:
    PortfolioFactory(results_as_of=dt.date(2024, 6, 28), is_active=False)
    done = verdicts()
    assert done[dt.date(2023, 6, 1)] == (Verdict.NEEDED, "published session 2024-06-28")
    assert done[dt.date(2023, 5, 1)][0] == Verdict.DROPPED
    assert left() == [JUNE, LATE]


def test_a_deleted_portfolio_keeps_nothing(book: Portfolio) -> None:
    PortfolioFactory(results_as_of=MAY, deleted_at=dt.datetime(2023, 6, 2, tzinfo=dt.UTC), is_active=False)
    verdicts()
    assert left() == [LATE]


def test_an_open_backfill_keeps_the_session_it_rolls_on_from(book: Portfolio) -> None:
    PortfolioFactory(equity_as_of=JUNE)
    done = verdicts()
    # The books roll on from the last session of May.
    assert {verdict for verdict, _ in done.values()} == {Verdict.NEEDED}
    assert done[dt.date(2023, 6, 1)][1] == "open backfill from 2023-06-01"
    assert left() == [MAY, JUNE, LATE]


def test_a_run_at_work_keeps_what_it_reads(book: Portfolio) -> None:
    BatchRun.objects.create(
        kind="backfill", trigger="cli", status="running", source="simulated", target_from=JUNE, target_to=LATE
    )
    assert {verdict for verdict, _ in verdicts().values()} == {Verdict.NEEDED}


def test_an_archive_holds_what_was_dropped(book: Portfolio, tmp_path: Path) -> None:
    keys = dict(PortfolioRisk.objects.values_list("calculation_date", "id"))
    done: list[OldMonth] = list(retain(tables=[TABLE], archive=tmp_path, form="csv"))
    assert [old.verdict for old in done] == [Verdict.DROPPED] * 2
    for old, day in zip(done, (MAY, JUNE), strict=True):
        assert old.archive is not None
        with gzip.open(old.archive, "rt", newline="") as file:
            (row,) = csv.DictReader(file)
        assert (row["id"], row["calculation_date"], row["var_95_1d"]) == (
            str(keys[day]), day.isoformat(), f"{day.month}.00",
        )  # fmt: skip
    assert len(list(tmp_path.iterdir())) == 2


def test_an_archive_goes_back_into_the_table(book: Portfolio, tmp_path: Path) -> None:
    before = list(PortfolioRisk.objects.order_by("id").values())
    done = list(retain(tables=[TABLE], archive=tmp_path))
    ensure(PortfolioRisk, [MAY, JUNE])
    with connection.cursor() as cursor:
        for old in done:
            assert old.archive is not None
            with cursor.cursor.copy(f"COPY {TABLE} FROM STDIN (FORMAT CSV, HEADER MATCH)") as copy:
                copy.write(gzip.decompress(old.archive.read_bytes()))
    assert list(PortfolioRisk.objects.order_by("id").values()) == before


def test_a_month_computed_again_gets_a_second_file(book: Portfolio, tmp_path: Path) -> None:
    list(retain(tables=[TABLE], archive=tmp_path))
    PortfolioRisk.objects.create(portfolio=book, calculation_date=MAY, var_95_1d=7)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    list(retain(tables=[TABLE], archive=tmp_path))
    assert len(list(tmp_path.glob("portfolio_risk_2023_05.*.csv.gz"))) == 2


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_an_archive_that_lost_rows_stops_the_drop(
    book: Portfolio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setitem(archives.FORMS, form, replace(archives.FORMS[form], rows_in=lambda path: 0))
    with pytest.raises(DomainError, match="0 of 1 rows"):
        list(retain(tables=[TABLE], archive=tmp_path, form=form))
    assert left() == [MAY, JUNE, LATE]
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def full_month(book: Portfolio) -> list[type[MonthlyModel]]:
    """A row of each monthly table in May, with unknown, infinite and negative numbers, empty and nested arrays."""
    lots = [uuid.UUID(int=1), uuid.UUID(int=2)]
    day: dict[str, Any] = {"portfolio": PortfolioFactory(), "calculation_date": MAY}
    PortfolioRisk.objects.create(
        **day, var_95_1d=Decimal("-12345678901.37"), volatility_daily=1 / 3, observations=251, position_ids=lots,
        component_var=[0.125, None], tail_var=[math.nan, math.inf, -0.0] + [0.25] * 13,
    )  # fmt: skip
    StressTestResult.objects.create(
        **day, direct_pnl=[1.5, math.nan], correlated_pnl=[1.0, 2.0], correlated_pnl_without_vol_shock=[-1e-300, 0.0],
        unbounded_pnl=[1e300, 0.1], private_pnl=[math.inf, 0.0], factor_impacts=[[0.125, 2.0], [math.nan, -3.5]],
        unexplained=[0.0, 0.0], coverage=Decimal("0.9876"), flags={"ä": [1, None]},
    )  # fmt: skip
    EngineResult.objects.create(**day, results={"x": 'a,"b"\n'}, window_from=JUNE, price_source="seed")
    PositionSnapshot.objects.create(
        portfolio=day["portfolio"], snapshot_date=MAY, position_ids=lots, quantity=[1.0, -2.0], price=[3.0, math.nan],
        market_value=[3.0, 4.0], entry_value=[1.0, 1.0], cost_micro=[10**15, -1], unrealized_pnl=[0.0, 0.0], daily_pnl=[0.0, 0.0],
        quality=["f", "s"],
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    return monthly_models()


def in_parquet(value: Any) -> Any:
    """A stored value as the archive has it: identifiers and JSON are text there."""
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC)
    if isinstance(value, list):
        return [in_parquet(one) for one in value]
    return value


def test_a_parquet_archive_reads_back_equal(full_month: list[type[MonthlyModel]], tmp_path: Path) -> None:
    stored = {
        model._meta.db_table: {
            row["id"]: row for row in model._default_manager.filter(**{model.partitioned_by: MAY}).values()
        }
        for model in full_month
    }
    done = [old for old in retain(archive=tmp_path, form="parquet") if old.partition.first == MAY.replace(day=1)]
    assert {old.partition.table for old in done} == stored.keys()
    for old in done:
        assert old.archive is not None
        for row in pq.read_table(old.archive).to_pylist():
            expected = stored[old.partition.table].pop(row["id"])
            json_of = {name for name, value in expected.items() if isinstance(value, dict)}
            found = {name: json.loads(value) if name in json_of else in_parquet(value) for name, value in row.items()}
            # As text, because one NaN is not equal to another.
            assert repr(found) == repr({name: in_parquet(expected[name]) for name in row})
    assert not any(stored.values())


def test_an_archive_that_was_cut_is_written_again(book: Portfolio, tmp_path: Path) -> None:
    part = next(part for part in partitions([TABLE]) if part.first == MAY.replace(day=1))
    for form in archives.FORMS.values():
        path = tmp_path / f"month{form.suffix}"
        with transaction.atomic():
            form.write(part, path)
        assert form.rows_in(path) == 1
        path.write_bytes(path.read_bytes()[:-9])
        assert form.rows_in(path) == -1


def test_beat_drops_and_archives_what_is_due(book: Portfolio, settings: Any, tmp_path: Path) -> None:
    settings.RESULT_MONTHS = {TABLE: 25}
    settings.RESULT_ARCHIVE = str(tmp_path)
    assert tasks.retention() == "2 months with 2 rows dropped, 0 still needed, 0 busy"
    assert len(list(tmp_path.glob(f"{TABLE}_2023_0[56].*.parquet"))) == 2
    assert left() == [LATE]
    settings.RESULT_MONTHS = {}
    assert tasks.retention().startswith("0 months")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"form": "xlsx"}, "csv or parquet"),
        ({"tables": ["positions"]}, "not cut by month"),
        ({"archive": Path("/nowhere/at/all")}, "no directory"),
    ],
)
def test_wrong_input_says_what_to_do(book: Portfolio, options: dict[str, Any], words: str) -> None:
    with pytest.raises(DomainError, match=words):
        list(retain(**options))
    assert left() == [MAY, JUNE, LATE]


@pytest.mark.parametrize(("table", "least"), [("portfolio_risk", 14), ("position_snapshots", 25)])
def test_a_setting_that_cuts_into_what_is_read_is_refused(
    book: Portfolio, settings: Any, table: str, least: int
) -> None:
    settings.RESULT_MONTHS = {table: least - 1}
    with pytest.raises(CommandError, match=f"KEEP_MONTHS_{table.upper()} is {least - 1}; set {least} or more"):
        command()
    assert left() == [MAY, JUNE, LATE]


@pytest.fixture(scope="module")
def month_in_use(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """A month that is really there, and somebody who reads the table and does not end."""
    reading, done = threading.Event(), threading.Event()

    def read() -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute(f"BEGIN; SELECT count(*) FROM {TABLE}")
                reading.set()
                done.wait(60)
                cursor.execute("ROLLBACK")
        finally:
            connection.close()

    with django_db_blocker.unblock():
        made = ensure(PortfolioRisk, [dt.date(2001, 3, 1)])
        reader = threading.Thread(target=read)
        reader.start()
        assert reading.wait(10)
    yield
    done.set()
    reader.join(10)
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        for name in made:
            cursor.execute(f'DROP TABLE "{name}"')


def test_a_month_in_use_is_left_for_the_next_time(month_in_use: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(result_retention, "PATIENCE", "50ms")
    assert verdicts()[dt.date(2001, 3, 1)] == (Verdict.BUSY, "others are using the table")
    assert dt.date(2001, 3, 1) in {part.first for part in partitions([TABLE])}
