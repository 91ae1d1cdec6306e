"""Array columns end to end: the elements and where each array begins, whatever is empty, NULL or holds a NULL."""

from __future__ import annotations

from itertools import pairwise
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sigmasight.core.bulk import Ragged, read_columns, to_uuids

pytestmark = pytest.mark.django_db
ARRAYS = {
    "float8": st.lists(st.none() | st.floats(allow_nan=False, width=64), max_size=6),
    "float4": st.lists(st.none() | st.floats(allow_nan=False, width=32), max_size=6),
    "int8": st.lists(st.integers(-(2**63), 2**63 - 1), max_size=6),
    "int2": st.lists(st.integers(-(2**15), 2**15 - 1), max_size=6),
}


def read(kind: str, arrays: list[list[Any] | None]) -> Ragged:
    values = ", ".join(f"(%s, %s::{kind}[])" for _ in arrays)
    given_values = [item for place, cells in enumerate(arrays) for item in (place, cells)]
    return read_columns(f"SELECT a FROM (VALUES {values}) AS t (n, a) ORDER BY n", given_values)["a"]


def listed(column: Ragged) -> list[list[Any]]:
    ends = column.offsets.tolist()
    return [column.values[low:high].tolist() for low, high in pairwise(ends)]


@pytest.mark.parametrize("kind", ARRAYS)
@settings(max_examples=30)
@given(data=st.data())
def test_what_is_read_is_what_was_sent(kind: str, data: st.DataObject) -> None:
    arrays = data.draw(st.lists(st.none() | ARRAYS[kind], min_size=1, max_size=5))
    expected = [[np.nan if cell is None else cell for cell in cells or []] for cells in arrays]
    got = listed(read(kind, arrays))
    assert [len(cells) for cells in got] == [len(cells) for cells in expected]
    for mine, theirs in zip(got, expected, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_uuids_come_as_bytes_and_letters_as_letters() -> None:
    keys = [UUID(int=1), UUID(int=2 << 64)]
    assert to_uuids(read("uuid", [keys, [], None]).values) == keys
    letters = read('"char"', [["F", "Z"], ["E"]])
    assert letters.values.tolist() == [b"F", b"Z", b"E"]
    assert letters.offsets.tolist() == [0, 2, 3]


def test_a_column_of_nothing_keeps_its_type() -> None:
    assert read("uuid", [None]).values.dtype == "V16"
    assert read_columns("SELECT '{}'::float8[] AS a WHERE false")["a"].offsets.tolist() == [0]


def test_a_matrix_is_refused() -> None:
    with pytest.raises(ValueError, match="one dimension"):
        read("float8", [[[1.0, 2.0], [3.0, 4.0]]])


def test_a_missing_uuid_is_refused() -> None:
    with pytest.raises(ValueError, match="no NaN"):
        read("uuid", [[UUID(int=1), None]])


def test_rows_of_one_width_are_a_table_and_others_are_refused() -> None:
    assert read("float8", [[1.0, 2.0], [3.0, None]]).table(2)[0].tolist() == [1.0, 2.0]
    for uneven in ([[1.0, 2.0], [3.0]], [[1.0, 2.0], None], [[1.0], [2.0, 3.0, 4.0]]):
        with pytest.raises(ValueError, match="2 elements"):
            read("float8", uneven).table(2)
