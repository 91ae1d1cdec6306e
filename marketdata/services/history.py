"""The array form of a security's prices: built from the rows, provably equal to them, read by the engines."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marketdata import calendar
from marketdata.models import PriceHistory
from sigmasight.core.bulk import NOTHING, Ragged, UpsertCount, read_columns, upsert

Floats = NDArray[np.float64]
COLUMNS = ("open", "high", "low", "close", "split_factor", "return_factor")
CHUNK = 500


def rebuild_histories(security_ids: Sequence[int]) -> UpsertCount:
    """Build the arrays of these securities anew from `DailyPrice`, `Split` and `Dividend`; one without prices has none.

    Element i belongs to session ``first_session + i``; suspect rows and holes are NaN. `split_factor` is the product of the
    ratios of all splits up to the session (spin-offs not among them), `return_factor` that of splits, spin-offs and
    reinvested dividends: ``r_t = close_t rf_t / (close_{t-1} rf_{t-1}) - 1``. Both run forward in time, so that a later event
    changes nothing before it.
    """
    count = NOTHING
    wanted = sorted(set(security_ids))
    for start in range(0, len(wanted), CHUNK):
        part = wanted[start : start + CHUNK]
        built = _build(part)
        if gone := set(part) - set(built["security"].tolist() if built else ()):
            PriceHistory.objects.filter(security_id__in=gone).delete()
        count += _store(built)
    return count


def arrays_differ_from_rows(security_ids: Sequence[int]) -> list[int]:
    """Ids of securities whose stored arrays are not what their rows give; empty when all is well."""
    built = _build(sorted(set(security_ids)))
    expected = (
        {int(i): checksum for i, checksum in zip(built["security"], built["checksum"], strict=True)} if built else {}
    )
    stored = dict(PriceHistory.objects.filter(security_id__in=security_ids).values_list("security_id", "checksum"))
    return sorted(i for i in set(expected) | set(stored) if expected.get(i) != stored.get(i))


def _build(ids: list[int]) -> dict[str, Any]:
    prices = read_columns(
        "SELECT security_id, date, open, high, low, close, (quality = 'suspect') AS suspect FROM daily_prices "
        "WHERE security_id = ANY(%(ids)s) ORDER BY security_id, date",
        {"ids": ids},
    )
    if not len(prices["security_id"]):
        return {}
    splits = read_columns(
        "SELECT security_id, ex_date, ratio, (kind = 'split') AS shares FROM splits WHERE security_id = ANY(%(ids)s) "
        "ORDER BY security_id, ex_date",
        {"ids": ids},
    )
    dividends = read_columns(
        "SELECT security_id, ex_date, sum(amount) AS amount FROM dividends WHERE security_id = ANY(%(ids)s) "
        "GROUP BY security_id, ex_date ORDER BY security_id, ex_date",
        {"ids": ids},
    )
    ordinal = calendar.ordinals(prices["date"])
    present, starts = np.unique(prices["security_id"], return_index=True)
    ends = np.append(starts[1:], len(ordinal))
    first, last = ordinal[starts], ordinal[ends - 1]
    lengths = last - first + 1
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    owner = np.repeat(np.arange(len(present)), ends - starts)
    place = offsets[owner] + ordinal - first[owner]
    flat = {name: np.full(offsets[-1], np.nan) for name in COLUMNS[:4]}
    believed = ~prices["suspect"]
    for name in COLUMNS[:4]:
        flat[name][place[believed]] = prices[name][believed]
    flat["split_factor"] = _factor(
        present, first, offsets, splits["security_id"], splits["ex_date"], splits["ratio"], splits["shares"]
    )
    everything = np.ones(len(splits["ratio"]), dtype=bool)
    flat["return_factor"] = _factor(
        present, first, offsets, splits["security_id"], splits["ex_date"], splits["ratio"], everything
    )
    growth, inside = _dividend_growth(present, first, offsets, dividends, flat["close"])
    flat["return_factor"] *= _factor(
        present, first, offsets, dividends["security_id"], dividends["ex_date"], growth, inside
    )
    checksums = [
        hashlib.sha256(
            int(first[i]).to_bytes(8, "big")
            + b"".join(flat[name][offsets[i] : offsets[i + 1]].tobytes() for name in COLUMNS)
        ).hexdigest()
        for i in range(len(present))
    ]
    return {
        "security": present,
        "first_session": first,
        "version": np.array([int(c[:13], 16) for c in checksums], dtype=np.int64),
        **{name: Ragged(flat[name], offsets, keep_nan=True) for name in COLUMNS},
        "checksum": checksums,
    }


def _locate(
    present: NDArray[np.int64],
    first: NDArray[np.int64],
    offsets: NDArray[np.int64],
    security: NDArray[np.int64],
    ex_date: Any,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Owner and flat place of each event on its ex-session (a non-session counts on the next), and whether it is inside."""
    owner = np.searchsorted(present, security)
    known = owner < len(present)
    owner = np.where(known, owner, 0)
    known &= present[owner] == security
    place = offsets[owner] + calendar.ordinals_after(ex_date) - first[owner]
    known &= (place >= offsets[owner]) & (place < offsets[owner + 1])
    return owner, np.where(known, place, 0), known


def _factor(
    present: NDArray[np.int64], first: NDArray[np.int64], offsets: NDArray[np.int64],
    security: NDArray[np.int64], ex_date: Any, ratio: Floats, counted: NDArray[np.bool_],
) -> Floats:  # fmt: skip
    """Forward product of event ratios by session, 1 before the first event of each security."""
    factor = np.ones(offsets[-1])
    owner, place, known = _locate(present, first, offsets, security, ex_date)
    for i in np.flatnonzero(known & counted):
        factor[place[i] : offsets[owner[i] + 1]] *= ratio[i]
    return factor


def _dividend_growth(
    present: NDArray[np.int64],
    first: NDArray[np.int64],
    offsets: NDArray[np.int64],
    dividends: dict[str, Any],
    close: Floats,
) -> tuple[Floats, NDArray[np.bool_]]:
    """What reinvesting each dividend at the ex-session's close multiplies a holding by."""
    _, place, known = _locate(present, first, offsets, dividends["security_id"], dividends["ex_date"])
    at = close[place]
    # Without a close on the ex-session there is no return of that session either; the dividend is lost to statistics only.
    known = known & (at > 0)
    return np.where(known, 1 + dividends["amount"] / np.where(known, at, 1.0), 1.0), known


def _store(built: dict[str, Any]) -> UpsertCount:
    if not built:
        return NOTHING
    return upsert(PriceHistory, built, unique=["security"])
