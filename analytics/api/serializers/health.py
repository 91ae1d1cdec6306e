"""Answers of /health/prerequisites and /health/status."""

from __future__ import annotations

from rest_framework import serializers

from sigmasight.core.api.forms import Form

STATES = ("ok", "incomplete", "error")


class InventoryState(Form):
    current = serializers.IntegerField()
    required = serializers.IntegerField()  # type: ignore[assignment]
    status = serializers.ChoiceField(STATES)


class PrerequisitesResponse(Form):
    factors = InventoryState()
    scenarios = InventoryState()
    overall_status = serializers.ChoiceField(STATES)
    error = serializers.CharField(required=False, help_text="Only when the check itself failed")


class StatusResponse(Form):
    status = serializers.CharField(help_text="healthy")
    symbol_cache = serializers.DictField(
        child=serializers.JSONField(), help_text="symbols, metrics_date, updated_at: the stored figures of all symbols"
    )
    ready = serializers.BooleanField()
