"""The demo with alerts of each severity, one of them acknowledged and one muted."""

from __future__ import annotations

import datetime as dt

from marketdata.models import Breaker, DailyPrice, ProviderState
from portfolios.models import Portfolio, PositionSnapshot, User
from sigmasight.core import clock
from sigmasight.core.alerts.evaluation import evaluate
from sigmasight.core.alerts.handling import acknowledge, mute
from sigmasight.core.alerts.models import Alert


def raise_alerts() -> None:
    """A ledger that does not balance, a source that is down (muted), a suspect price of the newest session (acknowledged)."""
    book = Portfolio.objects.get(account_name="Demo Individual")
    lots = PositionSnapshot.objects.get(portfolio=book, snapshot_date=book.results_as_of)
    lots.market_value[0] += 5
    lots.save()
    ProviderState.objects.update_or_create(
        provider="yfinance",
        defaults={"breaker": Breaker.OPEN, "failures": 5, "open_until": clock.now() + dt.timedelta(minutes=2)},
    )
    newest = DailyPrice.objects.filter(security__symbol="GOOGL").latest("date")
    newest.close, newest.high, newest.quality = newest.close * 2, newest.close * 2, "suspect"
    newest.save()
    evaluate(again=True)
    staff = User.objects.get(email="demo_admin@sigmasight.com")
    mute(
        staff,
        "breaker-open",
        until=clock.now() + dt.timedelta(hours=8),
        reason="The vendor works on it until midnight.",
    )
    suspect = Alert.objects.get(rule="price-suspect", subject="GOOGL")
    acknowledge(staff, suspect.pk, "Asked the vendor; a split is not known.")
