"""Answers of /data/demo and /data/test-demo."""

from __future__ import annotations

from rest_framework import serializers

from sigmasight.core.api.forms import Form


class TestMessage(Form):
    message = serializers.CharField()


class DemoMetadata(Form):
    source = serializers.CharField(help_text="nightly_results")  # type: ignore[assignment]
    report_date = serializers.DateField()
    position_count = serializers.IntegerField()
    price_sources = serializers.ListField(child=serializers.CharField(), help_text="simulated, or providers' names")


class DemoReport(Form):
    portfolio_type = serializers.CharField()
    portfolio_info = serializers.DictField(child=serializers.JSONField())
    exposures = serializers.DictField(child=serializers.JSONField(), help_text="USD; short values are negative")
    snapshot = serializers.DictField(
        child=serializers.JSONField(), help_text="USD; returns and volatilities as fractions"
    )
    positions = serializers.ListField(child=serializers.DictField(child=serializers.JSONField()))
    metadata = DemoMetadata()
