from __future__ import annotations

import datetime as dt
import sys
import time
from contextlib import suppress
from dataclasses import replace
from uuid import UUID

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from analytics.batch import canvas, progress
from analytics.batch.night import Outcome, Request, request_to_retry, run_night
from analytics.batch.stopping import RunInterrupted, stopping_on_sigterm
from analytics.models import BatchRun, Phase, RunTrigger
from sigmasight.core.alerts.evaluation import look_and_tell
from sigmasight.core.errors import DomainError
from sigmasight.core.outages import DATABASE

INTERRUPTED, TERMINATED = 130, 143
POLL_SECONDS = 0.5


class Command(BaseCommand):
    help = (
        "Run the nightly batch for everything missing. Exit codes: 0 all done (or nothing to do), 2 partly done, 1 failed, "
        "130 interrupted, 143 told to stop by SIGTERM (after the shard at work)."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--inline", action="store_true", help="in this process instead of on the workers")
        parser.add_argument("--portfolio", type=UUID, metavar="ID", help="only this portfolio")
        parser.add_argument("--date", type=dt.date.fromisoformat, metavar="DAY", help="up to this session (YYYY-MM-DD)")
        parser.add_argument(
            "--from",
            dest="start",
            type=dt.date.fromisoformat,
            metavar="DAY",
            help="ask for prices and compute again from here on",
        )
        parser.add_argument("--to", dest="end", type=dt.date.fromisoformat, metavar="DAY", help="the same as --date")
        parser.add_argument(
            "--phase", choices=Phase.values, help="this phase alone, of what is published (1: of prices)"
        )
        parser.add_argument(
            "--retry", type=UUID, metavar="RUN", help="only what failed in this run, as it was asked for"
        )
        parser.add_argument("--source", default=settings.MARKETDATA_SOURCE, help="simulated, live or files:DIR")
        parser.add_argument("--dry-run", action="store_true", help="say what would be done")
        parser.add_argument(
            "--accept-coverage", action="store_true", help="go on below the coverage floor; it is recorded"
        )

    def handle(self, *args: object, **options: object) -> None:
        if options["date"] and options["end"] and options["date"] != options["end"]:
            raise CommandError("--date and --to name different days; give one of them.")
        inline = bool(options["inline"] or options["dry_run"])
        request = (
            self._retry(UUID(str(options["retry"])), options)
            if options["retry"]
            else Request(
                source=str(options["source"]),
                portfolio_id=options["portfolio"],  # type: ignore[arg-type]
                session=options["date"] or options["end"],  # type: ignore[arg-type]
                recompute_from=options["start"],  # type: ignore[arg-type]
                prices_again=options["start"] is not None,
                dry_run=bool(options["dry_run"]),
                accept_coverage=bool(options["accept_coverage"]),
                phase=options["phase"],  # type: ignore[arg-type]
            )
        )
        if not inline and not canvas.workers_answer():
            raise CommandError("No worker answers on the broker. Start one (make serve), or run with --inline.")
        try:
            if inline:
                with stopping_on_sigterm():
                    outcome = self._inline(request)
            else:
                outcome = canvas.start(replace(request, executor="celery"))
                if outcome.run is not None:
                    self._follow(outcome.run)
        except DomainError as error:
            if error.code == "not_a_session":
                self.stdout.write(error.message)
                return
            raise CommandError(error.message) from error
        except RunInterrupted:
            self.stderr.write("Told to stop; what is done stays, the next run continues.")
            sys.exit(TERMINATED)
        except KeyboardInterrupt:
            self.stderr.write("Interrupted; what is done stays, the next run continues.")
            sys.exit(INTERRUPTED)
        if options["dry_run"]:
            for need in outcome.plan.needs:
                self.stdout.write(f"{need.name}: {need.first} to {outcome.plan.target}")
        if outcome.run is None:
            count = len(outcome.plan.needs)
            self.stdout.write(
                f"{count} portfolios would be computed." if count else "Nothing to do: every portfolio is up to date."
            )
            return
        for note in outcome.notes:
            self.stdout.write(note)
        run = outcome.run
        self.stdout.write(
            f"Run {run.id} {run.status}: {run.completed_jobs} of {run.total_jobs} jobs, {run.failed_jobs} failed."
        )
        if outcome.exit_code:
            for detail in (run.error_summary or {}).get("details", []):
                self.stderr.write(detail)
            sys.exit(outcome.exit_code)

    def _retry(self, run_id: UUID, options: dict[str, object]) -> Request:
        if any(options[name] for name in ("portfolio", "date", "start", "end", "phase")):
            raise CommandError("--retry computes what that run was asked for; it takes no portfolio, days or phase.")
        run = BatchRun.objects.filter(pk=run_id).first()
        if run is None:
            raise CommandError(f"There is no run {run_id}.")
        try:
            return replace(request_to_retry(run, trigger=RunTrigger.CLI), dry_run=bool(options["dry_run"]))
        except DomainError as error:
            raise CommandError(error.message) from error

    @staticmethod
    def _inline(request: Request) -> Outcome:
        """The run in this process; whoever watches hears of it at once, however it ended."""
        try:
            return run_night(request, progress=progress.for_stream(sys.stderr))
        finally:
            interrupted = isinstance(sys.exception(), KeyboardInterrupt | RunInterrupted)
            if request.portfolio_id is None and not request.dry_run and not interrupted:
                with suppress(*DATABASE):
                    look_and_tell()

    def _follow(self, run: BatchRun) -> None:
        """Show the progress of a run on the workers until it ends; interrupting the command leaves the run alone."""
        display = progress.for_stream(sys.stderr)
        with display.bar("run on the workers", run.total_jobs, "jobs") as bar:
            shown = 0
            while run.is_active:
                time.sleep(POLL_SECONDS)
                run.refresh_from_db()
                bar.advance(run.completed_jobs - shown, run.current_job)
                shown = run.completed_jobs
