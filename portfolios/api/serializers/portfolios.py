"""Forms and answers of /portfolios and /data/portfolios."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from portfolios.api.serializers.amounts import AmountField
from portfolios.models import AccountType
from sigmasight.core.api.forms import Form

LONGEST_DESCRIPTION = 1000
CURRENCY = r"^[A-Za-z]{3}$"


class AccountTypeField(serializers.ChoiceField):
    """One of the account types, in any letter case."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=AccountType.choices, **kwargs)

    def to_internal_value(self, data: Any) -> Any:
        return super().to_internal_value(data.strip().lower() if isinstance(data, str) else data)


class PortfolioCreate(Form):
    name = serializers.CharField(max_length=255)
    account_name = serializers.CharField(
        max_length=100, help_text="once per person, deleted accounts included; case matters"
    )
    account_type = AccountTypeField(default=AccountType.TAXABLE)
    description = serializers.CharField(
        required=False, allow_null=True, allow_blank=True, max_length=LONGEST_DESCRIPTION
    )
    currency = serializers.RegexField(CURRENCY, default="USD", help_text="three letters")
    equity_balance = AmountField(required=False, allow_null=True, min_value=0, help_text="opening equity, dollars")
    is_active = serializers.BooleanField(default=True)


class PortfolioUpdate(Form):
    """What is left out stays as it is. Null clears the description, says nothing of the equity and is refused elsewhere."""

    name = serializers.CharField(required=False, allow_null=True, max_length=255)
    account_name = serializers.CharField(required=False, allow_null=True, max_length=100)
    account_type = AccountTypeField(required=False, allow_null=True)
    description = serializers.CharField(
        required=False, allow_null=True, allow_blank=True, max_length=LONGEST_DESCRIPTION
    )
    currency = serializers.RegexField(CURRENCY, required=False, allow_null=True)
    equity_balance = AmountField(
        required=False,
        allow_null=True,
        min_value=0,
        help_text="dollars; the difference to the published equity is booked as a contribution or withdrawal of today",
    )
    is_active = serializers.BooleanField(required=False, allow_null=True)


class PortfolioListQuery(Form):
    include_inactive = serializers.BooleanField(default=False, help_text="inactive and deleted ones too")


class Portfolio(Form):
    id = serializers.UUIDField()
    user_id = serializers.UUIDField()
    name = serializers.CharField()
    account_name = serializers.CharField()
    account_type = serializers.CharField()
    description = serializers.CharField(allow_null=True)
    currency = serializers.CharField()
    equity_balance = serializers.FloatField(
        help_text="dollars; newest published equity, before the first computed session the opening equity"
    )
    is_active = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    deleted_at = serializers.DateTimeField(allow_null=True)
    position_count = serializers.IntegerField(help_text="open lots")
    net_asset_value = serializers.FloatField(help_text="dollars; the same as equity_balance")
    total_value = serializers.FloatField(help_text="the same as net_asset_value")


class PortfolioList(Form):
    portfolios = Portfolio(many=True)
    total_count = serializers.IntegerField()
    active_count = serializers.IntegerField()
    net_asset_value = serializers.FloatField(help_text="dollars, over active portfolios")
    total_value = serializers.FloatField(help_text="the same as net_asset_value")


class PortfolioDelete(Form):
    success = serializers.BooleanField()
    message = serializers.CharField()
    portfolio_id = serializers.UUIDField()
    deleted_at = serializers.DateTimeField()


class DataPortfolio(Form):
    id = serializers.UUIDField()
    name = serializers.CharField()
    account_name = serializers.CharField()
    account_type = serializers.CharField()
    description = serializers.CharField(allow_null=True)
    is_active = serializers.BooleanField()
    net_asset_value = serializers.FloatField(help_text="dollars; the same as equity_balance")
    total_value = serializers.FloatField(help_text="the same as net_asset_value")
    equity_balance = serializers.FloatField(
        help_text="dollars; newest published equity, before the first computed session the opening equity"
    )
    total_market_value = serializers.FloatField(help_text="dollars, open lots, shorts negative")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    position_count = serializers.IntegerField(help_text="open lots")
