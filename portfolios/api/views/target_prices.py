"""What the owner expects of his holdings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from drf_spectacular.utils import OpenApiExample, PolymorphicProxySerializer, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portfolios.api.callers import user_of
from portfolios.api.serializers import target_prices as forms
from portfolios.models import Portfolio, TargetPrice
from portfolios.services.access import owned_portfolio, owned_target_price
from portfolios.services.target_files import CsvUnreadable, export_targets, import_targets
from portfolios.services.target_prices import (
    NewTarget,
    create_target_price,
    create_target_prices,
    delete_target_price,
    targets_of,
    update_target_price,
    update_target_prices,
)
from portfolios.services.target_sums import sum_targets
from sigmasight.core.api.errors import Unprocessable, issue
from sigmasight.core.api.idempotency import idempotent
from sigmasight.core.api.parameters import body, query, uuid_of
from sigmasight.core.api.schema import ErrorDetail, ValidationError
from sigmasight.core.api.throttles import ScopeThrottle

TAGS = ["target-prices"]
REFUSALS: dict[Any, Any] = {401: ErrorDetail, 404: ErrorDetail, 422: ValidationError}
EXPORTED = (
    "symbol", "position_type", "target_price_eoy", "target_price_next_year", "downside_target_price", "current_price",
    "expected_return_eoy", "expected_return_next_year", "downside_return",
)  # fmt: skip
FIELDS = (
    "id", "portfolio_id", "position_id", *EXPORTED, "target_upside_eoy_value", "target_upside_next_year_value",
    "target_downside_value", "position_weight", "contribution_to_portfolio_return", "contribution_to_portfolio_risk",
    "price_updated_at", "created_at", "updated_at",
)  # fmt: skip


def _target(target: TargetPrice) -> dict[str, Any]:
    return {name: getattr(target, name) for name in FIELDS} | {"created_by": target.created_by_id}


def _targets(targets: Iterable[TargetPrice]) -> list[dict[str, Any]]:
    return [_target(target) for target in targets]


def _new(given: Mapping[str, Any]) -> NewTarget:
    return NewTarget(**(dict(given) | {"position_type": given.get("position_type") or ""}))


def _book(request: Request, portfolio_id: str) -> Portfolio:
    return owned_portfolio(user_of(request), uuid_of(portfolio_id, "portfolio_id"))


class TargetPricesView(APIView):
    @extend_schema(
        operation_id="listTargetPrices",
        tags=TAGS,
        summary="The targets of a portfolio, by symbol and type",
        parameters=[forms.TargetPriceListQuery],
        responses={200: forms.TargetPrice(many=True), **REFUSALS},
    )
    def get(self, request: Request, portfolio_id: str) -> Response:
        asked = query(request, forms.TargetPriceListQuery)
        book = _book(request, portfolio_id)
        targets = targets_of(book.pk, symbol=asked.get("symbol"), position_type=asked.get("position_type"))
        return Response(_targets(targets))

    @extend_schema(
        operation_id="createTargetPrice",
        tags=TAGS,
        summary="Set a target for a symbol and side",
        description="The price it is measured against is the market's where there is one of the last sessions, else the one sent.",
        request=forms.TargetPriceCreate,
        responses={200: forms.TargetPrice, 400: ErrorDetail, **REFUSALS},
        examples=[
            OpenApiExample(
                "a short sale",
                value={"symbol": "NFLX", "position_type": "SHORT", "target_price_eoy": 90, "current_price": 110},
                request_only=True,
            )
        ],
    )
    @idempotent
    def post(self, request: Request, portfolio_id: str) -> Response:
        given = body(request, forms.TargetPriceCreate)
        book = _book(request, portfolio_id)
        return Response(_target(create_target_price(book, user_of(request), _new(given))))


class TargetPriceSummaryView(APIView):
    @extend_schema(
        operation_id="getTargetPriceSummary",
        tags=TAGS,
        summary="Coverage and weighted returns of the targets",
        description="Computed from the targets and what is held when it is asked.",
        responses={200: forms.TargetPriceSummary, **REFUSALS},
    )
    def get(self, request: Request, portfolio_id: str) -> Response:
        book = _book(request, portfolio_id)
        targets = targets_of(book.pk)
        sums = sum_targets(book.pk, targets)
        return Response(
            {
                "portfolio_id": book.pk,
                "portfolio_name": book.name,
                "total_positions": sums.total_positions,
                "positions_with_targets": sums.positions_with_targets,
                "coverage_percentage": sums.coverage,
                "weighted_expected_return_eoy": sums.return_eoy,
                "weighted_expected_return_next_year": sums.return_next_year,
                "weighted_downside_return": sums.downside_return,
                "target_upside_eoy_dollars": sums.dollars_eoy,
                "target_upside_next_year_dollars": sums.dollars_next_year,
                "target_downside_dollars": sums.downside_dollars,
                "expected_sharpe_ratio": sums.sharpe,
                "expected_sortino_ratio": sums.sortino,
                "target_prices": _targets(targets),
                "last_updated": max((target.updated_at for target in targets), default=book.updated_at),
            }
        )


class TargetPriceView(APIView):
    @extend_schema(
        operation_id="getTargetPrice", tags=TAGS, summary="One target", responses={200: forms.TargetPrice, **REFUSALS}
    )
    def get(self, request: Request, target_price_id: str) -> Response:
        return Response(_target(self.target(request, target_price_id)))

    @extend_schema(
        operation_id="updateTargetPrice",
        tags=TAGS,
        summary="Change a target",
        request=forms.TargetPriceUpdate,
        responses={200: forms.TargetPrice, 400: ErrorDetail, **REFUSALS},
        examples=[OpenApiExample("another target", value={"target_price_eoy": 321.5}, request_only=True)],
    )
    def put(self, request: Request, target_price_id: str) -> Response:
        given = body(request, forms.TargetPriceUpdate)
        target = self.target(request, target_price_id)
        return Response(_target(update_target_price(target.pk, given)))

    @extend_schema(
        operation_id="deleteTargetPrice",
        tags=TAGS,
        summary="Remove a target for good",
        request=None,
        responses={200: forms.TargetPriceDeleteResult, **REFUSALS},
    )
    def delete(self, request: Request, target_price_id: str) -> Response:
        deleted = delete_target_price(self.target(request, target_price_id).pk)
        return Response({"deleted": deleted, "errors": []})

    def target(self, request: Request, target_price_id: str) -> TargetPrice:
        return owned_target_price(user_of(request), uuid_of(target_price_id, "target_price_id"))


class BulkTargetPricesView(APIView):
    @extend_schema(
        operation_id="bulkCreateTargetPrices",
        tags=TAGS,
        summary="Set several targets",
        description="Those whose symbol and side have a target already are passed over.",
        request=forms.TargetPriceBulkCreate,
        responses={200: forms.TargetPrice(many=True), 400: ErrorDetail, **REFUSALS},
        examples=[
            OpenApiExample(
                "one target",
                value={"target_prices": [{"symbol": "ZM", "target_price_eoy": 99, "current_price": 80}]},
                request_only=True,
            )
        ],
    )
    @idempotent
    def post(self, request: Request, portfolio_id: str) -> Response:
        given = body(request, forms.TargetPriceBulkCreate)["target_prices"]
        book = _book(request, portfolio_id)
        return Response(_targets(create_target_prices(book, user_of(request), [_new(one) for one in given])))


class BulkUpdateTargetPricesView(APIView):
    @extend_schema(
        operation_id="bulkUpdateTargetPrices",
        tags=TAGS,
        summary="Change several targets, found by symbol and type",
        description="What is wrong with one item is told in errors; the others are changed.",
        request=forms.TargetPriceBulkUpdate,
        responses={200: forms.TargetPriceBulkUpdateResult, **REFUSALS},
        examples=[
            OpenApiExample(
                "one target",
                value={"updates": [{"symbol": "AAPL", "position_type": "LONG", "target_price_eoy": 310}]},
                request_only=True,
            )
        ],
    )
    def put(self, request: Request, portfolio_id: str) -> Response:
        items = body(request, forms.TargetPriceBulkUpdateItems)["updates"]
        book = _book(request, portfolio_id)
        updates, faults = [], []
        for item in items:
            form = forms.TargetPriceChange(data=item)
            if form.is_valid():
                given = dict(form.validated_data)
                updates.append((given.pop("symbol"), given.pop("position_type", None) or "", given))
            else:
                faults.append(f"Error updating {_name(item)}: {_causes(form.errors)}")
        updated, errors = update_target_prices(book.pk, updates)
        return Response({"updated": updated, "errors": [*errors, *faults]})


class ImportTargetPricesView(APIView):
    throttle_classes = (ScopeThrottle,)
    throttle_scope = "import"

    @extend_schema(
        operation_id="importTargetPricesCsv",
        tags=TAGS,
        summary="Import targets from CSV text",
        description=(
            "Columns symbol, position_type, target_eoy, target_next_year, downside and current_price in any order; only symbol "
            "is needed. What is wrong with a row is told in errors, the others are stored."
        ),
        request=forms.TargetPriceImport,
        responses={200: forms.TargetPriceImportResult, **REFUSALS, 429: ErrorDetail},
        examples=[
            OpenApiExample(
                "one target",
                value={"csv_content": "symbol,position_type,target_eoy\r\nAAPL,LONG,300\r\n", "update_existing": True},
                request_only=True,
            )
        ],
    )
    @idempotent
    def post(self, request: Request, portfolio_id: str) -> Response:
        given = body(request, forms.TargetPriceImport)
        book = _book(request, portfolio_id)
        text, again = given["csv_content"], given["update_existing"]
        try:
            done = import_targets(book, user_of(request), text, update_existing=again)
        except CsvUnreadable as error:
            raise Unprocessable([issue(("body", "csv_content"), error.message, value=text)]) from error
        return Response(
            {
                "created": done.created,
                "updated": done.updated,
                "errors": done.errors,
                "total": done.created + done.updated,
            }
        )


class ExportTargetPricesView(APIView):
    @extend_schema(
        operation_id="exportTargetPrices",
        tags=TAGS,
        summary="Export targets as CSV text inside JSON, or as a JSON array",
        request=forms.TargetPriceExportRequest,
        responses={
            200: PolymorphicProxySerializer(
                component_name="TargetPriceExport",
                serializers=[forms.TargetPriceExportCsv, forms.TargetPriceExportRow(many=True)],
                resource_type_field_name=None,
                many=False,
            ),
            **REFUSALS,
        },
    )
    def post(self, request: Request, portfolio_id: str) -> Response:
        asked = body(request, forms.TargetPriceExportRequest)
        targets = targets_of(_book(request, portfolio_id).pk)
        if asked["format"].lower() == "json":
            return Response([{name: getattr(target, name) for name in EXPORTED} for target in targets])
        return Response({"csv": export_targets(targets, include_metadata=asked["include_metadata"])})


def _name(item: Any) -> str:
    symbol = item.get("symbol") if isinstance(item, Mapping) else None
    return symbol[:40] if isinstance(symbol, str) and symbol else "?"


def _causes(errors: Any) -> str:
    """The faults of one item as text, field by field."""
    if isinstance(errors, Mapping):
        parts = ((field, " ".join(str(text) for text in texts)) for field, texts in errors.items())
        return "; ".join(text if field == "non_field_errors" else f"{field}: {text}" for field, text in parts)
    return str(errors)
