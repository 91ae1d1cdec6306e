"""What the forms of /admin/ai share."""

from __future__ import annotations

from rest_framework import serializers

from sigmasight.core.api.forms import Form, days_back


class PageQuery(Form):
    limit = serializers.IntegerField(default=50, min_value=1, max_value=200, help_text="page size")
    offset = serializers.IntegerField(default=0, min_value=0, max_value=1_000_000, help_text="rows to skip")


class Page(Form):
    total = serializers.IntegerField(help_text="matches before paging")
    limit = serializers.IntegerField()
    offset = serializers.IntegerField()


class DaysQuery(Form):
    days = days_back(30, 365)
