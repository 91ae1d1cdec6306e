"""Phase 1, the outside half: which securities are needed, collecting them, and how far the prices reach."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from django.conf import settings
from django.utils import timezone

from analytics.batch.progress import Progress
from analytics.batch.runs import log
from analytics.batch.scope import Plan
from analytics.batch.steps import step
from analytics.models import BatchRun, Phase, SessionCoverage
from marketdata import calendar
from marketdata.models import PriceStatus, Security, SecurityType
from marketdata.providers.base import PROXY_SOURCE, ProviderError
from marketdata.services.collection import Wanted, collect_prices
from marketdata.services.panel import load_panel
from marketdata.services.provider_states import mirror_states
from marketdata.services.reference_collection import (
    collect_fundamentals,
    collect_option_quotes,
    collect_profiles,
    collect_yields,
)
from marketdata.services.securities import ensure_proxies
from marketdata.services.source import OpenSource
from sigmasight.core.bulk import read_columns
from sigmasight.core.errors import DomainError

MOST_NAMED = 12


@dataclass
class Collected:
    """Remarks for people, and failures that make the run partial."""

    notes: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@dataclass
class Reach:
    """The last session with enough prices, None without any."""

    last: dt.date | None
    notes: list[str] = field(default_factory=list)


def held_securities(plan: Plan) -> dict[int, float]:
    """Securities held by the plan's portfolios at some session of it, underlyings included, with the dollars held at entry."""
    rows = read_columns(
        """
        SELECT p.security_id, coalesce(oc.underlying_id, p.security_id) AS underlying_id,
               abs(p.quantity * p.entry_price * coalesce(oc.multiplier, 1)) AS value
        FROM positions p LEFT JOIN option_contracts oc ON oc.security_id = p.security_id
        WHERE p.portfolio_id = ANY(%(ids)s) AND p.security_id IS NOT NULL
          AND (p.exit_date IS NULL OR p.exit_date >= %(first)s) AND (p.deleted_at IS NULL OR p.deleted_at >= %(first)s)
        """,
        {"ids": [need.portfolio_id for need in plan.needs], "first": plan.first},
    )
    held: dict[int, float] = {}
    for ids in (rows["security_id"], rows["underlying_id"]):
        for security_id, value in zip(ids.tolist(), rows["value"].tolist(), strict=True):
            held[security_id] = held.get(security_id, 0.0) + value
    return held


def followed_securities(plan: Plan) -> set[int]:
    """Securities that private lots of the plan's portfolios follow by their owners' choice."""
    rows = read_columns(
        "SELECT DISTINCT s.id FROM positions p JOIN securities s ON s.symbol = p.proxy_symbol "
        "WHERE p.portfolio_id = ANY(%(ids)s) AND p.proxy_symbol <> '' AND p.deleted_at IS NULL",
        {"ids": [need.portfolio_id for need in plan.needs]},
    )
    return set(rows["id"].tolist())


def history_start(first: dt.date) -> dt.date:
    """The first session of history the engines want before `first`."""
    return calendar.shift(calendar.session_on_or_after(first), -settings.BATCH_HISTORY_SESSIONS)


def collect(
    run: BatchRun, plan: Plan, source: OpenSource, progress: Progress, *, again_from: dt.date | None = None
) -> Collected:
    """Bring prices, actions, yields, quotes, profiles and statements of everything held and of the factors' proxies.

    Parameters
    ----------
    again_from : prices that are there already are asked for again from this day on.

    Raises
    ------
    DomainError if prices were asked for and none came.
    """
    held = held_securities(plan)
    proxies = ensure_proxies()
    securities = {
        s.id: s for s in Security.objects.filter(id__in=[*held, *followed_securities(plan), *proxies.values()])
    }
    contracts = sorted(i for i, s in securities.items() if s.security_type == SecurityType.OPTION)
    priced = [s for s in securities.values() if s.security_type != SecurityType.OPTION]
    wanted = [Wanted(s.id, s.symbol, s.security_type, held.get(s.id, 0.0)) for s in priced]
    first = history_start(plan.first)
    result = Collected()
    with (
        step(
            run,
            Phase.MARKET_DATA,
            "prices",
            sessions_from=first,
            sessions_to=plan.target,
            total=len(wanted),
            unit="symbols",
        ) as meter,
        progress.bar("  1  Prices", len(wanted), "symbols") as bar,
    ):
        report = collect_prices(
            source.provider,
            wanted,
            first,
            plan.target,
            last_complete=plan.target,
            again_from=again_from,
            progress=lambda n, note: bar.advance(n, note),
        )
        bar.advance(report.up_to_date)
        meter.wrote("daily_prices", report.rows)
    if report.gathered_nothing:
        reason = next(iter(report.failures.values()))[1] if report.failures else "no answer"
        raise DomainError("no_prices", f"None of {report.asked} symbols brought prices from {source.family}: {reason}")
    _note_prices(run, report, result)
    stand_ins = Security.objects.filter(id__in=held, daily_prices__source=PROXY_SOURCE).distinct().order_by("symbol")
    if names := ", ".join(stand_ins.values_list("symbol", flat=True)):
        result.notes.append(f"Stand-ins instead of real prices ({PROXY_SOURCE}) for {names}.")
    tasks = {
        "yields": lambda: collect_yields(source.provider, first, plan.target),
        "option quotes": lambda: collect_option_quotes(source.provider, contracts, plan.first, plan.target),
        "profiles": lambda: collect_profiles(source.provider, priced, plan.target),
        "fundamentals": lambda: collect_fundamentals(source.provider, priced, plan.target),
    }
    with progress.bar("  1  Profiles, yields, quotes", len(tasks), "kinds") as bar:
        for name, work in tasks.items():
            try:
                with step(run, Phase.MARKET_DATA, name) as meter:
                    outcome = work()
                    if not isinstance(outcome, tuple):
                        meter.wrote(name, outcome)  # type: ignore[arg-type]
                    elif outcome[1]:
                        log(
                            run,
                            f"{name}: {len(outcome[1])} symbols without, e.g. {next(iter(outcome[1]))}",
                            level="warning",
                        )
            except ProviderError as error:
                kind = error.outcome.value.replace("_", " ")
                log(run, f"{name}: {error.provider} brought nothing ({kind})", level="warning")
                result.errors.append(f"{name}: {error}")
            bar.advance()
    mirror_states(source.provider)
    return result


def _note_prices(run: BatchRun, report: object, result: Collected) -> None:
    from marketdata.services.collection import CollectionReport

    assert isinstance(report, CollectionReport)
    if report.failures:
        kinds = Counter(outcome.value.replace("_", " ") for outcome, _ in report.failures.values())
        told = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
        names = ", ".join(sorted(report.failures)[:MOST_NAMED]) + (", ..." if len(report.failures) > MOST_NAMED else "")
        result.notes.append(f"No prices for {len(report.failures)} symbols ({told}): {names}.")
        log(run, result.notes[-1], level="warning")
    for reason, count in sorted(report.rejected.items()):
        result.notes.append(f"{count} price rows were refused: {reason}.")
    if report.suspect:
        result.notes.append(f"{report.suspect} price jumps are suspect and wait for confirmation.")
    if report.corrections:
        result.notes.append(
            f"{report.corrections} earlier prices or actions were corrected; the books that hold them are rolled again."
        )


def record_coverage(run: BatchRun, plan: Plan, *, accepted_by: str = "") -> Reach:
    """Count for every session of the plan how many held public symbols have a close, and store it.

    The first session below the floor stops the run there, unless somebody accepts it.
    """
    if not plan.needs:
        return Reach(plan.target)
    held = list(held_securities(plan))
    public = dict(
        Security.objects.filter(id__in=held, price_status=PriceStatus.KNOWN)
        .exclude(security_type=SecurityType.OPTION)
        .values_list("id", "symbol")
    )
    if not public:
        only_private = not Security.objects.filter(id__in=held).exists()
        if only_private:
            return Reach(plan.target)
        return Reach(None, ["no held symbol has ever been priced by the source"])
    panel = load_panel(list(public), plan.first, plan.target)
    with np.errstate(invalid="ignore"):
        priced = panel.close > 0
    symbols = np.array([public[int(i)] for i in panel.security_ids])
    reach, last = Reach(None), None
    now = timezone.now()
    rows = []
    for row, session in enumerate(panel.sessions.tolist()):
        count, total = int(priced[row].sum()), len(symbols)
        enough = count >= settings.BATCH_COVERAGE_FLOOR * total
        rows.append(
            SessionCoverage(
                session=session, symbols_held=total, symbols_priced=count, data_coverage_pct=round(100 * count / total, 2),
                missing=sorted(symbols[~priced[row]].tolist())[:200], marked=enough or bool(accepted_by),
                accepted_by="" if enough else accepted_by, completed_at=now,
            )
        )  # fmt: skip
        if not enough and not accepted_by:
            missing = ", ".join(rows[-1].missing[:8])
            reach.notes.append(
                f"{session}: only {count} of {total} held symbols have a price ({100 * count / total:.0f} %, the floor is "
                f"{100 * settings.BATCH_COVERAGE_FLOOR:.0f} %), missing e.g. {missing}; the session was not marked."
            )
            break
        last = session
    SessionCoverage.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["session"],
        update_fields=["symbols_held", "symbols_priced", "data_coverage_pct", "missing", "marked", "accepted_by", "completed_at"],
    )  # fmt: skip
    reach.last = last
    for note in reach.notes:
        log(run, note, level="warning")
    return reach
