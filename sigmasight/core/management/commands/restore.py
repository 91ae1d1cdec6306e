from __future__ import annotations

import sys
from pathlib import Path

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from sigmasight.core.backups.meters import meter_for
from sigmasight.core.backups.places import Place, configured, elsewhere
from sigmasight.core.backups.restoring import django_at, restore
from sigmasight.core.errors import DomainError
from sigmasight.core.termination import sigterm_ends

NOT_VERIFIED = 3


class Command(BaseCommand):
    help = (
        "Bring a backup back into empty databases, or with --replace in place of filled ones, which are kept under another name. "
        "Exit codes: 0 restored and verify_setup passes, 1 refused or failed and nothing is changed, 3 restored but verify_setup fails."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR", help="a folder that `backup` made")
        parser.add_argument(
            "--into",
            nargs="+",
            metavar="NAME=URL",
            help="core=postgresql://USER@HOST/DATABASE ai=... instead of the configured databases; the password in PGPASSWORD",
        )
        parser.add_argument("--replace", action="store_true", help="put databases that are not empty aside")
        parser.add_argument("--yes", action="store_true", help="do not ask before databases are replaced")

    def handle(self, *args: object, **options: object) -> None:
        folder, words = Path(str(options["folder"])).expanduser(), options["into"]
        try:
            places = elsewhere([str(word) for word in words]) if isinstance(words, list) else configured()
            if options["replace"] and not options["yes"]:
                self._ask(places)
            with sigterm_ends():
                done = restore(folder, places, replace=bool(options["replace"]), meter=meter_for(sys.stderr))
        except DomainError as error:
            raise CommandError(error.message) from error
        for label, one in done.items():
            self.stdout.write(f"{label}: {one.rows:,} rows in {one.place}")
            if one.replaced:
                self.stdout.write(f'  What was there is kept: drop it with DROP DATABASE "{one.replaced}".')
        with django_at(places):
            try:
                call_command("verify_setup", stdout=self.stdout)
            except SystemExit as verdict:
                raise CommandError(
                    "Restored, but verify_setup fails, see above. Where the backup is older than the code: manage.py migrate_all.",
                    returncode=NOT_VERIFIED,
                ) from verdict

    @staticmethod
    def _ask(places: dict[str, Place]) -> None:
        told = " and ".join(str(place) for place in places.values())
        if not sys.stdin.isatty():
            raise CommandError(f"--replace puts {told} aside. Say --yes to do it from a script.")
        if input(f"Put {told} aside and restore the backup in their place? [yes/no] ").strip().lower() not in (
            "y",
            "yes",
        ):
            raise CommandError("Nothing was changed.")
