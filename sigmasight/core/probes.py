"""What the ground floor needs: both databases with their migrations, the broker, the scheduler, room on the disk."""

from __future__ import annotations

import datetime as dt
import functools
import shutil
import tempfile

import redis
from django.conf import settings
from django.db import connections
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone
from redis.exceptions import RedisError

from sigmasight.core.observability.beat import last_tick
from sigmasight.core.observability.deep_health import register
from sigmasight.core.setup_checks import Finding, failed, ok, warning

# A statement that takes longer is no sign of health.
STATEMENT_MS = 3_000
# The sweeper goes every minute.
BEAT_LATE, BEAT_GONE = dt.timedelta(minutes=3), dt.timedelta(minutes=10)
LITTLE_ROOM, NO_ROOM = 0.10, 0.03


@functools.cache
def _written() -> frozenset[tuple[str, str]]:
    """The migrations of this release; read from its files once."""
    return frozenset(MigrationLoader(None).graph.nodes)


def _database(alias: str) -> Finding:
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, false)", [str(STATEMENT_MS)])
        cursor.execute("SELECT app, name FROM django_migrations")
        applied = {(app, name) for app, name in cursor.fetchall()}
        cursor.execute("SELECT extversion FROM pg_extension WHERE extname = 'vector'")
        extension = cursor.fetchone()
    missing = sorted(_written() - applied)
    if missing:
        app, name = missing[0]
        return failed(
            f"{len(missing)} migrations are not applied, the first {app}.{name}: python manage.py migrate_all"
        )
    if alias == "ai" and extension is None:
        return failed("pgvector is not in the AI database: an administrator runs CREATE EXTENSION vector there")
    return ok("answers, all migrations applied" + (f", pgvector {extension[0]}" if alias == "ai" else ""))


@register("core_database")
def core_database() -> Finding:
    return _database("default")


@register("ai_database")
def ai_database() -> Finding:
    return _database("ai")


@register("redis")
def broker() -> Finding:
    client = redis.Redis.from_url(settings.CELERY_BROKER_URL, socket_timeout=2.0, socket_connect_timeout=1.0)
    memory = client.info("memory")
    used, most = int(memory["used_memory"]), int(memory["maxmemory"])
    if most and used > 0.9 * most:
        return warning(f"{used / most:.0%} of its memory is used; full, it takes no more tasks")
    return ok(f"answers, {used >> 20} MiB used")


@register("beat")
def scheduler() -> Finding:
    try:
        last = last_tick()
    except RedisError:
        return warning("not known: Redis does not answer")
    if last is None:
        return failed("has not sent a task yet: start celery beat")
    age = timezone.now() - last
    text = f"last task sent {age.total_seconds():.0f} s ago"
    return failed(f"{text}: start celery beat") if age > BEAT_GONE else warning(text) if age > BEAT_LATE else ok(text)


@register("disk")
def disk() -> Finding:
    """Of this process; the databases' disks are not seen from here."""
    worst, place = 1.0, ""
    for path in {str(settings.BASE_DIR), tempfile.gettempdir()}:
        usage = shutil.disk_usage(path)
        if (free := usage.free / usage.total) <= worst:
            worst, place = free, path
    text = f"{worst:.0%} free at {place}"
    return failed(text) if worst < NO_ROOM else warning(text) if worst < LITTLE_ROOM else ok(text)
