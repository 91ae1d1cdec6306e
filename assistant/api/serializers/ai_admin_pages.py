"""What the forms of /admin/ai share."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

Form = serializers.Serializer[Any]


def days_back(default: int, most: int) -> serializers.IntegerField:
    return serializers.IntegerField(default=default, min_value=1, max_value=most, help_text="days to look back")


def maybe_number() -> serializers.FloatField:
    return serializers.FloatField(allow_null=True)


class PageQuery(Form):
    limit = serializers.IntegerField(default=50, min_value=1, max_value=200, help_text="page size")
    offset = serializers.IntegerField(default=0, min_value=0, max_value=1_000_000, help_text="rows to skip")


class Page(Form):
    total = serializers.IntegerField(help_text="matches before paging")
    limit = serializers.IntegerField()
    offset = serializers.IntegerField()


class DaysQuery(Form):
    days = days_back(30, 365)
