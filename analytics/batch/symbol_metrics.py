"""The newest returns, ratios and betas of every symbol, for the equity search."""

from __future__ import annotations

import datetime as dt

import numpy as np
from numpy.typing import NDArray

from analytics.batch.symbol_results import SLOTS
from analytics.batch.universe import Universe
from analytics.models import SymbolDailyMetrics
from marketdata import calendar
from marketdata.asof import last_known
from marketdata.services.panel import load_panel
from sigmasight.core.bulk import UpsertCount, read_columns, upsert

Floats = NDArray[np.float64]
# Which slot of the factor arrays each column shows.
FACTOR_COLUMNS = {
    "factor_market": 0, "factor_interest_rate": 2, "factor_momentum": 3, "factor_value": 4, "factor_growth": 5, "factor_size": 6,
    "factor_quality": 7, "factor_low_vol": 8,
}  # fmt: skip
SCORED_SESSIONS = 252


def anchors(session: dt.date) -> dict[str, dt.date]:
    """The day each return counts from: the last price on or before it."""
    return {
        "return_1d": calendar.previous_session(session),
        "return_mtd": session.replace(day=1) - dt.timedelta(days=1),
        "return_ytd": dt.date(session.year - 1, 12, 31),
        "return_1m": session - dt.timedelta(days=30),
        "return_3m": session - dt.timedelta(days=90),
        "return_1y": session - dt.timedelta(days=365),
    }


def store_metrics(universe: Universe, session: dt.date) -> UpsertCount:
    """Write the metrics of a session; a row that is newer already stays.

    Returns are total returns; the reference price is the last one on or before the anchor, so that the first session of a
    period counts. The quality score is the share of the last 252 sessions with a price, in percent.
    """
    panel = load_panel(universe.security, calendar.shift(session, -260), session)
    wealth, age = last_known(panel.close * panel.return_factor)
    now = np.where(age[-1] == 0, wealth[-1], np.nan)
    columns: dict[str, object] = {}
    for name, day in anchors(session).items():
        row = calendar.session_ordinal(calendar.session_on_or_before(day)) - panel.first_ordinal
        columns[name] = np.round(now / wealth[row] - 1, 6) if row >= 0 else np.full(len(now), np.nan)
    there = (~np.isnan(panel.close[-SCORED_SESSIONS:])).mean(axis=0)
    return upsert(
        SymbolDailyMetrics,
        {
            "security": universe.security,
            "metrics_date": np.full(len(now), np.datetime64(session)),
            "current_price": panel.close[-1],
            **columns,  # type: ignore[dict-item]
            **_profile_columns(universe),
            **_factor_columns(universe, session),
            "data_quality_score": np.round(100 * there, 2),
        },
        unique=["security"],
    )


def _profile_columns(universe: Universe) -> dict[str, Floats]:
    rows = read_columns(
        "SELECT security_id, market_cap, pe_ratio, total_revenue FROM company_profiles ORDER BY security_id"
    )
    place = universe.columns(rows["security_id"])
    columns = {name: np.full(len(universe.security), np.nan) for name in ("market_cap", "pe_ratio", "ps_ratio")}
    known = place >= 0
    with np.errstate(divide="ignore", invalid="ignore"):
        sales = np.where(rows["total_revenue"] > 0, rows["market_cap"] / rows["total_revenue"], np.nan)
    for name, values in (("market_cap", rows["market_cap"]), ("pe_ratio", rows["pe_ratio"]), ("ps_ratio", sales)):
        columns[name][place[known]] = values[known]
    return columns


def _factor_columns(universe: Universe, session: dt.date) -> dict[str, Floats]:
    rows = read_columns(
        "SELECT security_id, beta_value FROM symbol_factor_exposures WHERE calculation_date = %(day)s ORDER BY security_id",
        {"day": session},
    )
    columns = {name: np.full(len(universe.security), np.nan) for name in FACTOR_COLUMNS}
    place, betas = universe.columns(rows["security_id"]), rows["beta_value"].table(SLOTS)
    for name, slot in FACTOR_COLUMNS.items():
        columns[name][place] = betas[:, slot]
    return columns
