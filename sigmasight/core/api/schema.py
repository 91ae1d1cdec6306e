"""How operations are published, and the answers every one of them can give."""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers


class OperationSchema(AutoSchema):
    """Publishes the body of a DELETE where the view declares one; spectacular leaves it out."""

    def get_request_serializer(self) -> Any:
        return None if self.method == "DELETE" else super().get_request_serializer()

    def _get_request_body(self, direction: Any = "request") -> Any:
        if self.method != "DELETE" or self.get_request_serializer() is None:
            return super()._get_request_body(direction)
        self.method = "POST"
        try:
            return super()._get_request_body(direction)
        finally:
            self.method = "DELETE"


class ErrorDetail(serializers.Serializer[Any]):
    """Why a request was refused."""

    detail = serializers.CharField()


class ValidationIssue(serializers.Serializer[Any]):
    """One fault of the input and its place."""

    type = serializers.CharField()
    loc = serializers.ListField(child=serializers.JSONField())
    msg = serializers.CharField()
    input = serializers.JSONField(required=False)


class ValidationError(serializers.Serializer[Any]):
    """Every fault of the input."""

    detail = ValidationIssue(many=True)
