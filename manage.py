#!/usr/bin/env python
"""Command line of the project."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sigmasight.settings")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if len(sys.argv) > 1 and sys.argv[1] == "migrate":
        os.environ.setdefault("SIGMASIGHT_MIGRATING", "1")
    if len(sys.argv) > 1 and sys.argv[1] == "demo":
        from sigmasight.embedded import choose_price_source

        choose_price_source(sys.argv[2:])
    try:
        from django.core.management import execute_from_command_line
    except ImportError as error:
        raise SystemExit(
            "Django is not installed here. Run `make venv`, then use .venv/bin/python manage.py ..."
        ) from error
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
