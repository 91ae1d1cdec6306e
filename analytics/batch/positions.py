"""Phase 2.5: what follows from the new marks for single positions: target prices against them, and sector tags."""

from __future__ import annotations

from analytics.batch.scope import Plan
from analytics.batch.steps import StepMeter
from analytics.batch.target_values import value_targets
from tagging.services.sectors import apply_sector_tags


def value_shard(plan: Plan, meter: StepMeter, family: str) -> None:
    """Value target prices at the newest marks, sum them by book, and tag new holdings with their sector."""
    ids = [need.portfolio_id for need in plan.needs]
    with meter.part("write"):
        meter.rows_written += value_targets(ids, plan.target)
        meter.rows_written += apply_sector_tags(ids)
