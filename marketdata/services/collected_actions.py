"""The splits and dividends that come with prices: stored, and noted as corrections where they change what was computed."""

from __future__ import annotations

import datetime as dt

import numpy as np

from marketdata.models import CorrectionKind, Dividend, PriceCorrection, Split, SymbolCollection
from marketdata.providers.base import SymbolHistory
from marketdata.services.validation import CheckedHistory
from sigmasight.core.bulk import upsert


def store_actions(checked: dict[int, tuple[SymbolHistory, CheckedHistory]], now: dt.datetime) -> int:
    """Splits and dividends; one that is new or different for a session already priced is a correction."""
    corrections: list[PriceCorrection] = []
    newest = dict(
        SymbolCollection.objects.filter(security_id__in=list(checked)).values_list("security_id", "last_session")
    )
    for model, kind, events in (
        (
            Split,
            CorrectionKind.SPLIT,
            [(i, h.source, e.ex_date, e.kind, e.ratio) for i, (h, _) in checked.items() for e in h.splits],
        ),
        (
            Dividend,
            CorrectionKind.DIVIDEND,
            [(i, h.source, e.ex_date, e.kind, e.amount) for i, (h, _) in checked.items() for e in h.dividends],
        ),
    ):
        if not events:
            continue
        amount = "ratio" if model is Split else "amount"
        digits = model._meta.get_field(amount).decimal_places  # type: ignore[union-attr]
        there = {
            (r["security_id"], r["ex_date"], r["kind"] if model is Dividend else ""): r[amount]
            for r in model.objects.filter(security_id__in={e[0] for e in events}).values(
                "security_id", "ex_date", "kind", amount
            )
        }
        unique = {
            (i, day, k if model is Dividend else ""): (i, source, day, k, round(value, digits))
            for i, source, day, k, value in events
        }
        for key, (security_id, _, day, _, value) in unique.items():
            last = newest.get(security_id)
            if there.get(key) != value and last is not None and day <= last:
                corrections.append(
                    PriceCorrection(
                        security_id=security_id, from_date=day, kind=kind, detected_at=now,
                        old={amount: str(there[key])} if key in there else None, new={amount: str(value)},
                    )
                )  # fmt: skip
        upsert(
            model,
            {
                "security": np.array([e[0] for e in unique.values()], dtype=np.int64),
                "ex_date": np.array([e[2] for e in unique.values()], dtype="datetime64[D]"),
                "kind": [e[3] for e in unique.values()],
                amount: [e[4] for e in unique.values()],
                "source": [e[1] for e in unique.values()],
            },
            unique=["security", "ex_date", "kind"] if model is Dividend else ["security", "ex_date"],
        )
    PriceCorrection.objects.bulk_create(corrections)
    return len(corrections)
