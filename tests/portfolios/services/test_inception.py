"""The day a ledger begins."""

from __future__ import annotations

import datetime as dt

import pytest

from portfolios.services.inception import ledger_start

CREATED = dt.date(2026, 2, 28)
FRIDAY = dt.date(2026, 2, 27)
YEAR_BEFORE = dt.date(2025, 2, 26)


@pytest.mark.parametrize(
    ("first_entry", "start"),
    [
        (None, FRIDAY),
        (CREATED, FRIDAY),
        (FRIDAY, FRIDAY),
        (dt.date(2026, 2, 21), dt.date(2026, 2, 23)),
        (dt.date(2025, 6, 30), dt.date(2025, 6, 30)),
        (YEAR_BEFORE, YEAR_BEFORE),
        (dt.date(2025, 2, 25), YEAR_BEFORE),
        (dt.date(1962, 1, 2), YEAR_BEFORE),
    ],
)
def test_the_ledger_begins_with_the_first_lot_but_a_year_back_at_most(
    first_entry: dt.date | None, start: dt.date
) -> None:
    assert ledger_start(first_entry, CREATED) == start
