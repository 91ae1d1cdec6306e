from __future__ import annotations

from django.core.management.base import BaseCommand, CommandError, CommandParser

from analytics.services.demo import seed_demo
from analytics.services.reference import seed_reference
from sigmasight.core.errors import DomainError


class Command(BaseCommand):
    help = "Store the demo's users, portfolios and reference data; what is there already stays as it is."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--reference",
            action="store_true",
            help="only factors, stress scenarios and benchmark weights, which production needs too",
        )

    def handle(self, *args: object, **options: object) -> None:
        if options["reference"]:
            self.stdout.write(f"Reference data: {seed_reference().written} rows written")
            return
        try:
            self.stdout.write(f"Demo seeded: {seed_demo()}")
        except DomainError as error:
            raise CommandError(error.message) from error
