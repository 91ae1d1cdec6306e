"""Forms and answers of /target-prices."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from portfolios.models import PositionType
from portfolios.services.amounts import LARGEST_PRICE
from portfolios.services.target_book import PRICE_STEP
from portfolios.services.target_prices import LONGEST_SYMBOL, SYMBOL
from sigmasight.core.api.forms import Form

MOST_AT_ONCE = 5_000
SIDES = "LONG, SHORT, LC, LP, SC or SP"


class _Symbol(serializers.RegexField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(f"^{SYMBOL}$", max_length=LONGEST_SYMBOL, **kwargs)


def _target(text: str = "dollars per share; null for none") -> serializers.DecimalField:
    return serializers.DecimalField(
        max_digits=None, decimal_places=None, min_value=0, max_value=LARGEST_PRICE - PRICE_STEP, required=False,
        allow_null=True, help_text=text,
    )  # fmt: skip


def _current_price(**rules: Any) -> serializers.DecimalField:
    return serializers.DecimalField(
        max_digits=None, decimal_places=None, min_value=PRICE_STEP, max_value=LARGEST_PRICE - PRICE_STEP, **rules
    )


def _price(text: str = "dollars per share") -> serializers.DecimalField:
    return serializers.DecimalField(max_digits=14, decimal_places=4, allow_null=True, help_text=text)


def _percent(text: str = "percent") -> serializers.DecimalField:
    return serializers.DecimalField(max_digits=10, decimal_places=4, allow_null=True, help_text=text)


def _dollars(text: str) -> serializers.DecimalField:
    return serializers.DecimalField(max_digits=16, decimal_places=2, allow_null=True, help_text=text)


class TargetPriceListQuery(Form):
    symbol = serializers.CharField(required=False, help_text="in any case")
    position_type = serializers.CharField(required=False, help_text=f"{SIDES}; other words match nothing")


class TargetPriceCreate(Form):
    symbol = _Symbol(help_text="stored in upper case, classes of shares with a hyphen")
    position_type = serializers.ChoiceField(
        choices=PositionType.choices, required=False, allow_null=True, allow_blank=True,
        help_text="left out: the side on which the symbol is held, else LONG",
    )  # fmt: skip
    target_price_eoy = _target("at the end of the year, dollars per share")
    target_price_next_year = _target()
    downside_target_price = _target()
    current_price = _current_price(help_text="taken where the market has no price of the last sessions")
    position_id = serializers.UUIDField(
        required=False, allow_null=True, help_text="a lot of the portfolio; left out: found by symbol and type"
    )


class TargetPriceUpdate(Form):
    """Only keys that are there are written; null clears a target."""

    target_price_eoy = _target()
    target_price_next_year = _target()
    downside_target_price = _target()
    current_price = _current_price(required=False)


class TargetPrice(Form):
    id = serializers.UUIDField()
    portfolio_id = serializers.UUIDField()
    position_id = serializers.UUIDField(allow_null=True)
    symbol = serializers.CharField()
    position_type = serializers.ChoiceField(choices=PositionType.choices)
    target_price_eoy = _price()
    target_price_next_year = _price()
    downside_target_price = _price()
    current_price = serializers.DecimalField(max_digits=14, decimal_places=4, help_text="the price settled on")
    expected_return_eoy = _percent("percent; positive is the holder's gain")
    expected_return_next_year = _percent()
    downside_return = _percent()
    target_upside_eoy_value = _dollars("dollars the holding gains until the target; null if it is not held")
    target_upside_next_year_value = _dollars("dollars")
    target_downside_value = _dollars("dollars, normally negative")
    position_weight = _percent("percent of equity, by the nightly run; null before it")
    contribution_to_portfolio_return = serializers.DecimalField(
        max_digits=12, decimal_places=6, allow_null=True, help_text="FRACTION of equity, by the nightly run"
    )
    contribution_to_portfolio_risk = serializers.DecimalField(
        max_digits=12, decimal_places=6, allow_null=True, help_text="fraction, by the nightly run"
    )
    price_updated_at = serializers.DateTimeField(allow_null=True)
    created_by = serializers.UUIDField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class TargetPriceSummary(Form):
    portfolio_id = serializers.UUIDField()
    portfolio_name = serializers.CharField()
    total_positions = serializers.IntegerField(help_text="open lots")
    positions_with_targets = serializers.IntegerField(help_text="those of them whose symbol and side have a target")
    coverage_percentage = serializers.DecimalField(max_digits=7, decimal_places=4)
    weighted_expected_return_eoy = _percent("percent, by market value of what is held and has the target")
    weighted_expected_return_next_year = _percent()
    weighted_downside_return = _percent()
    target_upside_eoy_dollars = _dollars("dollars of all holdings with a target")
    target_upside_next_year_dollars = _dollars("dollars")
    target_downside_dollars = _dollars("dollars")
    expected_sharpe_ratio = _percent("return beyond 4 % against half the distance to the downside")
    expected_sortino_ratio = _percent("return beyond 4 % against the downside")
    target_prices = TargetPrice(many=True)
    last_updated = serializers.DateTimeField(help_text="when a target was last written")


class TargetPriceDeleteResult(Form):
    deleted = serializers.IntegerField(help_text="1, or 0 if it was gone already")
    errors = serializers.ListField(child=serializers.CharField())  # type: ignore[assignment]


class TargetPriceBulkCreate(Form):
    target_prices = serializers.ListField(child=TargetPriceCreate(), max_length=MOST_AT_ONCE)


class TargetPriceChange(TargetPriceUpdate):
    """One item of many; `null` for current_price means that it stays."""

    symbol = _Symbol()
    position_type = serializers.ChoiceField(
        choices=PositionType.choices,
        required=False,
        allow_null=True,
        allow_blank=True,
        help_text="left out: the one there is",
    )
    current_price = _current_price(required=False, allow_null=True)


class TargetPriceBulkUpdate(Form):
    updates = serializers.ListField(child=TargetPriceChange(), max_length=MOST_AT_ONCE)


class TargetPriceBulkUpdateItems(Form):
    """The same with items of any form: what is wrong with one is told beside what became of the others."""

    updates = serializers.ListField(child=serializers.JSONField(), max_length=MOST_AT_ONCE)


class TargetPriceBulkUpdateResult(Form):
    updated = serializers.IntegerField()
    errors = serializers.ListField(child=serializers.CharField())  # type: ignore[assignment]


class TargetPriceImport(Form):
    csv_content = serializers.CharField(
        trim_whitespace=False,
        help_text="columns symbol, position_type, target_eoy, target_next_year, downside, current_price",
    )
    update_existing = serializers.BooleanField(default=False)


class TargetPriceImportResult(Form):
    created = serializers.IntegerField()
    updated = serializers.IntegerField()
    errors = serializers.ListField(child=serializers.CharField())  # type: ignore[assignment]
    total = serializers.IntegerField(help_text="created and updated")


class TargetPriceExportRequest(Form):
    format = serializers.CharField(default="csv", help_text="json; any other word gives CSV")
    include_metadata = serializers.BooleanField(default=False, help_text="adds created_at and updated_at to the CSV")


class TargetPriceExportCsv(Form):
    csv = serializers.CharField()


class TargetPriceExportRow(Form):
    symbol = serializers.CharField()
    position_type = serializers.ChoiceField(choices=PositionType.choices)
    target_price_eoy = _price()
    target_price_next_year = _price()
    downside_target_price = _price()
    current_price = serializers.DecimalField(max_digits=14, decimal_places=4)
    expected_return_eoy = _percent()
    expected_return_next_year = _percent()
    downside_return = _percent()
