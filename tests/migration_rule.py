"""The rule of docs/upgrading.md as far as a machine can see it: a migration leaves the code of the release before it working."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently, RemoveIndexConcurrently
from django.db import connection, migrations
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models import NOT_PROVIDED, Field

# The migrations of the first release have no code before them that they could break.
FIRST_RELEASE = "1.0.0"
# Of the newest release that somebody runs: the last migration of each app, by number. Written when VERSION is raised.
LAST_RELEASED: dict[str, int] = {}
EXCEPTION = "breaks_running_code"
TAKEN_AWAY = {
    migrations.RemoveField: "a field is dropped",
    migrations.DeleteModel: "a table is dropped",
    migrations.RenameField: "a column is renamed",
    migrations.RenameModel: "a table is renamed",
    migrations.AlterModelTable: "a table is renamed",
}
SCHEMA = (migrations.RunPython, migrations.RunSQL, migrations.SeparateDatabaseAndState)


def broken(migration: migrations.Migration, before: ProjectState) -> list[str]:
    """What of a migration the running code would not survive; nothing where the migration says why it must be."""
    if str(getattr(migration, EXCEPTION, "")).strip():
        return []
    state, found, made = before.clone(), [], set()
    for operation in migration.operations:
        if isinstance(operation, migrations.CreateModel):
            made.add(operation.name.lower())
        elif getattr(operation, "model_name", "").lower() not in made:
            found += [f"{migration}: {text}" for text in _faults(operation, migration.app_label, state)]
        operation.state_forwards(migration.app_label, state)
    moving = any(isinstance(one, migrations.RunPython) for one in migration.operations)
    if moving and any(not isinstance(one, SCHEMA) for one in migration.operations):
        found.append(f"{migration}: rows are moved in the transaction of a schema change; make two migrations of it")
    return found


def _faults(operation: Operation, app: str, state: ProjectState) -> list[str]:
    for kind, text in TAKEN_AWAY.items():
        if isinstance(operation, kind):
            return [f"{text} ({operation.describe()}); the code before still uses it"]
    if isinstance(operation, migrations.AddField):
        return _required(operation.field, f"{operation.model_name}.{operation.name}")
    if isinstance(operation, migrations.AlterField):
        old = state.models[app, operation.model_name.lower()].fields[operation.name]
        return _altered(old, operation.field, f"{operation.model_name}.{operation.name}")
    if isinstance(operation, migrations.AddConstraint) and not isinstance(operation, AddConstraintNotValid):
        return [f"{operation.describe()} reads all rows under a lock; use AddConstraintNotValid and validate it later"]
    if isinstance(operation, migrations.AddIndex) and not isinstance(operation, AddIndexConcurrently):
        return [f"{operation.describe()} holds up writers; use AddIndexConcurrently"]
    if isinstance(operation, migrations.RemoveIndex) and not isinstance(operation, RemoveIndexConcurrently):
        return [f"{operation.describe()} locks the table; use RemoveIndexConcurrently"]
    if isinstance(operation, migrations.RunSQL):
        return [f"SQL that this rule does not read; say in {EXCEPTION} why it is harmless"]
    if not type(operation).__module__.startswith("django."):
        return [
            f"{type(operation).__name__} is an operation that this rule does not know; say in {EXCEPTION} why it is harmless"
        ]
    return []


def _required(field: Field[Any, Any], name: str) -> list[str]:
    if field.many_to_many or field.null or field.db_default is not NOT_PROVIDED or field.generated:
        return []
    return [f"{name} is required and the code before does not fill it; make it nullable or give it a db_default"]


def _altered(old: Field[Any, Any], new: Field[Any, Any], name: str) -> list[str]:
    found = []
    if _type(old) != _type(new):
        found.append(f"{name} changes its type from {_type(old)} to {_type(new)}; add a second column")
    if old.null and not new.null:
        found.append(f"{name} becomes required; check it by a constraint that is not valid yet")
    if old.db_column != new.db_column:
        found.append(f"{name} is renamed in the database")
    if new.unique and not old.unique:
        found.append(f"{name} becomes unique under a lock; make the index concurrently")
    return found


def _type(field: Field[Any, Any]) -> str | None:
    """Of a column; what a foreign key refers to is not known outside of a whole state, that it is one is."""
    return field.get_internal_type() if field.is_relation else field.db_type(connection)
