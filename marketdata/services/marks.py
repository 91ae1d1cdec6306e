"""Marks: the one price of every held instrument at every session."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from marketdata import calendar
from marketdata.asof import MAX_AGE_SESSIONS, last_known
from marketdata.models import InstrumentMark, MarkQuality, MarkSource
from marketdata.services.panel import PricePanel
from sigmasight.core.bulk import NOTHING, UpsertCount, upsert

SOURCE_OF_FAMILY = {"simulated": MarkSource.SIMULATED, "file": MarkSource.FILE, "live": MarkSource.PROVIDER}


def mark_stocks(panel: PricePanel, columns: NDArray[np.int64], first_row: int, family: str) -> UpsertCount:
    """Store the marks of these panel columns for all rows from `first_row` on.

    A price older than five sessions is carried as `frozen`; a security that never had a price gets no mark.
    """
    price, age = last_known(panel.close[:, columns])
    split = panel.split_factor[:, columns]
    rows = np.arange(len(price))[:, None]
    born = np.where(age < 0, 0, rows - age)
    # A price from before a split counts in today's shares.
    price = price * np.take_along_axis(split, born, axis=0) / split
    price, age = price[first_row:], age[first_row:]
    row, column = np.nonzero(age >= 0)
    if not len(row):
        return NOTHING
    ages = age[row, column]
    sessions = panel.sessions[first_row:]
    return upsert(
        InstrumentMark,
        {
            "security": panel.security_ids[columns][column],
            "session": sessions[row],
            "price": price[row, column],
            "price_date": calendar.session_array()[panel.first_ordinal + first_row + row - ages],
            "age_sessions": ages,
            "quality": np.where(
                ages == 0,
                MarkQuality.FRESH.value,
                np.where(ages <= MAX_AGE_SESSIONS, MarkQuality.STALE.value, MarkQuality.FROZEN.value),
            ).tolist(),
            "price_source": [SOURCE_OF_FAMILY[family].value] * len(row),
        },
        unique=["security", "session"],
    )


def mark_contracts(
    security_ids: NDArray[np.int64],
    sessions: NDArray[np.datetime64],
    price: NDArray[np.float64],
    quoted: NDArray[np.bool_],
    seeded: NDArray[np.bool_],
    family: str,
) -> UpsertCount:
    """Store the marks of option contracts.

    Parameters
    ----------
    price : (S, C) dollars per share, NaN where there is none. quoted : (S, C) whether it is a market quote; else it is a
        model price. seeded : (S, C) whether the quote is a demo premium.
    """
    row, column = np.nonzero(~np.isnan(price))
    if not len(row):
        return NOTHING
    market = quoted[row, column]
    source = np.where(
        seeded[row, column],
        MarkSource.SEED.value,
        np.where(market, SOURCE_OF_FAMILY[family].value, MarkSource.MODEL.value),
    )
    return upsert(
        InstrumentMark,
        {
            "security": security_ids[column],
            "session": sessions[row],
            "price": price[row, column],
            "price_date": sessions[row],
            "age_sessions": np.zeros(len(row), dtype=np.int64),
            "quality": [MarkQuality.FRESH.value] * len(row),
            "price_source": source.tolist(),
        },
        unique=["security", "session"],
    )
