"""Measure the nightly run: N synthetic portfolios over M symbols, one session, prices already stored.

``python benchmarks/nightly.py --portfolios 1000`` builds its own throw-away database, runs the phases and prints wall and CPU
seconds by phase, split into reading, computing and writing, with rows and peak memory. Several sizes: ``--portfolios 100,1000``.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
SESSION = "2026-02-27"
OPTION_SHARE, PRIVATE_SHARE = 0.10, 0.05
SEED = 7
RESULT_TABLES = (
    "portfolio_snapshots", "position_snapshots", "factor_exposures", "stress_test_results", "market_risk_scenarios", "portfolio_risk",
    "engine_results", "correlation_calculations", "symbol_factor_exposures", "symbol_volatilities",
)  # fmt: skip


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--portfolios", default="100,1000", help="sizes, separated by commas")
    parser.add_argument("--positions", type=int, default=50, help="lots a portfolio")
    parser.add_argument("--symbols", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=1, help="processes for the portfolio shards")
    parser.add_argument("--json", type=Path, metavar="FILE")
    return parser.parse_args()


def start_django(url: dict[str, str]) -> None:
    os.environ.update(url | {"DJANGO_SETTINGS_MODULE": "sigmasight.settings", "LOG_LEVEL": "WARNING"})
    import django

    django.setup()


def build_market(symbols: int) -> tuple[Any, Any]:
    """Securities with two years of made-up bars, option contracts on a tenth as many, and the factor funds. Ids of both."""
    import datetime as dt

    import numpy as np

    from analytics.services.reference import seed_reference
    from marketdata import calendar
    from marketdata.models import OptionContract, PriceHistory, Security
    from marketdata.services.collection import Wanted, collect_prices
    from marketdata.services.securities import SECTOR_FUNDS, ensure_proxies
    from marketdata.services.source import open_source
    from sigmasight.core.bulk import Dense, read_columns, upsert

    seed_reference()
    last = dt.date.fromisoformat(SESSION)
    first = calendar.shift(last, -520)
    proxies = ensure_proxies()
    funds = [Wanted(s.id, s.symbol, s.security_type) for s in Security.objects.filter(id__in=proxies.values())]
    collect_prices(open_source("simulated", lambda record: None).provider, funds, first, last)
    names = [f"S{i:05d}" for i in range(symbols)]
    sectors = list(SECTOR_FUNDS)
    upsert(
        Security,
        {
            "symbol": names, "name": names, "security_type": ["stock"] * symbols, "exchange": ["NYSE"] * symbols,
            "sector": [sectors[i % len(sectors)] for i in range(symbols)], "industry": [""] * symbols, "price_status": ["known"] * symbols,
        },
        unique=["symbol"],
    )  # fmt: skip
    ids = read_columns("SELECT id FROM securities WHERE symbol LIKE 'S0%' ORDER BY symbol")["id"]
    rng = np.random.default_rng(SEED)
    market = rng.standard_normal(521) * 0.01
    for start in range(0, symbols, 500):
        part = ids[start : start + 500]
        moves = market * rng.uniform(0.5, 1.6, (len(part), 1)) + rng.standard_t(5, (len(part), 521)) * 0.012
        close = np.round(rng.uniform(20, 400, (len(part), 1)) * np.exp(np.cumsum(moves, axis=1)), 2).clip(1)
        opened = np.round(close * (1 + rng.standard_normal(close.shape) * 0.003), 2)
        ones = Dense(np.ones(close.shape))
        upsert(
            PriceHistory,
            {
                "security": part, "first_session": np.full(len(part), calendar.session_ordinal(first)), "version": np.arange(len(part)),
                "open": Dense(opened), "high": Dense(np.maximum(opened, close) * 1.006), "low": Dense(np.minimum(opened, close) * 0.994),
                "close": Dense(close), "split_factor": ones, "return_factor": ones, "checksum": ["0" * 64] * len(part),
            },
            unique=["security"],
        )  # fmt: skip
    count = max(symbols // 2, 10)
    codes = [f"{names[i % symbols]}271217{'CP'[i % 2]}{(50 + i) * 1000:08d}" for i in range(count)]
    upsert(
        Security,
        {
            "symbol": codes, "name": codes, "security_type": ["option"] * count, "exchange": [""] * count, "sector": [""] * count,
            "industry": [""] * count, "price_status": ["known"] * count,
        },
        unique=["symbol"],
    )  # fmt: skip
    contracts = read_columns("SELECT id, symbol FROM securities WHERE security_type = 'option' ORDER BY symbol")
    place = {code: i for i, code in enumerate(codes)}
    order = [place[s] for s in contracts["symbol"].tolist()]
    spots = read_columns("SELECT security_id, close[521] AS close FROM price_histories ORDER BY security_id")
    spot = dict(zip(spots["security_id"].tolist(), spots["close"].tolist(), strict=True))
    upsert(
        OptionContract,
        {
            "security": contracts["id"], "underlying": ids[[i % symbols for i in order]],
            "option_type": [("CALL", "PUT")[i % 2] for i in order],
            "strike": np.array([round(spot[int(ids[i % symbols])] * (0.8 + 0.4 * (i % 7) / 6), 2) + i / 10_000 for i in order]),
            "expiration": [dt.date(2027, 12, 17)] * count, "multiplier": np.full(count, 100), "exercise_style": ["american"] * count,
        },
        unique=["security"],
    )  # fmt: skip
    return ids, contracts["id"]


def build_books(portfolios: int, positions: int, stocks: Any, contracts: Any) -> None:
    """Portfolios with lots and opening trades, by COPY."""
    import datetime as dt

    import numpy as np

    from portfolios.models import Portfolio, Position, Trade, User
    from sigmasight.core.bulk import upsert

    rng = np.random.default_rng(SEED)
    day = dt.date.fromisoformat(SESSION)
    user, _ = User.objects.get_or_create(email="bench@example.com", defaults={"full_name": "Benchmark"})
    books = [UUID(int=(1 << 100) + i) for i in range(portfolios)]
    upsert(
        Portfolio,
        {
            "id": books, "user": [user.id] * portfolios, "name": [f"Book {i}" for i in range(portfolios)],
            "account_name": [f"Book {i}" for i in range(portfolios)], "account_type": ["taxable"] * portfolios,
            "opening_equity": np.full(portfolios, 2_000_000.0), "equity_as_of": [day] * portfolios,
        },
        unique=["id"],
    )  # fmt: skip
    total = portfolios * positions
    for start in range(0, total, 100_000):
        rows = np.arange(start, min(start + 100_000, total))
        kind = rng.random(len(rows))
        option, private = kind < OPTION_SHARE, kind > 1 - PRIVATE_SHARE
        short = (rng.random(len(rows)) < 0.25) & ~private
        sign = np.where(short, -1.0, 1.0)
        security = np.where(
            option,
            contracts[rng.integers(len(contracts), size=len(rows))],
            stocks[rng.integers(len(stocks), size=len(rows))],
        )
        keys = [UUID(int=(2 << 100) + int(i)) for i in rows]
        owner = [books[int(i) // positions] for i in rows]
        quantity = sign * np.where(option, rng.integers(1, 20, len(rows)), rng.integers(10, 400, len(rows)))
        long_type = np.where(option, "LC", "LONG")
        short_type = np.where(option, "SC", "SHORT")
        upsert(
            Position,
            {
                "id": keys, "portfolio": owner, "symbol": [f"L{int(s)}" for s in security],
                "security": np.where(private, np.nan, security.astype(np.float64)),
                "investment_class": np.where(option, "OPTIONS", np.where(private, "PRIVATE", "PUBLIC")).tolist(),
                "position_type": np.where(short, short_type, long_type).tolist(), "quantity": quantity,
                "entry_price": np.full(len(rows), 50.0), "entry_date": [day] * len(rows),
            },
            unique=["id"],
        )  # fmt: skip
        upsert(
            Trade,
            {
                "id": [UUID(int=(3 << 100) + int(i)) for i in rows], "position": keys, "kind": ["open"] * len(rows),
                "trade_date": [day] * len(rows), "quantity": quantity, "price": np.full(len(rows), 50.0), "units_as_of": [day] * len(rows),
            },
            unique=["id"],
        )  # fmt: skip


def _one_shard(task: tuple[dict[str, str], str, int, str, list[dict[str, Any]]]) -> int:
    """A shard in a process of its own. Returns its peak memory in KiB."""
    url, phase, number, run_id, needs = task
    start_django(url)
    from analytics.batch import canvas

    canvas.work_shard(run_id, phase, number, SESSION, needs)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def run(url: dict[str, str], workers: int) -> dict[str, Any]:
    """All phases once; wall and CPU seconds by phase, and the steps' own split."""
    import datetime as dt

    from django.db import connection, connections

    from analytics.batch import canvas, contracts, market, phases, symbols
    from analytics.batch.progress import Silent
    from analytics.batch.runs import finish_run, start_run
    from analytics.batch.scope import plan_run
    from analytics.models import BatchStep

    target = dt.date.fromisoformat(SESSION)
    plan = plan_run(target)
    record = start_run(
        kind="nightly",
        trigger="cli",
        source="simulated",
        target_from=plan.first,
        target_to=target,
        params={"executor": "celery"},
    )
    timings: dict[str, dict[str, float]] = {}
    peaks = [0]

    def timed(name: str, work: Any) -> None:
        wall, cpu = time.perf_counter(), sum(os.times()[:4])
        work()
        timings[name] = {"wall": time.perf_counter() - wall, "cpu": sum(os.times()[:4]) - cpu}

    def phase_one() -> None:
        market.record_coverage(record, plan)
        symbols.volatilities(record, plan, Silent())
        contracts.value_contracts(record, plan, "simulated", Silent())

    shards = [[canvas._packed(need) for need in shard] for shard in plan.shards(phases.shard_size(plan))]

    def shard_phase(phase: str) -> Any:
        def work() -> None:
            if workers == 1:
                for number, shard in enumerate(shards):
                    canvas.work_shard(str(record.id), phase, number, SESSION, shard)
                return
            connections.close_all()
            with ProcessPoolExecutor(workers) as pool:
                peaks.extend(pool.map(_one_shard, [(url, phase, n, str(record.id), s) for n, s in enumerate(shards)]))

        return work

    timed("1 symbols, contracts, marks", phase_one)
    timed("2 ledger and snapshots", shard_phase("2"))
    timed("2.5 position values", shard_phase("2.5"))
    timed("3 symbol factors", lambda: symbols.factor_numbers(record, plan, Silent()))
    timed("3 portfolio engines", shard_phase("3"))
    steps: dict[str, dict[str, float]] = {}
    for step in BatchStep.objects.filter(run=record):
        row = steps.setdefault(f"{step.phase} {step.name}", {"read": 0.0, "compute": 0.0, "write": 0.0, "rows": 0})
        for part, seconds in step.seconds.items():
            row[part] += seconds
        row["rows"] += step.rows_written
        if step.status != "completed":
            raise SystemExit(f"{step.name} {step.status}: {step.error}")
    finish_run(record, "completed")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        size = cursor.fetchone()[0]
    peak = max(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, *peaks)
    return {"phases": timings, "steps": steps, "peak_mib": peak / 1024, "database_mib": size / 2**20}


def show(size: int, result: dict[str, Any]) -> None:
    print(f"\n{size} portfolios, peak memory {result['peak_mib']:.0f} MiB, database {result['database_mib']:.0f} MiB")
    print(f"{'phase':<32} {'wall s':>8} {'CPU s':>8}")
    for name, t in result["phases"].items():
        print(f"{name:<32} {t['wall']:>8.2f} {t['cpu']:>8.2f}")
    total = sum(t["wall"] for t in result["phases"].values())
    print(
        f"{'all':<32} {total:>8.2f} {sum(t['cpu'] for t in result['phases'].values()):>8.2f}   {1000 * total / size:.2f} ms a portfolio"
    )
    print(f"{'step':<32} {'read':>8} {'compute':>8} {'write':>8} {'rows':>9}")
    for name, s in result["steps"].items():
        print(f"{name:<32} {s['read']:>8.2f} {s['compute']:>8.2f} {s['write']:>8.2f} {s['rows']:>9.0f}")


def main(options: argparse.Namespace, sizes: Sequence[int]) -> None:
    from sigmasight.embedded import Stack

    memory_disk = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with (
        tempfile.TemporaryDirectory(prefix="sigmasight-bench-", dir=memory_disk) as folder,
        Stack(Path(folder) / "s", throwaway=True) as stack,
    ):
        stack.ensure_database("bench")
        url = stack.environment("bench")
        start_django(url)
        from django.core.management import call_command

        call_command("migrate_all", verbosity=0)
        started = time.perf_counter()
        stocks, contracts = build_market(options.symbols)
        print(f"{options.symbols} symbols and {len(contracts)} contracts made in {time.perf_counter() - started:.1f} s")
        results = {}
        for size in sizes:
            build_books(size, options.positions, stocks, contracts)
            from portfolios.models import Portfolio

            Portfolio.objects.update(results_as_of=None)
            results[size] = run(url, options.workers)
            show(size, results[size])
            stack.psql("bench", f"TRUNCATE {', '.join(RESULT_TABLES)}")
        if options.json:
            options.json.write_text(
                json.dumps({"options": vars(options) | {"json": None}, "results": results}, indent=2, default=str)
                + "\n"
            )


if __name__ == "__main__":
    given = arguments()
    main(given, [int(size) for size in given.portfolios.split(",")])
