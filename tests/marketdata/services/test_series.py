"""Bars for charts: split-adjusted, without holes in a bar."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pytest

from marketdata.models import DailyPrice, PriceQuality, Security, Split, SplitKind
from marketdata.services.history import rebuild_histories
from marketdata.services.series import newest_session, price_series
from tests.factories import SecurityFactory

pytestmark = pytest.mark.django_db
MONDAY = dt.date(2025, 11, 10)
FRIDAY = dt.date(2025, 11, 14)


def bar(security: Security, day: int, close: str, **fields: object) -> None:
    DailyPrice.objects.create(
        security=security, date=dt.date(2025, 11, day), close=Decimal(close), **({"source": "simulated"} | fields)
    )


@pytest.fixture
def split_stock() -> Security:
    """Ten for one on Thursday: 1000, 1010, 990 before, 100, 101 after."""
    security = SecurityFactory(symbol="SPL")
    for day, close in zip(range(10, 15), ["1000", "1010", "990", "100", "101"], strict=True):
        bar(security, day, close, open=close, high=close, low=close, volume=500 if day < 13 else 5000)
    Split.objects.create(security=security, ex_date=dt.date(2025, 11, 13), ratio=10, source="simulated")
    rebuild_histories([security.pk])
    return security


def test_prices_and_volumes_count_in_the_shares_of_the_last_day(split_stock: Security) -> None:
    series = price_series(["SPL"], MONDAY, FRIDAY)["SPL"]
    assert series.close.tolist() == series.open.tolist() == [100, 101, 99, 100, 101]
    assert series.volume.tolist() == [5000] * 5
    assert series.days.tolist() == [dt.date(2025, 11, day) for day in range(10, 15)]


def test_a_range_before_the_split_counts_in_the_shares_of_its_own_last_day(split_stock: Security) -> None:
    series = price_series(["SPL"], MONDAY, dt.date(2025, 11, 12))["SPL"]
    assert series.close.tolist() == [1000, 1010, 990]


def test_a_range_after_the_split_is_as_traded(split_stock: Security) -> None:
    assert price_series(["SPL"], dt.date(2025, 11, 13), FRIDAY)["SPL"].close.tolist() == [100, 101]


def test_spin_offs_are_not_undone() -> None:
    security = SecurityFactory(symbol="PAR")
    bar(security, 10, "100")
    bar(security, 11, "80")
    Split.objects.create(
        security=security, ex_date=dt.date(2025, 11, 11), ratio="1.25", kind=SplitKind.SPIN_OFF_ADJUSTMENT, source="x"
    )
    rebuild_histories([security.pk])
    assert price_series(["PAR"], MONDAY, FRIDAY)["PAR"].close.tolist() == [100, 80]


def test_a_bar_has_no_holes_and_suspect_ones_are_left_out() -> None:
    security = SecurityFactory(symbol="FND")
    bar(security, 10, "25.5")
    bar(security, 12, "99", quality=PriceQuality.SUSPECT)
    bar(security, 13, "25.123456", high="26", source="polygon")
    rebuild_histories([security.pk])
    series = price_series(["FND"], MONDAY, FRIDAY)["FND"]
    assert series.close.tolist() == series.open.tolist() == series.low.tolist() == [25.5, 25.123456]
    assert series.high.tolist() == [25.5, 26]
    assert series.volume.tolist() == [0, 0]
    assert series.source == "polygon"


def test_prices_without_their_array_form_are_as_traded() -> None:
    bar(SecurityFactory(symbol="NEW"), 10, "12")
    assert price_series(["NEW"], MONDAY, FRIDAY)["NEW"].close.tolist() == [12]


def test_what_has_no_bar_is_left_out_and_the_rest_is_in_order() -> None:
    for symbol in ("ZZZ", "AAA"):
        bar(SecurityFactory(symbol=symbol), 12, "10")
    bar(SecurityFactory(symbol="OLD"), 3, "10")
    SecurityFactory(symbol="NONE")
    assert list(price_series(["ZZZ", "OLD", "NONE", "AAA", "NOSUCH"], MONDAY, FRIDAY)) == ["AAA", "ZZZ"]
    assert price_series([], MONDAY, FRIDAY) == {}


def test_random_splits_against_their_definition() -> None:
    random = np.random.default_rng(7)
    security = SecurityFactory(symbol="RND")
    days = [day for day in range(3, 29) if dt.date(2025, 11, day).weekday() < 5 and day != 27]
    closes = random.uniform(5, 500, len(days)).round(2)
    for day, close in zip(days, closes, strict=True):
        bar(security, day, str(close))
    splits = {6: "2", 12: "0.333333333333", 19: "4", 25: "1.5"}
    for day, ratio in splits.items():
        Split.objects.create(security=security, ex_date=dt.date(2025, 11, day), ratio=ratio, source="x")
    rebuild_histories([security.pk])
    expected = [
        close / np.prod([float(ratio) for ex_date, ratio in splits.items() if ex_date > day])
        for day, close in zip(days, closes, strict=True)
    ]
    series = price_series(["RND"], dt.date(2025, 11, 1), dt.date(2025, 11, 28))["RND"]
    np.testing.assert_allclose(series.close, expected, atol=5e-7)


def test_the_newest_session_is_never_in_the_future(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGMASIGHT_NOW", "2025-11-12T12:00:00-05:00")
    assert newest_session() == dt.date(2025, 11, 12)
    security = SecurityFactory()
    bar(security, 11, "10")
    bar(security, 13, "10")
    assert newest_session() == dt.date(2025, 11, 11)
