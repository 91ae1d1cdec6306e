"""Forms and answers of price endpoints, and bars as they are sent."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from marketdata.services.series import PriceSeries
from sigmasight.core.api.forms import Form

LONGEST_LOOKBACK = 3660
MOST_SYMBOLS = 100
ISO = "iso"


class LookbackQuery(Form):
    lookback_days = serializers.IntegerField(
        default=150, min_value=1, max_value=LONGEST_LOOKBACK, help_text="calendar days back from the last date"
    )
    date_format = serializers.CharField(
        default=ISO, max_length=20, help_text="iso: YYYY-MM-DD; anything else: epoch seconds of midnight UTC"
    )


class BenchmarkQuery(LookbackQuery):
    lookback_days = serializers.IntegerField(
        default=400, min_value=1, max_value=LONGEST_LOOKBACK, help_text="calendar days back from the last date"
    )


class QuotesQuery(Form):
    symbols = serializers.CharField(max_length=MOST_SYMBOLS * 33, help_text=f"comma-separated, at most {MOST_SYMBOLS}")
    include_options = serializers.BooleanField(default=False, help_text="answer OCC option symbols as well")


@extend_schema_field({"anyOf": [{"type": "string", "format": "date"}, {"type": "integer"}]})
class DateOrEpoch(serializers.Field[Any, Any, Any, Any]):
    """YYYY-MM-DD, or epoch seconds."""


class Bars(Form):
    """Parallel arrays, ascending. Prices and volumes are split-adjusted: they count in the shares of the last date. They
    are not adjusted for dividends. A missing open, high or low is the close, a missing volume 0."""

    dates = serializers.ListField(child=DateOrEpoch())
    open = serializers.ListField(child=serializers.FloatField(), help_text="dollars per share, split-adjusted")
    high = serializers.ListField(child=serializers.FloatField(), help_text="dollars per share, split-adjusted")
    low = serializers.ListField(child=serializers.FloatField(), help_text="dollars per share, split-adjusted")
    close = serializers.ListField(child=serializers.FloatField(), help_text="dollars per share, split-adjusted")
    volume = serializers.ListField(child=serializers.IntegerField(), help_text="shares, split-adjusted")


class OhlcvSeries(Bars):
    adjusted_close = serializers.ListField(child=serializers.FloatField(), help_text="the same as close")
    data_points = serializers.IntegerField()
    source = serializers.CharField(  # type: ignore[assignment]
        help_text="where the newest bar came from, e.g. simulated"
    )


class BenchmarkMetadata(Form):
    lookback_days = serializers.IntegerField()
    start_date = serializers.DateField()
    end_date = serializers.DateField(help_text="the newest day of which there are prices")
    trading_days_found = serializers.IntegerField()
    first_date = serializers.DateField(allow_null=True)
    last_date = serializers.DateField(allow_null=True)
    source = serializers.CharField(  # type: ignore[assignment]
        allow_null=True, help_text="where the newest bar came from, e.g. simulated"
    )


class BenchmarkPrices(Form):
    symbol = serializers.CharField()
    available = serializers.BooleanField()
    message = serializers.CharField(allow_null=True, help_text="why there is nothing, else null")
    metadata = BenchmarkMetadata()
    data = Bars(allow_null=True)  # type: ignore[assignment]


class Quote(Form):
    """The end of the newest session: there is no trading here, and no live price."""

    symbol = serializers.CharField()
    last_price = serializers.FloatField(help_text="close of the newest session, as traded")
    bid = serializers.FloatField(help_text="of an option its quote where known, else last_price less a cent")
    ask = serializers.FloatField(help_text="of an option its quote where known, else last_price and a cent")
    bid_size = serializers.IntegerField(help_text="always 100")
    ask_size = serializers.IntegerField(help_text="always 100")
    volume = serializers.IntegerField()
    day_change = serializers.FloatField(
        allow_null=True, help_text="against the session before, in today's shares; null without one"
    )
    day_change_percent = serializers.FloatField(allow_null=True, help_text="percent")
    day_high = serializers.FloatField()
    day_low = serializers.FloatField()
    timestamp = serializers.DateTimeField(help_text="close of the session")
    source = serializers.CharField(  # type: ignore[assignment]
        help_text="where the price came from, e.g. simulated"
    )


class QuotesMetadata(Form):
    requested_symbols = serializers.ListField(child=serializers.CharField())
    successful_quotes = serializers.IntegerField()
    failed_quotes = serializers.IntegerField()
    timestamp = serializers.DateTimeField(help_text="time of the answer")


class Quotes(Form):
    quotes = Quote(many=True, help_text="in the order asked for; unknown symbols are left out, repeated ones repeat")
    metadata = QuotesMetadata()


def bars(series: PriceSeries, date_format: str = ISO) -> dict[str, Any]:
    """The arrays of a series as they are sent; NumPy's own go to the renderer as they are."""
    if date_format == ISO:
        days: list[Any] = series.days.astype(str).tolist()
    else:
        days = series.days.astype("datetime64[s]").astype("int64").tolist()
    return {
        "dates": days,
        "open": series.open,
        "high": series.high,
        "low": series.low,
        "close": series.close,
        "volume": series.volume,
    }
