"""Filters for lists of large tables: none of them asks which values a table has."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest


def one_of(field: str, values: Iterable[str] | Callable[[], Iterable[str]], label: str = "") -> type[SimpleListFilter]:
    """A filter of a text column whose values are known beforehand, or stand in a small table that `values` reads."""

    class KnownValues(SimpleListFilter):
        title = label or field.replace("_", " ")
        parameter_name = field

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
            return [(value, value) for value in (values() if callable(values) else values)]

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            return queryset.filter(**{field: self.value()}) if self.value() else queryset

    return KnownValues
