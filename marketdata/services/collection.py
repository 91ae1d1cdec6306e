"""Collecting prices: ask for what is missing, refuse what is wrong, store the rest, notice what changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import numpy as np
from django.db import transaction
from django.utils import timezone

from marketdata import calendar
from marketdata.models import (
    CorrectionKind,
    DailyPrice,
    PriceCorrection,
    PriceRejection,
    PriceStatus,
    RejectionResolution,
    Security,
    SecurityType,
    SymbolCollection,
)
from marketdata.providers.base import Outcome, PriceAnswer, Provider, ProviderError, SymbolHistory
from marketdata.services.collected_actions import store_actions
from marketdata.services.decisions import believed, lock_prices, standing, with_overrides
from marketdata.services.history import rebuild_histories
from marketdata.services.validation import CheckedHistory, check_history
from sigmasight.core.bulk import NOTHING, UpsertCount, chunks, read_columns, upsert

# Sessions asked for again with every increment, so that late corrections are seen.
OVERLAP_SESSIONS = 5
SYMBOLS_A_BATCH = 200
# A symbol that no source knows is asked for again after this many days.
RETRY_UNKNOWN_DAYS = 7
# The last whole number that a float still tells from its neighbours.
LARGEST_VOLUME = 2.0**53

Progress = Callable[[int, str], None]


@dataclass
class CollectionReport:
    """What a collection brought: counts, and for every symbol without a history the outcome and the reason."""

    asked: int = 0
    answered: int = 0
    up_to_date: int = 0
    rows: UpsertCount = NOTHING
    rejected: dict[str, int] = field(default_factory=dict)
    suspect: int = 0
    corrections: int = 0
    failures: dict[str, tuple[Outcome, str]] = field(default_factory=dict)

    @property
    def gathered_nothing(self) -> bool:
        """Whether symbols were asked for, none answered and none was there already: such a collection has failed."""
        return self.asked > 0 and self.answered == 0 and self.up_to_date == 0


@dataclass(frozen=True)
class Wanted:
    """A security whose prices are needed, and the dollars held of it: the larger, the earlier it is asked for."""

    security_id: int
    symbol: str
    security_type: str
    priority: float = 0.0


def collect_prices(
    source: Provider,
    wanted: Sequence[Wanted],
    first: dt.date,
    target: dt.date,
    *,
    last_complete: dt.date | None = None,
    again_from: dt.date | None = None,
    insist: bool = False,
    progress: Progress | None = None,
) -> CollectionReport:
    """Bring the prices, splits and dividends of the securities up to `target`.

    A security that was never collected, or not as far back, is asked for from `first`; others from their newest session on,
    with a small overlap. Every batch of symbols is stored in one transaction, so that an interrupted collection resumes where
    it stopped.

    Parameters
    ----------
    first : the first session of history that is needed.
    last_complete : rows after this session are refused; by default the newest complete one.
    again_from : ask again for what is there from this day on: a correction older than the overlap is seen only so.
    insist : ask for symbols too that no source knew a short while ago.
    progress : called with the number of symbols done and a note.

    Returns
    -------
    CollectionReport; look at `gathered_nothing`.
    """
    report = CollectionReport()
    state = {s.security_id: s for s in SymbolCollection.objects.filter(security_id__in=[w.security_id for w in wanted])}
    groups: dict[dt.date, list[Wanted]] = {}
    for want in sorted(wanted, key=lambda w: (-w.priority, w.symbol)):
        start = _start_for(state.get(want.security_id), first, target, again_from, insist=insist)
        if start is None:
            report.up_to_date += 1
        else:
            groups.setdefault(start, []).append(want)
    limit = last_complete or calendar.batch_target()
    for start in sorted(groups):
        members = groups[start]
        for part in chunks(len(members), SYMBOLS_A_BATCH):
            batch = members[part]
            report.asked += len(batch)
            answer = _ask(source, batch, start, target)
            with transaction.atomic():
                _store_batch(batch, answer, start, target, limit, report)
            if progress is not None:
                progress(len(batch), f"{report.rows.written} rows")
    return report


def _start_for(
    state: SymbolCollection | None, first: dt.date, target: dt.date, again_from: dt.date | None, *, insist: bool
) -> dt.date | None:
    if state is None or state.last_session is None or state.first_session is None or state.first_session > first:
        recent = state is not None and state.last_attempt_at is not None and state.consecutive_failures > 0
        if recent and not insist and state is not None and state.last_error.startswith(f"{Outcome.NOT_FOUND}:"):
            age = timezone.now() - state.last_attempt_at  # type: ignore[operator]
            if age < dt.timedelta(days=RETRY_UNKNOWN_DAYS):
                return None
        return first
    starts = []
    if state.last_session < target:
        starts.append(calendar.shift(calendar.session_on_or_before(state.last_session), -OVERLAP_SESSIONS))
    if again_from is not None and again_from <= target:
        starts.append(calendar.session_on_or_after(again_from))
    return min(starts, default=None)


def _ask(source: Provider, batch: Sequence[Wanted], start: dt.date, target: dt.date) -> PriceAnswer:
    symbols = [want.symbol for want in batch]
    try:
        return source.prices(symbols, start, target)
    except ProviderError as error:
        errors = getattr(error, "errors", None) or dict.fromkeys(symbols, error)
        return PriceAnswer({}, {symbol: (e.outcome, str(e)) for symbol, e in errors.items()})


def _store_batch(
    batch: Sequence[Wanted],
    answer: PriceAnswer,
    start: dt.date,
    target: dt.date,
    limit: dt.date,
    report: CollectionReport,
) -> None:
    ids = [want.security_id for want in batch]
    lock_prices(ids)
    stored = read_columns(
        "SELECT security_id, date, close, (quality = 'suspect') AS suspect FROM daily_prices WHERE security_id = ANY(%(ids)s) "
        "AND date >= %(start)s::date - 14 ORDER BY security_id, date",
        {"ids": ids, "start": start},
    )
    checked: dict[int, tuple[SymbolHistory, CheckedHistory]] = {}
    decided = standing(ids, start)
    now = timezone.now()
    states = []
    for want in batch:
        history = answer.histories.get(want.symbol)
        if history is None or history.is_empty:
            outcome, reason = answer.failures.get(want.symbol, (Outcome.EMPTY, "the source sent no rows"))
            report.failures[want.symbol] = (outcome, reason)
            states.append((want, None, f"{outcome}: {reason}"))
            continue
        if want.security_id in decided:
            history = with_overrides(history, decided[want.security_id])
        mine = stored["security_id"] == want.security_id
        earlier = mine & (stored["date"] < history.dates.min().astype("datetime64[D]")) & ~stored["suspect"]
        previous = float(stored["close"][earlier][-1]) if earlier.any() else None
        check = check_history(
            want.symbol, history, limit, previous_close=previous, volatile=want.security_type == SecurityType.INDEX
        )
        _reject(want.symbol, history, check, report)
        if not len(check.rows):
            report.failures[want.symbol] = (Outcome.EMPTY, "every row was refused")
            states.append((want, None, f"{Outcome.EMPTY}: every row was refused"))
            continue
        states.append((want, history.dates[check.rows[-1]].astype("datetime64[D]").item(), ""))
        if want.security_id in decided:
            check = believed(history, check, decided[want.security_id])
        report.answered += 1
        report.suspect += int(check.suspect.sum())
        checked[want.security_id] = (history, check)
    if checked:
        report.corrections += _note_corrections(checked, stored, now)
        report.rows += _store_rows(checked)
        report.corrections += store_actions(checked, now)
        rebuild_histories(list(checked))
        Security.objects.filter(id__in=list(checked)).exclude(price_status=PriceStatus.KNOWN).update(
            price_status=PriceStatus.KNOWN
        )
    unknown = [w.security_id for w, _, error in states if error.startswith(f"{Outcome.NOT_FOUND}:")]
    Security.objects.filter(id__in=unknown, price_status=PriceStatus.UNVERIFIED).update(
        price_status=PriceStatus.NO_SOURCE
    )
    _store_states(states, start, now)  # type: ignore[arg-type]


def _reject(symbol: str, history: SymbolHistory, check: CheckedHistory, report: CollectionReport) -> None:
    if not check.refused:
        return
    rejections = []
    for row, reason in check.refused:
        report.rejected[reason] = report.rejected.get(reason, 0) + 1
        payload = {name: _as_sent(getattr(history, name)[row]) for name in ("open", "high", "low", "close", "volume")}
        rejections.append(
            PriceRejection(
                symbol=symbol, date=history.dates[row].astype("datetime64[D]").item(), provider=history.source, reason=reason,
                payload=payload | {"symbol": history.symbol},
            )
        )  # fmt: skip
    PriceRejection.objects.bulk_create(rejections, ignore_conflicts=True)
    # Asked for again, and sent as badly as before: it is open once more.
    PriceRejection.objects.filter(
        symbol=symbol,
        provider=history.source,
        date__in=[one.date for one in rejections],
        resolved=RejectionResolution.REFETCHED,
    ).update(resolved=None, resolved_by_id=None, updated_at=timezone.now())


def _as_sent(value: float) -> float | str | None:
    """A number as JSON can keep it: NaN as null, an infinity as a word."""
    if np.isnan(value):
        return None
    return float(value) if np.isfinite(value) else str(value)


def _joined(checked: dict[int, tuple[SymbolHistory, CheckedHistory]], name: str) -> Any:
    return np.concatenate([getattr(history, name)[check.rows] for history, check in checked.values()])


def _store_rows(checked: dict[int, tuple[SymbolHistory, CheckedHistory]]) -> UpsertCount:
    lengths = [len(check.rows) for _, check in checked.values()]
    suspect = np.concatenate([check.suspect for _, check in checked.values()])
    bars = {name: _joined(checked, name).astype(np.float64) for name in ("open", "high", "low", "close", "volume")}
    # The checks forgive a range that misses its close by rounding; the stored range holds it.
    bars["high"], bars["low"] = np.maximum(bars["high"], bars["close"]), np.minimum(bars["low"], bars["close"])
    # No volume is worth a price: one that cannot be is unknown.
    bars["volume"] = np.rint(bars["volume"])
    bars["volume"][~((bars["volume"] >= 0) & (bars["volume"] < LARGEST_VOLUME))] = np.nan
    return upsert(
        DailyPrice,
        {
            "security": np.repeat(np.array(list(checked), dtype=np.int64), lengths),
            "date": _joined(checked, "dates"),
            **bars,
            "source": np.repeat(np.array([history.source for history, _ in checked.values()]), lengths).tolist(),
            "quality": np.where(suspect, "suspect", "ok").tolist(),
        },
        unique=["security", "date"],
    )


def _note_corrections(
    checked: dict[int, tuple[SymbolHistory, CheckedHistory]], stored: dict[str, Any], now: dt.datetime
) -> int:
    """Record stored closes that come back different, and suspects that were confirmed: their books have to be rolled again."""
    corrections = []
    for security_id, (history, check) in checked.items():
        mine = stored["security_id"] == security_id
        dates, closes, doubted = stored["date"][mine], stored["close"][mine], stored["suspect"][mine]
        if not len(dates):
            continue
        sent = history.dates[check.rows].astype("datetime64[D]")
        place = np.minimum(np.searchsorted(dates, sent), len(dates) - 1)
        known = dates[place] == sent
        new = np.round(history.close[check.rows].astype(np.float64), 6)
        changed = known & ((np.abs(new - closes[place]) > 5e-7) | (doubted[place] & ~check.suspect))
        inside_gap = ~known & (sent < dates[-1])
        for index in np.flatnonzero(changed | inside_gap)[:1]:
            corrections.append(
                PriceCorrection(
                    security_id=security_id, from_date=sent[index].item(), kind=CorrectionKind.PRICE, detected_at=now,
                    old={"close": float(closes[place[index]])} if known[index] else None, new={"close": float(new[index])},
                )
            )  # fmt: skip
    PriceCorrection.objects.bulk_create(corrections)
    return len(corrections)


def _store_states(states: list[tuple[Wanted, dt.date | None, str]], start: dt.date, now: dt.datetime) -> None:
    rows = {
        row.security_id: row
        for row in SymbolCollection.objects.filter(security_id__in=[w.security_id for w, _, _ in states])
    }
    for want, newest, error in states:
        row = rows.setdefault(want.security_id, SymbolCollection(security_id=want.security_id))
        row.last_attempt_at, row.last_error = now, error[:1000]
        row.priority = round(max(want.priority, 0.0), 2)  # type: ignore[assignment]
        row.consecutive_failures = row.consecutive_failures + 1 if error else 0
        if newest is not None:
            row.last_session = max(newest, row.last_session or newest)
            row.first_session = min(start, row.first_session or start)
    SymbolCollection.objects.bulk_create(
        rows.values(),
        update_conflicts=True,
        unique_fields=["security"],
        update_fields=[
            "last_attempt_at",
            "last_error",
            "priority",
            "consecutive_failures",
            "last_session",
            "first_session",
        ],
    )


def record_request_rows(run_id: UUID | None) -> Callable[[Any], None]:
    """A recorder for a provider chain that stores every request as a `ProviderRequest` row."""
    from marketdata.models import ProviderRequest

    def store(record: Any) -> None:
        ProviderRequest.objects.create(
            provider=record.provider, operation=record.operation, symbols_asked=record.symbols_asked, rows=record.rows,
            http_status=record.http_status, outcome=record.outcome, error=record.error, latency_ms=record.latency_ms,
            started_at=record.started_at, run_id=run_id,
        )  # fmt: skip

    return store
