"""Column types that Django lacks and the result arrays need."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper


class RealField(models.FloatField):
    """A four-byte float, for arrays that are shown and never calculated with again."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "real"


class CodeField(models.CharField):
    """PostgreSQL's one-byte `"char"`, for arrays of one-letter codes."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["max_length"] = 1
        super().__init__(*args, **kwargs)

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return '"char"'

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        del kwargs["max_length"]
        return name, path, args, kwargs
