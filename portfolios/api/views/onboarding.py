"""The way in: an account by invitation, and a first portfolio from a file."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, ClassVar

from django.http import HttpResponse
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiResponse,
    OpenApiTypes,
    PolymorphicProxySerializer,
    extend_schema,
)
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portfolios.api.callers import caller_of, user_of
from portfolios.api.serializers import onboarding as forms
from portfolios.models import User
from portfolios.services.activity import record_activity, refusal_recorded
from portfolios.services.onboarding import NewAccount, OnboardingRefused, import_portfolio, register_by_invite
from portfolios.services.position_files import FileRefused
from portfolios.services.position_template import FILE_NAME, TEMPLATE
from sigmasight.core.api.errors import Refused
from sigmasight.core.api.idempotency import idempotent
from sigmasight.core.api.parameters import body
from sigmasight.core.api.parsers import JSONParser
from sigmasight.core.api.schema import ErrorDetail, ValidationError
from sigmasight.core.api.throttles import ScopeThrottle

TAG = "Onboarding"
REGISTER_CODES = """
| code | meaning |
|---|---|
| ERR_INVITE_001 | the invite code is not valid |
| ERR_USER_001 | the address has an account |
| ERR_USER_002 | the address has signs beyond letters, digits and `._%+-` |
| ERR_USER_003 | the password lacks an upper-case letter, a lower-case letter or a digit |
| ERR_USER_004 | the name is blank |
"""
UPLOAD_CODES = """
Nothing is stored unless everything passes; all rows are checked, and every fault is told.

| code | meaning |
|---|---|
| ERR_PORT_001 | the account name is taken (409) |
| ERR_PORT_002, 003 | the portfolio name is blank, too long |
| ERR_PORT_004, 005, 006 | the equity is 0, negative, above 1,000,000,000,000 |
| ERR_PORT_008 | the file has faults; they are listed under `error.details.error.details.errors` |
| ERR_PORT_009 | the account type is unknown |
| ERR_PORT_010, 011 | the account name is too long, blank |
| ERR_CSV_001 | more than 10 MiB or 10,000 rows |
| ERR_CSV_002 | the file name does not end in .csv |
| ERR_CSV_003, 005 | only comments; empty |
| ERR_CSV_004 | a required column is missing |
| ERR_CSV_006 | not UTF-8, no CSV, or a row with more cells than titles |
| ERR_POS_001, 002, 003 | symbol missing, longer than 20, with other signs than letters, digits, `.`, `_`, `-` |
| ERR_POS_004, 005, 006, 007 | quantity missing, no number or too large, 0, more than six decimals |
| ERR_POS_008, 009, 010, 011 | entry price missing, no number or too large, not above 0, more than two decimals |
| ERR_POS_012, 013, 014, 015 | entry date missing; a date not written YYYY-MM-DD, in the future, more than 100 years ago |
| ERR_POS_016, 017 | class unknown, subtype not of that class |
| ERR_POS_018 | exit before entry |
| ERR_POS_019, 020, 021, 022 | of an option: underlying, strike, expiration, type missing or wrong |
| ERR_POS_023 | symbol and entry date twice |
"""


class OnboardingView(APIView):
    """Refusals of the domain have a form of their own here."""

    operation: ClassVar[str] = ""

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, FileRefused):
            errors = {"errors": [asdict(error) for error in exc.errors], "total_errors": len(exc.errors)}
            inner = self._refusal("ERR_CSV_VALIDATION", f"The file is refused: {exc.message}.", errors)
            text = "The positions were not imported. Correct the file and send it again."
            exc = Refused(self._refusal(exc.code, text, inner), exc.status)
        elif isinstance(exc, OnboardingRefused):
            exc = Refused(self._refusal(exc.code, exc.message, exc.details), exc.status)
        return super().handle_exception(exc)

    def _refusal(self, code: str, message: str, details: dict[str, Any] | None) -> dict[str, Any]:
        told = {"code": code, "message": message} | ({} if details is None else {"details": details})
        page = self.request.build_absolute_uri("/docs")
        return {"error": told | {"documentation_url": f"{page}#/{TAG}/{self.operation}"}}


class RegisterView(OnboardingView):
    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = (ScopeThrottle,)
    throttle_scope = "register"
    operation = "onboardingRegister"

    @extend_schema(
        operation_id=operation,
        tags=[TAG],
        summary="Register with an invite code",
        description=REGISTER_CODES,
        request=forms.OnboardingRegister,
        responses={
            201: forms.OnboardingRegistered,
            401: forms.OnboardingRefused,
            409: forms.OnboardingRefused,
            422: PolymorphicProxySerializer(
                component_name="OnboardingRegisterInvalid",
                serializers=[ValidationError, forms.OnboardingRefused],
                resource_type_field_name=None,
            ),
            429: ErrorDetail,
        },
        examples=[
            OpenApiExample(
                "an investor",
                value={
                    "email": "grace@example.com",
                    "password": "Hopper-1952",
                    "full_name": "Grace Hopper",
                    "invite_code": "SIGMASIGHT-DEMO",
                },
                request_only=True,
            )
        ],
        auth=[],
    )
    def post(self, request: Request) -> Response:
        given = body(request, forms.OnboardingRegister)
        caller = caller_of(request)
        record_activity("onboarding.register_start", caller)
        with refusal_recorded("onboarding.register_error", caller):
            answer = self._register(request, given)
        person = User.objects.filter(pk=answer.data["user_id"]).first()
        record_activity("onboarding.register_complete", caller, user=person)
        return answer

    # Apart, so that the error is recorded outside of the transaction it ends.
    @idempotent
    def _register(self, request: Request, given: dict[str, Any]) -> Response:
        user = register_by_invite(given["email"], given["password"], given["full_name"], given["invite_code"])
        return Response(
            {
                "user_id": user.pk,
                "email": user.email,
                "full_name": user.full_name,
                "message": "Your account is ready. Log in to bring in your portfolio.",
                "next_step": {
                    "action": "login",
                    "endpoint": "/api/v1/auth/login",
                    "description": "Log in with your address and password",
                },
            },
            status=201,
        )


class CreatePortfolioView(OnboardingView):
    parser_classes = (MultiPartParser, FormParser, JSONParser)
    throttle_classes = (ScopeThrottle,)
    throttle_scope = "import"
    operation = "onboardingCreatePortfolio"

    @extend_schema(
        operation_id=operation,
        tags=[TAG],
        summary="Create a portfolio from a CSV file",
        description=UPLOAD_CODES,
        request={"multipart/form-data": forms.OnboardingPortfolioForm},
        responses={
            201: forms.OnboardingPortfolioCreated,
            400: PolymorphicProxySerializer(
                component_name="OnboardingPortfolioRefused",
                serializers=[forms.CsvValidationFailure, forms.OnboardingRefused],
                resource_type_field_name=None,
            ),
            401: ErrorDetail,
            409: forms.OnboardingRefused,
            422: ValidationError,
            429: ErrorDetail,
        },
    )
    def post(self, request: Request) -> Response:
        caller, user = caller_of(request), user_of(request)
        record_activity("onboarding.portfolio_start", caller, user=user)
        with refusal_recorded("onboarding.portfolio_error", caller, user=user):
            answer = self._create(request)
        record_activity(
            "onboarding.portfolio_complete", caller, user=user, facts={"rows": answer.data["total_positions"]}
        )
        return answer

    # Apart, so that the error is recorded outside of the transaction it ends.
    @idempotent
    def _create(self, request: Request) -> Response:
        given = body(request, forms.OnboardingPortfolioForm)
        account = NewAccount(
            portfolio_name=given["portfolio_name"],
            account_name=given["account_name"],
            account_type=given["account_type"],
            equity=given["equity_balance"],
            description=given.get("description") or "",
        )
        done = import_portfolio(user_of(request), account, given["csv_file"].name, given["csv_file"].read())
        book = done.portfolio
        return Response(
            {
                "portfolio_id": book.pk,
                "portfolio_name": book.name,
                "account_name": book.account_name,
                "account_type": book.account_type,
                "equity_balance": book.opening_equity,
                "positions_imported": done.lots,
                "positions_failed": 0,
                "total_positions": done.rows,
                "message": f"The portfolio was created with {done.lots} position{'' if done.lots == 1 else 's'}.",
                "next_step": {
                    "action": "calculate",
                    "endpoint": f"/api/v1/portfolios/{book.pk}/calculate",
                    "description": "Have prices collected and the portfolio analysed",
                },
            },
            status=201,
        )


class CsvTemplateView(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="onboardingCsvTemplate",
        tags=[TAG],
        summary="CSV template",
        responses={(200, "text/csv"): OpenApiResponse(OpenApiTypes.STR, "comments, titles and samples")},
        auth=[],
    )
    def get(self, request: Request) -> HttpResponse:
        answer = HttpResponse(TEMPLATE, content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = f"attachment; filename={FILE_NAME}"
        answer["Cache-Control"] = "public, max-age=3600"
        return answer
