"""COPY in and out: what arrives is what was given, and a second write writes nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import pytest
from django.db import DatabaseError, connection, models
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.models import PortfolioRisk
from marketdata.models import DailyPrice, PriceHistory, Security, SymbolCollection
from sigmasight.core import copy_format
from sigmasight.core.bulk import (
    NOTHING,
    Column,
    Dense,
    Ragged,
    Scaled,
    UpsertCount,
    array_text,
    chunks,
    read_columns,
    to_uuids,
    upsert,
    uuid_index,
)
from sigmasight.core.column_values import as_stored, staged
from tests.factories import PortfolioFactory, PositionFactory, SecurityFactory

pytestmark = pytest.mark.django_db
DAYS = np.array(["2025-06-30", "2025-07-01", "2025-07-02"], dtype="datetime64[D]")
LONG_AGO = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)


@pytest.fixture
def security() -> Security:
    return SecurityFactory()


def price_columns(security: Security, close: Column, **others: Column) -> dict[str, Column]:
    return {
        "security": np.full(len(DAYS), security.id), "date": DAYS, "close": close, "source": ["simulated"] * len(DAYS), **others,
    }  # fmt: skip


def store(columns: Mapping[str, Column], **options: Any) -> UpsertCount:
    return upsert(DailyPrice, columns, unique=["security", "date"], **options)


def stored(name: str) -> list[Any]:
    return list(DailyPrice.objects.order_by("date").values_list(name, flat=True))


def backdate(model: type[models.Model]) -> None:
    """now() stands still in a test's transaction; an older stamp shows whether a row was touched."""
    model._default_manager.update(updated_at=LONG_AGO)


def test_new_rows_are_inserted(security: Security) -> None:
    assert store(price_columns(security, np.array([10.0, 11.5, 12.25]))) == UpsertCount(3, 3, 0)
    assert stored("close") == [Decimal("10"), Decimal("11.5"), Decimal("12.25")]


def test_a_second_write_writes_nothing(security: Security) -> None:
    columns = price_columns(security, np.array([10.0, 1 / 3, 12.25]), open=np.array([9.0, np.nan, 12.0]))
    store(columns)
    backdate(DailyPrice)
    again = store(columns)
    assert (again.offered, again.written) == (3, 0)
    assert set(stored("updated_at")) == {LONG_AGO}


def test_only_rows_that_differ_are_updated(security: Security) -> None:
    store(price_columns(security, np.array([10.0, 11.0, 12.0])))
    backdate(DailyPrice)
    assert store(price_columns(security, np.array([10.0, 11.01, 12.0]))) == UpsertCount(3, 0, 1)
    assert [stamp == LONG_AGO for stamp in stored("updated_at")] == [True, False, True]


def test_null_and_value_differ_both_ways(security: Security) -> None:
    holes, full = np.array([9.0, np.nan, np.nan]), np.array([np.nan, 9.5, np.nan])
    store(price_columns(security, np.full(3, 10.0), open=holes))
    assert stored("open") == [Decimal(9), None, None]
    assert store(price_columns(security, np.full(3, 10.0), open=full)).updated == 2
    assert stored("open") == [None, Decimal("9.5"), None]


def test_columns_outside_update_are_only_inserted(security: Security) -> None:
    store(price_columns(security, np.full(3, 10.0)))
    changed = price_columns(security, np.full(3, 11.0)) | {"source": ["file"] * 3}
    assert store(changed, update=["close"]).updated == 3
    assert set(stored("source")) == {"simulated"}
    assert store(changed, update=[]) == UpsertCount(3, 0, 0)


def test_nothing_is_written_if_one_row_is_refused(security: Security) -> None:
    with pytest.raises(DatabaseError, match="daily_price_close_positive"):
        store(price_columns(security, np.array([10.0, 11.0, -1.0])))
    assert not DailyPrice.objects.exists()


def test_columns_of_different_length_are_refused(security: Security) -> None:
    with pytest.raises(ValueError, match=r"columns differ in length: .*'close': 2"):
        store(price_columns(security, np.array([10.0, 11.0])))


def test_an_unknown_column_is_refused_by_name(security: Security) -> None:
    with pytest.raises(ValueError, match="DailyPrice has no column 'colour'"):
        store(price_columns(security, np.full(3, 10.0), colour=["red"] * 3))


def test_no_rows_are_no_work() -> None:
    none = {"security": np.empty(0, np.int64), "date": np.empty(0, "datetime64[D]"), "close": np.empty(0)}
    assert store(none) == NOTHING


# -- decimals


@settings(max_examples=30)
@given(st.lists(st.integers(-(2**62), 2**62), min_size=1, max_size=30))
def test_scaled_units_arrive_to_the_last_digit(units: list[int]) -> None:
    securities = Security.objects.bulk_create(
        Security(symbol=f"U{n}", security_type="stock") for n in range(len(units))
    )
    try:
        upsert(
            SymbolCollection,
            {
                "security": np.array([s.id for s in securities]),
                "priority": Scaled(np.array(units), 2),
            },
            unique=["security"],
        )
        kept = dict(SymbolCollection.objects.values_list("security_id", "priority"))
        assert [kept[s.id] for s in securities] == [Decimal(u).scaleb(-2) for u in units]
    finally:
        Security.objects.filter(id__in=[s.id for s in securities]).delete()


def test_floats_are_rounded_half_even_to_the_scale_of_the_column() -> None:
    # Eighths are exact in binary, so that these halves of a cent are halves.
    halves = {0.125: "0.12", 0.375: "0.38", 0.625: "0.62", 0.875: "0.88", -0.125: "-0.12", -0.375: "-0.38"}
    ids = [SecurityFactory().id for _ in halves]
    upsert(SymbolCollection, {"security": np.array(ids), "priority": np.array(list(halves))}, unique=["security"])
    kept = dict(SymbolCollection.objects.values_list("security_id", "priority"))
    assert [str(kept[i]) for i in ids] == list(halves.values())


def test_null_among_scaled_values(security: Security) -> None:
    opens = Scaled(np.array([9_500_000, 0, 9_700_001]), 6, null=np.array([False, True, False]))
    store(price_columns(security, np.full(3, 10.0), open=opens))
    assert stored("open") == [Decimal("9.5"), None, Decimal("9.700001")]


def test_decimals_given_as_such_keep_every_digit(security: Security) -> None:
    store(price_columns(security, [Decimal("123456789012.345678"), Decimal("0.000001"), Decimal("1E+3")]))
    assert stored("close") == [Decimal("123456789012.345678"), Decimal("0.000001"), Decimal(1000)]


@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e300])
def test_what_no_decimal_can_hold_is_refused(security: Security, value: float) -> None:
    with pytest.raises(ValueError, match="infinite or too large"):
        store(price_columns(security, np.array([10.0, value, 12.0])))


# -- arrays

ARRAYS = ("open", "high", "low", "close", "split_factor", "return_factor")


def history_columns(security: Security, values: Column) -> dict[str, Column]:
    facts: dict[str, Column] = {"security": np.array([security.id]), "first_session": np.array([7]), "checksum": ["c"]}
    return facts | dict.fromkeys(ARRAYS, values)


def arrays(values: Column, security: Security) -> tuple[np.ndarray, int]:
    """The array as it is read back, and how many of its elements are NULL in the database."""
    upsert(PriceHistory, history_columns(security, values), unique=["security"])
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FILTER (WHERE x IS NULL) FROM price_histories, unnest(close) AS x")
        nulls = cursor.fetchone()[0]
    return read_columns("SELECT close FROM price_histories")["close"][0], nulls


@pytest.mark.parametrize(
    ("column", "nulls"),
    [
        (np.array([[1.5, np.nan, -0.0]]), 1),
        (Dense(np.array([[1.5, np.nan, -0.0]])), 0),
        (Ragged(np.array([1.5, np.nan, -0.0]), np.array([0, 3])), 1),
        (Ragged(np.array([1.5, np.nan, -0.0]), np.array([0, 3]), keep_nan=True), 0),
    ],
    ids=["matrix", "dense", "ragged", "ragged with NaN"],
)
def test_nan_in_arrays_is_null_unless_it_is_to_be_kept(security: Security, column: Column, nulls: int) -> None:
    back, found = arrays(column, security)
    np.testing.assert_array_equal(back, [1.5, np.nan, -0.0])
    assert np.signbit(back[2])
    assert found == nulls


@pytest.mark.parametrize("keep_nan", [False, True])
def test_a_second_write_of_arrays_with_nan_writes_nothing(security: Security, keep_nan: bool) -> None:
    columns = history_columns(security, Ragged(np.array([1.0, np.nan]), np.array([0, 2]), keep_nan=keep_nan))
    upsert(PriceHistory, columns, unique=["security"])
    assert upsert(PriceHistory, columns, unique=["security"]).written == 0


numbers = st.floats(allow_nan=False, allow_infinity=True)


@settings(max_examples=40)
@given(st.lists(st.lists(numbers, max_size=6), min_size=1, max_size=6))
def test_ragged_rows_come_back_as_they_were(rows: list[list[float]]) -> None:
    securities = Security.objects.bulk_create(Security(symbol=f"R{n}", security_type="stock") for n in range(len(rows)))
    try:
        offsets = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
        values = Ragged(np.array([x for row in rows for x in row], dtype=np.float64), offsets)
        facts: dict[str, Column] = {
            "security": np.array([s.id for s in securities]),
            "first_session": np.zeros(len(rows), dtype=np.int64),
            "checksum": ["c"] * len(rows),
        }
        upsert(PriceHistory, facts | dict.fromkeys(ARRAYS, values), unique=["security"])
        back = read_columns("SELECT security_id, close FROM price_histories ORDER BY security_id")
        assert [list(row) for row in back["close"]] == rows
    finally:
        Security.objects.filter(id__in=[s.id for s in securities]).delete()


# -- reading


def test_types_of_columns_that_are_read() -> None:
    row = read_columns(
        "SELECT 1::smallint AS small, 2::int AS whole, 3::bigint AS big, 0.5::float8 AS double, 0.25::real AS single, "
        "1.125::numeric AS exact, '2025-06-30'::date AS day, '2025-06-30 20:00+00'::timestamptz AS instant, true AS yes, "
        "'word'::text AS word, '{\"a\": 1}'::jsonb AS document, ARRAY[1.5, NULL]::float8[] AS list"
    )
    lists = row["list"]
    assert isinstance(lists, Ragged)
    assert {name: column.dtype.str.lstrip("<|=") for name, column in (row | {"list": lists.values}).items()} == {
        "small": "i8", "whole": "i8", "big": "i8", "double": "f8", "single": "f8", "exact": "f8", "day": "M8[D]",
        "instant": "M8[us]", "yes": "b1", "word": "O", "document": "O", "list": "f8",
    }  # fmt: skip
    assert [row[name][0] for name in ("small", "whole", "big", "double", "single", "exact")] == [
        1,
        2,
        3,
        0.5,
        0.25,
        1.125,
    ]
    assert row["day"][0] == np.datetime64("2025-06-30")
    assert row["instant"][0] == np.datetime64("2025-06-30T20:00:00", "us")
    assert row["yes"][0]
    assert (row["word"][0], row["document"][0]) == ("word", '{"a": 1}')
    np.testing.assert_array_equal(row["list"][0], [1.5, np.nan])


def test_null_is_nan_nat_or_none() -> None:
    row = read_columns(
        "SELECT NULL::float8 AS number, NULL::date AS day, NULL::timestamptz AS instant, NULL::text AS word, "
        "NULL::float8[] AS list"
    )
    assert np.isnan(row["number"][0])
    assert np.isnat(row["day"][0])
    assert np.isnat(row["instant"][0])
    assert row["word"][0] is None
    assert row["list"][0].tolist() == []


@pytest.mark.parametrize("kind", ["bigint", "int", "smallint", "boolean", "uuid"])
@pytest.mark.parametrize("others", ["", ", 'word'::text AS word"], ids=["fixed rows", "variable rows"])
def test_null_where_a_type_has_none_is_refused(kind: str, others: str) -> None:
    with pytest.raises(ValueError, match=r"a NULL in .*cell.*COALESCE"):
        read_columns(f"SELECT NULL::{kind} AS cell{others}")


def test_column_names_must_differ() -> None:
    with pytest.raises((ValueError, DatabaseError)):
        read_columns("SELECT 1 AS a, 2 AS a")


def test_a_type_that_is_not_known_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="column 'span' has a type"):
        read_columns("SELECT '1 day'::interval AS span")


def test_parameters_reach_the_query() -> None:
    assert read_columns("SELECT %(n)s::int AS n, %(w)s::text AS w", {"n": 5, "w": "a'b"})["w"][0] == "a'b"
    assert list(read_columns("SELECT unnest(%s::int[]) AS n", [[3, 1, 2]])["n"]) == [3, 1, 2]


def test_an_empty_answer_keeps_its_columns() -> None:
    row = read_columns("SELECT 1::int AS n, 'w'::text AS w WHERE false")
    assert {name: len(column) for name, column in row.items()} == {"n": 0, "w": 0}


# -- uuids


def test_raw_uuids_are_the_bytes_of_the_objects() -> None:
    lots = [PositionFactory().id for _ in range(5)]
    sql = "SELECT id FROM positions ORDER BY id"
    raw = read_columns(sql, raw_uuids=True)["id"]
    assert raw.dtype == np.dtype("V16")
    assert to_uuids(raw) == list(read_columns(sql)["id"]) == sorted(lots)


def test_uuids_are_written_as_they_are() -> None:
    books, lots = [PortfolioFactory() for _ in range(2)], [[uuid4(), uuid4()], [uuid4(), uuid4()]]
    upsert(
        PortfolioRisk,
        risk_columns([book.id for book in books], lots),
        unique=["portfolio", "calculation_date"],
    )
    kept = dict(PortfolioRisk.objects.values_list("portfolio_id", "position_ids"))
    assert [kept[book.id] for book in books] == lots


def risk_columns(books: list[UUID], lots: list[list[UUID]]) -> dict[str, Column]:
    required: dict[str, Column] = {"portfolio": books, "calculation_date": [DAYS[0].item()] * len(books)}
    return required | {"position_ids": lots}


@given(st.lists(st.uuids(), max_size=20, unique=True), st.lists(st.uuids(), max_size=5), st.randoms())
def test_uuid_index_finds_each_key_and_nothing_else(keys: list[UUID], strangers: list[UUID], chance: Any) -> None:
    wanted = [*keys, *strangers]
    chance.shuffle(wanted)

    def raw(uuids: list[UUID]) -> np.ndarray:
        return np.frombuffer(b"".join(u.bytes for u in uuids), dtype="V16")

    expected = [keys.index(u) if u in keys else -1 for u in wanted]
    assert list(uuid_index(raw(keys), raw(wanted))) == expected


@given(st.integers(0, 50), st.integers(1, 20))
def test_chunks_cover_everything_once(count: int, size: int) -> None:
    parts = list(chunks(count, size))
    assert [i for part in parts for i in range(part.start, part.stop)] == list(range(count))
    assert all(0 < part.stop - part.start <= size for part in parts)


# -- straight into the table, or by way of a stage


def statements(columns: Mapping[str, Column]) -> list[str]:
    """What is asked beside the COPY itself, which Django does not see."""
    with CaptureQueriesContext(connection) as asked:
        store(columns)
    return [one["sql"] for one in asked]


def test_rows_that_are_all_new_skip_the_stage(security: Security) -> None:
    columns = price_columns(security, np.array([10.0, 11.5, 12.25]))
    assert not any("TEMP TABLE" in sql for sql in statements(columns))
    assert any("TEMP TABLE" in sql for sql in statements(columns))


def test_a_row_in_the_middle_that_is_there_makes_all_of_them_merged(security: Security) -> None:
    DailyPrice.objects.create(security=security, date=dt.date(2025, 7, 1), close=Decimal(7), source="file")
    assert store(price_columns(security, np.array([10.0, 11.5, 12.25]))) == UpsertCount(3, 2, 1)
    assert stored("close") == [Decimal("10"), Decimal("11.5"), Decimal("12.25")]
    assert set(stored("source")) == {"simulated"}


@pytest.mark.parametrize("wrong", [{"source": ["x" * 300] * 3}, {"quality": ["nothing"] * 3}])
def test_what_the_table_refuses_is_refused_on_both_ways(security: Security, wrong: dict[str, Any]) -> None:
    good = price_columns(security, np.array([10.0, 11.5, 12.25]))
    for there in (False, True):
        if there:
            store(good)
        with pytest.raises(DatabaseError):
            store(good | wrong)


@given(
    units=st.lists(st.integers(-(10**15), 10**15), min_size=3, max_size=3),
    decimals=st.integers(0, 8),
    unknown=st.lists(st.booleans(), min_size=3, max_size=3),
)
def test_both_ways_store_the_same_decimals(units: list[int], decimals: int, unknown: list[bool]) -> None:
    value = Scaled(np.array(units), decimals, np.array(unknown))
    field = SymbolCollection._meta.get_field("priority")
    straight = as_stored(field, value)
    assert straight is not None
    staging, kind, expression = staged(field, value)
    told = []
    with connection.cursor() as cursor:
        for column, of_kind, read in (
            (straight, f"numeric(30,{decimals})", 's."priority"'),
            (staging, kind, expression),
        ):
            cursor.execute(f"CREATE TEMP TABLE both_ways (priority {of_kind})")
            with cursor.cursor.copy("COPY both_ways FROM STDIN (FORMAT BINARY)") as copy:
                for block in copy_format.rows([column], 3, 1 << 20):
                    copy.write(block)
            cursor.execute(f"SELECT ({read})::numeric(30,{decimals}) FROM both_ways AS s")
            told.append(cursor.fetchall())
            cursor.execute("DROP TABLE both_ways")
    assert told[0] == told[1]
    assert told[0] == [
        (None if null else Decimal(unit).scaleb(-decimals),) for unit, null in zip(units, unknown, strict=True)
    ]


def test_a_statement_is_described_once_for_each_kind_of_parameter() -> None:
    def read(value: Any) -> Any:
        return read_columns("SELECT %(value)s AS described_once", {"value": value})["described_once"][0]

    assert (read(1), read("one")) == (1, "one")
    with CaptureQueriesContext(connection) as queries:
        assert (read(2), read("two")) == (2, "two")
    assert not [query for query in queries if "LIMIT 0" in query["sql"]]


def test_ids_go_as_one_text() -> None:
    ids = [UUID(int=2), UUID(int=7)]
    assert array_text(ids) == f"{{{ids[0]},{ids[1]}}}"
    assert array_text([3, 5]) == "{3,5}"
    assert read_columns("SELECT x FROM unnest(%(ids)s::bigint[]) AS x", {"ids": [3, 5]})["x"].tolist() == [3, 5]
