"""The shards of a run on workers, kept as rows: what each has to do, which are counted, what comes next.

Messages name a shard and nothing more, so that one may come twice, late, or never: what is left is read from the rows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from django.db import transaction
from django.db.models import F, Min, QuerySet
from django.utils import timezone

from analytics.batch.phases import plan_sessions, shard_size
from analytics.batch.runs import cover, tell_phase
from analytics.batch.scope import Need, Plan
from analytics.models import BatchRun, BatchStep, Phase, RunStatus, StepStatus

PHASES = (Phase.SNAPSHOTS, Phase.MARKET_VALUES, Phase.RISK)
FOLLOWING = {Phase.SNAPSHOTS: Phase.MARKET_VALUES, Phase.MARKET_VALUES: Phase.RISK}


def step_name(phase: str) -> str:
    """What the step row of a shard is called."""
    return f"phase {phase}"


def begins_with(run: BatchRun) -> str:
    """The first phase that is done in shards; of a run of one phase that one."""
    return str(run.params.get("phase", Phase.SNAPSHOTS))


def _following(run: BatchRun, phase: str) -> Phase | None:
    return None if "phase" in run.params else FOLLOWING.get(Phase(phase))


def _pending(run: BatchRun, phase: str, number: int, needs: Sequence[Need], target: dt.date) -> BatchStep:
    return BatchStep(
        run=run, phase=phase, name=step_name(phase), shard_no=number, status=StepStatus.PENDING,
        portfolio_from=needs[0].portfolio_id, portfolio_to=needs[-1].portfolio_id,
        sessions_from=min(need.first for need in needs), sessions_to=target, total=len(needs), unit="portfolios",
        needs=[need.packed() for need in needs],
    )  # fmt: skip


def _held(run: BatchRun) -> BatchRun | None:
    """The run with its row locked until the transaction ends; None if it does not run any more."""
    return BatchRun.objects.select_for_update().filter(pk=run.pk, status=RunStatus.RUNNING).first()


def are_laid_out(run: BatchRun) -> bool:
    """Whether phase 1 of the run is done and its shards are known."""
    first = begins_with(run)
    return BatchStep.objects.filter(run=run, phase=first, name=step_name(first)).exists()


@transaction.atomic
def lay_out(run: BatchRun, plan: Plan, *, errors: Sequence[str], durations: Mapping[str, float]) -> None:
    """Write down what phase 1 brought and the shards of the plan, once: a second worker that did it too changes nothing."""
    held = _held(run)
    if held is None or are_laid_out(run):
        return
    if plan.needs:
        cover(run, plan)
    BatchRun.objects.filter(pk=run.pk).update(
        target_to=plan.target, params=held.params | {"errors": list(errors)},
        phase_durations={name: round(seconds, 3) for name, seconds in durations.items()},
    )  # fmt: skip
    first = begins_with(run)
    if first != Phase.MARKET_DATA:
        BatchStep.objects.bulk_create(
            _pending(run, first, number, needs, plan.target)
            for number, needs in enumerate(plan.shards(shard_size(plan, spread=True)))
        )


def open_shards(run: BatchRun) -> QuerySet[BatchStep]:
    """Shards that are not counted yet, of all phases."""
    return BatchStep.objects.filter(run=run, needs__isnull=False, settled_at__isnull=True)


def find(run: BatchRun, phase: str, number: int) -> BatchStep | None:
    """An open shard; None if it was counted."""
    return open_shards(run).filter(phase=phase, shard_no=number).first()


def plan_of(shard: BatchStep) -> Plan:
    """What a shard has to do."""
    assert shard.sessions_to is not None
    return Plan(shard.sessions_to, tuple(Need.unpacked(packed) for packed in shard.needs or ()))


def remaining_plan(run: BatchRun) -> Plan:
    """What all open shards have to do."""
    needs: list[Need] = []
    target = run.target_to
    for shard in open_shards(run).order_by("shard_no"):
        part = plan_of(shard)
        needs += part.needs
        target = part.target
    assert target is not None
    return Plan(target, tuple(sorted(needs, key=lambda need: need.portfolio_id)))


@transaction.atomic
def settle(run: BatchRun, shard: BatchStep, lost: Collection[UUID]) -> bool:
    """Count a shard whose work is stored, once however often it was done, and lay out its next phase without what was lost.

    Returns
    -------
    Whether that was the last one of its phase. The run's row is locked meanwhile, so that exactly one worker is told so.
    """
    held = _held(run)
    now = timezone.now()
    plan = plan_of(shard)
    kept = [need for need in plan.needs if need.portfolio_id not in lost]
    gone = [need.packed() for need in plan.needs if need.portfolio_id in lost]
    if held is None or not open_shards(run).filter(pk=shard.pk).update(settled_at=now, needs=gone or None):
        return False
    following = _following(run, shard.phase)
    if following is not None and kept:
        _pending(run, following, shard.shard_no, kept, plan.target).save(force_insert=True)
    if not lost:
        # Also where the shard as a whole failed and all of its portfolios did not.
        BatchStep.objects.filter(pk=shard.pk).update(status=StepStatus.COMPLETED, error="", done=F("total"))
    else:
        BatchStep.objects.filter(pk=shard.pk).update(status=StepStatus.FAILED, completed_at=now, done=len(kept))
    done = sum(plan_sessions(plan, need) for need in kept) if following is None else 0
    failed = sum(plan_sessions(plan, need) for need in plan.needs if need.portfolio_id in lost)
    last = not open_shards(run).filter(phase=shard.phase).exists()
    durations = held.phase_durations
    if last:
        begun = BatchStep.objects.filter(run=run, phase=shard.phase).aggregate(at=Min("started_at"))["at"] or now
        seconds = (now - begun).total_seconds()
        durations |= {f"phase_{shard.phase.replace('.', '_')}": round(seconds, 3)}
        tell_phase(run, shard.phase, seconds)
    BatchRun.objects.filter(pk=run.pk).update(
        completed_jobs=F("completed_jobs") + done, failed_jobs=F("failed_jobs") + failed, heartbeat_at=now,
        current_job=step_name(shard.phase), current_portfolio=plan.needs[-1].name[:255], phase_durations=durations,
    )  # fmt: skip
    return last
