from __future__ import annotations

import sys

from django.core.management.base import BaseCommand, CommandError, CommandParser

from analytics.services.demo import reset_additions, reset_demo
from sigmasight.core.errors import DomainError


class Command(BaseCommand):
    help = "Delete the demo users with all their portfolios and results, and seed them anew. Touches no other user."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *args: object, **options: object) -> None:
        if not options["yes"]:
            if not sys.stdin.isatty():
                raise CommandError(
                    "This deletes the demo users' portfolios and results. Say --yes to do it from a script."
                )
            answer = input("Delete the demo users' portfolios, results and tags, and seed them anew? [yes/no] ")
            if answer.strip().lower() not in ("y", "yes"):
                raise CommandError("Nothing was deleted.")
        try:
            self.stdout.write(f"Demo restored: {reset_demo()}")
            for line in reset_additions():
                self.stdout.write(line)
        except DomainError as error:
            raise CommandError(error.message) from error
