"""Workers killed at random moments in every phase, servers restarted: every row as of an undisturbed run, and nothing hangs.

``CHAOS_KILLS`` (3) says how many processes are killed, ``CHAOS_SEED`` when. `make chaos` kills 30.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator

import pytest

from tests.chaos.world import ACTIVE, World, moment

KILLS = int(os.environ.get("CHAOS_KILLS", "3"))
SEED = int(os.environ.get("CHAOS_SEED", "20250630"))
pytestmark = [pytest.mark.chaos, pytest.mark.servers, pytest.mark.timeout(300 + 90 * KILLS)]

# Each round computes the next session; the first one has four and the whole history to collect.
ROUNDS = [f"2025-07-{day:02}" for day in (3, 7, 8, 9, 10, 11, 14, 15, 16, 17, 18, 21, 22, 23, 24, 25, 28, 29, 30, 31)]
# Phase, its steps, and how long after a step began the blow may fall.
WHERE = [
    ("1", "%", 1.0), ("2", "phase 2", 0.05), ("3", "phase 3", 0.15), ("2.5", "phase 2.5", 0.02), ("3", "factor%", 0.5),
    ("1", "symbol volatility", 0.2), ("1", "position_greeks", 0.2), ("3", "symbol metrics", 0.05),
]  # fmt: skip
START = """
import datetime as dt
from analytics.batch.canvas import start
from analytics.batch.night import Request
start(Request(source="simulated", executor="celery", session=dt.date.fromisoformat("{target}")))
"""


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    world = World()
    try:
        world.stack.ensure_database("seeded")
        world.manage("seeded", "migrate", "--database", "default", "--verbosity", "0")
        world.manage("seeded", "seed_demo")
        for name in ("calm", "storm"):
            world.stack.psql("postgres", f'CREATE DATABASE "{name}" TEMPLATE seeded')
        yield world
    finally:
        world.close()


def test_the_same_rows_through_any_crash(world: World) -> None:
    rng, told = random.Random(SEED), []
    world.start_worker("storm")
    world.sweep_every_second()
    place = 0
    for number, target in enumerate(ROUNDS):
        if world.kills >= KILLS:
            break
        world.manage("calm", "run_batch", "--inline", "--date", target)
        began = time.monotonic()
        with world.watched("storm", "calm") as halves:
            world.manage("storm", "shell", "--no-imports", "-c", START.format(target=target))
            run_id = world.one("storm", "SELECT id FROM batch_run_history ORDER BY created_at DESC LIMIT 1")
            for _ in range(min(3, KILLS - world.kills)):
                phase, steps, longest = WHERE[place % len(WHERE)]
                whole = rng.random() < 0.4
                if world.kill_in("storm", phase, steps, whole, moment(rng, longest)):
                    told.append(f"{target} {phase} {steps}: {'worker' if whole else 'child'}")
                place += 1
            if number % 3 == 0:
                server = rng.choice(("valkey", "postgres"))
                number_sent = rng.choice((signal.SIGINT, signal.SIGQUIT)) if server == "postgres" else signal.SIGKILL
                world.restart(server, number_sent)
                told.append(f"{target} {server} restarted")
            ended = world.wait_for(
                "storm", f"SELECT NOT EXISTS (SELECT 1 FROM batch_run_history WHERE status IN {ACTIVE})", 240
            )
            assert ended, (
                told,
                world.ask("storm", "SELECT phase, name, shard_no, status, attempts, error FROM batch_steps"),
            )
            status, done, total, summary = world.ask(
                "storm",
                f"SELECT status, completed_jobs, total_jobs, error_summary FROM batch_run_history WHERE id = '{run_id}'",
            )[0]
            if status != "completed":
                # Taken up too often: the next start does the rest.
                assert "dead_run" in str(summary), (told, status, summary)
                world.manage("storm", "run_batch", "--inline", "--date", target)
                told.append(f"{target} completed by the next start")
            else:
                assert done == total
        calm, storm = world.checksums("calm"), world.checksums("storm")
        assert {label for label in calm if calm[label] != storm[label]} == set(), told
        assert not halves, (told, halves[:5])
        counted = world.ask(
            "storm",
            f"SELECT phase, count(*), count(settled_at) FROM batch_steps WHERE run_id = '{run_id}' AND name LIKE 'phase %' "
            "GROUP BY phase ORDER BY phase",
        )
        told.append(f"{target} {status} in {time.monotonic() - began:.0f} s, shards {counted}")
    print(f"\n{world.kills} kills\n" + "\n".join(told))
    assert world.kills >= KILLS, told
