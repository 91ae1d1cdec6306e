"""The exchange's sessions against what is known of them from outside."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketdata import calendar
from marketdata.calendar import OutsideCalendar
from sigmasight.core.clock import NEW_YORK

D = dt.date
days_inside = st.dates(D(2000, 1, 10), D(2030, 12, 20))


@pytest.mark.parametrize(
    "holiday",
    [
        D(2025, 1, 9),  # day of mourning
        D(2025, 4, 18),  # Good Friday
        D(2025, 6, 19), D(2025, 7, 4), D(2025, 9, 1), D(2025, 11, 27), D(2025, 12, 25),
        D(2026, 1, 1), D(2026, 1, 19), D(2026, 2, 16),
        D(2026, 7, 3),  # Independence Day falls on a Saturday
        D(2012, 10, 29), D(2012, 10, 30),  # hurricane
        D(2001, 9, 11), D(2001, 9, 14),
        D(2026, 2, 28), D(2026, 3, 1),  # a weekend
    ],
)  # fmt: skip
def test_the_exchange_was_closed(holiday: dt.date) -> None:
    assert not calendar.is_session(holiday)


@pytest.mark.parametrize(
    "day", [D(2025, 6, 30), D(2025, 10, 13), D(2025, 11, 11), D(2025, 12, 24), D(2026, 2, 27), D(2021, 12, 31)]
)
def test_the_exchange_was_open(day: dt.date) -> None:
    assert calendar.is_session(day)


@pytest.mark.parametrize(("year", "count"), [(2024, 252), (2025, 250), (2023, 250), (2012, 250)])
def test_sessions_of_a_year(year: int, count: int) -> None:
    assert len(calendar.sessions(D(year, 1, 1), D(year, 12, 31))) == count


def test_neighbours_across_a_long_weekend() -> None:
    assert calendar.next_session(D(2026, 2, 13)) == D(2026, 2, 17)
    assert calendar.previous_session(D(2026, 2, 17)) == D(2026, 2, 13)
    assert calendar.session_on_or_before(D(2026, 2, 16)) == D(2026, 2, 13)
    assert calendar.session_on_or_after(D(2026, 2, 14)) == D(2026, 2, 17)
    assert calendar.sessions_between(D(2026, 2, 13), D(2026, 2, 17)) == 1
    assert calendar.shift(D(2026, 2, 13), 2) == D(2026, 2, 18)
    assert calendar.shift(D(2026, 2, 18), -2) == D(2026, 2, 13)


def test_an_expiration_on_a_holiday_settles_the_session_before() -> None:
    assert calendar.settlement_session(D(2025, 4, 18)) == D(2025, 4, 17)
    assert calendar.settlement_session(D(2025, 12, 19)) == D(2025, 12, 19)


def test_a_half_day_is_a_session_that_closes_at_one() -> None:
    assert calendar.is_half_day(D(2025, 11, 28))
    assert calendar.close_instant(D(2025, 11, 28)) == dt.datetime(2025, 11, 28, 18, 0, tzinfo=dt.UTC)
    assert not calendar.is_half_day(D(2025, 11, 26))


def test_closes_follow_summer_time() -> None:
    assert calendar.close_instant(D(2025, 6, 30)).hour == 20
    assert calendar.close_instant(D(2025, 12, 1)).hour == 21


@pytest.mark.parametrize(
    ("wall", "target"),
    [
        ("2026-02-27T16:29:59", D(2026, 2, 26)),
        ("2026-02-27T16:30:00", D(2026, 2, 27)),
        ("2026-02-28T12:00:00", D(2026, 2, 27)),
        ("2026-03-02T09:00:00", D(2026, 2, 27)),
        ("2025-07-04T20:00:00", D(2025, 7, 3)),
        ("2025-11-28T14:00:00", D(2025, 11, 26)),
        ("2025-11-28T16:30:00", D(2025, 11, 28)),
    ],
)
def test_the_newest_session_with_complete_prices(wall: str, target: dt.date) -> None:
    assert calendar.batch_target(dt.datetime.fromisoformat(wall).replace(tzinfo=NEW_YORK)) == target


def test_the_target_follows_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGMASIGHT_NOW", "2026-02-28T02:00:00+00:00")
    assert calendar.batch_target() == D(2026, 2, 27)


def test_a_day_that_is_no_session_has_no_number() -> None:
    with pytest.raises(ValueError, match="2025-07-04 is not a session"):
        calendar.session_ordinal(D(2025, 7, 4))


@pytest.mark.parametrize("day", [D(1999, 12, 31), D(2090, 1, 1)])
def test_beyond_its_bounds_the_calendar_says_so(day: dt.date) -> None:
    with pytest.raises(OutsideCalendar, match=f"{day} is outside the calendar, which runs from"):
        calendar.is_session(day)


def test_there_is_no_session_before_the_first() -> None:
    with pytest.raises(OutsideCalendar):
        calendar.session_at(-1)
    with pytest.raises(OutsideCalendar):
        calendar.previous_session(calendar.session_at(0))


def test_long_dated_options_expire_inside_the_calendar() -> None:
    assert calendar.session_array()[-1] > np.datetime64("today") + np.timedelta64(9 * 365, "D")


def test_the_array_of_all_sessions_cannot_be_changed_by_accident() -> None:
    with pytest.raises(ValueError, match="read-only"):
        calendar.session_array()[0] = np.datetime64("2000-01-01")


@given(days_inside)
def test_a_number_leads_back_to_its_session(day: dt.date) -> None:
    session = calendar.session_on_or_after(day)
    assert calendar.session_at(calendar.session_ordinal(session)) == session


@given(days_inside)
def test_neighbours_enclose_a_day_and_nothing_lies_between(day: dt.date) -> None:
    before, after = calendar.previous_session(day), calendar.next_session(day)
    assert before < day < after
    assert calendar.sessions(before, after) == [before, *([day] if calendar.is_session(day) else []), after]


@given(st.lists(days_inside, min_size=1, max_size=20))
def test_numbers_of_many_days_are_those_of_each(days: list[dt.date]) -> None:
    on_or_before = [calendar.session_ordinal(calendar.session_on_or_before(day)) for day in days]
    on_or_after = [calendar.session_ordinal(calendar.session_on_or_after(day)) for day in days]
    assert calendar.ordinals(days).tolist() == on_or_before
    assert calendar.ordinals_after(days).tolist() == on_or_after


@given(days_inside, days_inside)
def test_age_of_a_price_counts_the_sessions_since(first: dt.date, last: dt.date) -> None:
    first, last = min(first, last), max(first, last)
    since = [day for day in calendar.sessions(first, last) if day > first]
    assert calendar.sessions_between(first, last) == len(since)


@given(days_inside, st.integers(0, 400))
def test_a_window_holds_the_sessions_of_its_days(end: dt.date, days: int) -> None:
    if end - dt.timedelta(days=days) < calendar.FIRST_DAY:
        return
    window = calendar.calendar_window(end, days)
    assert window == sorted(set(window))
    assert all(end - dt.timedelta(days=days) <= day <= end and calendar.is_session(day) for day in window)


def test_sessions_of_a_reversed_range_are_none() -> None:
    assert calendar.sessions(D(2026, 2, 27), D(2026, 2, 26)) == []
