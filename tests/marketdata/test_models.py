"""The database itself refuses prices and terms that cannot be."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from marketdata.models import (
    DailyPrice,
    Dividend,
    IncomeStatement,
    InstrumentMark,
    OptionContract,
    OptionQuote,
    PriceHistory,
    PriceRejection,
    SectorBenchmarkWeight,
    Security,
    Split,
    TreasuryYield,
)
from tests.factories import OptionContractFactory, SecurityFactory

pytestmark = pytest.mark.django_db
DAY = dt.date(2025, 6, 30)


def price(security: Security, **changes: object) -> DailyPrice:
    values = {"open": 10, "high": 12, "low": 9, "close": 11, "volume": 1000, "source": "file", "date": DAY} | changes
    return DailyPrice.objects.create(security=security, **values)


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"close": 0}, "daily_price_"),
        ({"close": -11}, "daily_price_"),
        ({"low": 11.5}, "daily_price_low_below_close"),
        ({"high": 10.5}, "daily_price_high_above_close"),
        ({"open": 0}, "daily_price_open_positive"),
        ({"low": 0}, "daily_price_low_positive"),
        ({"volume": -1}, "daily_price_volume_not_negative"),
        ({"quality": "fine"}, "daily_price_quality_valid"),
    ],
)
def test_impossible_prices_are_refused(changes: dict[str, object], constraint: str) -> None:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        price(SecurityFactory(), **changes)


def test_a_close_alone_is_a_price() -> None:
    assert price(SecurityFactory(), open=None, high=None, low=None, volume=None).quality == "ok"


def test_a_session_has_one_price() -> None:
    security = SecurityFactory()
    price(security)
    with pytest.raises(IntegrityError, match="daily_price_unique"), transaction.atomic():
        price(security)


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [({"security_type": "bond"}, "security_type_valid"), ({"price_status": "maybe"}, "security_price_status_valid")],
)
def test_unknown_kinds_of_security_are_refused(changes: dict[str, object], constraint: str) -> None:
    security = SecurityFactory()
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Security.objects.filter(pk=security.pk).update(**changes)


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"strike": 0}, "option_contract_strike_positive"),
        ({"option_type": "FLEX"}, "option_contract_type_valid"),
        ({"multiplier": 0}, "option_contract_multiplier_positive"),
        ({"exercise_style": "asian"}, "option_contract_style_valid"),
    ],
)
def test_impossible_contracts_are_refused(changes: dict[str, object], constraint: str) -> None:
    contract = OptionContractFactory()
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        OptionContract.objects.filter(pk=contract.pk).update(**changes)


def test_the_same_terms_are_one_contract() -> None:
    contract = OptionContractFactory()
    with pytest.raises(IntegrityError, match="option_contract_terms_unique"), transaction.atomic():
        OptionContractFactory(underlying=contract.underlying, security=SecurityFactory(security_type="option"))


def test_a_split_ratio_is_positive_and_exact_enough_for_a_third() -> None:
    split = Split.objects.create(security=SecurityFactory(), ex_date=DAY, ratio=Decimal(1) / 3, source="file")
    split.refresh_from_db()
    assert round(split.ratio * 30_000_000, 4) == 10_000_000
    with pytest.raises(IntegrityError, match="split_ratio_positive"), transaction.atomic():
        Split.objects.filter(pk=split.pk).update(ratio=0)


def test_a_special_dividend_may_fall_on_a_regular_one() -> None:
    security = SecurityFactory()
    for kind in ("regular", "special"):
        Dividend.objects.create(security=security, ex_date=DAY, amount=Decimal("0.25"), kind=kind, source="file")
    with pytest.raises(IntegrityError, match="dividend_unique"), transaction.atomic():
        Dividend.objects.create(security=security, ex_date=DAY, amount=Decimal("0.25"), source="file")


def mark(**changes: object) -> InstrumentMark:
    values = {"session": DAY, "price": 1, "price_date": DAY, "quality": "fresh", "price_source": "file"} | changes
    return InstrumentMark.objects.create(security=SecurityFactory(), **values)


def test_a_mark_may_be_zero_for_a_worthless_contract() -> None:
    assert mark(price=0).age_sessions == 0


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"price": -1}, "instrument_mark_price_not_negative"),
        ({"price_date": dt.date(2025, 7, 1)}, "instrument_mark_not_from_the_future"),
        ({"quality": "good"}, "instrument_mark_quality_valid"),
        ({"price_source": "rumour"}, "instrument_mark_source_valid"),
        ({"age_sessions": -1}, "instrument_mark_age_not_negative"),
    ],
)
def test_impossible_marks_are_refused(changes: dict[str, object], constraint: str) -> None:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        mark(**changes)


def test_a_negative_premium_or_volatility_is_refused() -> None:
    security = OptionContractFactory().security
    for changes in ({"last": -1}, {"implied_volatility": -0.1}, {"open_interest": -1}):
        with pytest.raises(IntegrityError, match="option_quote_"), transaction.atomic():
            OptionQuote.objects.create(security=security, session=DAY, source="seed", **changes)


def test_price_arrays_are_of_one_length() -> None:
    names = ("open", "high", "low", "close", "split_factor", "return_factor")
    arrays = {name: [1.0, float("nan")] for name in names}
    row = PriceHistory.objects.create(security=SecurityFactory(), first_session=0, checksum="", **arrays)
    row.low = [1.0]
    with pytest.raises(IntegrityError, match="price_history_arrays_aligned"), transaction.atomic():
        row.save()


def test_yields_are_in_percent_and_weights_are_fractions() -> None:
    with pytest.raises(IntegrityError, match="treasury_yield_in_percent"), transaction.atomic():
        TreasuryYield.objects.create(series_id="DGS10", date=DAY, percent=425, source="fred")
    with pytest.raises(IntegrityError, match="sector_weight_is_a_fraction"), transaction.atomic():
        SectorBenchmarkWeight.objects.create(
            benchmark_code="SP500", asof_date=DAY, sector="Energy", weight=Decimal("2.96"), data_source="file"
        )


def test_a_fiscal_quarter_is_one_of_four() -> None:
    with pytest.raises(IntegrityError, match="incomestatement_quarter_valid"), transaction.atomic():
        IncomeStatement.objects.create(
            security=SecurityFactory(), frequency="q", period_date=DAY, fiscal_quarter=5, source="file"
        )


def test_the_same_bad_row_is_one_rejection_even_without_a_date() -> None:
    PriceRejection.objects.create(symbol="AAPL", provider="yfinance", reason="no_date", payload={})
    with pytest.raises(IntegrityError, match="price_rejection_unique"), transaction.atomic():
        PriceRejection.objects.create(symbol="AAPL", provider="yfinance", reason="no_date", payload={})
