from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from sigmasight.embedded.attach import default_state_directory

GRACE_SECONDS = 20


class Command(BaseCommand):
    help = "The embedded servers: `status`, `urls`, or `run COMMAND...` to keep them up while a command runs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["status", "urls", "run"])
        parser.add_argument("command", nargs="*", help="with run: the command; without one, until Ctrl-C")

    def handle(self, *args: object, **options: object) -> None:
        if not settings.EMBEDDED_SERVERS:
            raise CommandError(
                "DATABASE_URL, AI_DATABASE_URL and REDIS_URL are set: those servers are used, none is embedded here."
            )
        urls = {name: os.environ[name] for name in settings.SERVER_VARIABLES}
        if options["action"] == "urls":
            for name, url in urls.items():
                self.stdout.write(f"export {name}='{url}'")
            return
        if options["action"] == "status":
            self.stdout.write(f"state   {default_state_directory()}")
            for name, url in urls.items():
                self.stdout.write(f"{name:<16} {url.split('@')[-1]}")
            return
        self._run([str(word) for word in options["command"]])  # type: ignore[attr-defined]

    def _run(self, command: list[str]) -> None:
        environment = os.environ | {"SIGMASIGHT_EMBEDDED_CHILD": "1"}
        if not command:
            self.stdout.write("Embedded servers are up; Ctrl-C stops them.")
            try:
                signal.pause()
            except KeyboardInterrupt:
                return
        child = subprocess.Popen(command, env=environment)
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: child.terminate())
        while True:
            try:
                code = child.wait()
                break
            except KeyboardInterrupt:
                # The terminal sent it to the child as well; give it time to end by itself.
                deadline = time.monotonic() + GRACE_SECONDS
                while child.poll() is None and time.monotonic() < deadline:
                    time.sleep(0.1)
                child.kill()
        sys.exit(code)
