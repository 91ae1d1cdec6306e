"""Checks of the ground floor: databases, extension, migrations, backup, broker, cache, secrets."""

from __future__ import annotations

import math
from pathlib import Path

import redis
from django.conf import settings
from django.core.cache import cache
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from sigmasight.core.backups.making import OLDEST, backups_in, taken_at
from sigmasight.core.partitions import monthly_models, partitions
from sigmasight.core.setup_checks import Finding, failed, ok, register, warning

OLDEST_POSTGRES = 150_000
# Locks that every connection may hold at once, in units of max_locks_per_transaction: at 6.4 times the memory was full.
LOCKS_HELD = 4
# Since then its index searches on until it has enough rows of the scopes that are asked for.
OLDEST_PGVECTOR = (0, 8)


def _version(alias: str) -> Finding:
    connection = connections[alias]
    connection.ensure_connection()
    version = connection.pg_version  # type: ignore[attr-defined]
    text = f"PostgreSQL {version // 10_000}.{version % 10_000} at {connection.settings_dict['NAME']}"
    return ok(text) if version >= OLDEST_POSTGRES else failed(f"{text}: version 15 or newer is needed")


@register("core database")
def core_database() -> Finding:
    return _version("default")


@register("AI database")
def ai_database() -> Finding:
    return _version("ai")


@register("pgvector")
def vector_extension() -> Finding:
    with connections["ai"].cursor() as cursor:
        cursor.execute("SELECT extversion FROM pg_extension WHERE extname = 'vector'")
        row = cursor.fetchone()
    if row is None:
        return failed("not in the AI database: an administrator runs CREATE EXTENSION vector there")
    major, minor = (int(part) for part in row[0].split(".")[:2])
    if (major, minor) < OLDEST_PGVECTOR:
        return failed(f"version {row[0]}: 0.8 or newer is needed, an administrator runs ALTER EXTENSION vector UPDATE")
    return ok(f"version {row[0]}")


def _pending(alias: str) -> int:
    executor = MigrationExecutor(connections[alias])
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


@register("migrations")
def migrations() -> Finding:
    pending = {alias: _pending(alias) for alias in ("default", "ai")}
    if any(pending.values()):
        return failed(f"{pending} are not applied: python manage.py migrate_all")
    return ok("all applied in both databases")


@register("months")
def months() -> Finding:
    """Who reads all tables cut by month locks every partition and index; with too little room PostgreSQL refuses when many do."""
    tables = [model._meta.db_table for model in monthly_models()]
    parts = partitions(tables)
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT count(*) + (SELECT count(*) FROM pg_index WHERE indrelid = ANY(%(names)s::text[]::regclass[])), "
            "current_setting('max_locks_per_transaction')::int FROM unnest(%(names)s::text[])",
            {"names": [part.name for part in parts]},
        )
        locks, room = cursor.fetchone()
    text = f"{len(parts)} partitions of {len(tables)} tables"
    if locks > LOCKS_HELD * room:
        wanted = math.ceil(locks / LOCKS_HELD)
        return warning(f"{text}: set max_locks_per_transaction of PostgreSQL to {wanted} or more, it is {room}")
    return ok(f"{text}, the oldest from {parts[0].first}" if parts else text)


@register("backup")
def last_backup() -> Finding:
    """Seen from this machine: backups may be made and kept elsewhere."""
    if not settings.BACKUP_DIRECTORY:
        text = "unknown: BACKUP_DIRECTORY is not set here"
        return warning(text) if settings.PRODUCTION else ok(text)
    folders = backups_in(Path(settings.BACKUP_DIRECTORY))
    if not folders:
        return warning(f"none in {settings.BACKUP_DIRECTORY}: python manage.py backup")
    age = timezone.now() - taken_at(folders[-1])
    text = f"{folders[-1].name}, {age.total_seconds() / 3600:,.0f} hours old, one of {len(folders)}"
    return ok(text) if age <= OLDEST else warning(f"{text}: python manage.py backup")


@register("broker")
def broker() -> Finding:
    client = redis.Redis.from_url(settings.CELERY_BROKER_URL, socket_connect_timeout=2)
    version = client.info("server")
    return ok(f"{version.get('server_name', 'redis')} {version.get('valkey_version') or version['redis_version']}")


@register("cache")
def cache_works() -> Finding:
    cache.set("verify_setup", "here", 10)
    return ok("reads what it wrote") if cache.get("verify_setup") == "here" else failed("does not keep what is written")


@register("secret key")
def secret_key() -> Finding:
    if settings.SECRET_KEY == settings.DEVELOPMENT_SECRET:
        return warning("the development one: fine on this machine, refused with PRODUCTION=1")
    return ok("set")
