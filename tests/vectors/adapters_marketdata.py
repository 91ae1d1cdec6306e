"""Vectors 26 and 27: the as-of price and the calendar."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np

from marketdata import calendar
from marketdata.asof import PriceState, as_of
from sigmasight.core.clock import NEW_YORK
from tests.vectors.registry import produces


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


@produces("26_price_lookup")
def lookup(inputs: dict[str, Any]) -> dict[str, Any]:
    stored = {day(p["date"]): p["close"] for p in inputs["prices"]}
    sessions = calendar.sessions(min(map(day, inputs["queries"])), max(map(day, inputs["queries"])))
    closes = np.array([[float(stored[s]) if stored.get(s) else np.nan] for s in sessions])
    found = as_of(closes, max_age=inputs["max_age_sessions"])
    result = {}
    for query in inputs["queries"]:
        row = sessions.index(calendar.session_on_or_before(day(query)))
        state = PriceState(found.state[row, 0])
        missing = state == PriceState.MISSING
        age = int(found.age[row, 0])
        result[query] = {
            "price": None if missing else float(found.price[row, 0]),
            "price_date": None if missing else sessions[row - age].isoformat(),
            "age_sessions": None if missing else age,
            "quality": state.name.lower(),
        }
    return result


@produces("27_trading_calendar")
def sessions_of_years(inputs: dict[str, Any]) -> dict[str, Any]:
    years = {}
    for year in (2024, 2025, 2026):
        first, last = dt.date(year, 1, 1), dt.date(year, 12, 31)
        open_days = calendar.sessions(first, last)
        weekdays = [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]
        years[str(year)] = {
            "sessions": len(open_days),
            "weekday_holidays": [d.isoformat() for d in weekdays if d.weekday() < 5 and not calendar.is_session(d)],
            "early_closes": [d.isoformat() for d in open_days if calendar.is_half_day(d)],
        }
    before = ("2026-01-02", "2026-01-05", "2025-01-10", "2025-12-26", "2026-01-20", "2025-07-07")
    return {
        "years": years,
        "previous_session": [{"date": d, "previous_session": calendar.previous_session(day(d)).isoformat()} for d in before],
        "batch_target": [
            {"now_new_york": n, "target": calendar.batch_target(dt.datetime.fromisoformat(n).replace(tzinfo=NEW_YORK)).isoformat()}
            for n in NOWS
        ],
        "calendar_window_vs_sessions": [
            {"end": END, "calendar_days": n, "sessions_in_window": len(calendar.calendar_window(day(END), n))} for n in (120, 365, 210, 90)
        ],
    }  # fmt: skip


END = "2026-01-15"
NOWS = (
    "2026-01-15T16:29:00", "2026-01-15T16:30:00", "2026-01-17T12:00:00", "2026-01-19T18:00:00", "2025-11-28T13:10:00",
    "2026-01-15T02:00:00",
)  # fmt: skip
