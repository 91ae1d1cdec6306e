"""The parts of answers that tell why results are missing, or how old they are."""

from __future__ import annotations

from typing import Any

from analytics.services.missing import Missing
from analytics.services.staleness import Staleness


def data_quality(missing: Missing) -> dict[str, Any]:
    """Why there are no results."""
    return {
        "flag": missing.flag,
        "message": missing.message,
        "positions_analyzed": missing.positions_analyzed,
        "positions_total": missing.positions_total,
        "positions_skipped": max(0, missing.positions_total - missing.positions_analyzed),
        "data_days": missing.data_days,
    }


def snapshot_staleness(age: Staleness) -> dict[str, Any]:
    """How old the snapshot is that results belong to."""
    return {
        "snapshot_date": age.date,
        "age_hours": age.age_hours,
        "is_stale": age.is_stale,
        "is_current": age.is_current,
    }


def calculation_staleness(age: Staleness) -> dict[str, Any]:
    """How old a calculation is, and whether it should be repeated."""
    return {
        "calculation_date": age.date,
        "age_hours": age.age_hours,
        "is_stale": age.is_stale,
        "is_current": age.is_current,
        "should_recalculate": age.should_recalculate,
    }
