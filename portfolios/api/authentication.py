"""Who is calling: an investor by his token, or staff by a token of the operations API."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication, CSRFCheck
from rest_framework.request import Request

from portfolios.models import User
from portfolios.services.tokens import AdminToken, UserToken, staff_of_token, user_of_token
from sigmasight.core.observability.context import note

USER_COOKIE = "auth_token"
ADMIN_COOKIE = "admin_auth_token"
CREDENTIALS = "Could not validate credentials"


def bearer_of(request: Request) -> str | None:
    """The token of a Bearer header, "" for an empty one, None for no header or another scheme."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


class _Tokens(BaseAuthentication):
    """Bearer header first; only without one the cookie, which must come with a CSRF token on writes: a browser sends it by
    itself, whoever made the page."""

    cookie = ""

    def authenticate(self, request: Request) -> tuple[User, Any] | None:
        text = self.text_of(request)
        if text is None:
            return None
        found = self.lookup(text)
        if found is None:
            raise exceptions.AuthenticationFailed(CREDENTIALS)
        if bearer_of(request) is None:
            _require_csrf(request)
        note(user_id=found[0].pk)
        return found

    @classmethod
    def text_of(cls, request: Request) -> str | None:
        """The token a request brings, as it was issued; None without one."""
        text = bearer_of(request)
        return request.COOKIES.get(cls.cookie) if text is None else text

    def lookup(self, text: str) -> tuple[User, Any] | None:
        raise NotImplementedError

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class UserAuthentication(_Tokens):
    """Investors; refuses operations tokens."""

    cookie = USER_COOKIE

    def lookup(self, text: str) -> tuple[User, UserToken] | None:
        return user_of_token(text)


class AdminAuthentication(_Tokens):
    """Staff of the operations API; refuses investors' tokens."""

    cookie = ADMIN_COOKIE

    def lookup(self, text: str) -> tuple[User, AdminToken] | None:
        return staff_of_token(text)


def _require_csrf(request: Request) -> None:
    def no_view(request: HttpRequest) -> HttpResponse:
        raise NotImplementedError

    check = CSRFCheck(no_view)
    check.process_request(request._request)
    if reason := check.process_view(request._request, no_view, (), {}):
        raise exceptions.PermissionDenied(f"Send the token in the Authorization header, or a CSRF token: {reason}")


class _Scheme(OpenApiAuthenticationExtension):
    cookie = ""

    def get_security_requirement(self, auto_schema: Any) -> Any:
        return [{name: []} for name in self.name]

    def get_security_definition(self, auto_schema: Any) -> Any:
        return [
            {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
            {"type": "apiKey", "in": "cookie", "name": self.cookie},
        ]


class _UserScheme(_Scheme):
    target_class = UserAuthentication
    name = ["bearerAuth", "cookieAuth"]  # type: ignore[assignment]
    cookie = USER_COOKIE


class _AdminScheme(_Scheme):
    target_class = AdminAuthentication
    name = ["adminBearer", "adminCookie"]  # type: ignore[assignment]
    cookie = ADMIN_COOKIE
