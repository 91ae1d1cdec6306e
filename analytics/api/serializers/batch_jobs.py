"""Forms and answers of refreshes and repairs, for staff."""

from __future__ import annotations

from rest_framework import serializers

from analytics.api.serializers.batch_runs import PortfolioQuery
from sigmasight.core.api.forms import Form


class CleanupQuery(PortfolioQuery):
    age_threshold_hours = serializers.IntegerField(
        default=1, min_value=0, max_value=87_600, help_text="at least so old"
    )


class JobStarted(Form):
    status = serializers.ChoiceField(choices=["started"])
    message = serializers.CharField()
    batch_run_id = serializers.CharField(help_text="poll /api/v1/admin/batch/history/{batch_run_id}")
    triggered_by = serializers.CharField()
    timestamp = serializers.DateTimeField()
    info = serializers.CharField(required=False, help_text="company-profiles only")


class TagCount(Form):
    tag_name = serializers.CharField()
    position_count = serializers.IntegerField()


class SectorTagsOne(Form):
    status = serializers.ChoiceField(choices=["completed"])
    portfolio_id = serializers.UUIDField()
    portfolio_name = serializers.CharField()
    positions_tagged = serializers.IntegerField()
    positions_skipped = serializers.IntegerField(help_text="no sector known")
    tags_created = serializers.IntegerField()
    tags_applied = TagCount(many=True, help_text="most used first")
    triggered_by = serializers.CharField()
    timestamp = serializers.DateTimeField()


class SectorTagsAll(Form):
    status = serializers.ChoiceField(choices=["completed"])
    portfolios_processed = serializers.IntegerField()
    total_portfolios = serializers.IntegerField()
    positions_tagged = serializers.IntegerField()
    positions_skipped = serializers.IntegerField(help_text="no sector known")
    tags_created = serializers.IntegerField()
    triggered_by = serializers.CharField()
    timestamp = serializers.DateTimeField()


class CleanupIncomplete(Form):
    status = serializers.ChoiceField(choices=["completed"])
    incomplete_found = serializers.IntegerField()
    incomplete_deleted = serializers.IntegerField()
    deleted_ids = serializers.ListField(child=serializers.UUIDField(), help_text="numbers of the rows, as UUIDs")
    age_threshold_hours = serializers.IntegerField()
    portfolio_id = serializers.CharField(help_text='UUID or "all"')
    triggered_by = serializers.CharField()
    timestamp = serializers.DateTimeField()
