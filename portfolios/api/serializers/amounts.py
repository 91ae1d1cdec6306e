"""Numbers as people send them: JSON numbers or text, with as many decimals as they like; services round to the column."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from rest_framework import serializers


class AmountField(serializers.DecimalField):
    """A finite decimal number."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=None, decimal_places=None, **kwargs)


def above_zero(value: Decimal) -> None:
    """Refuse 0 and less."""
    if value <= 0:
        raise serializers.ValidationError("Must be greater than 0.", code="greater_than")
