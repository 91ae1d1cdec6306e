"""Answers every operation can give, for the published schema."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class ErrorDetail(serializers.Serializer[Any]):
    """Why a request was refused."""

    detail = serializers.CharField()


class ValidationIssue(serializers.Serializer[Any]):
    """One fault of the input and its place."""

    type = serializers.CharField()
    loc = serializers.ListField(child=serializers.JSONField())
    msg = serializers.CharField()
    input = serializers.JSONField(required=False, allow_null=True)


class ValidationError(serializers.Serializer[Any]):
    """Every fault of the input."""

    detail = ValidationIssue(many=True)
