"""What the forms of all apps are made of."""

from __future__ import annotations

import datetime as dt
from typing import Any

from rest_framework import serializers

from sigmasight.core import clock

Form = serializers.Serializer[Any]


def days_back(default: int, most: int) -> serializers.IntegerField:
    return serializers.IntegerField(default=default, min_value=1, max_value=most, help_text="days to look back")


def maybe_number(**options: Any) -> serializers.FloatField:
    return serializers.FloatField(allow_null=True, **options)


def not_after_today(day: dt.date) -> None:
    """Refuse a day that has not come in New York."""
    today = clock.market_today()
    if day > today:
        raise serializers.ValidationError(f"Must not be after today ({today} in New York).", code="less_than_equal")
