"""Sessions worked on together give every session's books what they have alone, but for the rounding of sums."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.batch.book_risk import BookHistory
from analytics.batch.session_groups import session_groups, tails_of, volatilities_of
from analytics.batch.symbols import volatility_columns
from analytics.engines.regression import Floats
from analytics.engines.risk import LotHistory
from analytics.engines.tails import tail_table

NO_LOTS = LotHistory(*[np.empty(0)] * 4, np.empty((0, 0)), np.empty((0, 0)))


def histories(books: int, days: tuple[int, ...]) -> list[Floats]:
    rng = np.random.default_rng(11)
    made = [np.asfortranarray(rng.standard_normal((length, books)) / 100) for length in days]
    # One book without a day, one with a hole in the newest session.
    made[0][:, 0] = np.nan
    made[-1][-1, -1] = np.nan
    return made


@pytest.mark.parametrize("books", [1, 3, 40])
@pytest.mark.parametrize("days", [(300,), (300, 300, 300), (40, 41, 300, 300)])
def test_together_is_as_each_session_alone(books: int, days: tuple[int, ...]) -> None:
    series = histories(books, days)
    for together, alone in zip(
        volatilities_of(series), map(volatility_columns, series, [None] * len(days)), strict=True
    ):
        assert together.keys() == alone.keys()
        for name, values in alone.items():
            if name in ("vol_trend", "forecast_method"):
                assert together[name] == values
            else:
                np.testing.assert_allclose(together[name], values, rtol=1e-12)
    past = [BookHistory(pnl, 3 * pnl, NO_LOTS) for pnl in series]
    for table, history in zip(tails_of(past), past, strict=True):
        alone_table = tail_table(history.pnl, history.pnl_10d)
        for name in ("var", "expected_shortfall", "deviation", "observations"):
            np.testing.assert_allclose(getattr(table, name), getattr(alone_table, name), rtol=1e-12)


def test_groups_hold_a_few_thousand_books_and_every_session_once() -> None:
    sessions = list(range(252))
    assert [len(group) for group in session_groups(sessions, 1)] == [252]
    assert [s for group in session_groups(sessions, 158) for s in group] == sessions
    assert {len(group) for group in session_groups(sessions, 10_000)} == {1}
