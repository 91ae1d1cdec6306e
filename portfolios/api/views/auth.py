"""Logging in and out, and who one is."""

from __future__ import annotations

from typing import Any, Literal, cast

from django.conf import settings
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portfolios.api.authentication import USER_COOKIE
from portfolios.api.callers import caller_of, user_of
from portfolios.api.serializers import auth as forms
from portfolios.models import User
from portfolios.services.accounts import open_account, verify_login
from portfolios.services.activity import record_activity, refusal_recorded
from portfolios.services.tokens import UserToken, default_portfolio_id, issue_user_token, revoke_user_token
from sigmasight.core.api.idempotency import idempotent
from sigmasight.core.api.parameters import body
from sigmasight.core.api.schema import ErrorDetail, ValidationError
from sigmasight.core.api.throttles import LoginAccountThrottle, LoginAddressThrottle, ScopeThrottle

SAMESITE: Literal["None", "Lax"] = settings.AUTH_COOKIE_SAMESITE
LIFETIME = int(UserToken.lifetime.total_seconds())


def _person(user: User) -> dict[str, Any]:
    return {
        "id": user.pk,
        "email": user.email,
        "full_name": user.full_name,
        "is_active": user.is_active,
        "created_at": user.created_at,
    }


def _token_response(user: User) -> Response:
    token, _ = issue_user_token(user)
    answer = Response({"access_token": token, "token_type": "bearer", "expires_in": LIFETIME})
    answer.set_cookie(
        USER_COOKIE,
        token,
        max_age=LIFETIME,
        httponly=True,
        samesite=SAMESITE,
        secure=settings.AUTH_COOKIE_SECURE,
    )
    return answer


class LoginView(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = (LoginAddressThrottle, LoginAccountThrottle)

    @extend_schema(
        operation_id="login",
        tags=["Authentication"],
        summary="Exchange e-mail and password for a token",
        request=forms.LoginRequest,
        responses={200: forms.TokenResponse, 401: ErrorDetail, 422: ValidationError, 429: ErrorDetail},
        examples=[
            OpenApiExample(
                "demo",
                value={"email": "demo_individual@sigmasight.com", "password": "demo12345"},
                request_only=True,
            )
        ],
        auth=[],
    )
    def post(self, request: Request) -> Response:
        given = body(request, forms.LoginRequest)
        caller = caller_of(request)
        with refusal_recorded("onboarding.login_error", caller):
            user = verify_login(given["email"], given["password"], address=caller.ip_address)
        record_activity("onboarding.login_success", caller, user=user)
        return _token_response(user)


class RegisterView(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = (ScopeThrottle,)
    throttle_scope = "register"

    @extend_schema(
        operation_id="register",
        tags=["Authentication"],
        summary="Create a user without invite code",
        request=forms.RegisterRequest,
        responses={
            200: forms.UserResponse, 400: ErrorDetail, 403: ErrorDetail, 422: ValidationError, 429: ErrorDetail,
        },
        auth=[],
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        given = body(request, forms.RegisterRequest)
        caller = caller_of(request)
        record_activity("onboarding.register_start", caller)
        with refusal_recorded("onboarding.register_error", caller):
            answer = self._register(request, given)
        record_activity("onboarding.register_complete", caller, user=User.objects.filter(pk=answer.data["id"]).first())
        return answer

    # Apart, so that the error is recorded outside of the transaction it ends.
    @idempotent
    def _register(self, request: Request, given: dict[str, Any]) -> Response:
        return Response(_person(open_account(given["email"], given["password"], given["full_name"])))


class MeView(APIView):
    @extend_schema(
        operation_id="me",
        tags=["Authentication"],
        summary="Who am I",
        responses={200: forms.CurrentUser, 401: ErrorDetail},
    )
    def get(self, request: Request) -> Response:
        user = user_of(request)
        return Response(_person(user) | {"portfolio_id": default_portfolio_id(user.pk)})


class RefreshView(APIView):
    @extend_schema(
        operation_id="refresh",
        tags=["Authentication"],
        summary="Issue a fresh token",
        request=None,
        responses={200: forms.TokenResponse, 401: ErrorDetail},
    )
    def post(self, request: Request) -> Response:
        return _token_response(user_of(request))


class LogoutView(APIView):
    @extend_schema(
        operation_id="logout",
        tags=["Authentication"],
        summary="Take the token back and clear the cookie",
        request=None,
        responses={200: forms.LogoutResponse, 401: ErrorDetail},
    )
    def post(self, request: Request) -> Response:
        user = user_of(request)
        revoke_user_token(user, cast(UserToken, request.auth))
        record_activity("auth.logout", caller_of(request), user=user)
        answer = Response({"message": "Logged out", "success": True})
        answer.delete_cookie(USER_COOKIE, samesite=SAMESITE)
        return answer
