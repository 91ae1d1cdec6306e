"""Phase 1, the inside half: volatility, value, Greeks and marks of every held option contract, once for all holders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.batch.market import held_securities
from analytics.batch.progress import Progress
from analytics.batch.scope import Plan
from analytics.batch.steps import step
from analytics.engines.greeks import (
    STATUS_NAMES,
    TREASURY_MATURITIES,
    InversionStatus,
    ValueStatus,
    VolatilitySource,
    fallback_volatility,
    implied_volatility,
    treasury_rate,
)
from analytics.engines.greeks import (
    value_contracts as engine_value,
)
from analytics.models import BatchRun, OptionGreeks, Phase
from marketdata import calendar
from marketdata.asof import MAX_AGE_SESSIONS, as_of
from marketdata.services.marks import mark_contracts, mark_stocks
from marketdata.services.panel import load_panel
from sigmasight.core.bulk import read_columns, upsert

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
YEAR = np.timedelta64(365, "D")
SOURCE_NAMES = {
    VolatilitySource.IMPLIED: "implied", VolatilitySource.HELD: "implied_held", VolatilitySource.FORECAST: "term_structure",
    VolatilitySource.REALIZED_63D: "realized_63d", VolatilitySource.DEFAULT: "default",
}  # fmt: skip
_SPLIT_STATUS = {code: name.partition(":") for code, name in STATUS_NAMES.items()}


@dataclass(frozen=True)
class Terms:
    """(C,) each: ids, underlying ids, +1 or -1, strikes, expirations, whether the underlying is a fund or an index."""

    security: Ints
    underlying: Ints
    sign: Ints
    strike: Floats
    expiration: NDArray[np.datetime64]
    is_index: NDArray[np.bool_]


def load_terms(security_ids: list[int]) -> Terms:
    """Terms of the option contracts among these securities, ascending by id."""
    rows = read_columns(
        """
        SELECT o.security_id, o.underlying_id, CASE o.option_type WHEN 'CALL' THEN 1 ELSE -1 END AS sign, o.strike, o.expiration,
               u.security_type IN ('etf', 'etn', 'mutual_fund', 'index') AS is_index
        FROM option_contracts o JOIN securities u ON u.id = o.underlying_id WHERE o.security_id = ANY(%(ids)s) ORDER BY o.security_id
        """,
        {"ids": security_ids},
    )
    return Terms(
        rows["security_id"], rows["underlying_id"], rows["sign"], rows["strike"], rows["expiration"], rows["is_index"]
    )


def value_contracts(run: BatchRun, plan: Plan, family: str, progress: Progress) -> None:
    """Mark everything held at every session of the plan, and store the Greeks of the contracts."""
    if not plan.needs:
        return
    held = sorted(held_securities(plan))
    with progress.bar("  1  Marks and contracts", 2, "steps") as bar:
        with step(run, Phase.MARKET_DATA, "marks", sessions_from=plan.first, sessions_to=plan.target) as meter:
            with meter.part("read"):
                terms = load_terms(held)
                stocks = np.setdiff1d(np.array(held, dtype=np.int64), terms.security)
                # A price may be carried for long; a year back finds the last one of all but the dead.
                panel = load_panel(stocks, calendar.shift(plan.sessions[0], -252), plan.target)
            with meter.part("write"):
                count = mark_stocks(panel, np.arange(len(panel.security_ids)), panel.row_of(plan.sessions[0]), family)
                meter.wrote("instrument_marks", count)
        bar.advance()
        if len(terms.security):
            with step(
                run, Phase.MARKET_DATA, "position_greeks", sessions_from=plan.first, sessions_to=plan.target
            ) as meter:
                _value(plan, terms, family, meter)
        bar.advance()


@dataclass(frozen=True)
class Inputs:
    """What values the contracts on a grid of sessions (G,), old quote days first: (G, C) each, NaN where unknown."""

    sessions: NDArray[np.datetime64]
    quote: Floats
    seeded: NDArray[np.bool_]
    spot: Floats
    rate: Floats
    rate_default: NDArray[np.bool_]
    dividend_yield: Floats
    days: Floats


def _value(plan: Plan, terms: Terms, family: str, meter: Any) -> None:
    with meter.part("read"):
        inputs = _inputs(plan, terms)
        forecast, long, medium = _underlying_volatility(terms, inputs.sessions)
    first = int(np.searchsorted(inputs.sessions, np.datetime64(plan.sessions[0])))
    with meter.part("compute"):
        implied, status = implied_volatility(
            inputs.quote, inputs.spot, terms.strike, inputs.days, inputs.rate, inputs.dividend_yield, terms.sign
        )
        implied[status != InversionStatus.OK] = np.nan
        rows = np.arange(len(inputs.sessions))[:, None]
        newest = np.maximum.accumulate(np.where(np.isnan(implied), -1, rows), axis=0)
        held = np.take_along_axis(implied, np.maximum(newest, 0), axis=0)
        volatility, source = fallback_volatility(
            _sessions_left(inputs, terms), forecast, long, medium, terms.is_index, held=held
        )
        source = np.where(newest == rows, VolatilitySource.IMPLIED, source)
        values, codes = engine_value(
            inputs.spot, terms.strike, inputs.days, volatility, inputs.rate, inputs.dividend_yield, terms.sign
        )
    part = slice(first, None)
    sessions = inputs.sessions[part]
    live = np.isin(codes[part], (ValueStatus.OK, ValueStatus.EXPIRES_TODAY))
    quoted = ~np.isnan(inputs.quote[part]) & (codes[part] == ValueStatus.OK)
    price = np.where(quoted, inputs.quote[part], np.where(live, values.price[part], np.nan))
    vol_day = np.where(newest < 0, rows, newest)[part]
    with meter.part("write"):
        count = mark_contracts(terms.security, sessions, price, quoted, inputs.seeded[part] & quoted, family)
        meter.wrote("instrument_marks", count)
        row, column = np.nonzero(codes[part] != ValueStatus.EXPIRED)
        used = (codes[part] == ValueStatus.OK)[row, column]

        def column_of(matrix: Floats, decimals: int) -> Floats:
            return np.round(matrix[part][row, column], decimals)

        names = [_SPLIT_STATUS[ValueStatus(code)] for code in codes[part][row, column].tolist()]
        sources = source[part][row, column].tolist()
        meter.wrote(
            "option_greeks",
            upsert(
                OptionGreeks,
                {
                    "security": terms.security[column],
                    "calculation_date": sessions[row],
                    "price": np.round(price[row, column], 6),
                    "delta": column_of(values.delta, 8),
                    **{name: column_of(getattr(values, name), 10) for name in ("gamma", "theta", "vega", "rho")},
                    "implied_volatility": np.where(used, volatility[part][row, column], np.nan),
                    "volatility_source": [
                        SOURCE_NAMES[VolatilitySource(s)] if u else None
                        for s, u in zip(sources, used.tolist(), strict=True)
                    ],
                    "volatility_date": np.where(used, inputs.sessions[vol_day[row, column]], np.datetime64("NaT")),
                    "rate": np.where(used, inputs.rate[part][row, column], np.nan),
                    "rate_source": [
                        "default" if d else "treasury" for d in inputs.rate_default[part][row, column].tolist()
                    ],
                    "dividend_yield": np.where(used, inputs.dividend_yield[part][row, column], np.nan),
                    "underlying_price": inputs.spot[part][row, column],
                    "price_source": np.where(
                        quoted[row, column], np.where(inputs.seeded[part][row, column], "seed", "quote"), "model"
                    ).tolist(),
                    "status": [name[0] for name in names],
                    "reason": [name[2] or None for name in names],
                },
                unique=["security", "calculation_date"],
            ),
        )


def _inputs(plan: Plan, terms: Terms) -> Inputs:
    ids = terms.security.tolist()
    first, last = plan.sessions[0], plan.target
    quotes = read_columns(
        """
        WITH wanted AS (
            SELECT security_id, session, bid, ask, last, source FROM option_quotes
            WHERE security_id = ANY(%(ids)s) AND session BETWEEN %(first)s AND %(last)s
            UNION ALL
            SELECT * FROM (
                SELECT DISTINCT ON (security_id) security_id, session, bid, ask, last, source FROM option_quotes
                WHERE security_id = ANY(%(ids)s) AND session < %(first)s ORDER BY security_id, session DESC
            ) AS newest
        )
        SELECT security_id, session, (source = 'seed') AS seeded,
               CASE WHEN bid > 0 AND ask >= bid THEN (bid + ask) / 2 WHEN last > 0 THEN last END::float8 AS price FROM wanted
        ORDER BY security_id, session
        """,
        {"ids": ids, "first": first, "last": last},
    )
    grid = np.unique(np.concatenate([quotes["session"], np.array(plan.sessions, dtype="datetime64[D]")]))
    shape = (len(grid), len(ids))
    quote, seeded = np.full(shape, np.nan), np.zeros(shape, dtype=bool)
    row, column = np.searchsorted(grid, quotes["session"]), np.searchsorted(terms.security, quotes["security_id"])
    quote[row, column] = quotes["price"]
    seeded[row, column] = quotes["seeded"]
    start = calendar.shift(calendar.session_on_or_before(grid[0].item()), -MAX_AGE_SESSIONS)
    panel = load_panel(terms.underlying, start, last)
    grid_rows = calendar.ordinals(grid) - panel.first_ordinal
    columns = panel.columns_of(terms.underlying)
    spot = as_of(panel.close).price[grid_rows][:, columns]
    days = (terms.expiration[None, :] - grid[:, None]).astype("timedelta64[D]").astype(np.float64)
    rate, default = _rates(grid, days)
    return Inputs(grid, quote, seeded, spot, rate, default, _dividend_yields(terms, grid, spot, panel, columns), days)


def _rates(grid: NDArray[np.datetime64], days: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Rates by session and contract from the curve of the session, values at most five sessions old."""
    rows = read_columns(
        "SELECT series_id, date, percent FROM treasury_yields WHERE date BETWEEN %(first)s::date - 20 AND %(last)s ORDER BY date",
        {"first": grid[0].item(), "last": grid[-1].item()},
    )
    maturities = np.array(list(TREASURY_MATURITIES.values()))
    curve = np.full((len(grid), len(maturities)), np.nan)
    ordinal = calendar.ordinals(grid)
    for k, series in enumerate(TREASURY_MATURITIES):
        mine = rows["series_id"] == series
        if mine.any():
            dates, percents = rows["date"][mine], rows["percent"][mine]
            place = np.searchsorted(dates, grid, side="right") - 1
            fresh = (place >= 0) & (ordinal - calendar.ordinals(dates[np.maximum(place, 0)]) <= MAX_AGE_SESSIONS)
            curve[fresh, k] = percents[place[fresh]]
    rate, default = np.empty(days.shape), np.zeros(days.shape, dtype=bool)
    for g in range(len(grid)):
        rate[g], default[g] = treasury_rate(maturities, curve[g], np.maximum(days[g], 0) / 365)
    return rate, default


def _dividend_yields(terms: Terms, grid: NDArray[np.datetime64], spot: Floats, panel: Any, columns: Ints) -> Floats:
    """Dividends of the trailing year over the price, in shares of the session; the profile's figure where none is recorded."""
    underlyings = np.unique(terms.underlying)
    paid = read_columns(
        """
        SELECT d.security_id, d.ex_date, d.amount::float8 / coalesce(exp(sum(ln(s.ratio::float8))), 1) AS amount
        FROM dividends d LEFT JOIN splits s ON s.security_id = d.security_id AND s.ex_date > d.ex_date AND s.ex_date <= %(last)s
             AND s.kind = 'split'
        WHERE d.security_id = ANY(%(ids)s) AND d.ex_date BETWEEN %(first)s::date - 370 AND %(last)s
        GROUP BY d.id ORDER BY d.security_id, d.ex_date
        """,
        {"ids": underlyings.tolist(), "first": grid[0].item(), "last": grid[-1].item()},
    )
    quoted = read_columns(
        "SELECT security_id, as_of, dividend_yield FROM company_profile_revisions WHERE security_id = ANY(%(ids)s) "
        "AND dividend_yield IS NOT NULL ORDER BY as_of",
        {"ids": underlyings.tolist()},
    )
    yields = np.zeros(spot.shape)
    scale = panel.split_factor[-1] / panel.split_factor
    rows = calendar.ordinals(grid) - panel.first_ordinal
    for u in underlyings.tolist():
        mine = paid["security_id"] == u
        holders = terms.underlying == u
        column = columns[holders][0]
        if mine.any():
            dates, total = paid["ex_date"][mine], np.concatenate([[0.0], np.cumsum(paid["amount"][mine])])
            year = (
                total[np.searchsorted(dates, grid, side="right")]
                - total[np.searchsorted(dates, grid - YEAR, side="right")]
            )
            with np.errstate(invalid="ignore"):
                yields[:, holders] = (year * scale[rows, column])[:, None] / spot[:, holders]
        else:
            known = quoted["security_id"] == u
            if known.any():
                place = np.searchsorted(quoted["as_of"][known], grid, side="right") - 1
                yields[:, holders] = np.where(place >= 0, quoted["dividend_yield"][known][np.maximum(place, 0)], 0.0)[
                    :, None
                ]
    return np.nan_to_num(yields)


def _sessions_left(inputs: Inputs, terms: Terms) -> Floats:
    return (calendar.ordinals(terms.expiration)[None, :] - calendar.ordinals(inputs.sessions)[:, None]).astype(
        np.float64
    )


def _underlying_volatility(terms: Terms, sessions: NDArray[np.datetime64]) -> tuple[Floats, Floats, Floats]:
    """Forecast, 252- and 63-session realised volatility of each contract's underlying by session, NaN where not stored."""
    rows = read_columns(
        "SELECT security_id, calculation_date, expected_volatility_21d, realized_volatility_252d, realized_volatility_63d "
        "FROM symbol_volatilities WHERE security_id = ANY(%(ids)s) AND calculation_date BETWEEN %(first)s AND %(last)s",
        {"ids": np.unique(terms.underlying).tolist(), "first": sessions[0].item(), "last": sessions[-1].item()},
    )
    order = np.unique(terms.underlying)
    column = np.searchsorted(order, rows["security_id"])
    row = np.searchsorted(sessions, rows["calculation_date"])
    inside = (row < len(sessions)) & (sessions[np.minimum(row, len(sessions) - 1)] == rows["calculation_date"])
    matrices = []
    for name in ("expected_volatility_21d", "realized_volatility_252d", "realized_volatility_63d"):
        matrix = np.full((len(sessions), len(order)), np.nan)
        matrix[row[inside], column[inside]] = rows[name][inside]
        matrices.append(matrix[:, np.searchsorted(order, terms.underlying)])
    return matrices[0], matrices[1], matrices[2]
