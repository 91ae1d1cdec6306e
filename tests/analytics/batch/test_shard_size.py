"""How a run is cut: for memory always, for other workers where each has enough to do."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

import pytest

from analytics.batch.phases import shard_size
from analytics.batch.scope import Need, Plan

TARGET = dt.date(2026, 2, 27)
NIGHT, YEAR = TARGET, dt.date(2025, 2, 27)
STAMP = dt.datetime(2026, 2, 27, tzinfo=dt.UTC)


def plan(books: int, first: dt.date) -> Plan:
    return Plan(TARGET, tuple(Need(UUID(int=i), f"Book {i}", YEAR, first, None, STAMP) for i in range(books)))


def shards(books: int, first: dt.date, *, spread: bool = True) -> list[int]:
    made = plan(books, first)
    return [len(shard) for shard in made.shards(shard_size(made, spread=spread))]


@pytest.mark.parametrize(
    ("books", "first", "expected"),
    [
        (1, YEAR, [1]), (5, YEAR, [5]), (100, YEAR, [50] * 2), (400, NIGHT, [400]), (1_000, NIGHT, [500] * 2),
        (2_500, NIGHT, [625] * 4), (10_000, NIGHT, [2_500] * 4), (1_000, YEAR, [125] * 8),
    ],
)  # fmt: skip
def test_workers_share_what_is_worth_it(books: int, first: dt.date, expected: list[int]) -> None:
    assert shards(books, first) == expected


def test_one_process_cuts_for_memory_alone() -> None:
    assert shards(1_000, NIGHT, spread=False) == [1_000]
    assert shards(100, YEAR, spread=False) == [100]
    assert shards(1_000, YEAR, spread=False) == [125] * 8
