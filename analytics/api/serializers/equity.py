"""Form and answer of setting a portfolio's equity."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class EquityBalanceUpdate(serializers.Serializer[Any]):
    equity_balance = serializers.DecimalField(
        max_digits=None, decimal_places=None, min_value=0, coerce_to_string=False, help_text="dollars"
    )


class EquityBalanceUpdateResult(serializers.Serializer[Any]):
    message = serializers.CharField()
    portfolio_id = serializers.UUIDField()
    equity_balance = serializers.FloatField()
