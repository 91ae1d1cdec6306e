from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from analytics.batch import progress
from analytics.batch.night import Request, run_night
from analytics.models import BatchRun
from analytics.services.demo import demo_portfolios, seed_additions, seed_demo
from analytics.services.summary import summarise
from analytics.services.summary_text import WITHOUT_INTERNET, after_failure, next_steps, render
from marketdata.services.reachability import unreachable_price_sources
from sigmasight.core.alerts.evaluation import look_and_tell
from sigmasight.core.errors import DomainError

INTERRUPTED = 130


class Command(BaseCommand):
    help = "Migrate, seed the demo, run the nightly batch over everything missing since 2025-06-30, and show the books."

    def add_arguments(self, parser: CommandParser) -> None:
        # The first two are read before the settings are, because they choose the database.
        source = parser.add_mutually_exclusive_group()
        source.add_argument("--live", action="store_true", help="real sources instead of the simulated market")
        source.add_argument(
            "--prices", metavar="DIR", help="prices from the files of a directory (docs/file_source.md)"
        )
        parser.add_argument(
            "--proxies", action="store_true", help="with --prices: serve the stand-ins of funds without prices"
        )
        parser.add_argument("--json", metavar="FILE", help="also write the summary as JSON")

    def handle(self, *args: object, **options: object) -> None:
        if not settings.DEMO_ALLOWED:
            raise CommandError(
                "The demo has published passwords; it runs on the embedded servers or with DEBUG=1 only."
            )
        report = Path(str(options["json"])).expanduser() if options["json"] else None
        if report is not None and not report.absolute().parent.is_dir():
            raise CommandError(f"--json {report}: there is no folder {report.absolute().parent}.")
        started = time.monotonic()
        source = settings.MARKETDATA_SOURCE
        if source == "live" and (reasons := unreachable_price_sources()):
            named = "; ".join(f"{name}: {reason}" for name, reason in reasons.items())
            raise CommandError(f"No live source of prices can be reached: {named}. {WITHOUT_INTERNET}")
        self.stdout.write(f"SigmaSight demo, prices: {source}")
        call_command("migrate_all", verbosity=0)
        self.stdout.write(f"Databases migrated ({time.monotonic() - started:.1f} s)")
        seeded = seed_demo()
        self.stdout.write(f"Demo seeded: {seeded}")
        for line in seed_additions():
            self.stdout.write(line)
        try:
            outcome = run_night(Request(source=source, trigger="cli"), progress=progress.for_stream(sys.stderr))
        except DomainError as error:
            raise CommandError(error.message) from error
        except KeyboardInterrupt:
            self.stderr.write("Interrupted; what is done stays, the next `make demo` goes on from there.")
            sys.exit(INTERRUPTED)
        seconds = round(time.monotonic() - started, 2)
        look_and_tell()
        summary = summarise(
            demo_portfolios(), source=source, wall_seconds=seconds, run=outcome.run or BatchRun.objects.first()
        )
        if report is not None:
            report.write_text(json.dumps(summary, indent=2, allow_nan=False) + "\n")
        self.stdout.write(render(summary, outcome, color=self.stdout.isatty()))
        if outcome.exit_code == 1:
            self.stdout.write(after_failure(source))
            sys.exit(1)
        self.stdout.write(next_steps())
