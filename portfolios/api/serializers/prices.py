"""Form and answer of a portfolio's price history."""

from __future__ import annotations

from rest_framework import serializers

from marketdata.api.serializers.prices import LookbackQuery, OhlcvSeries
from sigmasight.core.api.forms import Form


class HistoricalPricesQuery(LookbackQuery):
    include_factor_etfs = serializers.BooleanField(
        default=True, help_text="add the funds of the style factors: SPY, VTV, VUG, MTUM, QUAL, IWM, USMV"
    )


class HistoricalMetadata(Form):
    lookback_days = serializers.IntegerField()
    start_date = serializers.DateField()
    end_date = serializers.DateField(help_text="the session whose results the portfolio shows")
    trading_days_included = serializers.IntegerField(help_text="bars of the longest series")


class HistoricalPrices(Form):
    metadata = HistoricalMetadata()
    symbols = serializers.DictField(
        child=OhlcvSeries(),
        help_text="by symbol; what has no bars in the range is left out: private holdings, option contracts",
    )
