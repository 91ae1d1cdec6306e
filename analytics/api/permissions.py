"""Who among staff may set the batch to work."""

from __future__ import annotations

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView


class MayRunBatch(BasePermission):
    """Operators, admins and superusers; viewers only look."""

    message = "Starting runs asks for the role of an operator."

    def has_permission(self, request: Request, view: APIView) -> bool:
        return bool(request.user and request.user.is_authenticated and request.user.has_perm("analytics.run_batch"))
