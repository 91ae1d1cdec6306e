"""A split recorded by hand: which ratios and days can be, what the prices say about it, which doubts it ends."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction

import pytest

from marketdata.models import DailyPrice, PriceHistory, PriceQuality, Security, Split, SplitKind
from marketdata.services.history import rebuild_histories
from marketdata.services.missed_splits import parse_ratio, record_split
from sigmasight.core.errors import Conflict, DomainError
from tests.factories import OptionContractFactory, SecurityFactory

pytestmark = pytest.mark.django_db
BEFORE, DAY, AFTER = dt.date(2025, 7, 1), dt.date(2025, 7, 2), dt.date(2025, 7, 3)


@pytest.fixture
def split_share() -> Security:
    """A share that fell from 100 to a quarter, which nobody believes."""
    security = SecurityFactory(symbol="SPL")
    for day, close, quality in ((BEFORE, 100, "ok"), (DAY, 25, "suspect"), (AFTER, 26, "suspect")):
        DailyPrice.objects.create(security=security, date=day, close=close, source="desk", quality=quality)
    rebuild_histories([security.pk])
    return security


@pytest.mark.parametrize(
    ("text", "ratio"),
    [("4:1", Fraction(4)), (" 1 : 10 ", Fraction(1, 10)), ("3/2", Fraction(3, 2)), ("0.1", Fraction(1, 10)), ("7", Fraction(7)),
     ("0.333333333333", Fraction(1, 3))],
)  # fmt: skip
def test_ratios_are_read_as_people_write_them(text: str, ratio: Fraction) -> None:
    assert parse_ratio(text) == ratio


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "1:1",
        "0",
        "4:0",
        "0:4",
        "-4:1",
        "NaN",
        "1e9999999",
        "four",
        "4:1:2",
        "9999:1",
        "1:9999",
        "٤:1",
        "\x00",
        "4" * 50,
    ],
)
def test_what_is_no_ratio_is_refused(text: str) -> None:
    with pytest.raises(DomainError) as refusal:
        parse_ratio(text)
    assert refusal.value.code == "ratio_invalid"


def test_prices_that_the_split_explains_are_believed(split_share: Security) -> None:
    recorded = record_split("spl", DAY, Fraction(4))
    assert recorded.rows == {"splits": 1, "daily_prices": 2}
    assert recorded.notes == ["The close went from 100 on 2025-07-01 to 25 on 2025-07-02: with 4:1 that is +0.0%."]
    history = PriceHistory.objects.get(security=split_share)
    assert (history.close, history.split_factor) == ([100, 25, 26], [1, 4, 4])
    assert record_split("SPL", DAY, Fraction(4)).rows == {}


def test_prices_that_it_does_not_explain_stay_doubted_and_it_is_said(split_share: Security) -> None:
    recorded = record_split("SPL", DAY, Fraction(1, 4))
    assert "do not look split so" in recorded.notes[0]
    assert DailyPrice.objects.filter(quality=PriceQuality.SUSPECT).count() == 2


def test_one_third_is_kept_exactly(split_share: Security) -> None:
    record_split("SPL", DAY, Fraction(1, 3))
    assert Split.objects.get().ratio == Decimal("0.333333333333")
    assert record_split("SPL", DAY, Fraction(1, 3)).rows == {}


def test_another_split_of_that_day_is_not_replaced(split_share: Security) -> None:
    Split.objects.create(security=split_share, ex_date=DAY, ratio=2, kind=SplitKind.SPIN_OFF_ADJUSTMENT, source="desk")
    with pytest.raises(Conflict, match="2:1"):
        record_split("SPL", DAY, Fraction(4))


def test_a_like_split_some_days_away_is_pointed_out(split_share: Security) -> None:
    Split.objects.create(security=split_share, ex_date=dt.date(2025, 7, 8), ratio=4, source="desk")
    assert "is it the same split" in record_split("SPL", DAY, Fraction(4)).notes[-1]


@pytest.mark.parametrize("day", [dt.date(1999, 12, 31), dt.date(2000, 1, 1), dt.date(2199, 1, 1)])
@pytest.mark.usefixtures("split_share")
def test_no_split_on_a_day_that_cannot_be(day: dt.date) -> None:
    with pytest.raises(DomainError, match="is not between"):
        record_split("SPL", day, Fraction(4))


@pytest.mark.parametrize("day", [dt.date(2025, 7, 4), dt.date(2025, 7, 5)])
@pytest.mark.usefixtures("split_share")
def test_no_split_on_a_day_without_trading(day: dt.date) -> None:
    with pytest.raises(DomainError, match="The nearest are 2025-07-03 and 2025-07-07"):
        record_split("SPL", day, Fraction(4))
    assert not Split.objects.exists()


def test_contracts_and_unknown_symbols_are_not_split() -> None:
    with pytest.raises(DomainError, match="shares are split"):
        record_split(OptionContractFactory().security.symbol, DAY, Fraction(4))
    with pytest.raises(DomainError, match="no security"):
        record_split("NO\x00NE", DAY, Fraction(4))
