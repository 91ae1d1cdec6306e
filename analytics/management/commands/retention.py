from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from analytics.services.archives import names
from analytics.services.result_retention import OldMonth, Verdict, analyze, months_kept, retain
from sigmasight.core.errors import DomainError


class Command(BaseCommand):
    help = (
        "Drop whole months of results older than the settings KEEP_MONTHS_... say, except what published sessions, open backfills or "
        "the ledger need. Exit codes: 0 done, 1 refused, 3 something was busy."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="say what would be dropped")
        parser.add_argument(
            "--archive",
            type=Path,
            metavar="DIR",
            help="write each month to a file there before it is dropped (without it: RESULT_ARCHIVE)",
        )
        parser.add_argument("--format", choices=names(), help="of these files (without it: RESULT_ARCHIVE_FORMAT)")
        parser.add_argument(
            "--table", action="append", default=[], metavar="NAME", help="only this table; may be repeated"
        )

    def handle(self, *args: object, **options: object) -> None:
        tables: list[str] = options["table"]  # type: ignore[assignment]
        archive = options["archive"] or (Path(settings.RESULT_ARCHIVE) if settings.RESULT_ARCHIVE else None)
        form = str(options["format"] or settings.RESULT_ARCHIVE_FORMAT)
        old: list[OldMonth] = []
        try:
            for table, months in months_kept().items():
                if not tables or table in tables:
                    self.stdout.write(f"{table:<24} keeps {f'{months} months' if months else 'everything'}")
            for month in retain(tables=tables, archive=archive, form=form, dry_run=bool(options["dry_run"])):  # type: ignore[arg-type]
                old.append(month)
                self.stdout.write(self._line(month))
            if not options["dry_run"]:
                analyze(tables)
        except DomainError as error:
            raise CommandError(error.message) from error
        freed = [month for month in old if month.verdict in (Verdict.DUE, Verdict.DROPPED)]
        self.stdout.write(
            f"{'would free' if options['dry_run'] else 'freed'} {sum(m.rows for m in freed):,} rows, "
            f"{sum(m.bytes for m in freed) / 2**20:,.1f} MiB in {len(freed)} partitions"
            if freed
            else "Nothing to drop."
        )
        if any(month.verdict == Verdict.BUSY for month in old):
            raise CommandError("Some months were busy; run it again.", returncode=3)

    @staticmethod
    def _line(month: OldMonth) -> str:
        what = month.verdict + (f": {month.reason}" if month.reason else "")
        where = f", in {month.archive}" if month.archive else ""
        return f"{month.partition.name:<34} {month.rows:>12,} rows {month.bytes / 2**20:>10,.1f} MiB  {what}{where}"
