"""Phase 2.5: what follows from the new marks for single positions: target prices against them, and sector tags."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from django.db import connection

from analytics.batch.scope import Plan
from analytics.batch.steps import StepMeter
from tagging.services.sectors import apply_sector_tags

# Targets at the newest mark of their symbol, per share, for what the book holds of it. A fall is what a short hopes for.
VALUED = """
    WITH held AS (
        SELECT t.id, t.portfolio_id, sum(p.quantity) AS quantity, max(m.price) AS price,
               CASE WHEN t.position_type = 'SHORT' THEN -1 ELSE 1 END AS side
        FROM target_prices t
        JOIN positions p ON p.portfolio_id = t.portfolio_id AND p.symbol = t.symbol AND p.position_type = t.position_type
             AND p.deleted_at IS NULL AND p.exit_date IS NULL
        JOIN LATERAL (
            SELECT price FROM instrument_marks WHERE security_id = p.security_id AND session <= %(day)s
            ORDER BY session DESC LIMIT 1
        ) AS m ON true
        WHERE t.portfolio_id = ANY(%(ids)s)
        GROUP BY t.id
    ),
    valued AS (
        SELECT h.id, h.portfolio_id, round(h.price, 4) AS price, h.quantity * h.price AS value,
               round(100 * h.side * (t.target_price_eoy / h.price - 1), 4) AS eoy,
               round(100 * h.side * (t.target_price_next_year / h.price - 1), 4) AS next_year,
               round(100 * h.side * (t.downside_target_price / h.price - 1), 4) AS downside,
               round(h.quantity * (t.target_price_eoy - h.price), 2) AS eoy_value,
               round(h.quantity * (t.target_price_next_year - h.price), 2) AS next_year_value,
               round(h.quantity * (t.downside_target_price - h.price), 2) AS downside_value,
               s.net_asset_value AS equity
        FROM held h JOIN target_prices t ON t.id = h.id
        JOIN portfolio_snapshots s ON s.portfolio_id = h.portfolio_id AND s.snapshot_date = %(day)s
    )
"""
UPDATE_TARGETS = """
    UPDATE target_prices AS t
    SET current_price = v.price, expected_return_eoy = v.eoy, expected_return_next_year = v.next_year, downside_return = v.downside,
        target_upside_eoy_value = v.eoy_value, target_upside_next_year_value = v.next_year_value,
        target_downside_value = v.downside_value,
        position_weight = CASE WHEN v.equity > 0 THEN round(v.value / v.equity, 6) END,
        contribution_to_portfolio_return = CASE WHEN v.equity > 0 THEN round(v.eoy_value / v.equity, 6) END,
        price_updated_at = now(), updated_at = now()
    FROM valued AS v
    WHERE t.id = v.id AND (t.current_price, t.position_weight, t.target_upside_eoy_value) IS DISTINCT FROM
        (v.price, CASE WHEN v.equity > 0 THEN round(v.value / v.equity, 6) END, v.eoy_value)
"""
# Returns of the part of the book that has targets, weighted by its value; coverage is that part of all lots.
SUM_TARGETS = """
    , sums AS (
        SELECT portfolio_id, count(*) AS targets, sum(eoy_value) AS eoy_value, sum(next_year_value) AS next_year_value,
               sum(downside_value) AS downside_value, nullif(sum(abs(value)), 0) AS value
        FROM valued GROUP BY portfolio_id
    )
    UPDATE portfolio_snapshots AS s
    SET target_price_return_eoy = round(100 * u.eoy_value / u.value, 4),
        target_price_return_next_year = round(100 * u.next_year_value / u.value, 4),
        target_price_downside_return = round(100 * u.downside_value / u.value, 4),
        target_price_upside_eoy_dollars = u.eoy_value, target_price_upside_next_year_dollars = u.next_year_value,
        target_price_downside_dollars = u.downside_value,
        target_price_coverage_pct = CASE WHEN s.num_positions > 0 THEN round(100.0 * u.targets / s.num_positions, 4) END,
        target_price_positions_count = u.targets, target_price_total_positions = s.num_positions,
        target_price_last_updated = now(), updated_at = now()
    FROM sums AS u
    WHERE s.portfolio_id = u.portfolio_id AND s.snapshot_date = %(day)s
      AND (s.target_price_upside_eoy_dollars, s.target_price_downside_dollars, s.target_price_positions_count,
           s.target_price_total_positions) IS DISTINCT FROM (u.eoy_value, u.downside_value, u.targets, s.num_positions)
"""


def value_shard(plan: Plan, meter: StepMeter, family: str) -> None:
    """Value target prices at the newest marks, sum them by book, and tag new holdings with their sector."""
    ids = [need.portfolio_id for need in plan.needs]
    with meter.part("write"):
        for statement in (VALUED + UPDATE_TARGETS, VALUED + SUM_TARGETS):
            meter.rows_written += _execute(statement, ids, plan.target)
        meter.rows_written += apply_sector_tags(ids)


def _execute(statement: str, ids: list[UUID], day: dt.date) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"ids": ids, "day": day})
        return cursor.rowcount
