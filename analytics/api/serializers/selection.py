"""The query of every aggregate."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class PortfolioIdsQuery(serializers.Serializer[Any]):
    portfolio_ids = serializers.ListField(
        child=serializers.UUIDField(),
        required=False,
        help_text="Repeat the key for several ids. Without it, all active portfolios of the caller.",
    )
