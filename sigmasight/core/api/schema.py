"""How operations are published, and the answers every one of them can give."""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers


class OperationSchema(AutoSchema):
    """Publishes the body of a DELETE where the view declares one, which spectacular leaves out, and ids of paths as UUIDs:
    views read them as text, so that a wrong one is 422 and no unknown path."""

    def _resolve_path_parameters(self, variables: Any) -> Any:
        parameters = super()._resolve_path_parameters(variables)
        for parameter in parameters:
            if parameter["name"].endswith("_id"):
                parameter["schema"] = {"type": "string", "format": "uuid"}
        return parameters

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
