"""Portfolios whose newest session moved them further than their risk explains."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

# A move below this share of the value is not worth a look.
LARGE = 0.03
# So many times the value at risk at 99 %: beyond what any distribution of it makes likely.
MULTIPLE = 4
WITHOUT_VAR = 0.2
# The evening before lies at most so many days back.
LOOK_BACK = 10
JUMPS = """
    SELECT f.id, f.name, s.snapshot_date, s.daily_return::float8, s.daily_pnl::float8, s.net_asset_value::float8,
           r.var_99_1d::float8, s.stale_count + s.missing_count
    FROM portfolios AS f
    JOIN portfolio_snapshots AS s ON s.portfolio_id = f.id AND s.snapshot_date = f.results_as_of
    LEFT JOIN LATERAL (
        SELECT var_99_1d FROM portfolio_risk
        WHERE portfolio_id = f.id AND calculation_date < s.snapshot_date AND calculation_date >= s.snapshot_date - %(days)s
        ORDER BY calculation_date DESC LIMIT 1
    ) AS r ON true
    WHERE f.is_active AND f.deleted_at IS NULL AND abs(s.daily_return) >= %(large)s
      AND CASE WHEN r.var_99_1d > 0 THEN abs(s.daily_pnl) > %(multiple)s * r.var_99_1d ELSE abs(s.daily_return) >= %(without)s END
    ORDER BY abs(s.daily_return) DESC, f.id
"""


@dataclass(frozen=True)
class Jump:
    """Dollars; `daily_return` is a fraction. `value_at_risk` of the evening before, None where there was none. `doubtful` counts the
    holdings with an old price or none."""

    portfolio_id: UUID
    name: str
    session: dt.date
    daily_return: float
    pnl: float
    nav: float
    value_at_risk: float | None
    doubtful: int


def unexplained_jumps() -> list[Jump]:
    """Of active portfolios at their published session, the largest first; one query."""
    given = {"days": LOOK_BACK, "large": LARGE, "multiple": MULTIPLE, "without": WITHOUT_VAR}
    with connection.cursor() as cursor:
        cursor.execute(JUMPS, given)
        return [Jump(*row) for row in cursor.fetchall()]
