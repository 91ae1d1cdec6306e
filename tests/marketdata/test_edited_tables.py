"""Prices, splits and dividends edited in their tables of the console: the arrays follow, and the batch is told."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from analytics.batch.phases import apply_corrections
from marketdata.models import (
    DailyPrice,
    Dividend,
    OptionQuote,
    PriceCorrection,
    PriceDecision,
    PriceHistory,
    Security,
    Split,
)
from marketdata.services.history import arrays_differ_from_rows, rebuild_histories
from portfolios.models import Position, User
from tests.factories import OptionContractFactory, PositionFactory, SecurityFactory, UserFactory
from tests.marketdata.test_collection import SESSIONS, Desk, bars, closes_of, collect, wanted

pytestmark = pytest.mark.django_db
DAYS = (dt.date(2025, 7, 1), dt.date(2025, 7, 2))


@pytest.fixture
def share(client: Client) -> Security:
    client.force_login(User.objects.create_superuser("root@example.com", "secret-enough-1"))
    security = SecurityFactory(symbol="EDT", price_status="known")
    for day, close in zip(DAYS, (100, 101), strict=True):
        DailyPrice.objects.create(security=security, date=day, close=close, source="desk")
    rebuild_histories([security.pk])
    return security


def noted() -> list[tuple[str, dt.date]]:
    return list(PriceCorrection.objects.order_by("id").values_list("kind", "from_date"))


def entered(client: Client, row: DailyPrice | OptionQuote, **form: object) -> Any:
    table = f"admin:marketdata_{row._meta.model_name}_change"
    return client.post(reverse(table, args=[row.pk]), {"reason": "as printed", **form})


def test_an_edited_price_counts_at_once(client: Client, share: Security) -> None:
    price = DailyPrice.objects.get(date=DAYS[1])
    assert entered(client, price, close="102").status_code == 302
    assert PriceHistory.objects.get(security=share).close == [100, 102]
    assert noted() == [("price", DAYS[1])]


def test_an_edited_price_stands_against_what_a_source_sends_later(client: Client, share: Security) -> None:
    collect(Desk(bars("SPK", [100, 101, 102])), wanted("SPK"), SESSIONS[2])
    price = DailyPrice.objects.get(security__symbol="SPK", date=SESSIONS[1])
    entered(client, price, close="101.5")
    collect(Desk(bars("SPK", [100, 101, 102, 103])), wanted("SPK"), SESSIONS[3])
    assert closes_of("SPK") == [100, 101.5, 102, 103]
    assert PriceDecision.objects.values_list("decision", "reason").get() == ("overridden", "as printed")
    assert "close (101.000000 → 101.5)" in LogEntry.objects.get().get_change_message().lower()


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"close": "102", "reason": ""}, "This field is required"),
        ({"close": "1020"}, "say that it is meant"),
        ({"close": "0"}, "must be above 0"),
    ],
)
def test_an_edit_that_no_override_may_be_is_explained(
    client: Client, share: Security, form: dict[str, str], told: str
) -> None:
    assert told in entered(client, DailyPrice.objects.get(date=DAYS[1]), **form).content.decode()
    assert list(DailyPrice.objects.order_by("date").values_list("close", flat=True)) == [100, 101]
    assert noted() == []


def test_a_price_is_added_where_there_was_none(client: Client, share: Security) -> None:
    form = {"security": share.pk, "date": dt.date(2025, 7, 3), "close": "950", "reason": "desk", "unusual": "on"}
    assert client.post(reverse("admin:marketdata_dailyprice_add"), form).status_code == 302
    assert PriceHistory.objects.get(security=share).close == [100, 101, 950]


def test_a_price_of_staff_is_taken_back_and_not_deleted(client: Client, share: Security) -> None:
    price = DailyPrice.objects.get(date=DAYS[1])
    entered(client, price, close="102")
    address = reverse("admin:marketdata_dailyprice_delete", args=[price.pk])
    assert "take it back under Data quality" in client.post(address, {"post": "yes"}, follow=True).content.decode()
    assert DailyPrice.objects.filter(pk=price.pk).exists()


def test_a_contract_has_no_daily_price(client: Client, share: Security) -> None:
    contract = OptionContractFactory(underlying=share).security
    form = {"security": contract.pk, "date": DAYS[1], "close": "2", "reason": "desk"}
    answer = client.post(reverse("admin:marketdata_dailyprice_add"), form)
    assert "it is the quote that is entered" in answer.content.decode()
    assert not PriceDecision.objects.exists()


def test_a_viewer_sees_the_price_alone(client: Client, share: Security) -> None:
    viewer = UserFactory(is_staff=True)
    viewer.groups.add(Group.objects.get(name="viewer"))
    client.force_login(viewer)
    shown = client.get(reverse("admin:marketdata_dailyprice_change", args=[DailyPrice.objects.first().pk]))
    assert shown.status_code == 200
    assert "taken back under Data quality" not in shown.content.decode()


def test_a_deleted_price_is_gone_from_the_arrays(client: Client, share: Security) -> None:
    price = DailyPrice.objects.get(date=DAYS[1])
    client.post(reverse("admin:marketdata_dailyprice_delete", args=[price.pk]), {"post": "yes"})
    assert not DailyPrice.objects.filter(pk=price.pk).exists()
    assert arrays_differ_from_rows([share.pk]) == []
    assert noted() == [("price", DAYS[1])]


def test_a_split_taken_away_counts_lots_in_old_shares_again(client: Client, share: Security) -> None:
    lot = PositionFactory(security=share, quantity=Decimal(10))
    form = {"security": share.pk, "ex_date": DAYS[1], "ratio": "4", "kind": "split", "source": "desk"}
    assert client.post(reverse("admin:marketdata_split_add"), form).status_code == 302
    apply_corrections()
    assert Position.objects.get(pk=lot.pk).quantity == 40
    rows = {"action": "delete_selected", "_selected_action": [Split.objects.get().pk], "post": "yes"}
    client.post(reverse("admin:marketdata_split_changelist"), rows)
    apply_corrections()
    assert Position.objects.get(pk=lot.pk).quantity == 10
    assert noted() == [("split", DAYS[1])] * 2
    assert arrays_differ_from_rows([share.pk]) == []


def test_a_dividend_that_moves_is_rolled_from_its_earlier_day(client: Client, share: Security) -> None:
    paid = Dividend.objects.create(security=share, ex_date=DAYS[1], amount=1, source="desk")
    form = {"security": share.pk, "ex_date": DAYS[0], "amount": "1", "kind": "regular", "source": "desk"}
    assert client.post(reverse("admin:marketdata_dividend_change", args=[paid.pk]), form).status_code == 302
    assert noted() == [("dividend", DAYS[0])]


def test_an_edited_quote_has_its_holders_rolled_again(client: Client, share: Security) -> None:
    contract = OptionContractFactory(underlying=share).security
    quote = OptionQuote.objects.create(
        security=contract, session=DAYS[1], bid=1, ask=2, last=Decimal("1.5"), source="desk"
    )
    assert entered(client, quote, last="2.5").status_code == 302
    assert noted() == [("price", DAYS[1])]
    assert OptionQuote.objects.values_list("bid", "last", "source").get() == (None, Decimal("2.5"), "staff")
