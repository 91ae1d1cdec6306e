"""Form and answer of company profiles."""

from __future__ import annotations

from rest_framework import serializers

from marketdata.api.serializers.fundamentals import form_of
from marketdata.models import CompanyProfile as Stored
from marketdata.services.profiles import PROFILE_FIELDS
from sigmasight.core.api.forms import Form

OWN_NAMES = {"symbol": "", "data_source": "source", "last_updated": "fetched_at"}


class _Profile(Form):
    symbol = serializers.CharField()


CompanyProfile = type(
    "CompanyProfile",
    (_Profile, form_of("_Columns", Stored, [name for name in PROFILE_FIELDS if name not in OWN_NAMES])),
    {
        "__doc__": "With a `fields` filter only symbol and the fields asked for. Growth, margins and yields are fractions.",
        "data_source": serializers.CharField(help_text="e.g. simulated"),
        "last_updated": serializers.DateTimeField(),
    },
)


class CompanyProfilesQuery(Form):
    symbols = serializers.CharField(
        required=False, allow_blank=True, max_length=20_000, help_text="comma-separated; exactly one of the three"
    )
    position_ids = serializers.CharField(
        required=False, allow_blank=True, max_length=40_000, help_text="comma-separated; exactly one of the three"
    )
    portfolio_id = serializers.UUIDField(required=False, help_text="exactly one of the three")
    fields = serializers.CharField(  # type: ignore[assignment]
        required=False, allow_blank=True, max_length=5000, help_text="comma-separated names; left out: all"
    )


class CompanyProfilesMeta(Form):
    query_type = serializers.ChoiceField(choices=["symbols", "positions", "portfolio"])
    requested_symbols = serializers.ListField(child=serializers.CharField(), help_text="one for each symbol or lot")
    returned_profiles = serializers.IntegerField()
    missing_profiles = serializers.ListField(child=serializers.CharField())
    as_of = serializers.DateTimeField(help_text="time of the answer")
    position_ids = serializers.ListField(
        child=serializers.UUIDField(), required=False, help_text="where asked by positions"
    )
    position_symbol_map = serializers.DictField(
        child=serializers.CharField(), required=False, help_text="where asked by positions"
    )
    portfolio_id = serializers.UUIDField(required=False, help_text="where asked by portfolio")
    fields_requested = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="where fields were named"
    )


class CompanyProfiles(Form):
    profiles = CompanyProfile(many=True, help_text="by symbol")
    meta = CompanyProfilesMeta()
