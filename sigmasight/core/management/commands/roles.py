from __future__ import annotations

import json

from django.core.management.base import BaseCommand, CommandParser

from sigmasight.core.console.matrix import Line, matrix


class Command(BaseCommand):
    help = "What viewers, operators and admins may do with every table and page of the console, as the code has it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *args: object, **options: object) -> None:
        lines = matrix()
        if options["json"]:
            self.stdout.write(json.dumps([{"where": line.where, **line.may} for line in lines], indent=1))
            return
        width = max(len(line.where) for line in lines)
        heads = list(lines[0].may)
        columns = [max(len(head), *(len(self._words(line, head)) for line in lines)) for head in heads]
        self.stdout.write(
            "  ".join([f"{'':<{width}}", *(f"{h:<{w}}" for h, w in zip(heads, columns, strict=True))]).rstrip()
        )
        for line in lines:
            cells = [f"{self._words(line, head):<{w}}" for head, w in zip(heads, columns, strict=True)]
            self.stdout.write("  ".join([f"{line.where:<{width}}", *cells]).rstrip())

    @staticmethod
    def _words(line: Line, role: str) -> str:
        return ", ".join(line.may[role]) or "-"
