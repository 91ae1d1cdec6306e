"""Who among staff may do what."""

from __future__ import annotations

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView


class IsSuperAdmin(BasePermission):
    """Staff with every right: for operations that delete or compute for everybody."""

    message = "Only super admins may do this."

    def has_permission(self, request: Request, view: APIView) -> bool:
        return bool(request.user and request.user.is_authenticated and request.user.is_superuser)
