"""Measure backfills: a year of sessions for one portfolio and for many, with the numbers of their symbols stored already.

``python benchmarks/backfill.py --portfolios 1,1000 --symbols 5000`` builds its own throw-away database, computes the symbols of all
sessions once, and then rolls the portfolios through the year on warm workers: wall seconds, CPU of the workers and of PostgreSQL.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
from nightly import (
    RESULT_TABLES,
    SESSION,
    build_books,
    build_market,
    each_phase,
    server_cpu,
    settle,
    start_django,
    warm_pool,
)

SYMBOL_TABLES = {"symbol_factor_exposures", "symbol_volatilities"}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--portfolios", default="1,100", help="sizes, separated by commas")
    parser.add_argument("--positions", type=int, default=50, help="lots a portfolio")
    parser.add_argument("--symbols", type=int, default=1000)
    parser.add_argument("--sessions", type=int, default=252)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", type=Path, metavar="FILE")
    return parser.parse_args()


def roll(pool: Any, state: Path) -> dict[str, float]:
    """Everything that is missing, on the workers of the pool."""
    import datetime as dt

    from analytics.batch.runs import finish_run, start_run
    from analytics.batch.scope import plan_run

    started, served = time.perf_counter(), server_cpu(state)
    target = dt.date.fromisoformat(SESSION)
    plan = plan_run(target)
    record = start_run(
        kind="backfill", trigger="cli", source="simulated", target_from=plan.first, target_to=target, params={"executor": "celery"}
    )  # fmt: skip
    cpu = sum(seconds for _, done in each_phase(pool, record, plan) for seconds, _ in done)
    finish_run(record, "completed")
    return {
        "portfolios": len(plan.needs), "sessions": len(plan.sessions), "wall": time.perf_counter() - started, "workers_cpu": cpu,
        "postgresql_cpu": server_cpu(state) - served,
    }  # fmt: skip


def main(options: argparse.Namespace) -> None:
    from sigmasight.embedded import Stack

    memory_disk = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with (
        tempfile.TemporaryDirectory(prefix="sigmasight-bench-", dir=memory_disk) as folder,
        Stack(Path(folder) / "s", throwaway=True) as stack,
    ):
        stack.ensure_database("bench")
        url = stack.environment("bench")
        start_django(url)
        import datetime as dt

        from django.core.management import call_command

        from marketdata import calendar
        from portfolios.models import Portfolio, User

        call_command("migrate_all", verbosity=0)
        stocks, contracts = build_market(options.symbols)
        first = calendar.shift(dt.date.fromisoformat(SESSION), 1 - options.sessions).isoformat()
        results = []
        with warm_pool(url, options.workers) as pool:
            build_books(1, options.positions, stocks, contracts, start=first)
            settle(stack)
            result = roll(pool, stack.state)
            print(f"symbols of {result['sessions']} sessions computed with the first book in {result['wall']:.0f} s\n")
            print(f"{'portfolios':>10} {'sessions':>9} {'wall s':>8} {'workers CPU':>12} {'PostgreSQL CPU':>15}")
            for size in map(int, options.portfolios.split(",")):
                stack.psql("bench", f"TRUNCATE {', '.join(set(RESULT_TABLES) - SYMBOL_TABLES)}")
                Portfolio.objects.all().delete()
                User.objects.all().delete()
                build_books(size, options.positions, stocks, contracts, start=first)
                settle(stack)
                result = roll(pool, stack.state)
                results.append(result)
                print(
                    f"{size:>10} {result['sessions']:>9} {result['wall']:>8.2f} {result['workers_cpu']:>12.2f} "
                    f"{result['postgresql_cpu']:>15.2f}"
                )
        if options.json:
            options.json.write_text(
                json.dumps({"options": vars(options) | {"json": None}, "results": results}, indent=2) + "\n"
            )


if __name__ == "__main__":
    main(arguments())
