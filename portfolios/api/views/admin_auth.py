"""Staff logging in to the operations API and out of it."""

from __future__ import annotations

from django.conf import settings
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portfolios.api.authentication import ADMIN_COOKIE, AdminAuthentication
from portfolios.api.callers import caller_of, user_of
from portfolios.api.serializers import admin_auth as forms
from portfolios.api.staff import StaffView
from portfolios.models import User
from portfolios.services.accounts import verify_login
from portfolios.services.activity import record_activity, refusal_recorded
from portfolios.services.staff_rights import require_second_step
from portfolios.services.tokens import (
    AdminToken,
    admin_role,
    end_admin_session,
    issue_admin_token,
    renew_admin_token,
)
from sigmasight.core.api.parameters import body
from sigmasight.core.api.schema import ErrorDetail, ValidationError
from sigmasight.core.api.throttles import LoginAccountThrottle, LoginAddressThrottle

LIFETIME = int(AdminToken.lifetime.total_seconds())


def _token_response(user: User, token: str) -> Response:
    answer = Response(
        {
            "access_token": token,
            "token_type": "bearer",
            "expires_in": LIFETIME,
            "admin_id": user.pk,
            "email": user.email,
            "full_name": user.full_name,
            "role": admin_role(user),
        }
    )
    # Lax whatever the deployment: the operations pages are never framed by other sites.
    answer.set_cookie(
        ADMIN_COOKIE, token, max_age=LIFETIME, httponly=True, samesite="Lax", secure=settings.AUTH_COOKIE_SECURE
    )
    return answer


class AdminLoginView(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = (LoginAddressThrottle, LoginAccountThrottle)

    @extend_schema(
        operation_id="admin_login",
        tags=["Admin auth"],
        summary="Log a member of staff in",
        request=forms.AdminLogin,
        responses={200: forms.AdminToken, 401: ErrorDetail, 422: ValidationError, 429: ErrorDetail},
        examples=[
            OpenApiExample(
                "demo", value={"email": "demo_admin@sigmasight.com", "password": "demo12345"}, request_only=True
            )
        ],
        auth=[],
    )
    def post(self, request: Request) -> Response:
        given = body(request, forms.AdminLogin)
        caller = caller_of(request)
        with refusal_recorded("auth.admin_login_error", caller):
            user = verify_login(given["email"], given["password"], staff=True, address=caller.ip_address)
            require_second_step(user, given["second_step_code"])
        record_activity("auth.admin_login_success", caller, user=user)
        token = issue_admin_token(user, ip_address=caller.ip_address, user_agent=caller.user_agent)
        return _token_response(user, token)


class AdminLogoutView(StaffView):
    @extend_schema(
        operation_id="admin_logout",
        tags=["Admin auth"],
        summary="Take the token back and clear the cookie",
        request=None,
        responses={200: forms.AdminMessage, 401: ErrorDetail},
    )
    def post(self, request: Request) -> Response:
        end_admin_session(AdminAuthentication.text_of(request) or "")
        record_activity("auth.admin_logout", caller_of(request), user=user_of(request))
        answer = Response({"message": "Logged out"})
        answer.delete_cookie(ADMIN_COOKIE, samesite="Lax")
        return answer


class AdminMeView(StaffView):
    @extend_schema(
        operation_id="admin_me",
        tags=["Admin auth"],
        summary="Who am I",
        responses={200: forms.AdminMe, 401: ErrorDetail},
    )
    def get(self, request: Request) -> Response:
        user = user_of(request)
        return Response(
            {
                "id": user.pk,
                "email": user.email,
                "full_name": user.full_name,
                "role": admin_role(user),
                "is_active": user.is_active,
                "created_at": user.created_at,
                "last_login_at": user.last_login,
            }
        )


class AdminRefreshView(StaffView):
    @extend_schema(
        operation_id="admin_refresh",
        tags=["Admin auth"],
        summary="A new token in place of this one",
        request=None,
        responses={200: forms.AdminToken, 401: ErrorDetail},
    )
    def post(self, request: Request) -> Response:
        user, caller = user_of(request), caller_of(request)
        old = AdminAuthentication.text_of(request) or ""
        token = renew_admin_token(user, old, ip_address=caller.ip_address, user_agent=caller.user_agent)
        return _token_response(user, token)
