from django.core.management.base import BaseCommand

from analytics.services.schedule import schedule_nightly


class Command(BaseCommand):
    help = "Put the nightly run, the sweeper and the daily and weekly chores into the schedule, unless they are there."

    def handle(self, *args: object, **options: object) -> None:
        created = schedule_nightly()
        if options["verbosity"]:
            self.stdout.write(f"Scheduled: {', '.join(created)}." if created else "The schedule stands already.")
