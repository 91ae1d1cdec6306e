"""Queries and answers of /onboarding/status."""

from __future__ import annotations

from rest_framework import serializers

from analytics.models import LogLevel
from analytics.services.setup_progress import COMPLETED, FAILED, NOT_FOUND, PENDING, RUNNING
from sigmasight.core.api.forms import Form

PHASE_STATES = (PENDING, RUNNING, COMPLETED, FAILED)
SETUP_STATES = (RUNNING, COMPLETED, FAILED, NOT_FOUND)


class SetupLogQuery(Form):
    format = serializers.CharField(default="txt", help_text="json in any case, or anything else for text")


class OverallProgress(Form):
    current_phase = serializers.CharField(allow_null=True)
    current_phase_name = serializers.CharField(allow_null=True)
    phases_completed = serializers.IntegerField()
    phases_total = serializers.IntegerField()
    percent_complete = serializers.IntegerField(help_text="0 to 100, at most 99 until the end")


class CurrentPhaseProgress(Form):
    current = serializers.IntegerField()
    total = serializers.IntegerField()
    unit = serializers.CharField()


class ActivityEntry(Form):
    timestamp = serializers.DateTimeField()
    message = serializers.CharField()
    level = serializers.ChoiceField(LogLevel.values)


class SetupPhase(Form):
    phase_id = serializers.CharField()
    phase_name = serializers.CharField()
    status = serializers.ChoiceField(PHASE_STATES)
    current = serializers.IntegerField(help_text="Steps that have ended")
    total = serializers.IntegerField(help_text="Steps that have begun")
    unit = serializers.CharField()
    duration_seconds = serializers.IntegerField(allow_null=True)


class OnboardingStatus(Form):
    portfolio_id = serializers.UUIDField()
    status = serializers.ChoiceField(SETUP_STATES)
    started_at = serializers.DateTimeField(allow_null=True)
    elapsed_seconds = serializers.IntegerField()
    overall_progress = OverallProgress(allow_null=True)
    current_phase_progress = CurrentPhaseProgress(allow_null=True)
    mode = serializers.CharField(
        help_text="Kind of the run: portfolio, nightly, backfill or fix; none before the first"
    )
    activity_log = ActivityEntry(many=True, help_text="The newest 50, oldest first")
    phases = SetupPhase(many=True, allow_null=True)


class SetupLog(Form):
    portfolio_id = serializers.UUIDField()
    portfolio_name = serializers.CharField()
    started_at = serializers.DateTimeField(allow_null=True)
    elapsed_seconds = serializers.IntegerField()
    final_status = serializers.CharField()
    overall_progress = OverallProgress()
    phases = SetupPhase(many=True)
    activity_log = ActivityEntry(many=True)
    generated_at = serializers.DateTimeField()
