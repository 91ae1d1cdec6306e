from __future__ import annotations

import datetime as dt
import sys

from django.core.management.base import BaseCommand, CommandParser

from analytics.services.greeks_audit import audit_greeks
from marketdata.models import Security
from marketdata.services.history import arrays_differ_from_rows


class Command(BaseCommand):
    help = "Hold stored results against an independent calculation. Exit code 1 if something differs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("subject", choices=["greeks", "prices"])
        parser.add_argument("--sample", type=int, default=200, help="contracts at most")
        parser.add_argument("--date", type=dt.date.fromisoformat, help="only this session")

    def handle(self, *args: object, **options: object) -> None:
        if options["subject"] == "prices":
            self._prices()
            return
        audit = audit_greeks(sample=int(str(options["sample"])), session=options["date"])  # type: ignore[arg-type]
        self.stdout.write(f"{audit.checked} contracts recomputed, largest difference {audit.largest:.2e}")
        for d in audit.differences:
            self.stdout.write(f"{d.symbol} {d.session} {d.name}: stored {d.stored:.8f}, recomputed {d.recomputed:.8f}")
        if audit.differences:
            sys.exit(1)

    def _prices(self) -> None:
        ids = list(Security.objects.filter(price_history__isnull=False).values_list("id", flat=True))
        wrong = arrays_differ_from_rows(ids)
        self.stdout.write(f"{len(ids)} price histories, {len(wrong)} differ from their rows")
        if wrong:
            sys.exit(1)
