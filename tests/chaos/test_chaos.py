"""Workers killed at random moments in every phase, servers restarted: every row as of an undisturbed run, and nothing hangs.

``CHAOS_KILLS`` (3) says how many processes are killed, ``CHAOS_SEED`` when. `make chaos` kills 30.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import signal
import time
from collections.abc import Iterator

import pytest

from marketdata import calendar
from tests.chaos.world import ACTIVE, World, moment

KILLS = int(os.environ.get("CHAOS_KILLS", "3"))
SEED = int(os.environ.get("CHAOS_SEED", "20250630"))
pytestmark = [pytest.mark.chaos, pytest.mark.servers, pytest.mark.timeout(300 + 90 * KILLS)]

# Each round computes the next session; the first one has four and the whole history to collect.
ROUNDS = [day.isoformat() for day in calendar.sessions(dt.date(2025, 7, 3), dt.date(2025, 9, 12))]
# Where the three blows of a round fall, in the order of the night: phase, its steps, and how long after a step began.
WHERE = [
    [("1", "%", 0.4), ("2", "phase 2", 0.05), ("3", "phase 3", 0.15)],
    [("1", "symbol volatility", 0.2), ("2.5", "phase 2.5", 0.02), ("3", "factor%", 0.5)],
    [("1", "position_greeks", 0.2), ("2", "phase 2", 0.05), ("3", "symbol metrics", 0.05)],
    [("1", "marks", 0.1), ("2.5", "phase 2.5", 0.02), ("3", "phase 3", 0.15)],
]
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
    for number, target in enumerate(ROUNDS):
        if world.kills >= KILLS:
            break
        world.manage("calm", "run_batch", "--inline", "--date", target)
        began = time.monotonic()
        with world.watched("storm", "calm") as halves:
            # Not waited for: a night of five books is past phase 1 before the command that started it has ended.
            starter = world.start("storm", "manage.py", "shell", "--no-imports", "-c", START.format(target=target))
            run_id = world.wait_for(
                "storm", f"SELECT (SELECT id::text FROM batch_run_history WHERE params ->> 'session' = '{target}')", 60
            )
            assert run_id, starter.communicate(timeout=60)
            for phase, steps, longest in WHERE[number % len(WHERE)]:
                if world.kills >= KILLS:
                    break
                whole = rng.random() < 0.4
                if world.kill_in("storm", phase, steps, whole, moment(rng, longest)):
                    told.append(f"{target} {phase} {steps}: {'worker' if whole else 'child'}")
            if number % 3 == 0:
                server = rng.choice(("valkey", "postgres"))
                number_sent = rng.choice((signal.SIGINT, signal.SIGQUIT)) if server == "postgres" else signal.SIGKILL
                world.restart(server, number_sent)
                told.append(f"{target} {server} restarted")
            assert starter.wait(60) == 0, starter.communicate()
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
