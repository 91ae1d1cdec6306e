from __future__ import annotations

import sys
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from sigmasight.core.backups import manifest
from sigmasight.core.backups.making import back_up
from sigmasight.core.backups.meters import meter_for
from sigmasight.core.errors import DomainError
from sigmasight.core.termination import sigterm_ends


class Command(BaseCommand):
    help = "Copy both databases into a new folder, read back and with a manifest, while everybody goes on working."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--output", type=Path, metavar="DIR", help="where to (else BACKUP_DIRECTORY, else backups/ here)"
        )
        parser.add_argument(
            "--keep", type=int, metavar="N", help="then remove all but the newest N complete backups there"
        )

    def handle(self, *args: object, **options: object) -> None:
        directory = Path(
            str(options["output"] or settings.BACKUP_DIRECTORY or settings.BASE_DIR / "backups")
        ).expanduser()
        try:
            with sigterm_ends():
                folder = back_up(directory, keep=options["keep"], meter=meter_for(sys.stderr))  # type: ignore[arg-type]
        except DomainError as error:
            raise CommandError(error.message) from error
        except OSError as error:
            raise CommandError(f"{directory} cannot be written: {error}") from error
        made = manifest.read(folder)
        rows = sum(sum(copied.rows.values()) for copied in made.databases.values())
        self.stdout.write(f"{folder}: {rows:,} rows in {made.bytes / 2**20:,.1f} MiB, read back.")
