#!/usr/bin/env python
"""Command line of the project."""

import os
import sys
from pathlib import Path


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sigmasight.settings")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    if command == "migrate":
        os.environ.setdefault("SIGMASIGHT_MIGRATING", "1")
    try:
        import environ
        from django.core.management import execute_from_command_line
    except ImportError as error:
        raise SystemExit(
            "Django is not installed here. Run `make venv`, then use .venv/bin/python manage.py ..."
        ) from error
    if command != "demo":
        execute_from_command_line(sys.argv)
        return
    from sigmasight.embedded import choose_price_source, remember_database

    environment = Path(__file__).resolve().parent / ".env"
    if environment.exists():
        environ.Env.read_env(environment)
    choose_price_source(sys.argv[2:])
    execute_from_command_line(sys.argv)
    # Reached only if the run brought results.
    remember_database()


if __name__ == "__main__":
    main()
