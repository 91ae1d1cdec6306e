"""What staff's decisions on prices do: to the stored row, to what has to be rolled again, and to what sources send later."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from marketdata.models import CorrectionKind, DailyPrice, Decision, PriceCorrection, PriceDecision, Security
from marketdata.providers.base import SymbolHistory
from marketdata.services.history import rebuild_histories
from marketdata.services.validation import CheckedHistory
from sigmasight.core import clock

# Source of a price that staff entered.
STAFF = "staff"
# As near as a stored close can be told from another.
SAME = 5e-7
BARS = ("open", "high", "low", "close", "volume")
# Of one security: what was decided and the close, by day.
Decided = Mapping[np.datetime64, tuple[str, float]]


def lock_prices(security_ids: Iterable[int]) -> None:
    """Let nobody else store or decide on prices of these securities until the transaction ends: a collection that has read which
    decisions stand must not store over one that is taken meanwhile."""
    rows = Security.objects.select_for_update(no_key=True).filter(pk__in=set(security_ids)).order_by("pk")
    list(rows.values_list("pk", flat=True))


def kept_row(price: DailyPrice | None) -> dict[str, Any] | None:
    """A stored price as JSON, from which `put_back` makes it again."""
    if price is None:
        return None
    return {
        name: None if getattr(price, name) is None else str(getattr(price, name))
        for name in (*BARS, "source", "quality")
    }


def put_back(security_id: int, day: dt.date, row: dict[str, Any] | None) -> None:
    """Store a kept row again; delete what stands there where there was none."""
    if row is None:
        DailyPrice.objects.filter(security_id=security_id, date=day).delete()
    else:
        DailyPrice.objects.update_or_create(security_id=security_id, date=day, defaults=row)


def changed_from(security_id: int, day: dt.date, *, old: dict[str, Any] | None, new: dict[str, Any] | None) -> None:
    """Tell the batch that a stored price changed, and bring the arrays in line with the rows."""
    PriceCorrection.objects.create(
        security_id=security_id, from_date=day, kind=CorrectionKind.PRICE, old=old, new=new, detected_at=clock.now()
    )
    rebuild_histories([security_id])


def standing(security_ids: Iterable[int], since: dt.date) -> dict[int, Decided]:
    """The decisions that stand on prices of these securities from a day on, in one query."""
    found: dict[int, dict[np.datetime64, tuple[str, float]]] = {}
    rows = PriceDecision.objects.filter(security_id__in=list(security_ids), date__gte=since, withdrawn_at=None)
    for security_id, day, decision, close in rows.values_list("security_id", "date", "decision", "close"):
        found.setdefault(security_id, {})[np.datetime64(day, "D")] = (decision, float(close))
    return found  # type: ignore[return-value]


def with_overrides(history: SymbolHistory, decided: Decided) -> SymbolHistory:
    """What a source sent, with the closes that staff put in the place of its own, so that their neighbours are judged by them."""
    days = history.dates.astype("datetime64[D]")
    values = {name: getattr(history, name).astype(np.float64) for name in BARS[:4]}
    for day, (decision, close) in decided.items():
        if decision == Decision.OVERRIDDEN:
            for name in values:
                values[name][days == day] = close
    return replace(history, **values)


def believed(history: SymbolHistory, check: CheckedHistory, decided: Decided) -> CheckedHistory:
    """Accepted closes are not suspect; sessions whose close was replaced are left out, since their row stays as it is."""
    days = history.dates[check.rows].astype("datetime64[D]")
    suspect, keep = check.suspect.copy(), np.ones(len(check.rows), dtype=bool)
    for place, day in enumerate(days):
        decision, close = decided.get(day, ("", 0.0))
        if decision == Decision.OVERRIDDEN:
            keep[place] = False
        elif decision == Decision.ACCEPTED and abs(float(history.close[check.rows[place]]) - close) <= SAME:
            suspect[place] = False
    return CheckedHistory(check.rows[keep], check.refused, suspect[keep])
