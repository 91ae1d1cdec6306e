"""What each phase of a run does, callable without Celery."""

from __future__ import annotations

import datetime as dt
import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from uuid import UUID

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from analytics.batch import books, contracts, ledger, market, positions, symbols
from analytics.batch.again import portfolios_of
from analytics.batch.corrected import resting_on, roll_again
from analytics.batch.progress import Progress
from analytics.batch.runs import advance, cover, in_words, log, refuse_if_closed, tell_phase
from analytics.batch.scope import Need, Plan, plan_run
from analytics.batch.steps import step
from analytics.batch.stopping import RunCancelled
from analytics.models import BatchRun, BatchStep, Phase
from marketdata.models import CorrectionKind, PriceCorrection, Security
from marketdata.services.source import OpenSource
from portfolios.services.units import restate_positions
from sigmasight.core import clock, partitions
from sigmasight.core.bulk import array_text
from sigmasight.core.errors import DomainError
from sigmasight.core.observability.context import observed
from sigmasight.core.outages import is_outage

if TYPE_CHECKING:
    from analytics.batch.night import Request

# A shard holds about this many lot-sessions, so that a year's backfill needs no more memory than a night.
SHARD_PORTFOLIO_SESSIONS = 40_000
# Below this a shard is not cut for other workers: each reads the market for itself first.
LEAST_PORTFOLIOS, LEAST_PORTFOLIO_SESSIONS = 50, 500
# The portfolios of a shard that was taken apart have step rows of their own, numbered from this times the shard's number.
TAKEN_APART = 100_000
SHARDED = (
    (Phase.SNAPSHOTS, "P&L and snapshots", ledger.roll_shard),
    (Phase.MARKET_VALUES, "Position values", positions.value_shard),
    (Phase.RISK, "Risk engines", books.analyse_shard),
)


def shard_size(plan: Plan, *, spread: bool = False) -> int:
    """Portfolios a shard: at most the configured number, fewer when there are many sessions to do.

    Several shards come in fours of one size, so that workers end together. What would be one shard is cut for them if it is to be
    `spread` over workers and each has enough to do.
    """
    books, sessions = len(plan.needs), max(len(plan.sessions), 1)
    most = max(1, min(settings.BATCH_SHARD_PORTFOLIOS, SHARD_PORTFOLIO_SESSIONS // sessions))
    shards = -(-books // most)
    if shards > 1:
        return -(-books // (4 * -(-shards // 4)))
    worth = min(4, books // LEAST_PORTFOLIOS, books * sessions // LEAST_PORTFOLIO_SESSIONS) if spread else 1
    return most if worth <= 1 else -(-books // worth)


@transaction.atomic
def apply_corrections() -> int:
    """Turn unprocessed price corrections into dirty marks of the portfolios whose numbers they change.

    Returns
    -------
    The number of corrections processed.
    """
    pending = list(PriceCorrection.objects.filter(processed_at__isnull=True).select_for_update(skip_locked=True))
    earliest: dict[int, dt.date] = {}
    for correction in pending:
        known = earliest.get(correction.security_id, correction.from_date)
        earliest[correction.security_id] = min(known, correction.from_date)
    symbols = dict(Security.objects.filter(id__in=earliest).values_list("id", "symbol"))
    for security_id, day in sorted(earliest.items()):
        roll_again(resting_on(security_id, symbols[security_id]), day)
    # A split that staff took away is in no roll any more, which would count the lots in its shares.
    if split := {c.security_id for c in pending if c.kind == CorrectionKind.SPLIT}:
        restate_positions(split, clock.market_today())
    PriceCorrection.objects.filter(id__in=[c.id for c in pending]).update(processed_at=timezone.now())
    return len(pending)


@dataclass
class Context:
    """A run at work: its record, its source, and what it has to tell at the end."""

    run: BatchRun
    source: OpenSource
    request: Request
    progress: Progress
    notes: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    durations: dict[str, float] = field(default_factory=dict)

    def finish_durations(self, started: float) -> dict[str, float]:
        return {
            **{k: round(v, 3) for k, v in self.durations.items()},
            "total_duration": round(time.monotonic() - started, 3),
        }

    @contextmanager
    def timed(self, phase: str) -> Iterator[None]:
        started = time.monotonic()
        try:
            yield
        finally:
            key, seconds = f"phase_{phase.replace('.', '_')}", time.monotonic() - started
            self.durations[key] = self.durations.get(key, 0.0) + seconds
            tell_phase(self.run, phase, seconds)

    def work(self, plan: Plan) -> None:
        """All phases in order.

        Raises
        ------
        DomainError if no session of the plan has enough prices. RunCancelled on request.
        """
        only = self.request.phase
        if only in (None, Phase.MARKET_DATA):
            with self.timed(Phase.MARKET_DATA):
                plan = self.market_data(plan)
        shards = list(plan.shards(shard_size(plan)))
        for phase, title, work in SHARDED:
            if only in (None, phase):
                with self.timed(phase):
                    if phase == Phase.RISK:
                        self.symbol_numbers(plan)
                    self.each_shard(plan, shards, phase, title, work)

    def market_data(self, plan: Plan) -> Plan:
        """Phase 1: collect, find out how far prices reach, then mark instruments and value contracts."""
        again_from = self.request.recompute_from if self.request.prices_again else None
        collected = market.collect(self.run, plan, self.source, self.progress, again_from=again_from)
        self.notes += collected.notes
        self.errors += collected.errors
        advance(self.run, jobs=1, job="market data")
        if apply_corrections():
            scope = portfolios_of(self.request)
            plan = plan_run(plan.target, portfolio_ids=scope, recompute_from=self.request.recompute_from)
            cover(self.run, plan)
        accepted_by = self.request.trigger if self.request.accept_coverage else ""
        reach = market.record_coverage(self.run, plan, accepted_by=accepted_by)
        self.notes += reach.notes
        if reach.last is None:
            raise DomainError(
                "insufficient_coverage", reach.notes[-1] if reach.notes else "no session has enough prices"
            )
        if reach.last < plan.target:
            self.errors.append(f"insufficient_coverage: {reach.notes[-1]}")
            plan = replace(plan, target=reach.last, needs=tuple(n for n in plan.needs if n.first <= reach.last))
        # Ahead of the shards: a partition that is made in one's transaction holds its locks to the end of the shard.
        if made := partitions.ensure_all(plan.first, plan.target):
            log(self.run, f"{len(made)} partitions made, from {made[0]} to {made[-1]}")
        symbols.volatilities(self.run, plan, self.progress)
        contracts.value_contracts(self.run, plan, self.source.family, self.progress)
        advance(self.run, jobs=1, job="marks and contracts")
        return plan

    def symbol_numbers(self, plan: Plan) -> None:
        """The shared part of phase 3: betas, factors and scenario shocks of every session, once for all holders."""
        symbols.factor_numbers(self.run, plan, self.progress)
        advance(self.run, jobs=1, job="symbol factors")
        symbols.daily_metrics(self.run, plan)
        advance(self.run, jobs=1, job="symbol metrics")

    def each_shard(self, plan: Plan, shards: list[tuple[Need, ...]], phase: str, title: str, work: object) -> None:
        """One phase over all shards; a shard that fails is recorded, its portfolios are tried one by one."""
        last = phase in (Phase.RISK, self.request.phase)
        with self.progress.bar(f"{phase:>3}  {title}", sum(len(s) for s in shards), "portfolios") as bar:
            for number, shard in enumerate(shards):
                failed = run_shard(self.run, plan, shard, phase, number, work, self.source.family)
                self.errors += [f"{type(e).__name__}: {need.name}: {e}" for need, e in failed]
                if failed:
                    lost = {need.portfolio_id for need, _ in failed}
                    shards[number] = tuple(need for need in shard if need.portfolio_id not in lost)
                    BatchStep.objects.filter(run=self.run, phase=phase, name=f"phase {phase}", shard_no=number).update(
                        needs=[need.packed() for need, _ in failed], settled_at=timezone.now(), done=len(shards[number])
                    )
                jobs = sum(plan_sessions(plan, need) for need in shards[number]) if last else 0
                advance(
                    self.run, jobs=jobs, failed=sum(plan_sessions(plan, need) for need, _ in failed), job=title,
                    portfolio=shard[-1].name if shard else None,
                )  # fmt: skip
                bar.advance(len(shard))


def plan_sessions(plan: Plan, need: Need) -> int:
    """Sessions of one portfolio in the plan."""
    return plan.sessions_of(need)


def run_shard(
    run: BatchRun, plan: Plan, shard: tuple[Need, ...], phase: str, number: int, work: object, family: str
) -> list[tuple[Need, Exception]]:
    """One phase of one shard, in one transaction under the portfolios' locks.

    A shard that fails is taken apart: the portfolios that work are stored, the others come back with their errors.

    Raises
    ------
    RunCancelled if the run was closed. What a server that went away raises: nothing is wrong with the shard.
    """
    if not shard:
        return []
    alone = shard[0].portfolio_id if len(shard) == 1 else None
    with observed(run_id=run.pk, phase=phase, shard=number, portfolio_id=alone), collector_paused():
        return _run_shard(run, plan, shard, phase, number, work, family)


def _run_shard(
    run: BatchRun, plan: Plan, shard: tuple[Need, ...], phase: str, number: int, work: object, family: str
) -> list[tuple[Need, Exception]]:
    part = Plan(plan.target, shard)
    try:
        with step(
            run, phase, f"phase {phase}", shard_no=number, portfolio_from=shard[0].portfolio_id,
            portfolio_to=shard[-1].portfolio_id, sessions_from=part.first, sessions_to=plan.target, total=len(shard),
            unit="portfolios",
        ) as meter, transaction.atomic():  # fmt: skip
            do_without_helpers()
            lock_portfolios([need.portfolio_id for need in shard])
            refuse_if_closed(run)
            work(part, meter, family)  # type: ignore[operator]
        for note in meter.notes:
            log(run, note, level="warning")
    except (RunCancelled, SoftTimeLimitExceeded):
        # Out of time is no fault of a book: one by one they would take longer still.
        raise
    except Exception as error:
        # The edge of a shard: recorded, reported, and the others go on.
        if is_outage(error):
            raise
        if isinstance(error, DomainError) or len(shard) == 1:
            log(
                run,
                f"phase {phase}: {shard[0].name}: {in_words(error)}",
                level="error",
                portfolio_id=shard[0].portfolio_id,
            )
            return [(need, error) for need in shard]
        failed = []
        for place, need in enumerate(shard):
            failed += run_shard(run, plan, (need,), phase, (number + 1) * TAKEN_APART + place, work, family)
        return failed
    return []


@contextmanager
def collector_paused() -> Iterator[None]:
    """No search for cycles meanwhile: a shard makes hundreds of thousands of dictionaries without one, and the collector would go
    through all of them again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def do_without_helpers() -> None:
    """Let the server answer this transaction's queries by itself: its helpers would take the cores of the other shards, and hand
    over every row."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL max_parallel_workers_per_gather = 0")


def lock_portfolios(ids: list[UUID]) -> None:
    """Hold the portfolios' advisory locks until the transaction ends, taken in one order so that shards cannot deadlock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(key) FROM (SELECT hashtextextended(id::text, 73) AS key FROM unnest(%s::uuid[]) AS id "
            "ORDER BY key) AS keys",
            [array_text(ids)],
        )
