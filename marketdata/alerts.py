"""The rules of alerts about sources and prices."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping

from django.db import connection
from django.urls import reverse

from marketdata import calendar
from marketdata.models import Breaker, ProviderState
from marketdata.services.validation import JUMP
from sigmasight.core import clock
from sigmasight.core.alerts.models import Severity
from sigmasight.core.alerts.rules import Condition, Rule, register

SESSIONS = 10
# The last close that is believed, before the suspect one.
SUSPECT = """
    SELECT s.id, s.symbol, d.date, d.close::float8, b.close::float8, d.source, coalesce(c.priority, 0) > 0
    FROM daily_prices AS d
    JOIN securities AS s ON s.id = d.security_id
    LEFT JOIN symbol_collections AS c ON c.security_id = s.id
    LEFT JOIN LATERAL (
        SELECT close FROM daily_prices WHERE security_id = d.security_id AND date < d.date AND quality = 'ok'
        ORDER BY date DESC LIMIT 1
    ) AS b ON true
    WHERE d.date >= %(since)s AND d.quality = 'suspect' AND s.is_active
    ORDER BY s.symbol, d.date
"""


def open_breakers() -> Iterator[Condition]:
    for state in ProviderState.objects.filter(breaker=Breaker.OPEN):
        until = f" It rests until {state.open_until:%Y-%m-%d %H:%M} UTC." if state.open_until else ""
        yield Condition(
            key=state.provider,
            subject=state.provider,
            severity=Severity.WARNING,
            message=f"The source {state.provider} failed {state.failures} times in a row and is not asked for now.{until}",
            as_of=clock.now(),
            figures={"failures": state.failures},
            named={"provider": state.provider},
        )


def suspect_prices() -> Iterator[Condition]:
    since = calendar.shift(calendar.batch_target(), 1 - SESSIONS)
    with connection.cursor() as cursor:
        cursor.execute(SUSPECT, {"since": since})
        rows = cursor.fetchall()
    for security_id, symbol, day, close, before, source, held in rows:
        move = f", {close / before - 1:+.0%} from {before:,.2f}" if before else ""
        yield Condition(
            key=f"{symbol} {day}",
            subject=symbol,
            severity=Severity.WARNING if held else Severity.INFO,
            message=(
                f"{source} says {close:,.2f} dollars{move}, without a split or dividend that explains it. Until the next session "
                f"confirms it or staff accept it, the price is used by nothing{'; the symbol is held' if held else ''}."
            ),
            as_of=day,
            figures={"close_usd": close, "before_usd": before},
            named={"security": security_id, "symbol": symbol},
        )


def _prices(named: Mapping[str, str]) -> str:
    return reverse("admin:console_data_quality_symbol", args=[named["symbol"]])


register(
    Rule(
        name="breaker-open",
        title="A source of market data is down",
        check=open_breakers,
        meaning=(
            "A source failed so often in a row that the last collection stopped asking it; the sources after it were asked instead. The "
            "state is the one at the end of the last collection."
        ),
        look="Panel Sources of market data: since when, which outcomes (rate limit, refused key, timeout), did another source step in?",
        action=(
            "A refused key: renew it in the settings. A rate limit: lower what is asked or wait. An outage: wait; the breaker tries one "
            "request after its rest and closes by itself. If coverage suffers, run the batch again later."
        ),
        escalate="To the vendor if the source is down for more than one night.",
        lingers=dt.timedelta(minutes=15),
        place=lambda named: reverse("admin:marketdata_providerstate_change", args=[named["provider"]]),
    )
)
register(
    Rule(
        name="price-suspect",
        title="An unexplained jump of a price",
        check=suspect_prices,
        meaning=(
            f"A close moved by more than {JUMP:.0%} without a split or distribution behind it. It is stored and used by nothing: "
            "holdings carry the price before it. A warning if the symbol is held, else for information."
        ),
        look="The price beside other sources and the news of the company: a split that is not recorded, a unit mistake, or a real move?",
        action=(
            "Real: accept it on the page of the symbol (the books that hold it are rolled again from there). A split: record it "
            "and refetch. Wrong: leave it; the next session's price, if it returns to the old level, ends the alert within ten "
            "sessions."
        ),
        escalate="To the holder of the book if the position is large.",
        place=_prices,
    )
)
