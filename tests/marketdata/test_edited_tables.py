"""Prices, splits and dividends edited in their tables of the console: the arrays follow, and the batch is told."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from analytics.batch.phases import apply_corrections
from marketdata.models import DailyPrice, Dividend, OptionQuote, PriceCorrection, PriceHistory, Security, Split
from marketdata.services.history import arrays_differ_from_rows, rebuild_histories
from portfolios.models import Position, User
from tests.factories import OptionContractFactory, PositionFactory, SecurityFactory

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


def test_an_edited_price_counts_at_once(client: Client, share: Security) -> None:
    price = DailyPrice.objects.get(date=DAYS[1])
    form = {"security": share.pk, "date": DAYS[1], "close": "102", "source": "desk", "quality": "ok"}
    assert client.post(reverse("admin:marketdata_dailyprice_change", args=[price.pk]), form).status_code == 302
    assert PriceHistory.objects.get(security=share).close == [100, 102]
    assert noted() == [("price", DAYS[1])]


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
    form = {"security": contract.pk, "session": DAYS[1], "bid": "2", "ask": "3", "last": "2.5", "source": "desk"}
    assert client.post(reverse("admin:marketdata_optionquote_change", args=[quote.pk]), form).status_code == 302
    assert noted() == [("price", DAYS[1])]
