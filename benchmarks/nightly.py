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
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
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
    parser.add_argument("--symbols", type=int, default=5000)
    parser.add_argument("--workers", type=int, default=2, help="worker processes")
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


def build_books(portfolios: int, positions: int, stocks: Any, contracts: Any, *, start: str = SESSION) -> None:
    """Portfolios with lots and opening trades of one day, by COPY."""
    import datetime as dt

    import numpy as np

    from portfolios.models import Portfolio, Position, Trade, User
    from sigmasight.core.bulk import upsert

    rng = np.random.default_rng(SEED)
    day = dt.date.fromisoformat(start)
    users = [UUID(int=(4 << 100) + i) for i in range(portfolios // 2 + 1)]
    upsert(
        User,
        {
            "id": users, "email": [f"bench{i}@example.com" for i in range(len(users))], "full_name": ["Benchmark"] * len(users),
            "password": ["!"] * len(users), "is_superuser": [False] * len(users),
        },
        unique=["id"],
    )  # fmt: skip
    books = [UUID(int=(1 << 100) + i) for i in range(portfolios)]
    upsert(
        Portfolio,
        {
            "id": books, "user": [users[i // 2] for i in range(portfolios)], "name": [f"Book {i}" for i in range(portfolios)],
            "account_name": [f"Book {i}" for i in range(portfolios)], "account_type": ["taxable"] * portfolios,
            "opening_equity": np.full(portfolios, 2_000_000.0), "equity_as_of": [day] * portfolios,
        },
        unique=["id"],
    )  # fmt: skip
    total = portfolios * positions
    for begin in range(0, total, 100_000):
        rows = np.arange(begin, min(begin + 100_000, total))
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


def settle(stack: Any) -> None:
    """The state of a system that has run for a while: sector tags are there, the planner knows its tables."""
    from portfolios.models import Portfolio
    from tagging.services.sectors import apply_sector_tags

    stack.psql("bench", "ANALYZE")
    ids = list(Portfolio.objects.order_by("id").values_list("id", flat=True))
    for start in range(0, len(ids), 1000):
        apply_sector_tags(ids[start : start + 1000])
    stack.psql("bench", "VACUUM ANALYZE")


def warm_pool(url: dict[str, str], workers: int) -> ProcessPoolExecutor:
    """Workers as Celery keeps them: started long before the night, modules loaded, connected."""
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_begin_worker, initargs=(url,))
    list(pool.map(time.sleep, [1.0] * workers))
    return pool


def _begin_worker(url: dict[str, str]) -> None:
    start_django(url)
    from django.db import connection

    from analytics.batch import canvas  # noqa: F401

    connection.ensure_connection()


def _task(kind: str, run_id: str, number: int) -> tuple[float, int]:
    """One piece of a phase in a worker. Returns its CPU seconds and the worker's peak memory in KiB."""
    import datetime as dt

    from analytics.batch import canvas, contracts, market, phases, shards, symbols
    from analytics.batch.progress import Silent
    from analytics.batch.scope import plan_run
    from analytics.models import BatchRun, Phase

    busy = time.process_time()
    run = BatchRun.objects.get(pk=run_id)
    if kind == "1":
        plan = plan_run(dt.date.fromisoformat(SESSION))
        market.record_coverage(run, plan)
        symbols.volatilities(run, plan, Silent())
        contracts.value_contracts(run, plan, "simulated", Silent())
    elif kind == "3 shared":
        symbols.factor_numbers(run, shards.remaining_plan(run), Silent())
    else:
        shard = shards.find(run, kind, number)
        assert shard is not None
        plan = shards.plan_of(shard)
        failed = phases.run_shard(run, plan, plan.needs, kind, number, canvas.WORK[Phase(kind)], run.source)
        shards.settle(run, shard, {need.portfolio_id for need, _ in failed})
    return time.process_time() - busy, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def each_phase(pool: ProcessPoolExecutor, run: Any, plan: Any) -> Iterator[tuple[str, list[tuple[float, int]]]]:
    """Every phase of a run on the workers of the pool, one after the other: its kind, and what `_task` returned of its parts."""
    from analytics.batch import shards

    for kind in ("1", "2", "2.5", "3 shared", "3"):
        if kind == "2":
            shards.lay_out(run, plan, errors=[], durations={})
        parts = range(shards.open_shards(run).count()) if kind in ("2", "2.5", "3") else (0,)
        yield kind, list(pool.map(_task, [kind] * len(parts), [str(run.id)] * len(parts), parts))


def server_cpu(state: Path) -> float:
    """CPU seconds of PostgreSQL: the postmaster, its ended children, and its living ones."""
    master = (state / "pg" / "postmaster.pid").read_text().split()[0]
    ticks = 0
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if entry.parent.name == master:
            ticks += sum(int(fields[i]) for i in (11, 12, 13, 14))
        elif fields[1] == master:
            ticks += sum(int(fields[i]) for i in (11, 12))
    return ticks / os.sysconf("SC_CLK_TCK")


def table_bytes() -> dict[str, int]:
    """Bytes of every result table with its indexes."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT t, greatest(pg_total_relation_size(t::regclass), "
            "(SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree(t::regclass))) "
            "FROM unnest(%s::text[]) AS t",
            [list(RESULT_TABLES)],
        )
        return {table: int(size) for table, size in cursor.fetchall()}


TITLES = {
    "1": "1 symbols, contracts, marks", "2": "2 ledger and snapshots", "2.5": "2.5 position values", "3 shared": "3 symbol factors",
    "3": "3 portfolio engines",
}  # fmt: skip


def run(url: dict[str, str], workers: int, state: Path) -> dict[str, Any]:
    """One session for all portfolios: wall and CPU seconds by phase, and what the steps measured."""
    import datetime as dt

    from analytics.batch.runs import finish_run, start_run
    from analytics.batch.scope import plan_run

    target = dt.date.fromisoformat(SESSION)
    plan = plan_run(target)
    record = start_run(
        kind="nightly", trigger="cli", source="simulated", target_from=plan.first, target_to=target, params={"executor": "celery"}
    )  # fmt: skip
    run_id, before = str(record.id), table_bytes()
    timings: dict[str, dict[str, float]] = {}
    peak = 0
    with warm_pool(url, workers) as pool:
        wall, served = time.perf_counter(), server_cpu(state)
        for kind, done in each_phase(pool, record, plan):
            timings[TITLES[kind]] = {
                "wall": time.perf_counter() - wall, "workers_cpu": sum(cpu for cpu, _ in done),
                "postgresql_cpu": server_cpu(state) - served, "night": kind != "1",
            }  # fmt: skip
            peak = max(peak, *(memory for _, memory in done))
            wall, served = time.perf_counter(), server_cpu(state)
    finish_run(record, "completed")
    written = {table: size - before[table] for table, size in table_bytes().items()}
    return {"phases": timings, "peak_mib": peak / 1024, "bytes_written": written, **measured(run_id)}


def measured(run_id: str) -> dict[str, Any]:
    """What the steps of the run recorded, added up over the shards."""
    from analytics.models import BatchStep

    steps: dict[str, dict[str, float]] = {}
    engines: dict[str, float] = {}
    rows: dict[str, int] = {}
    for step in BatchStep.objects.filter(run_id=run_id):
        if step.status != "completed":
            raise SystemExit(f"{step.name} {step.status}: {step.error}")
        row = steps.setdefault(f"{step.phase} {step.name}", {"statements": 0, "rows": 0})
        for part in ("read", "compute", "write"):
            row[part] = row.get(part, 0.0) + step.seconds[part]
            row[f"{part}_cpu"] = row.get(f"{part}_cpu", 0.0) + step.measured["cpu"][part]
        row["statements"] += step.measured["statements"]
        row["rows"] += step.rows_written
        for engine, seconds in step.measured["engines"].items():
            engines[engine] = engines.get(engine, 0.0) + seconds
        for table, count in step.measured["rows"].items():
            rows[table] = rows.get(table, 0) + count
    return {"steps": steps, "engines_cpu": engines, "rows": rows}


def show(size: int, result: dict[str, Any]) -> None:
    written = sum(result["bytes_written"].values())
    print(
        f"\n{size} portfolios: peak memory {result['peak_mib']:.0f} MiB a worker, {written / 2**20:.0f} MiB of results"
    )
    print(f"{'phase':<30} {'wall s':>8} {'workers CPU':>12} {'PostgreSQL CPU':>15}")
    for name, t in result["phases"].items():
        print(f"{name:<30} {t['wall']:>8.2f} {t['workers_cpu']:>12.2f} {t['postgresql_cpu']:>15.2f}")
    night = [t for t in result["phases"].values() if t["night"]]
    wall, cpu, served = (sum(t[k] for t in night) for k in ("wall", "workers_cpu", "postgresql_cpu"))
    print(f"{'phases 2 to 3':<30} {wall:>8.2f} {cpu:>12.2f} {served:>15.2f}   {1000 * wall / size:.2f} ms a portfolio")
    print(f"\n{'step (s on the clock, all shards)':<36} {'read':>7} {'compute':>8} {'write':>7} {'SQL':>6} {'rows':>9}")
    for name, s in sorted(result["steps"].items()):
        print(
            f"{name:<36} {s['read']:>7.2f} {s['compute']:>8.2f} {s['write']:>7.2f} {s['statements']:>6.0f} {s['rows']:>9.0f}"
        )
    print(
        "\nengines, CPU s: "
        + ", ".join(f"{name} {s:.2f}" for name, s in sorted(result["engines_cpu"].items(), key=lambda e: -e[1]))
    )
    engines = sum(s["compute_cpu"] for s in result["steps"].values())
    workers = sum(t["workers_cpu"] for t in result["phases"].values())
    database = sum(t["postgresql_cpu"] for t in result["phases"].values())
    shares = (("engines (numpy)", engines), ("our Python around them", workers - engines), ("PostgreSQL", database))
    print("share of CPU: " + ", ".join(f"{name} {seconds / (workers + database):.0%}" for name, seconds in shares))


def show_curve(results: dict[int, dict[str, Any]]) -> None:
    print(f"\n{'portfolios':>10} {'phases 2-3 s':>13} {'ms a portfolio':>15} {'SQL':>6} {'MiB':>6}")
    for size, result in sorted(results.items()):
        wall = sum(t["wall"] for t in result["phases"].values() if t["night"])
        statements = sum(s["statements"] for s in result["steps"].values())
        print(
            f"{size:>10} {wall:>13.2f} {1000 * wall / size:>15.2f} {statements:>6.0f} {sum(result['bytes_written'].values()) / 2**20:>6.0f}"
        )


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
            settle(stack)
            results[size] = run(url, options.workers, stack.state)
            show(size, results[size])
            stack.psql("bench", f"TRUNCATE {', '.join(RESULT_TABLES)}")
        if len(results) > 1:
            show_curve(results)
        if options.json:
            options.json.write_text(
                json.dumps({"options": vars(options) | {"json": None}, "results": results}, indent=2, default=str)
                + "\n"
            )


if __name__ == "__main__":
    given = arguments()
    main(given, [int(size) for size in given.portfolios.split(",")])
