"""The server about itself: its name, whether it lives, whether it can serve, and with DEBUG what it serves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connections
from django.urls import URLPattern, URLResolver, get_resolver
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

TAGS = ["Health"]
METHODS = ("get", "post", "put", "patch", "delete")


class Banner(serializers.Serializer[Any]):
    message = serializers.CharField()
    version = serializers.CharField()


class HealthStatus(serializers.Serializer[Any]):
    status = serializers.CharField(help_text="healthy")


class Liveness(serializers.Serializer[Any]):
    status = serializers.CharField(help_text="alive")


class Readiness(serializers.Serializer[Any]):
    status = serializers.CharField(help_text="ready")


class NotReady(serializers.Serializer[Any]):
    status = serializers.CharField(help_text="initializing")
    message = serializers.CharField()


class Route(serializers.Serializer[Any]):
    path = serializers.CharField()
    methods = serializers.ListField(child=serializers.CharField(), allow_null=True, help_text="null: any")


class Routes(serializers.Serializer[Any]):
    routes = Route(many=True)
    total = serializers.IntegerField()


class _Open(APIView):
    """For probes and passers-by: nobody is asked who he is."""

    authentication_classes = ()
    permission_classes = (AllowAny,)


class RootView(_Open):
    @extend_schema(operation_id="root", tags=TAGS, summary="Banner", responses={200: Banner}, auth=[])
    def get(self, request: Request) -> Response:
        return Response({"message": "SigmaSight Backend API", "version": settings.VERSION})


class HealthView(_Open):
    @extend_schema(
        operation_id="health", tags=TAGS, summary="The server answers", responses={200: HealthStatus}, auth=[]
    )
    def get(self, request: Request) -> Response:
        return Response({"status": "healthy"})


class LiveView(_Open):
    @extend_schema(
        operation_id="healthLive", tags=TAGS, summary="The process lives", responses={200: Liveness}, auth=[]
    )
    def get(self, request: Request) -> Response:
        return Response({"status": "alive"})


class ReadyView(_Open):
    @extend_schema(
        operation_id="healthReady",
        tags=TAGS,
        summary="Requests can be served",
        description="The core database answers. The AI database is not needed for that.",
        responses={200: Readiness, 503: NotReady},
        auth=[],
    )
    def get(self, request: Request) -> Response:
        try:
            with connections["default"].cursor() as cursor:
                cursor.execute("SELECT 1")
        except DatabaseError:
            refusal = {"status": "initializing", "message": "The core database does not answer."}
            return Response(refusal, status=status.HTTP_503_SERVICE_UNAVAILABLE)
        return Response({"status": "ready"})


class RoutesView(_Open):
    """Served with DEBUG only."""

    @extend_schema(operation_id="debugRoutes", tags=TAGS, summary="All routes", responses={200: Routes}, auth=[])
    def get(self, request: Request) -> Response:
        routes = list(_routes(get_resolver().url_patterns, "/"))
        return Response({"routes": routes, "total": len(routes)})


def _routes(patterns: list[Any], prefix: str) -> Iterator[dict[str, Any]]:
    for pattern in patterns:
        place = f"{prefix}{pattern.pattern}"
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern.url_patterns, place)
        elif isinstance(pattern, URLPattern):
            view = getattr(pattern.callback, "cls", None) or getattr(pattern.callback, "view_class", None)
            methods = [method.upper() for method in METHODS if hasattr(view, method)]
            yield {"path": place, "methods": methods or None}
