"""The migration that cuts a table by month, with the rows it holds, and the way back."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation, OperationCategory
from django.db.migrations.state import ProjectState

from sigmasight.core.partitions import shift_month

KEYS = """
    SELECT conname, contype, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE conrelid = %s::regclass AND contype IN ('p', 'u', 'f') ORDER BY contype = 'f', conname
"""
INDEXES = """
    SELECT pg_get_indexdef(indexrelid) FROM pg_index
    WHERE indrelid = %s::regclass AND NOT EXISTS (SELECT 1 FROM pg_constraint AS c WHERE c.conindid = indexrelid)
    ORDER BY indexrelid
"""


class PartitionByMonth(Operation):
    """Turn a plain table into one that is partitioned by month of a date column, in one transaction; backwards the reverse.

    Rows are copied and counted; constraints, indexes and the identity keep their names, so that later migrations find what
    Django's state says. Two things differ in the database: the primary key is (id, date), since PostgreSQL wants the date in
    every unique key of a partitioned table, and an id is unique because the identity gives it once, not because an index of
    the whole table says so. For Django `id` stays the primary key.
    """

    category = OperationCategory.ALTERATION
    reversible = True

    def __init__(self, model_name: str, column: str) -> None:
        self.model_name, self.column = model_name, column

    def deconstruct(self) -> Any:
        return self.__class__.__name__, [self.model_name, self.column], {}

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        pass

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        self._rebuild(app_label, schema_editor, to_state, monthly=True)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        self._rebuild(app_label, schema_editor, to_state, monthly=False)

    def describe(self) -> str:
        return f"Partition {self.model_name} by month of {self.column}"

    @property
    def migration_name_fragment(self) -> str:
        return f"partition_{self.model_name.lower()}"

    def _rebuild(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, state: ProjectState, *, monthly: bool
    ) -> None:
        model = state.apps.get_model(app_label, self.model_name)
        if not self.allow_migrate_model(schema_editor.connection.alias, model):
            return
        table, old, column = model._meta.db_table, f"{model._meta.db_table}_replaced", self.column
        names = ", ".join(f'"{field.column}"' for field in model._meta.concrete_fields)
        with schema_editor.connection.cursor() as cursor:
            cursor.execute(f'LOCK TABLE "{table}" IN ACCESS EXCLUSIVE MODE')
            cursor.execute(KEYS, [table])
            keys = cursor.fetchall()
            cursor.execute(INDEXES, [table])
            indexes = [row[0].replace(" ON ONLY ", " ON ") for row in cursor.fetchall()]
            cursor.execute("SELECT pg_get_serial_sequence(%s, 'id')", [table])
            sequence = cursor.fetchone()[0]
            cursor.execute(f"SELECT last_value, is_called FROM {sequence}")
            counter = cursor.fetchone()
            cursor.execute(f'ALTER TABLE "{table}" RENAME TO "{old}"')
            cursor.execute(
                f'CREATE TABLE "{table}" (LIKE "{old}" INCLUDING ALL EXCLUDING INDEXES)'
                + (f' PARTITION BY RANGE ("{column}")' if monthly else "")
            )
            if monthly:
                cursor.execute(f'SELECT DISTINCT date_trunc(\'month\', "{column}")::date FROM "{old}" ORDER BY 1')
                for (month,) in cursor.fetchall():
                    self._partition(cursor, table, month)
            cursor.execute(f'SELECT count(*) FROM "{old}"')
            held = cursor.fetchone()[0]
            cursor.execute(f'INSERT INTO "{table}" ({names}) SELECT {names} FROM "{old}" ORDER BY "{column}", "id"')
            if cursor.rowcount != held:
                raise RuntimeError(f"{cursor.rowcount} of {held} rows of {table} were copied; nothing was changed")
            # Its constraints and indexes give their names free; whatever else hangs on the table stops the migration here.
            cursor.execute(f'DROP TABLE "{old}"')
            for name, kind, definition in keys:
                if kind == "p":
                    definition = f'PRIMARY KEY ("id", "{column}")' if monthly else 'PRIMARY KEY ("id")'
                cursor.execute(f'ALTER TABLE "{table}" ADD CONSTRAINT "{name}" {definition}')
            for definition in indexes:
                cursor.execute(definition)
            cursor.execute("SELECT pg_get_serial_sequence(%s, 'id')", [table])
            fresh = cursor.fetchone()[0]
            if fresh != sequence:
                cursor.execute(f'ALTER SEQUENCE {fresh} RENAME TO "{sequence.rpartition(".")[2].strip(chr(34))}"')
            cursor.execute("SELECT setval(%s::regclass, %s, %s)", [sequence, *counter])
            cursor.execute(f'ANALYZE "{table}"')

    @staticmethod
    def _partition(cursor: Any, table: str, month: dt.date) -> None:
        cursor.execute(
            f'CREATE TABLE "{table}_{month:%Y_%m}" PARTITION OF "{table}" FOR VALUES FROM (%s) TO (%s)',
            [month.isoformat(), shift_month(month, 1).isoformat()],
        )
