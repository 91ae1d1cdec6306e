"""Forms and answers of /portfolios/{id}/equity-changes."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from portfolios.models import EquityChangeType
from portfolios.services.amounts import CENT, LARGEST_MONEY
from sigmasight.core.api.forms import Form, not_after_today

LONGEST_NOTE = 500
LAST_PAGE = 1_000_000_000


def _amount(**rules: Any) -> serializers.DecimalField:
    return serializers.DecimalField(
        max_digits=None, decimal_places=None, min_value=CENT, max_value=LARGEST_MONEY - CENT, **rules
    )


def _dollars(text: str = "dollars") -> serializers.DecimalField:
    return serializers.DecimalField(max_digits=16, decimal_places=2, help_text=text)


class ChangePeriod(Form):
    start_date = serializers.DateField(required=False, help_text="first change_date to include")
    end_date = serializers.DateField(required=False, help_text="last change_date to include")


class ChangeListQuery(ChangePeriod):
    page = serializers.IntegerField(default=1, min_value=1, max_value=LAST_PAGE)
    page_size = serializers.IntegerField(default=25, min_value=1, max_value=100)
    include_deleted = serializers.BooleanField(default=False)


class ChangeExportQuery(ChangePeriod):
    format = serializers.ChoiceField(choices=["csv", "CSV"], default="csv")


class ChangeQuery(Form):
    include_deleted = serializers.BooleanField(default=False)


class EquityChangeCreate(Form):
    change_type = serializers.ChoiceField(choices=EquityChangeType.choices)
    amount = _amount(help_text="dollars above 0, a number or its text; rounded to cents")
    change_date = serializers.DateField(validators=[not_after_today], help_text="today in New York or earlier")
    notes = serializers.CharField(required=False, allow_null=True, allow_blank=True, max_length=LONGEST_NOTE)


class EquityChangeUpdate(Form):
    """What is null or left out stays; an empty note clears it. The type cannot change."""

    amount = _amount(required=False, allow_null=True)
    change_date = serializers.DateField(required=False, allow_null=True, validators=[not_after_today])
    notes = serializers.CharField(required=False, allow_null=True, allow_blank=True, max_length=LONGEST_NOTE)


class EquityChange(Form):
    id = serializers.UUIDField()
    portfolio_id = serializers.UUIDField()
    change_type = serializers.ChoiceField(choices=EquityChangeType.choices)
    amount = _dollars("dollars, always positive")
    change_date = serializers.DateField()
    notes = serializers.CharField(allow_null=True)
    created_by_user_id = serializers.UUIDField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    deleted_at = serializers.DateTimeField(allow_null=True)
    editable_until = serializers.DateTimeField(help_text="created_at plus 7 days")
    deletable_until = serializers.DateTimeField(help_text="created_at plus 30 days")
    is_deleted = serializers.BooleanField()


class EquityChangeList(Form):
    items = EquityChange(many=True)
    page = serializers.IntegerField()
    page_size = serializers.IntegerField()
    total_items = serializers.IntegerField()
    total_pages = serializers.IntegerField(help_text="0 when there is nothing")


class EquityPeriod(Form):
    contributions = _dollars()
    withdrawals = _dollars("dollars, positive")
    net_flow = _dollars("contributions less withdrawals")


class EquityPeriods(Form):
    def get_fields(self) -> dict[str, Any]:
        return {"30d": EquityPeriod(), "90d": EquityPeriod()}


class EquityChangeSummary(Form):
    portfolio_id = serializers.UUIDField()
    total_contributions = _dollars()
    total_withdrawals = _dollars("dollars, positive")
    net_flow = _dollars("contributions less withdrawals")
    last_change = EquityChange(allow_null=True, help_text="by change_date, then created_at")
    periods = EquityPeriods(help_text="the last 30 and 90 days up to today, whatever the dates asked for")


class EquityChangeDeleted(Form):
    id = serializers.UUIDField()
    deleted = serializers.BooleanField(help_text="always true")
    deleted_at = serializers.DateTimeField()


class EquityRefusal(Form):
    code = serializers.CharField(help_text="EQUITY_001 ... EQUITY_009")
    message = serializers.CharField()


class EquityError(Form):
    """Why a change was refused."""

    detail = EquityRefusal()
