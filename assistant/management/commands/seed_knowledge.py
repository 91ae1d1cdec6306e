from __future__ import annotations

import sys

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error
from tqdm import tqdm

from assistant.services.seeding import own_texts, seed_knowledge


class Command(BaseCommand):
    help = "Store the assistant's own texts about measures, engines and tools; embeds only what changed, removes what is gone."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="say what would be done, change nothing")

    def handle(self, *args: object, **options: object) -> None:
        dry_run = bool(options["dry_run"])
        try:
            with tqdm(total=len(own_texts()), desc="Knowledge", unit="text", file=sys.stderr, disable=None) as bar:
                outcome = seed_knowledge(dry_run=dry_run, progress=bar.update)
        except Error as error:
            raise CommandError(
                "The AI database does not answer or is not migrated: python manage.py verify_setup tells more."
            ) from error
        self.stdout.write(f"Knowledge base{', if this were no dry run' if dry_run else ''}: {outcome}")
