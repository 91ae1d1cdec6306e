"""Lots: entered, corrected, closed, deleted; symbols before they are entered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from marketdata.services.symbol_check import check_symbol
from portfolios.api.callers import user_of
from portfolios.api.serializers import positions as forms
from portfolios.services.access import owned_position
from portfolios.services.corrections import edit_position
from portfolios.services.deletions import delete_position, delete_positions, undo_position
from portfolios.services.new_lots import NewLot
from portfolios.services.positions import enter_positions
from portfolios.services.valued_lots import valued_lots_with_ids
from sigmasight.core.api.idempotency import idempotent
from sigmasight.core.api.parameters import body, uuid_of
from sigmasight.core.api.schema import ErrorDetail, ValidationError

LOT = {
    "symbol": "MSFT", "quantity": 10, "avg_cost": 410.5, "position_type": "LONG", "investment_class": "PUBLIC",
    "entry_date": "2025-11-18", "notes": "first lot",
}  # fmt: skip
BOOK = "1d8ddd95-3b45-0ac5-35bf-cf81af94a5fe"
PORTFOLIO_ID = OpenApiParameter(
    "portfolio_id", OpenApiTypes.UUID, OpenApiParameter.QUERY, description="Here or in the body.", required=False
)
ALLOW_SYMBOL_EDIT = OpenApiParameter(
    "allow_symbol_edit", OpenApiTypes.BOOL, OpenApiParameter.QUERY, description="Here or in the body.", required=False
)


def _new_lot(given: Mapping[str, Any]) -> NewLot:
    return NewLot(
        symbol=given["symbol"],
        quantity=given["quantity"],
        entry_price=given["avg_cost"],
        position_type=given["position_type"],
        investment_class=given["investment_class"],
        entry_date=given.get("entry_date"),
        investment_subtype=given.get("investment_subtype") or "",
        underlying_symbol=given.get("underlying_symbol") or "",
        strike_price=given.get("strike_price"),
        expiration_date=given.get("expiration_date"),
        notes=given.get("notes") or "",
    )


def _rows(position_ids: Sequence[UUID]) -> list[dict[str, Any]]:
    lots = {lot.position_id: lot for lot in valued_lots_with_ids(position_ids)}
    return [forms.position_row(lots[position_id]) for position_id in position_ids]


class PositionsView(APIView):
    @extend_schema(
        operation_id="createPosition",
        tags=["Positions"],
        summary="Add one lot",
        description="Several lots of one symbol are normal. The type decides the sign of the quantity.",
        parameters=[PORTFOLIO_ID],
        request=forms.PositionCreate,
        responses={
            201: forms.Position, 400: ErrorDetail, 401: ErrorDetail, 404: ErrorDetail, 422: ValidationError,
        },
        examples=[OpenApiExample("a lot", value={"portfolio_id": BOOK, **LOT}, request_only=True)],
    )  # fmt: skip
    @idempotent
    def post(self, request: Request) -> Response:
        given = body(request, forms.PositionCreate)
        [lot] = enter_positions(user_of(request), given["portfolio_id"], [_new_lot(given)])
        return Response(_rows([lot.pk])[0], status=201)


class PositionBulkView(APIView):
    @extend_schema(
        operation_id="bulkCreatePositions",
        tags=["Positions"],
        summary="Add several lots, all or none",
        request=forms.PositionBulkCreate,
        responses={
            201: forms.PositionBulkCreated, 400: ErrorDetail, 401: ErrorDetail, 404: ErrorDetail, 422: ValidationError,
        },
        examples=[OpenApiExample("a lot", value={"portfolio_id": BOOK, "positions": [LOT]}, request_only=True)],
    )  # fmt: skip
    @idempotent
    def post(self, request: Request) -> Response:
        given = body(request, forms.PositionBulkCreate)
        lots = enter_positions(user_of(request), given["portfolio_id"], [_new_lot(lot) for lot in given["positions"]])
        return Response({"success": True, "count": len(lots), "positions": _rows([lot.pk for lot in lots])}, status=201)

    @extend_schema(
        operation_id="bulkDeletePositions",
        tags=["Positions"],
        summary="Delete several lots, all or none",
        request=forms.PositionBulkDelete,
        responses={
            200: forms.PositionBulkDeleted, 400: ErrorDetail, 401: ErrorDetail, 404: ErrorDetail, 422: ValidationError,
        },
    )  # fmt: skip
    def delete(self, request: Request) -> Response:
        given = body(request, forms.PositionBulkDelete)
        deletions = delete_positions(user_of(request), given["position_ids"])
        symbols = [deletion.symbol for deletion in deletions]
        return Response({"deleted": True, "count": len(deletions), "positions": symbols})


class PositionView(APIView):
    @extend_schema(
        operation_id="getPosition",
        tags=["Positions"],
        summary="One lot",
        responses={200: forms.Position, 401: ErrorDetail, 404: ErrorDetail, 422: ValidationError},
    )
    def get(self, request: Request, position_id: str) -> Response:
        lot = owned_position(user_of(request), uuid_of(position_id, "position_id"))
        return Response(_rows([lot.pk])[0])

    @extend_schema(
        operation_id="updatePosition",
        tags=["Positions"],
        summary="Correct a lot, or close it wholly or in part",
        description=(
            "A new quantity, price, type or date puts right what was entered; the history is computed again from the entry "
            "date. With exit_price the lot is closed: close_quantity of it, else what quantity does not leave, else all."
        ),
        parameters=[ALLOW_SYMBOL_EDIT],
        request=forms.PositionUpdate,
        responses={200: forms.Position, 400: ErrorDetail, 401: ErrorDetail, 404: ErrorDetail, 422: ValidationError},
        examples=[
            OpenApiExample("a correction", value={"quantity": 12, "avg_cost": 408.25}, request_only=True),
            OpenApiExample(
                "a sale", value={"exit_price": 450, "close_quantity": 4, "quantity": 6}, request_only=True
            ),
        ],
    )  # fmt: skip
    def put(self, request: Request, position_id: str) -> Response:
        user, wanted = user_of(request), uuid_of(position_id, "position_id")
        given = dict(body(request, forms.PositionUpdate))
        avg_cost = given.pop("avg_cost", None)
        if given.get("entry_price") is None:
            given["entry_price"] = avg_cost
        edit_position(user, wanted, **given)
        return Response(_rows([wanted])[0])

    @extend_schema(
        operation_id="deletePosition",
        tags=["Positions"],
        summary="Delete a lot, or undo a fresh entry",
        parameters=[forms.PositionDeletion],
        request=None,
        responses={
            200: forms.PositionDeleted, 400: ErrorDetail, 401: ErrorDetail, 404: ErrorDetail, 422: ValidationError,
        },
    )  # fmt: skip
    def delete(self, request: Request, position_id: str) -> Response:
        lot = owned_position(user_of(request), uuid_of(position_id, "position_id"))
        deletion = delete_position(lot.pk, hard=body(request, forms.PositionDeletion)["force_hard_delete"])
        hard = deletion.deleted_at is None
        return Response(
            {
                "deleted": True,
                "position_id": deletion.position_id,
                "symbol": deletion.symbol,
                "type": "hard_delete" if hard else "soft_delete",
                "deleted_at": deletion.deleted_at,
                "reason": "Entered less than five minutes ago" if hard else None,
            }
        )


class UndoPositionView(APIView):
    @extend_schema(
        operation_id="hardDeletePositionClient",
        tags=["Positions"],
        summary="Undo an entry within five minutes",
        request=None,
        responses={
            200: forms.PositionUndone, 400: ErrorDetail, 401: ErrorDetail, 404: ErrorDetail, 422: ValidationError,
        },
    )  # fmt: skip
    def delete(self, request: Request, position_id: str) -> Response:
        lot = owned_position(user_of(request), uuid_of(position_id, "position_id"))
        deletion = undo_position(lot.pk)
        return Response(
            {
                "success": True,
                "position_id": deletion.position_id,
                "symbol": deletion.symbol,
                "permanently_deleted": True,
                "message": f"{deletion.symbol} was removed for good",
            }
        )


def _check(symbol: str) -> Response:
    found = check_symbol(symbol)
    return Response({"valid": found.valid, "is_valid": found.valid, "symbol": found.symbol, "message": found.message})


class ValidateSymbolView(APIView):
    @extend_schema(
        operation_id="validateSymbol",
        tags=["Positions"],
        summary="Check a symbol",
        parameters=[forms.SymbolQuery],
        request=None,
        responses={200: forms.SymbolCheck, 401: ErrorDetail, 422: ValidationError},
    )
    def post(self, request: Request) -> Response:
        return _check(body(request, forms.SymbolQuery)["symbol"])


class ValidateSymbolPathView(APIView):
    @extend_schema(
        operation_id="validateSymbolGet",
        tags=["Positions"],
        summary="Check a symbol",
        responses={200: forms.SymbolCheck, 401: ErrorDetail},
    )
    def get(self, request: Request, symbol: str) -> Response:
        return _check(symbol)
