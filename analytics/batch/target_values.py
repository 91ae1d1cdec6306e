"""Target prices at the night's marks: what they mean for each holding, and their sums for each book."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import connection

from marketdata import calendar
from sigmasight.core.bulk import array_text

# Name of a target in the statements; its columns: price, return, dollars, and those of the book.
TARGETS = {
    "eoy": ("target_price_eoy", "expected_return_eoy", "target_upside_eoy_value"),
    "next_year": ("target_price_next_year", "expected_return_next_year", "target_upside_next_year_value"),
    "downside": ("downside_target_price", "downside_return", "target_downside_value"),
}
SUMS = {
    "eoy": ("target_price_return_eoy", "target_price_upside_eoy_dollars"),
    "next_year": ("target_price_return_next_year", "target_price_upside_next_year_dollars"),
    "downside": ("target_price_downside_return", "target_price_downside_dollars"),
}


def _figures(name: str) -> str:
    """Return and dollars of one target; one that is beyond what their columns hold has none, and fails no night."""
    fits = f"abs({name} / price - 1) < 9999 AND abs(units * ({name} - price)) < 1e13"
    return (
        f"CASE WHEN {fits} THEN round(100 * side * ({name} / price - 1), 4) END AS {name}_return, "
        f"CASE WHEN {fits} THEN round(units * ({name} - price), 2) END AS {name}_dollars"
    )


# Targets are dollars per share of the day they were last settled: after a split they are counted in its shares. A fall is
# what a short hopes for. Without a mark above 0 a target stays as it is.
VALUED = f"""
    WITH held AS (
        SELECT t.id, t.portfolio_id, sum(p.quantity * coalesce(o.multiplier, 1)) AS units, count(*) AS lots,
               max(round(m.price, 4)) AS price, max(r.ratio) AS ratio,
               CASE WHEN t.position_type IN ('SHORT', 'SC', 'SP') THEN -1 ELSE 1 END AS side
        FROM target_prices AS t
        JOIN positions AS p ON p.portfolio_id = t.portfolio_id AND p.symbol = t.symbol AND p.position_type = t.position_type
             AND p.deleted_at IS NULL AND p.exit_date IS NULL AND p.entry_date <= %(day)s
        LEFT JOIN option_contracts AS o ON o.security_id = p.security_id
        JOIN LATERAL (
            SELECT price FROM instrument_marks WHERE security_id = p.security_id AND session <= %(day)s
            ORDER BY session DESC LIMIT 1
        ) AS m ON round(m.price, 4) > 0
        CROSS JOIN LATERAL (
            SELECT coalesce(exp(sum(ln(ratio))), 1) AS ratio FROM splits
            WHERE security_id = p.security_id AND kind = 'split' AND ex_date <= %(day)s
              AND ex_date > (t.price_updated_at AT TIME ZONE 'America/New_York')::date
        ) AS r
        WHERE t.portfolio_id = ANY(%(ids)s)
        GROUP BY t.id
    ),
    restated AS (
        SELECT h.*, h.units * h.price AS value, s.net_asset_value AS equity,
               {", ".join(f"round(t.{price} / h.ratio, 4) AS {name}" for name, (price, _, _) in TARGETS.items())}
        FROM held AS h
        JOIN target_prices AS t ON t.id = h.id
        JOIN portfolio_snapshots AS s ON s.portfolio_id = h.portfolio_id AND s.snapshot_date = %(day)s
    ),
    figures AS (SELECT *, {", ".join(_figures(name) for name in TARGETS)} FROM restated),
    valued AS (
        SELECT *,
               CASE WHEN abs(value) < 9999 * equity THEN round(100 * abs(value) / equity, 4) END AS weight,
               CASE WHEN abs(eoy_dollars) < 9999 * equity THEN round(eoy_dollars / equity, 6) END AS contribution
        FROM figures
    )
"""
TARGET_COLUMNS = {
    "current_price": "v.price",
    **{price: f"v.{name}" for name, (price, _, _) in TARGETS.items()},
    **{column: f"v.{name}_return" for name, (_, column, _) in TARGETS.items()},
    **{column: f"v.{name}_dollars" for name, (_, _, column) in TARGETS.items()},
    "position_weight": "v.weight",
    "contribution_to_portfolio_return": "v.contribution",
}
UPDATE_TARGETS = f"""
    UPDATE target_prices AS t
    SET {", ".join(f"{column} = {value}" for column, value in TARGET_COLUMNS.items())},
        price_updated_at = greatest(t.price_updated_at, %(close)s), updated_at = now()
    FROM valued AS v
    WHERE t.id = v.id
      AND ({", ".join(f"t.{column}" for column in TARGET_COLUMNS)}) IS DISTINCT FROM ({", ".join(TARGET_COLUMNS.values())})
"""
# Returns of what has the target, weighted by its value; coverage is the share of lots with targets among all lots.
SUM_COLUMNS = {
    **{column: f"round(100 * u.{name} / u.{name}_value, 4)" for name, (column, _) in SUMS.items()},
    **{column: f"u.{name}" for name, (_, column) in SUMS.items()},
    "target_price_coverage_pct": "CASE WHEN s.num_positions > 0 THEN least(100, round(100.0 * u.lots / s.num_positions, 4)) END",
    "target_price_positions_count": "u.lots",
    "target_price_total_positions": "s.num_positions",
}
SUM_TARGETS = f"""
    , sums AS (
        SELECT portfolio_id, sum(lots) AS lots,
               {
    ", ".join(
        f"sum({name}_dollars) AS {name}, "
        f"nullif(sum(abs(value)) FILTER (WHERE {name}_dollars IS NOT NULL), 0) AS {name}_value"
        for name in SUMS
    )
}
        FROM valued GROUP BY portfolio_id
    )
    UPDATE portfolio_snapshots AS s
    SET {", ".join(f"{column} = {value}" for column, value in SUM_COLUMNS.items())},
        target_price_last_updated = now(), updated_at = now()
    FROM sums AS u
    WHERE s.portfolio_id = u.portfolio_id AND s.snapshot_date = %(day)s
      AND ({", ".join(f"s.{column}" for column in SUM_COLUMNS)}) IS DISTINCT FROM ({", ".join(SUM_COLUMNS.values())})
"""
# Weight x yearly volatility x market beta, of the underlying for options.
RISK = """
    UPDATE target_prices AS t
    SET contribution_to_portfolio_risk = n.risk, updated_at = now()
    FROM (
        SELECT t.id, max(CASE WHEN abs(t.position_weight / 100 * v.realized_volatility_63d * x.beta_value[1]) < 1e5
                         THEN round((t.position_weight / 100 * v.realized_volatility_63d * x.beta_value[1]::numeric), 6) END) AS risk
        FROM target_prices AS t
        JOIN positions AS p ON p.portfolio_id = t.portfolio_id AND p.symbol = t.symbol AND p.position_type = t.position_type
             AND p.deleted_at IS NULL AND p.exit_date IS NULL AND p.entry_date <= %(day)s
        LEFT JOIN option_contracts AS o ON o.security_id = p.security_id
        LEFT JOIN symbol_volatilities AS v
             ON v.security_id = coalesce(o.underlying_id, p.security_id) AND v.calculation_date = %(day)s
        LEFT JOIN symbol_factor_exposures AS x
             ON x.security_id = coalesce(o.underlying_id, p.security_id) AND x.calculation_date = %(day)s
        WHERE t.portfolio_id = ANY(%(ids)s)
        GROUP BY t.id
    ) AS n
    WHERE t.id = n.id AND t.contribution_to_portfolio_risk IS DISTINCT FROM n.risk
"""


def value_targets(portfolio_ids: Sequence[UUID], session: dt.date) -> int:
    """Value the targets of what these books hold at the newest marks up to a session, and sum them on its snapshots.

    Returns
    -------
    Rows that changed.
    """
    terms = {"ids": array_text(portfolio_ids), "day": session, "close": calendar.close_instant(session)}
    return sum(_execute(VALUED + statement, terms) for statement in (UPDATE_TARGETS, SUM_TARGETS))


def weigh_targets(portfolio_ids: Sequence[UUID], session: dt.date) -> int:
    """Set what the holdings with targets contribute to the risk of their books, once the betas of the session are stored.

    Returns
    -------
    Rows that changed.
    """
    return _execute(RISK, {"ids": array_text(portfolio_ids), "day": session})


def _execute(statement: str, terms: dict[str, Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, terms)
        return cursor.rowcount
