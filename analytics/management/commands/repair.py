from __future__ import annotations

import datetime as dt
import sys
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from analytics.batch import progress
from analytics.services.clearing import Scope
from analytics.services.hand_repairs import Effect, Repair, perform
from analytics.services.repair_kinds import (
    ApplySplit,
    ClearCalculations,
    MergeSymbol,
    RerollPortfolio,
    ReseedDemo,
    portfolio_named,
)
from marketdata.services.missed_splits import parse_ratio
from portfolios.models import User
from sigmasight.core.errors import DomainError


class Command(BaseCommand):
    help = (
        "Repair data: tell what would be changed, ask, do it in one transaction and note who did it. docs/repairs.md says when to use "
        "which. Exit codes: 0 done or nothing to do, 1 refused."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        shared = CommandParser(add_help=False)
        shared.add_argument("--dry-run", action="store_true", help="tell what would be changed, and change nothing")
        shared.add_argument("--yes", action="store_true", help="do not ask")
        shared.add_argument(
            "--by", metavar="EMAIL", help="the staff account it is noted for; the only superuser if left out"
        )
        shared.add_argument(
            "--compute", action="store_true", help="then compute what was marked, in this process, instead of at night"
        )
        kinds = parser.add_subparsers(dest="kind", required=True, metavar="REPAIR")
        clear = kinds.add_parser("clear", parents=[shared], help="delete results, so that they are computed anew")
        clear.add_argument("--everybody", action="store_true", help="everybody's results, not only the demo's")
        clear.add_argument("--from", dest="first", type=dt.date.fromisoformat, metavar="DAY", help="from this day on")
        reseed = kinds.add_parser("reseed-demo", parents=[shared], help="store what is missing of the demo")
        reseed.add_argument("--anew", action="store_true", help="all of it, as on its first day")
        reroll = kinds.add_parser("reroll", parents=[shared], help="have a portfolio computed anew from a day on")
        reroll.add_argument("portfolio", help="its id or name")
        reroll.add_argument("first", type=dt.date.fromisoformat, metavar="DAY", help="YYYY-MM-DD")
        merge = kinds.add_parser("merge-symbol", parents=[shared], help="give all of an old symbol to the new one")
        merge.add_argument("old")
        merge.add_argument("new")
        split = kinds.add_parser("split", parents=[shared], help="apply a split that no source told of")
        split.add_argument("symbol")
        split.add_argument("day", type=dt.date.fromisoformat, help="the ex-date, YYYY-MM-DD")
        split.add_argument("ratio", help="new for old shares, as 4:1 or 1:10")

    def handle(self, *args: object, **options: Any) -> None:
        display = progress.for_stream(sys.stderr)
        try:
            staff = None if options["dry_run"] else self._staff(options["by"])
            repair = self._repair(options)
            with display.bar("Looking", 1, "repair") as bar:
                seen = repair.look()
                bar.advance()
            self._tell(seen)
            if seen.is_nothing or staff is None:
                self.stdout.write("There is nothing to do." if seen.is_nothing else "Nothing was changed (--dry-run).")
                return
            self._ask(repair.word, yes=options["yes"])
            with display.bar("Repairing", 1, "repair") as bar:
                effect = perform(staff, repair, seen.fingerprint)
                bar.advance()
        except DomainError as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"{effect.done}.")
        if options["compute"]:
            call_command("run_batch", "--inline", stdout=self.stdout, stderr=self.stderr)
        elif effect.first is not None:
            self.stdout.write("The next run computes it anew: tonight, or `manage.py run_batch`.")

    def _repair(self, options: dict[str, Any]) -> Repair:
        match options["kind"]:
            case "clear":
                return ClearCalculations(Scope(options["everybody"], options["first"]))
            case "reseed-demo":
                return ReseedDemo(anew=options["anew"])
            case "reroll":
                return RerollPortfolio(portfolio_named(options["portfolio"]), options["first"])
            case "merge-symbol":
                return MergeSymbol(options["old"], options["new"])
            case _:
                return ApplySplit(options["symbol"], options["day"], parse_ratio(options["ratio"]))

    def _staff(self, email: str | None) -> User:
        active = User.objects.filter(is_active=True, is_staff=True)
        found = list(active.filter(email__iexact=email) if email else active.filter(is_superuser=True)[:2])
        if len(found) == 1:
            return found[0]
        raise CommandError(
            f"No active staff account has the address {email}."
            if email
            else "Say who repairs: --by with a staff account's address."
        )

    def _tell(self, effect: Effect) -> None:
        self.stdout.write(f"{effect.done}: that is so already." if effect.is_nothing else f"To be noted: {effect.done}")
        for table, count in effect.rows.items():
            self.stdout.write(f"  {table:<32} {count:>12,} rows")
        if effect.books:
            since = f", computed anew from {effect.first} on" if effect.first else ""
            self.stdout.write(f"  {len(effect.books)} portfolios{since}: {effect.named}")
        for table, count in effect.again.items():
            self.stdout.write(f"  {table:<32} {count:>12,} computed anew by the next run")
        for note in effect.notes:
            self.stdout.write(f"  ! {note}")

    def _ask(self, word: str, *, yes: bool) -> None:
        if yes:
            return
        if not sys.stdin.isatty():
            raise CommandError("Say --yes to do it from a script. Nothing was changed.")
        if input(f"To do it, type {word}: ").strip().lower() != word.lower():
            raise CommandError("Nothing was changed.")
