from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from analytics.report.document import client_report
from analytics.report.html import render_html
from analytics.report.pdf import render_pdf
from portfolios.services.portfolios import portfolio_called
from sigmasight.core.errors import DomainError


class Command(BaseCommand):
    help = "Write the report of a portfolio for a client, as PDF or HTML."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("portfolio", help="its id or its name")
        parser.add_argument("--format", choices=["pdf", "html"], help="else the one of --output's name, else pdf")
        parser.add_argument(
            "--output", type=Path, help="file to write; else one named after portfolio and session, here"
        )
        parser.add_argument("--date", type=dt.date.fromisoformat, help="as of the last session on or before this day")

    def handle(self, *args: object, **options: Any) -> None:
        output: Path | None = options["output"]
        form = options["format"] or ("html" if output and output.suffix.lower() in (".html", ".htm") else "pdf")
        try:
            report = client_report(portfolio_called(options["portfolio"]), options["date"])
        except DomainError as error:
            raise CommandError(error.message) from error
        content = render_pdf(report) if form == "pdf" else render_html(report).encode()
        file = output or Path(report.file_name(form))
        try:
            file.write_bytes(content)
        except OSError as error:
            raise CommandError(
                f"{file} cannot be written: {error.strerror}. Name another file with --output."
            ) from error
        self.stdout.write(f"{file}: {report.title} as of {report.as_of}, {len(content):,} bytes")
