"""What the server needs to compute anything, and whether it has it. Open to everybody."""

from __future__ import annotations

from typing import Any

from django.db import DatabaseError
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics.api.serializers import health as forms
from analytics.services.prerequisites import (
    FACTORS_REQUIRED,
    SCENARIOS_REQUIRED,
    Inventory,
    prerequisites,
    symbol_figures,
)
from sigmasight.core.api.parameters import day


def _inventory(found: Inventory) -> dict[str, Any]:
    status = "ok" if found.complete else "incomplete"
    return {"current": found.current, "required": found.required, "status": status}


class PrerequisitesView(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="healthPrerequisites",
        tags=["Health"],
        summary="Whether factors and scenarios are defined",
        responses={200: forms.PrerequisitesResponse},
        auth=[],
    )
    def get(self, request: Request) -> Response:
        try:
            found = prerequisites()
        except DatabaseError:
            unknown = {"current": 0, "status": "error"}
            return Response(
                {
                    "factors": unknown | {"required": FACTORS_REQUIRED},
                    "scenarios": unknown | {"required": SCENARIOS_REQUIRED},
                    "overall_status": "error",
                    "error": "The core database does not answer.",
                }
            )
        return Response(
            {
                "factors": _inventory(found.factors),
                "scenarios": _inventory(found.scenarios),
                "overall_status": "ok" if found.complete else "incomplete",
            }
        )


class StatusView(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="healthStatus",
        tags=["Health"],
        summary="How fresh the stored figures of all symbols are",
        responses={200: forms.StatusResponse},
        auth=[],
    )
    def get(self, request: Request) -> Response:
        try:
            found = symbol_figures()
        except DatabaseError:
            return Response({"status": "healthy", "symbol_cache": {}, "ready": False})
        figures = {
            "symbols": found.symbols, "metrics_date": day(found.metrics_date), "updated_at": found.updated_at,
        }  # fmt: skip
        return Response({"status": "healthy", "symbol_cache": figures, "ready": found.symbols > 0})
