"""Company profiles by symbol, lot or portfolio."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from marketdata.api.serializers import profiles as forms
from marketdata.api.symbols import symbols_of
from marketdata.services.profiles import PROFILE_FIELDS, company_profiles
from portfolios.api.callers import user_of
from portfolios.models import User
from portfolios.services.access import owned_portfolio, owned_positions
from portfolios.services.holdings import held_symbols
from sigmasight.core import clock
from sigmasight.core.api.parameters import query
from sigmasight.core.api.schema import ErrorDetail, ValidationError
from sigmasight.core.errors import DomainError

SELECTORS = ("symbols", "position_ids", "portfolio_id")
MOST_SYMBOLS = 500


class CompanyProfilesView(APIView):
    @extend_schema(
        operation_id="dataCompanyProfiles",
        tags=["Data"],
        summary="Company profiles by symbols, lots or portfolio",
        description="Exactly one of symbols, position_ids and portfolio_id must be given.",
        parameters=[forms.CompanyProfilesQuery],
        responses={
            200: forms.CompanyProfiles, 400: ErrorDetail, 401: ErrorDetail, 404: ErrorDetail, 422: ValidationError,
        },
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        asked = query(request, forms.CompanyProfilesQuery)
        if sum(name in asked for name in SELECTORS) != 1:
            raise DomainError("one_selector", "Give exactly one of symbols, position_ids and portfolio_id.")
        fields = _fields(asked.get("fields"))
        symbols, about = _selected(user_of(request), asked)
        columns = fields or PROFILE_FIELDS
        profiles = company_profiles(set(symbols), [*dict.fromkeys([*columns, "last_updated"])])
        # Not the time of asking: an answer that says the same is then not sent again.
        newest = max((profile["last_updated"] for profile in profiles), default=None)
        if "last_updated" not in columns:
            profiles = [{name: profile[name] for name in columns} for profile in profiles]
        known = {profile["symbol"] for profile in profiles}
        meta = {
            "requested_symbols": symbols,
            "returned_profiles": len(profiles),
            "missing_profiles": [symbol for symbol in dict.fromkeys(symbols) if symbol not in known],
            "as_of": newest or clock.now(),
            **about,
        }
        return Response({"profiles": profiles, "meta": meta | ({"fields_requested": fields} if fields else {})})


def _fields(text: str | None) -> list[str]:
    """The columns named, symbol first if it is not among them; none for all.

    Raises
    ------
    DomainError for an unknown name.
    """
    names = list(dict.fromkeys(name.strip() for name in (text or "").split(",") if name.strip()))
    unknown = [name for name in names if name not in PROFILE_FIELDS]
    if unknown:
        raise DomainError("unknown_field", f"No such field: {', '.join(unknown)}. Known: {', '.join(PROFILE_FIELDS)}.")
    return names if not names or "symbol" in names else ["symbol", *names]


def _selected(user: User, asked: dict[str, Any]) -> tuple[list[str], dict[str, Any]]:
    """The symbols asked for, and what the answer says about the question."""
    if "symbols" in asked:
        symbols = [symbol for symbol in symbols_of(asked["symbols"], MOST_SYMBOLS) if symbol]
        return symbols, {"query_type": "symbols"}
    if "portfolio_id" in asked:
        book = owned_portfolio(user, asked["portfolio_id"])
        return held_symbols(book.pk), {"query_type": "portfolio", "portfolio_id": book.pk}
    ids = _position_ids(asked["position_ids"])
    by_id = {lot.pk: lot.symbol for lot in owned_positions(user, ids)}
    return [by_id[one] for one in ids], {
        "query_type": "positions",
        "position_ids": ids,
        "position_symbol_map": {str(one): by_id[one] for one in ids},
    }


def _position_ids(text: str) -> list[UUID]:
    """
    Raises
    ------
    DomainError if one of the pieces is no UUID.
    """
    try:
        return [UUID(piece.strip()) for piece in text.split(",") if piece.strip()]
    except ValueError as error:
        raise DomainError(
            "bad_position_id", "Invalid position ID format: position_ids are UUIDs with commas."
        ) from error
