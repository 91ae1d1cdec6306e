from __future__ import annotations

import datetime as dt
import json
import sys

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from analytics.audits.catalogue import AUDITS, Audit, run_audit
from analytics.audits.runs import audit_now
from analytics.audits.scope import DEFAULT_SAMPLE, Scope, portfolio_called
from sigmasight.core.errors import DomainError

# Nothing is shown of an audit that is done sooner.
PATIENCE_SECONDS = 2.0
MISUSED = 2


class Command(BaseCommand):
    help = (
        "Hold what is stored against itself and against independent calculations. Exit code 0 without an error (with --strict: "
        "without a warning), 1 with one, 2 if it was called wrongly."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "subject", choices=list(AUDITS), help="; ".join(f"{a.name}: {a.about}" for a in AUDITS.values())
        )
        parser.add_argument("--portfolio", help="id or account name; only this one")
        parser.add_argument("--date", type=dt.date.fromisoformat, help="only this session; else the newest results")
        parser.add_argument(
            "--sample", type=int, help=f"results recomputed of each kind at most, {DEFAULT_SAMPLE} by default"
        )
        parser.add_argument("--check", help="only this check, by its name")
        parser.add_argument("--json", action="store_true", help="the report as JSON, docs/audits.md describes it")
        parser.add_argument("--strict", action="store_true", help="warnings count as errors")

    def handle(self, *args: object, **options: object) -> None:
        audit = AUDITS[str(options["subject"])]
        scope = self._scope(audit, options)
        with tqdm(desc=f"audit {audit.name}", unit=" checks", delay=PATIENCE_SECONDS, leave=False, disable=None) as bar:

            def done(name: str, total: int) -> None:
                bar.total = total
                bar.set_postfix_str(name, refresh=False)
                bar.update()

            try:
                only = options["check"]
                report = (
                    run_audit(audit, scope, only=str(only), done=done) if only else audit_now(audit, scope, done=done)
                )
            except DomainError as error:
                raise CommandError(error.message, returncode=MISUSED) from error
        text = (
            json.dumps(report.document(), indent=2, ensure_ascii=False)
            if options["json"]
            else "\n".join(report.lines())
        )
        self.stdout.write(text)
        if report.failed(strict=bool(options["strict"])):
            sys.exit(1)

    def _scope(self, audit: Audit, options: dict[str, object]) -> Scope:
        for name in ("portfolio", "date", "sample"):
            if options[name] is not None and name not in audit.options:
                takes = ", ".join(f"--{one}" for one in sorted(audit.options)) or "no limits"
                raise CommandError(f"audit {audit.name} does not take --{name}; it takes {takes}.", returncode=MISUSED)
        sample = DEFAULT_SAMPLE if options["sample"] is None else int(str(options["sample"]))
        if sample < 1:
            raise CommandError("--sample must be at least 1.", returncode=MISUSED)
        try:
            portfolio = None if options["portfolio"] is None else portfolio_called(str(options["portfolio"]))
        except DomainError as error:
            raise CommandError(error.message, returncode=MISUSED) from error
        return Scope(portfolio, options["date"], sample)  # type: ignore[arg-type]
