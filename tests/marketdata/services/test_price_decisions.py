"""What staff decide of single prices stands against what sources send, and can be taken back."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from uuid import uuid4

import pytest

from marketdata.models import (
    DailyPrice,
    Decision,
    OptionQuote,
    PriceCorrection,
    PriceDecision,
    PriceQuality,
    PriceRejection,
    PriceStatus,
    Security,
)
from marketdata.providers.simulated import Simulated
from marketdata.services.acceptance import accept_prices, accept_refused, dismiss_refused
from marketdata.services.history import arrays_differ_from_rows
from marketdata.services.overrides import override_price, withdraw_decision
from marketdata.services.reference_collection import collect_option_quotes
from sigmasight.core.errors import DomainError, NotFound
from tests.factories import OptionContractFactory
from tests.marketdata.test_collection import LAST, SESSIONS, Desk, array_of, bars, closes_of, collect, wanted

pytestmark = pytest.mark.django_db
STAFF = uuid4()
DAY = SESSIONS[2]
SPIKE = [100.0, 101.0, 250.0, 102.0, 103.0]


@pytest.fixture
def spiked() -> Security:
    """Five sessions, the middle one a spike that is suspect."""
    collect(Desk(bars("SPK", SPIKE)), wanted("SPK"), SESSIONS[4])
    return Security.objects.get(symbol="SPK")


def again(*closes: float) -> None:
    collect(Desk(bars("SPK", closes)), wanted("SPK"), SESSIONS[len(closes) - 1])


def price() -> DailyPrice:
    return DailyPrice.objects.get(security__symbol="SPK", date=DAY)


def refused(reason: str, **payload: float | None) -> PriceRejection:
    return PriceRejection.objects.create(symbol="SPK", date=DAY, provider="desk", reason=reason, payload=payload)


def test_an_accepted_price_is_not_doubted_when_it_comes_again(spiked: Security) -> None:
    assert price().quality == PriceQuality.SUSPECT
    accept_prices([price().pk], by=STAFF)
    again(*SPIKE, 104.0)
    assert (price().quality, price().close) == (PriceQuality.OK, 250)
    assert array_of("SPK")[2] == 250


def test_an_accepted_price_that_the_source_puts_right_is_stored(spiked: Security) -> None:
    accept_prices([price().pk], by=STAFF)
    again(100.0, 101.0, 101.5, 102.0, 103.0, 104.0)
    assert price().close == Decimal("101.5")


def test_a_price_entered_by_hand_stays_whatever_comes(spiked: Security) -> None:
    assert override_price(spiked.pk, DAY, Decimal("101.5"), "a typing error of the source", by=STAFF)
    again(*SPIKE, 104.0)
    assert (price().close, price().source, price().quality) == (Decimal("101.5"), "staff", PriceQuality.OK)
    assert closes_of("SPK") == [100, 101, 101.5, 102, 103, 104]
    assert arrays_differ_from_rows([spiked.pk]) == []


def test_an_override_is_recorded_and_has_its_holders_rolled_again(spiked: Security) -> None:
    PriceCorrection.objects.all().delete()
    override_price(spiked.pk, DAY, Decimal("101.5"), "  a typing\nerror ", by=STAFF)
    decision = PriceDecision.objects.get()
    assert (decision.decision, decision.reason, decision.decided_by_id) == (
        Decision.OVERRIDDEN,
        "a typing error",
        STAFF,
    )
    correction = PriceCorrection.objects.get()
    assert (correction.from_date, correction.old, correction.new) == (DAY, {"close": 250.0}, {"close": 101.5})


def test_the_same_override_twice_is_one(spiked: Security) -> None:
    override_price(spiked.pk, DAY, Decimal("101.5"), "typing error", by=STAFF)
    corrections = PriceCorrection.objects.count()
    assert not override_price(spiked.pk, DAY, Decimal("101.50"), "again", by=STAFF)
    assert (PriceDecision.objects.count(), PriceCorrection.objects.count()) == (1, corrections)


def test_what_was_decided_is_taken_back(spiked: Security) -> None:
    before = list(DailyPrice.objects.order_by("date").values_list("date", "open", "high", "close", "source", "quality"))
    override_price(spiked.pk, DAY, Decimal("101.5"), "typing error", by=STAFF)
    override_price(spiked.pk, DAY, Decimal("101.7"), "typing error of mine", by=STAFF)
    standing = PriceDecision.objects.get(withdrawn_at=None)
    assert withdraw_decision(standing.pk)
    after = list(DailyPrice.objects.order_by("date").values_list("date", "open", "high", "close", "source", "quality"))
    assert after == before
    assert withdraw_decision(standing.pk) is None
    assert arrays_differ_from_rows([spiked.pk]) == []


def test_a_gap_is_filled_by_hand_and_opened_again(spiked: Security) -> None:
    DailyPrice.objects.filter(date=DAY).delete()
    override_price(spiked.pk, DAY, Decimal("101.5"), "from the exchange's list", by=STAFF)
    assert array_of("SPK")[2] == 101.5
    withdraw_decision(PriceDecision.objects.get().pk)
    assert not DailyPrice.objects.filter(date=DAY).exists()


def test_a_security_without_a_source_is_priced_by_hand() -> None:
    security = Security.objects.create(symbol="LONE", security_type="stock", price_status=PriceStatus.NO_SOURCE)
    override_price(security.pk, DAY, Decimal(7), "the fund's letter", by=STAFF)
    security.refresh_from_db()
    assert security.price_status == PriceStatus.KNOWN
    assert closes_of("LONE") == array_of("LONE") == [7]
    withdraw_decision(PriceDecision.objects.get().pk)
    assert arrays_differ_from_rows([security.pk]) == []


@pytest.mark.parametrize(
    ("day", "close", "reason", "code"),
    [
        (DAY, "0", "why", "price_not_positive"),
        (DAY, "-5", "why", "price_not_positive"),
        (DAY, "NaN", "why", "price_invalid"),
        (DAY, "Infinity", "why", "price_invalid"),
        (DAY, "1e30", "why", "price_too_large"),
        (DAY, "400", "why", "price_unusual"),
        (DAY, "101", " \x00 ", "reason_missing"),
        (DAY, "101", "x" * 501, "reason_too_long"),
        (dt.date(2025, 7, 4), "101", "why", "not_a_session"),
        (dt.date(2031, 1, 6), "101", "why", "not_complete"),
        (dt.date(1, 1, 1), "101", "why", "outside_calendar"),
    ],
)
def test_what_cannot_be_a_price_is_refused(spiked: Security, day: dt.date, close: str, reason: str, code: str) -> None:
    with pytest.raises(DomainError) as refusal:
        override_price(spiked.pk, day, Decimal(close), reason, by=STAFF)
    assert refusal.value.code == code
    assert not PriceDecision.objects.exists()
    assert price().close == 250


def test_an_unusual_price_has_to_be_meant(spiked: Security) -> None:
    assert override_price(spiked.pk, DAY, Decimal(400), "it was so", by=STAFF, unusual=True)


def test_a_contract_is_quoted_by_hand_against_its_source() -> None:
    contract = OptionContractFactory(expiration=dt.date(2027, 1, 15)).security
    OptionQuote.objects.create(security=contract, session=DAY, bid=1, ask=2, last=1, source="desk")
    assert override_price(contract.pk, DAY, Decimal("3.5"), "the exchange's settlement", by=STAFF)
    quote = OptionQuote.objects.get()
    assert (quote.bid, quote.last, quote.source) == (None, Decimal("3.5"), "staff")
    assert PriceCorrection.objects.get().security_id == contract.pk
    withdraw_decision(PriceDecision.objects.get().pk)
    quote.refresh_from_db()
    assert (quote.bid, quote.last, quote.source) == (1, 1, "desk")


def test_a_quote_entered_by_hand_stops_no_collection_before_it() -> None:
    contract = OptionContractFactory(
        underlying__symbol="AAPL", option_type="PUT", strike=Decimal(180), expiration=dt.date(2027, 12, 17)
    ).security
    override_price(contract.pk, SESSIONS[3], Decimal("9.5"), "the exchange's settlement", by=STAFF)
    collect_option_quotes(Simulated(20250630), [contract.pk], SESSIONS[0], SESSIONS[5])
    quotes = dict(OptionQuote.objects.values_list("session", "source"))
    assert sorted(quotes) == SESSIONS[:6]
    assert quotes[SESSIONS[3]] == "staff"
    assert OptionQuote.objects.get(session=SESSIONS[3]).last == Decimal("9.5")


def test_a_refused_row_is_stored_after_all(spiked: Security) -> None:
    row = refused("close_outside_range", open=101.0, high=101.2, low=100.0, close=101.5, volume=5.0)
    assert accept_refused(row.pk, by=STAFF)
    row.refresh_from_db()
    assert (row.resolved, row.resolved_by_id) == ("accepted", STAFF)
    assert (price().close, price().high, price().source) == (Decimal("101.5"), None, "desk")
    assert not accept_refused(row.pk, by=STAFF)
    assert arrays_differ_from_rows([spiked.pk]) == []


@pytest.mark.parametrize(
    ("reason", "close"),
    [
        ("close_missing", None),
        ("close_not_positive", -3.0),
        ("dividend_as_price", "inf"),
        ("high_below_low", 1e13),
        ("not_a_session", 5.0),
    ],
)
@pytest.mark.usefixtures("spiked")
def test_a_row_with_nothing_to_store_is_not_accepted(reason: str, close: float | None) -> None:
    row = refused(reason, close=close)
    with pytest.raises(DomainError, match="dismiss"):
        accept_refused(row.pk, by=STAFF)
    row.refresh_from_db()
    assert row.resolved is None


def test_a_refusal_is_dismissed_once() -> None:
    row = refused("not_a_session", close=5.0)
    assert dismiss_refused(row.pk, by=STAFF)
    assert not dismiss_refused(row.pk, by=uuid4())
    row.refresh_from_db()
    assert (row.resolved, row.resolved_by_id) == ("dismissed", STAFF)
    with pytest.raises(NotFound):
        dismiss_refused(10**9, by=STAFF)


def test_a_row_that_was_asked_for_again_and_comes_as_badly_is_open_again() -> None:
    bad = bars("BAD", [10.0, float("nan"), 11.0])
    collect(Desk(bad), wanted("BAD"), SESSIONS[2])
    PriceRejection.objects.update(resolved="refetched", resolved_by_id=STAFF)
    collect(Desk(bad), wanted("BAD"), LAST)
    assert PriceRejection.objects.get().resolved is None


def test_a_symbol_that_nobody_knew_is_asked_for_again_on_request() -> None:
    from marketdata.services.collection import collect_prices

    desk, wants = Desk(), wanted("NEW")
    collect(desk, wants)
    collect(desk, wants)
    assert len(desk.asked) == 1
    collect_prices(desk, wants, SESSIONS[0], LAST, last_complete=LAST, insist=True)
    assert len(desk.asked) == 2
