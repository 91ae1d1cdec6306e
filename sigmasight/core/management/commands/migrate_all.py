import os

from django.core.management import call_command
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Migrate both databases: the core first, then the AI one."

    def handle(self, *args: object, **options: object) -> None:
        os.environ["SIGMASIGHT_MIGRATING"] = "1"
        for alias in ("default", "ai"):
            call_command(
                "migrate", database=alias, interactive=False, verbosity=options["verbosity"], stdout=self.stdout
            )
