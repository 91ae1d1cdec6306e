from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from sigmasight.core import clock


def test_a_fixed_instant_is_given_in_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGMASIGHT_NOW", "2026-02-27T22:00:00-05:00")
    assert clock.now() == dt.datetime(2026, 2, 28, 3, 0, tzinfo=dt.UTC)
    assert clock.now().tzinfo is dt.UTC


def test_today_is_the_day_in_new_york_not_in_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGMASIGHT_NOW", "2026-02-28T03:00:00+00:00")
    assert clock.market_today() == dt.date(2026, 2, 27)
    assert clock.market_now().isoformat() == "2026-02-27T22:00:00-05:00"


@pytest.mark.parametrize(
    ("instant", "wall"),
    [
        ("2026-03-08T06:59:00+00:00", "2026-03-08T01:59:00-05:00"),
        ("2026-03-08T07:00:00+00:00", "2026-03-08T03:00:00-04:00"),
        ("2026-11-01T06:30:00+00:00", "2026-11-01T01:30:00-05:00"),
    ],
)
def test_new_york_keeps_its_summer_time(monkeypatch: pytest.MonkeyPatch, instant: str, wall: str) -> None:
    monkeypatch.setenv("SIGMASIGHT_NOW", instant)
    assert clock.market_now().isoformat() == wall


@pytest.mark.parametrize("given", ["yesterday", "2026-02-30T22:00:00-05:00", "22:00"])
def test_what_is_no_instant_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("SIGMASIGHT_NOW", given)
    with pytest.raises(ValueError, match=r"SIGMASIGHT_NOW=.* is not an ISO instant such as"):
        clock.now()


@pytest.mark.parametrize("given", ["2026-02-27T22:00:00", "2026-02-27"])
def test_an_instant_without_an_offset_is_refused(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("SIGMASIGHT_NOW", given)
    with pytest.raises(ValueError, match="has no UTC offset"):
        clock.now()


@pytest.mark.parametrize("given", [None, ""])
def test_without_a_fixed_instant_the_clock_runs(monkeypatch: pytest.MonkeyPatch, given: str | None) -> None:
    monkeypatch.delenv("SIGMASIGHT_NOW", raising=False)
    if given is not None:
        monkeypatch.setenv("SIGMASIGHT_NOW", given)
    with time_machine.travel(dt.datetime(2026, 7, 3, 20, 0, tzinfo=dt.UTC), tick=False) as traveller:
        assert clock.now() == dt.datetime(2026, 7, 3, 20, 0, tzinfo=dt.UTC)
        traveller.shift(dt.timedelta(hours=5))
        assert clock.now() == dt.datetime(2026, 7, 4, 1, 0, tzinfo=dt.UTC)
        assert clock.market_today() == dt.date(2026, 7, 3)
