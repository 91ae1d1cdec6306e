"""Money paid into a portfolio and taken out of it."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, OpenApiTypes, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portfolios.api.callers import user_of
from portfolios.api.serializers import equity_changes as forms
from portfolios.models import EquityChange, Portfolio
from portfolios.services.access import owned_equity_change, owned_portfolio
from portfolios.services.equity import (
    deletable_until,
    delete_equity_change,
    editable_until,
    record_equity_change,
    update_equity_change,
)
from portfolios.services.equity_history import Flow, changes_as_csv, page_of_changes, summarize_changes
from sigmasight.core import clock
from sigmasight.core.api.errors import Refused
from sigmasight.core.api.idempotency import idempotent
from sigmasight.core.api.parameters import body, query, uuid_of
from sigmasight.core.api.schema import ErrorDetail, ValidationError
from sigmasight.core.errors import DomainError

TAGS = ["equity-changes"]
CODES = {"portfolio_not_found": "EQUITY_004"}
CREATE_EXAMPLE = OpenApiExample(
    "a contribution",
    value={"change_type": "CONTRIBUTION", "amount": 1500.5, "change_date": "2025-11-20", "notes": "bonus"},
    request_only=True,
)


def _change(change: EquityChange, book: Portfolio) -> dict[str, Any]:
    return {
        "id": change.pk,
        "portfolio_id": change.portfolio_id,
        "change_type": change.change_type,
        "amount": change.amount,
        "change_date": change.change_date,
        "notes": change.notes or None,
        # What the system booked, it booked for the owner.
        "created_by_user_id": change.created_by_id or book.user_id,
        "created_at": change.created_at,
        "updated_at": change.updated_at,
        "deleted_at": change.deleted_at,
        "editable_until": editable_until(change),
        "deletable_until": deletable_until(change),
        "is_deleted": change.deleted_at is not None,
    }


def _flow(flow: Flow) -> dict[str, Any]:
    return {"contributions": flow.contributions, "withdrawals": flow.withdrawals, "net_flow": flow.net_flow}


class EquityView(APIView):
    """Refusals of the domain are sent with their code."""

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, DomainError):
            refusal = {"code": CODES.get(exc.code, exc.code), "message": exc.message}
            exc = Refused({"detail": refusal}, exc.status)
        return super().handle_exception(exc)

    def book(self, request: Request, portfolio_id: str) -> Portfolio:
        return owned_portfolio(user_of(request), uuid_of(portfolio_id, "portfolio_id"))


class EquityChangesView(EquityView):
    @extend_schema(
        operation_id="listEquityChanges",
        tags=TAGS,
        summary="Contributions and withdrawals of a portfolio, newest first, paged",
        parameters=[forms.ChangeListQuery],
        responses={200: forms.EquityChangeList, 401: ErrorDetail, 404: forms.EquityError, 422: ValidationError},
    )
    def get(self, request: Request, portfolio_id: str) -> Response:
        asked = query(request, forms.ChangeListQuery)
        book = self.book(request, portfolio_id)
        found = page_of_changes(
            book.pk,
            page=asked["page"],
            page_size=asked["page_size"],
            start=asked.get("start_date"),
            end=asked.get("end_date"),
            include_deleted=asked["include_deleted"],
        )
        return Response(
            {
                "items": [_change(change, book) for change in found.items],
                "page": found.page,
                "page_size": found.page_size,
                "total_items": found.total_items,
                "total_pages": found.total_pages,
            }
        )

    @extend_schema(
        operation_id="createEquityChange",
        tags=TAGS,
        summary="Record a contribution or withdrawal",
        description="The next nightly run books it on its date. A withdrawal may not exceed the equity known on its date.",
        request=forms.EquityChangeCreate,
        responses={
            201: forms.EquityChange, 400: forms.EquityError, 401: ErrorDetail, 404: forms.EquityError, 422: ValidationError,
        },
        examples=[CREATE_EXAMPLE],
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, portfolio_id: str) -> Response:
        given = body(request, forms.EquityChangeCreate)
        book = self.book(request, portfolio_id)
        change = record_equity_change(
            book.pk,
            given["change_type"],
            given["amount"],
            given["change_date"],
            notes=given.get("notes") or "",
            created_by=user_of(request),
        )
        return Response(_change(change, book), status=201)


class EquityChangeSummaryView(EquityView):
    @extend_schema(
        operation_id="getEquityChangeSummary",
        tags=TAGS,
        summary="What was paid in and taken out",
        description="Totals obey the dates asked for; the last change and the periods do not. Deleted changes never count.",
        parameters=[forms.ChangePeriod],
        responses={200: forms.EquityChangeSummary, 401: ErrorDetail, 404: forms.EquityError, 422: ValidationError},
    )
    def get(self, request: Request, portfolio_id: str) -> Response:
        asked = query(request, forms.ChangePeriod)
        book = self.book(request, portfolio_id)
        summary = summarize_changes(book.pk, start=asked.get("start_date"), end=asked.get("end_date"))
        last = summary.last_change
        return Response(
            {
                "portfolio_id": book.pk,
                "total_contributions": summary.total.contributions,
                "total_withdrawals": summary.total.withdrawals,
                "net_flow": summary.total.net_flow,
                "last_change": None if last is None else _change(last, book),
                "periods": {f"{days}d": _flow(flow) for days, flow in summary.periods.items()},
            }
        )


class EquityChangeExportView(EquityView):
    @extend_schema(
        operation_id="exportEquityChanges",
        tags=TAGS,
        summary="Download the changes as CSV, the oldest first",
        description="Deleted changes are left out. The cookie of a login serves as well as the token: a plain link works.",
        parameters=[forms.ChangeExportQuery],
        responses={
            (200, "text/csv"): OpenApiResponse(OpenApiTypes.STR, "equity_changes_<portfolio>_<time>.csv"),
            401: ErrorDetail,
            404: forms.EquityError,
            422: ValidationError,
        },
    )
    def get(self, request: Request, portfolio_id: str) -> HttpResponse:
        asked = query(request, forms.ChangeExportQuery)
        book = self.book(request, portfolio_id)
        text = changes_as_csv(book.pk, start=asked.get("start_date"), end=asked.get("end_date"))
        name = f"equity_changes_{book.pk}_{clock.now():%Y%m%dT%H%M%SZ}.csv"
        answer = HttpResponse(text, content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="{name}"'
        return answer


class EquityChangeView(EquityView):
    @extend_schema(
        operation_id="getEquityChange",
        tags=TAGS,
        summary="One change",
        parameters=[forms.ChangeQuery],
        responses={200: forms.EquityChange, 401: ErrorDetail, 404: forms.EquityError, 422: ValidationError},
    )
    def get(self, request: Request, portfolio_id: str, equity_change_id: str) -> Response:
        asked = query(request, forms.ChangeQuery)
        change = self.change(request, portfolio_id, equity_change_id, include_deleted=asked["include_deleted"])
        return Response(_change(change, change.portfolio))

    @extend_schema(
        operation_id="updateEquityChange",
        tags=TAGS,
        summary="Change amount, date or notes within 7 days of recording",
        request=forms.EquityChangeUpdate,
        responses={
            200: forms.EquityChange, 400: forms.EquityError, 401: ErrorDetail, 404: forms.EquityError, 422: ValidationError,
        },
        examples=[OpenApiExample("another amount", value={"amount": 2600, "notes": "more"}, request_only=True)],
    )  # fmt: skip
    def put(self, request: Request, portfolio_id: str, equity_change_id: str) -> Response:
        given = body(request, forms.EquityChangeUpdate)
        change = self.change(request, portfolio_id, equity_change_id)
        return Response(_change(update_equity_change(change.pk, **given), change.portfolio))

    @extend_schema(
        operation_id="deleteEquityChange",
        tags=TAGS,
        summary="Take a change back within 30 days of recording",
        description="The book is rolled again without it by the next nightly run.",
        request=None,
        responses={
            200: forms.EquityChangeDeleted, 400: forms.EquityError, 401: ErrorDetail, 404: forms.EquityError,
            422: ValidationError,
        },
    )  # fmt: skip
    def delete(self, request: Request, portfolio_id: str, equity_change_id: str) -> Response:
        change = delete_equity_change(self.change(request, portfolio_id, equity_change_id).pk)
        return Response({"id": change.pk, "deleted": True, "deleted_at": change.deleted_at})

    def change(
        self, request: Request, portfolio_id: str, equity_change_id: str, *, include_deleted: bool = False
    ) -> EquityChange:
        return owned_equity_change(
            user_of(request),
            uuid_of(portfolio_id, "portfolio_id"),
            uuid_of(equity_change_id, "equity_change_id"),
            include_deleted=include_deleted,
        )
