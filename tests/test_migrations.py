"""Migrations that can run while the release before still works (docs/upgrading.md), and how they wait for tables in use."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.postgres.operations import AddIndexConcurrently
from django.core.management import CommandError, call_command
from django.db import connection, connections, migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ModelState, ProjectState

from sigmasight.core.management.commands import migrate_all
from tests.migration_rule import EXCEPTION, FIRST_RELEASE, LAST_RELEASED, broken

RATIO = models.CheckConstraint(condition=models.Q(shares__gte=0), name="shares_are_positive")
INDEX = models.Index(fields=["shares"], name="lot_shares")


def test_every_migration_since_the_last_release_leaves_its_code_working() -> None:
    loader = MigrationLoader(None)
    since = [
        (app, name)
        for app, name in loader.disk_migrations or {}
        if app in LAST_RELEASED and int(name.partition("_")[0]) > LAST_RELEASED[app]
    ]
    found = [
        fault for key in since for fault in broken(loader.get_migration(*key), loader.project_state(key, at_end=False))
    ]
    assert found == []


def test_a_version_after_the_first_knows_which_migrations_were_released(settings: Any) -> None:
    """Raising VERSION asks for LAST_RELEASED, without which the rule would look at nothing."""
    assert settings.VERSION == FIRST_RELEASE or LAST_RELEASED


def test_the_rule_reads_real_migrations() -> None:
    loader = MigrationLoader(None)
    keys = [("portfolios", "0002_closings_at_the_close"), ("portfolios", "0003_position_snapshots_by_month")]
    texts = [
        fault for key in keys for fault in broken(loader.get_migration(*key), loader.project_state(key, at_end=False))
    ]
    assert "Create constraint trade_price_valid on model trade reads all rows" in texts[0]
    assert "PartitionByMonth is an operation that this rule does not know" in texts[-1]


def faults(*operations: Any, **marks: str) -> list[str]:
    """Of a migration with these operations on a table of lots."""
    state = ProjectState()
    fields = [
        ("id", models.BigAutoField(primary_key=True)),
        ("shares", models.IntegerField()),
        ("note", models.CharField(max_length=10, null=True)),
    ]
    state.add_model(ModelState("books", "Lot", fields))
    migration = type("Migration", (migrations.Migration,), {"operations": list(operations), **marks})
    return broken(migration("0002_change", "books"), state)


@pytest.mark.parametrize(
    ("operation", "words"),
    [
        (migrations.RemoveField("Lot", "note"), "a field is dropped"),
        (migrations.DeleteModel("Lot"), "a table is dropped"),
        (migrations.RenameField("Lot", "shares", "units"), "a column is renamed"),
        (migrations.RenameModel("Lot", "Holding"), "a table is renamed"),
        (migrations.AddField("Lot", "price", models.FloatField(default=0)), "Lot.price is required"),
        (migrations.AlterField("Lot", "shares", models.DecimalField(max_digits=9, decimal_places=2)), "changes its type"),
        (migrations.AlterField("Lot", "note", models.CharField(max_length=10)), "becomes required"),
        (migrations.AlterField("Lot", "note", models.CharField(max_length=10, null=True, unique=True)), "becomes unique"),
        (migrations.AddConstraint("Lot", RATIO), "AddConstraintNotValid"),
        (migrations.AddIndex("Lot", INDEX), "AddIndexConcurrently"),
        (migrations.RunSQL("DROP TABLE books_lot"), "does not read"),
    ],
)  # fmt: skip
def test_what_the_code_before_would_not_survive_is_found(operation: Any, words: str) -> None:
    (fault,) = faults(operation)
    assert words in fault


@pytest.mark.parametrize(
    "operation",
    [
        migrations.AddField("Lot", "price", models.FloatField(null=True)),
        migrations.AddField("Lot", "price", models.FloatField(db_default=0)),
        migrations.AlterField("Lot", "shares", models.IntegerField(null=True, help_text="units")),
        migrations.CreateModel("Order", [("id", models.BigAutoField(primary_key=True)), ("day", models.DateField())]),
        migrations.RunPython(migrations.RunPython.noop),
        AddIndexConcurrently("Lot", INDEX),
    ],
)
def test_what_only_adds_passes(operation: Any) -> None:
    assert faults(operation) == []


def test_a_table_made_in_the_same_migration_is_nobodys_yet() -> None:
    made = migrations.CreateModel(
        "Order", [("id", models.BigAutoField(primary_key=True)), ("shares", models.IntegerField())]
    )
    assert faults(made, migrations.AddIndex("Order", INDEX), migrations.AddConstraint("Order", RATIO)) == []


def test_rows_are_not_moved_beside_a_schema_change() -> None:
    moving = migrations.RunPython(migrations.RunPython.noop)
    (fault,) = faults(moving, migrations.AddField("Lot", "price", models.FloatField(null=True)))
    assert "two migrations" in fault


def test_an_exception_says_why() -> None:
    drop = migrations.RemoveField("Lot", "note")
    assert faults(drop, **{EXCEPTION: "Contract: nobody has read it since 1.3. Step: stop."}) == []
    assert faults(drop, **{EXCEPTION: " "}) != []


def seen_by_migrate(monkeypatch: pytest.MonkeyPatch, statement: str) -> list[str]:
    """What `migrate` would see of its session, in core and in ai."""
    seen = []

    def asked(name: str, *, database: str, **options: Any) -> None:
        with connections[database].cursor() as cursor:
            cursor.execute(statement)
            seen.append(cursor.fetchone()[0])

    monkeypatch.setattr(migrate_all, "call_command", asked)
    call_command("migrate_all")
    return seen


@pytest.mark.django_db(transaction=True, databases=["default", "ai"])
def test_migrations_wait_shortly_for_locks_and_run_as_long_as_they_take(monkeypatch: pytest.MonkeyPatch) -> None:
    assert seen_by_migrate(monkeypatch, "SHOW lock_timeout") == ["5s", "5s"]
    assert seen_by_migrate(monkeypatch, "SHOW statement_timeout") == ["0", "0"]
    with connections["ai"].cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("2s",)


@pytest.mark.django_db(transaction=True)
def test_a_table_in_use_stops_migrating_with_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrate_all, "LOCK_WAIT", "50ms")
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE")
            with pytest.raises(CommandError, match="run migrate_all again"):
                seen_by_migrate(monkeypatch, "SELECT count(*) FROM users")
    finally:
        other.close()
