from __future__ import annotations

import datetime as dt
import sys
from uuid import UUID

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from analytics.batch import progress
from analytics.batch.night import Request, run_night
from sigmasight.core.errors import DomainError

INTERRUPTED = 130


class Command(BaseCommand):
    help = (
        "Run the nightly batch for everything missing. Exit codes: 0 all done (or nothing to do), 2 partly done, 1 failed, "
        "130 interrupted."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--inline", action="store_true", help="in this process instead of on the workers")
        parser.add_argument("--portfolio", type=UUID, metavar="ID", help="only this portfolio")
        parser.add_argument("--date", type=dt.date.fromisoformat, metavar="DAY", help="up to this session (YYYY-MM-DD)")
        parser.add_argument("--from", dest="start", type=dt.date.fromisoformat, metavar="DAY", help="compute again from here on")
        parser.add_argument("--to", dest="end", type=dt.date.fromisoformat, metavar="DAY", help="the same as --date")
        parser.add_argument("--source", default=settings.MARKETDATA_SOURCE, help="simulated, live or files:DIR")
        parser.add_argument("--dry-run", action="store_true", help="say what would be done")
        parser.add_argument("--accept-coverage", action="store_true", help="go on below the coverage floor; it is recorded")

    def handle(self, *args: object, **options: object) -> None:
        if options["date"] and options["end"] and options["date"] != options["end"]:
            raise CommandError("--date and --to name different days; give one of them.")
        request = Request(
            source=str(options["source"]),
            portfolio_id=options["portfolio"],  # type: ignore[arg-type]
            session=options["date"] or options["end"],  # type: ignore[arg-type]
            recompute_from=options["start"],  # type: ignore[arg-type]
            dry_run=bool(options["dry_run"]),
            accept_coverage=bool(options["accept_coverage"]),
        )
        try:
            outcome = run_night(request, progress=progress.for_stream(sys.stderr))
        except DomainError as error:
            if error.code == "not_a_session":
                self.stdout.write(error.message)
                return
            raise CommandError(error.message) from error
        except KeyboardInterrupt:
            self.stderr.write("Interrupted; what is done stays, the next run continues.")
            sys.exit(INTERRUPTED)
        if options["dry_run"]:
            for need in outcome.plan.needs:
                self.stdout.write(f"{need.name}: {need.first} to {outcome.plan.target}")
        if outcome.run is None:
            count = len(outcome.plan.needs)
            self.stdout.write(f"{count} portfolios would be computed." if count else "Nothing to do: every portfolio is up to date.")
            return
        for note in outcome.notes:
            self.stdout.write(note)
        run = outcome.run
        self.stdout.write(f"Run {run.id} {run.status}: {run.completed_jobs} of {run.total_jobs} jobs, {run.failed_jobs} failed.")
        if outcome.exit_code:
            for detail in (run.error_summary or {}).get("details", []):
                self.stderr.write(detail)
            sys.exit(outcome.exit_code)
