"""Shrunk loadings that stay as they are while some book's stress rests on them."""

from __future__ import annotations

import datetime as dt

import numpy as np
from numpy.typing import NDArray

from analytics.batch.scope import Plan
from analytics.batch.symbol_results import JOINT, Floats
from analytics.batch.universe import Universe
from portfolios.models import Portfolio
from sigmasight.core.bulk import read_columns


def stays_until(plan: Plan) -> dt.date | None:
    """The newest session of which some book keeps its stress, because this run does not roll it from there on; None without any."""
    rolled = {need.portfolio_id: need.first for need in plan.needs}
    published = Portfolio.objects.filter(deleted_at=None, results_as_of__isnull=False)
    kept = (
        min(as_of, rolled[book] - dt.timedelta(days=1)) if book in rolled else as_of
        for book, as_of in published.values_list("id", "results_as_of")
        if as_of is not None
    )
    return max(kept, default=None)


def shrunk_as_before(universe: Universe, session: dt.date, shrunk: Floats, raw: Floats, errors: Floats) -> Floats:
    """Shrunk loadings (N, 7): the stored ones of symbols whose raw loadings and errors, rounded as they are stored, are the stored ones.

    They are drawn towards the mean of all symbols, so that one that is new or corrected would move those of every other a little, away
    from what the stress of their holders was computed with.
    """
    rows = read_columns(
        "SELECT security_id, joint_beta, joint_std_error, joint_shrunk FROM symbol_factor_exposures "
        "WHERE calculation_date = %(session)s AND joint_shrunk IS NOT NULL",
        {"session": session},
    )
    place = universe.columns(rows["security_id"])
    there = place >= 0
    if not there.any():
        return shrunk
    place = place[there]
    before, error_before, stored = (
        rows[name].table(JOINT)[there] for name in ("joint_beta", "joint_std_error", "joint_shrunk")
    )
    same = _alike(before, raw[place]) & _alike(error_before, errors[place])
    result = shrunk.copy()
    result[place[same]] = stored[same]
    return result


def _alike(first: Floats, second: Floats) -> NDArray[np.bool_]:
    """Rows that are equal, NaN to NaN, (N,)."""
    return np.asarray(((first == second) | (np.isnan(first) & np.isnan(second))).all(axis=1))
