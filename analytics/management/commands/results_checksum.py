from django.core.management.base import BaseCommand, CommandParser

from analytics.services.checksum import results_checksum, table_checksums


class Command(BaseCommand):
    help = "Fingerprint of all results: equal fingerprints mean equal rows. --tables shows one line a table."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--tables", action="store_true")

    def handle(self, *args: object, **options: object) -> None:
        if options["tables"]:
            for label, (count, checksum) in table_checksums().items():
                self.stdout.write(f"{checksum or '-':<32} {count:>9}  {label}")
        self.stdout.write(results_checksum())
