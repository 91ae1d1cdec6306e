"""Forms and answers of /positions."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from portfolios.api.serializers.amounts import AmountField, above_zero
from portfolios.models import InvestmentClass, PositionType
from portfolios.services.valued_lots import ValuedLot
from sigmasight.core.api.forms import Form, not_after_today

LONGEST_SYMBOL = 20
LONGEST_SUBTYPE = 30
# Brokers pad OCC symbols with spaces.
SYMBOL = r"^[A-Za-z0-9][A-Za-z0-9._ -]*$"
CLASSES = ", ".join(InvestmentClass.values)


def _text(longest: int | None = None) -> serializers.CharField:
    return serializers.CharField(required=False, allow_null=True, allow_blank=True, max_length=longest)


class LotForm(Form):
    """A lot. Its type says the side: the sign of the quantity does not matter."""

    symbol = serializers.RegexField(
        SYMBOL, max_length=LONGEST_SYMBOL, help_text="of an option: its underlying, or its OCC symbol"
    )
    quantity = AmountField(help_text="shares or contracts, not 0, four decimals; stored negative for shorts")
    avg_cost = AmountField(validators=[above_zero], help_text="entry price, dollars per share")
    position_type = serializers.ChoiceField(PositionType.choices)
    investment_class = serializers.CharField(max_length=20, help_text=f"{CLASSES}")
    investment_subtype = _text(LONGEST_SUBTYPE)
    entry_date = serializers.DateField(required=False, allow_null=True, help_text="by default today in New York")
    notes = _text()
    underlying_symbol = _text(LONGEST_SYMBOL)
    strike_price = AmountField(required=False, allow_null=True)
    expiration_date = serializers.DateField(required=False, allow_null=True)


class PositionCreate(LotForm):
    portfolio_id = serializers.UUIDField(required=False, help_text="here or in the query")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        # Not required of the body alone: the query, which is read with it, may hold it.
        if "portfolio_id" not in attrs:
            raise serializers.ValidationError({"portfolio_id": ["This field is required."]}, code="required")
        return attrs


class PositionBulkCreate(Form):
    portfolio_id = serializers.UUIDField()
    positions = serializers.ListField(child=LotForm(), min_length=1)


class PositionUpdate(Form):
    """What is null or left out stays as it is. With `exit_price` the lot is closed, wholly or in part."""

    quantity = AmountField(
        required=False, allow_null=True, help_text="what is held today; with exit_price what is to remain"
    )
    avg_cost = AmountField(required=False, allow_null=True, validators=[above_zero])
    entry_price = AmountField(required=False, allow_null=True, validators=[above_zero], help_text="wins over avg_cost")
    position_type = serializers.ChoiceField(
        PositionType.choices, required=False, allow_null=True, help_text="the other side of the same instrument"
    )
    entry_date = serializers.DateField(required=False, allow_null=True)
    notes = _text()
    symbol = serializers.RegexField(
        SYMBOL, required=False, allow_null=True, max_length=LONGEST_SYMBOL, help_text="with allow_symbol_edit"
    )
    allow_symbol_edit = serializers.BooleanField(
        default=False, help_text="here or in the query; the symbol may change for five minutes after the entry"
    )
    exit_price = AmountField(
        required=False, allow_null=True, min_value=0, help_text="closes the lot; 0 for a worthless option"
    )
    exit_date = serializers.DateField(
        required=False, allow_null=True, validators=[not_after_today], help_text="by default today in New York"
    )
    close_quantity = AmountField(
        required=False, allow_null=True, help_text="what is closed, unsigned; by default all that is not to remain"
    )


class PositionDeletion(Form):
    force_hard_delete = serializers.BooleanField(
        default=False, help_text="leave nothing of a lot younger than five minutes; an older one is deleted as usual"
    )


class PositionBulkDelete(Form):
    position_ids = serializers.ListField(child=serializers.UUIDField(), min_length=1)
    force_hard_delete = serializers.BooleanField(default=False, help_text="without effect")


class Position(Form):
    id = serializers.UUIDField()
    portfolio_id = serializers.UUIDField()
    symbol = serializers.CharField()
    quantity = serializers.FloatField(help_text="shares or contracts, shorts negative")
    entry_price = serializers.FloatField(help_text="dollars per share, in the shares of today")
    avg_cost = serializers.FloatField(help_text="the same as entry_price")
    entry_date = serializers.DateField()
    position_type = serializers.ChoiceField(PositionType.choices)
    investment_class = serializers.CharField()
    investment_subtype = serializers.CharField(allow_null=True)
    notes = serializers.CharField(allow_null=True)
    underlying_symbol = serializers.CharField(allow_null=True)
    strike_price = serializers.FloatField(allow_null=True)
    expiration_date = serializers.DateField(allow_null=True)
    last_price = serializers.FloatField(allow_null=True, help_text="null: never priced, the values are at entry price")
    market_value = serializers.FloatField(help_text="dollars at the portfolio's newest computed session")
    unrealized_pnl = serializers.FloatField(help_text="dollars")
    realized_pnl = serializers.FloatField(help_text="dollars, over all closings")
    exit_price = serializers.FloatField(allow_null=True, help_text="once nothing is left")
    exit_date = serializers.DateField(allow_null=True, help_text="once nothing is left")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    deleted_at = serializers.DateTimeField(allow_null=True)


class PositionBulkCreated(Form):
    success = serializers.BooleanField()
    count = serializers.IntegerField()
    positions = Position(many=True, help_text="in the order of the request")


class PositionDeleted(Form):
    deleted = serializers.BooleanField()
    position_id = serializers.UUIDField()
    symbol = serializers.CharField()
    type = serializers.ChoiceField(["soft_delete", "hard_delete"])
    deleted_at = serializers.DateTimeField(allow_null=True)
    reason = serializers.CharField(allow_null=True)


class PositionBulkDeleted(Form):
    deleted = serializers.BooleanField()
    count = serializers.IntegerField()
    positions = serializers.ListField(child=serializers.CharField(), help_text="symbols")


class PositionUndone(Form):
    success = serializers.BooleanField()
    position_id = serializers.UUIDField()
    symbol = serializers.CharField()
    permanently_deleted = serializers.BooleanField()
    message = serializers.CharField()


class SymbolQuery(Form):
    symbol = serializers.CharField(allow_blank=True, max_length=100)


class SymbolCheck(Form):
    valid = serializers.BooleanField()
    is_valid = serializers.BooleanField(help_text="the same as valid")  # type: ignore[assignment]
    symbol = serializers.CharField(help_text="in its one spelling")
    message = serializers.CharField()


def position_row(lot: ValuedLot) -> dict[str, Any]:
    """The JSON form of a lot."""
    entry_price = round(lot.entry_price, 4)
    return {
        "id": lot.position_id,
        "portfolio_id": lot.portfolio_id,
        "symbol": lot.symbol,
        "quantity": lot.quantity,
        "entry_price": entry_price,
        "avg_cost": entry_price,
        "entry_date": lot.entry_date,
        "position_type": lot.position_type,
        "investment_class": lot.investment_class,
        "investment_subtype": lot.investment_subtype or None,
        "notes": lot.notes or None,
        "underlying_symbol": lot.underlying,
        "strike_price": lot.strike,
        "expiration_date": lot.expiration,
        "last_price": None if lot.price_source == "entry" else lot.price,
        "market_value": lot.market_value,
        "unrealized_pnl": lot.unrealized_pnl,
        "realized_pnl": lot.realized_pnl,
        "exit_price": None if lot.exit_price is None else round(lot.exit_price, 4),
        "exit_date": lot.exit_date,
        "created_at": lot.created_at,
        "updated_at": lot.updated_at,
        "deleted_at": None,
    }
