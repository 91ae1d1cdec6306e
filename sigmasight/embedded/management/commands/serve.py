from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from sigmasight.embedded.ports import any_port, is_free
from sigmasight.embedded.privileges import die_with_parent

STOP_ORDER = ("beat", "worker", "web", "practice model")
STOP_SECONDS = 20


class Command(BaseCommand):
    help = "Run web (ASGI), worker and beat together on this machine until Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default=os.environ.get("HOST", "127.0.0.1"))
        parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8000")))
        parser.add_argument("--workers", type=int, default=int(os.environ.get("WORKERS", "2")), help="worker processes")
        parser.add_argument(
            "--fake-ai", action="store_true", default=os.environ.get("FAKE_AI", "") not in ("", "0"),
            help="answer the chat by the built-in practice model: no language model, but real tools over real results",
        )  # fmt: skip

    def handle(self, *args: object, **options: object) -> None:
        host, port = str(options["host"]), int(str(options["port"]))
        if not is_free(port, host):
            raise CommandError(f"{host}:{port} is taken; choose another: make serve PORT={port + 1}")
        call_command("migrate_all", verbosity=0)
        call_command("schedule_nightly", verbosity=0)
        environment = os.environ | {"SIGMASIGHT_EMBEDDED_CHILD": "1" if settings.EMBEDDED_SERVERS else "0"}
        python = [sys.executable, "-m"]
        celery = [*python, "celery", "-A", "sigmasight"]
        commands = {
            "web": [
                *python, "uvicorn", "sigmasight.asgi:application", "--host", host, "--port", str(port),
                "--timeout-graceful-shutdown", "3", "--lifespan", "off", "--log-level", "warning",
            ],
            "worker": [
                *celery, "worker", "--concurrency", str(options["workers"]), "--loglevel", "INFO", "--without-gossip",
                "--without-mingle", "-Q", ",".join(settings.WORKER_QUEUES),
            ],
            "beat": [*celery, "beat", "--loglevel", "WARNING", "--pidfile="],
        }  # fmt: skip
        if options["fake_ai"]:
            commands["practice model"], environment = self._practice_model(python, environment)
        # Own sessions, so that Ctrl-C reaches this process alone and the children are stopped in order. Where this process is
        # killed and cannot stop them, the worker is told to drop its tasks: their database is going down with it.
        children = {
            name: subprocess.Popen(
                command,
                env=environment,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGQUIT if name == "worker" else signal.SIGTERM),
            )
            for name, command in commands.items()
        }
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._stop_requested)
        self.stdout.write(
            self.style.SUCCESS(f"SigmaSight runs at http://{host}:{port}/  (console: http://{host}:{port}/admin/)")
        )
        if settings.DEMO_ALLOWED:
            self.stdout.write("Log in with demo_admin@sigmasight.com, password demo12345. Ctrl-C stops everything.")
        if options["fake_ai"]:
            self.stdout.write("The assistant is the built-in practice model (FAKE_AI=1): it is no language model.")
        ended = ""
        try:
            while not ended:
                time.sleep(0.5)
                ended = next((name for name, child in children.items() if child.poll() is not None), "")
        except KeyboardInterrupt:
            self.stdout.write("Stopping.")
        finally:
            self._stop(children)
        if ended:
            raise CommandError(
                f"{ended} ended by itself with exit code {children[ended].returncode}; see its lines above."
            )

    @staticmethod
    def _practice_model(python: list[str], environment: dict[str, str]) -> tuple[list[str], dict[str, str]]:
        """Its command, and the environment in which the others find it."""
        if not (settings.BASE_DIR / "tests" / "fake_ai").is_dir():
            raise CommandError(
                "The practice model is part of the tests, which are not here. Set OPENAI_API_KEY instead."
            )
        port = any_port()
        found = {"OPENAI_BASE_URL": f"http://127.0.0.1:{port}/v1", "OPENAI_API_KEY": "practice-key"}
        return [*python, "tests.fake_ai", "--port", str(port)], environment | found

    @staticmethod
    def _stop_requested(*_: object) -> None:
        raise KeyboardInterrupt

    @staticmethod
    def _stop(children: dict[str, subprocess.Popen[bytes]]) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        order = [name for name in STOP_ORDER if name in children]
        for name in order:
            if children[name].poll() is None:
                children[name].terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for name in order:
            try:
                children[name].wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                children[name].kill()
                children[name].wait()
