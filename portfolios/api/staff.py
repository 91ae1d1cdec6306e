"""The operations API: its views know staff by their own tokens."""

from __future__ import annotations

from rest_framework.permissions import IsAuthenticated
from rest_framework.views import APIView

from portfolios.api.authentication import AdminAuthentication
from portfolios.api.permissions import IsSuperAdmin
from sigmasight.core.api.throttles import ScopeThrottle


class StaffView(APIView):
    """For all staff, whatever their role."""

    authentication_classes = (AdminAuthentication,)


class SuperAdminView(StaffView):
    """For superusers, so many times a minute."""

    permission_classes = (IsAuthenticated, IsSuperAdmin)
    throttle_classes = (ScopeThrottle,)
    throttle_scope = "trigger"
