"""Queries and answers about how holdings move together."""

from __future__ import annotations

from rest_framework import serializers

from analytics.api.serializers.quality import AggregateAnswer, DataQuality, UnavailableMetadata
from analytics.api.serializers.selection import PortfolioIdsQuery
from analytics.services.correlations import FEW_DATA, FEW_SYMBOLS, LOOKBACK, MAX_SYMBOLS, MIN_OVERLAP, NO_CALCULATION
from sigmasight.core.api.forms import Form


def _lookback() -> serializers.IntegerField:
    return serializers.IntegerField(min_value=30, max_value=365, default=LOOKBACK, help_text="window in sessions")


def _coefficient() -> serializers.FloatField:
    return serializers.FloatField(min_value=-1, max_value=1)


def _matrix() -> serializers.DictField:
    return serializers.DictField(
        child=serializers.DictField(child=_coefficient()),
        help_text="symbol -> symbol -> coefficient, the diagonal 1; the largest holding first",
    )


def _mean() -> serializers.FloatField:
    return serializers.FloatField(help_text="mean size of the coefficients of all holdings, also those cut off")


class WindowQuery(Form):
    lookback_days = _lookback()
    min_overlap = serializers.IntegerField(
        min_value=10, max_value=365, default=MIN_OVERLAP, help_text="fewest sessions a pair shares"
    )


class MatrixQuery(WindowQuery):
    max_symbols = serializers.IntegerField(min_value=2, max_value=50, default=MAX_SYMBOLS, help_text="largest holdings")


class AggregateMatrixQuery(PortfolioIdsQuery):
    lookback_days = _lookback()
    max_symbols = serializers.IntegerField(min_value=2, max_value=50, required=False, help_text="largest holdings")
    max_positions = serializers.IntegerField(
        min_value=2, max_value=50, required=False, help_text="another name of max_symbols"
    )


class CorrelationData(Form):
    matrix = _matrix()
    average_correlation = _mean()


class CorrelationMetadata(Form):
    calculation_date = serializers.DateTimeField(required=False, help_text="close of the last session of the window")
    duration_days = serializers.IntegerField(required=False)
    symbols_included = serializers.IntegerField(required=False)
    positions_included = serializers.IntegerField(required=False, help_text="the same as symbols_included")
    lookback_days = serializers.IntegerField(required=False)
    min_overlap = serializers.IntegerField(required=False)
    max_symbols = serializers.IntegerField(required=False)
    selection_method = serializers.CharField(required=False, help_text="always weight")
    symbols_left_out = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="large holdings with too short a history for some pair"
    )
    reason = serializers.ChoiceField((NO_CALCULATION, FEW_DATA, FEW_SYMBOLS), required=False)
    message = serializers.CharField(required=False)
    requested_lookback_days = serializers.IntegerField(required=False)
    symbols_found = serializers.IntegerField(required=False)


class CorrelationMatrix(Form):
    available = serializers.BooleanField()
    data = CorrelationData(allow_null=True)  # type: ignore[assignment]
    data_quality = DataQuality(allow_null=True)
    metadata = CorrelationMetadata()


class DiversificationMetadata(Form):
    lookback_days = serializers.IntegerField()
    min_overlap = serializers.IntegerField()
    selection_method = serializers.CharField(help_text="always full_calculation_set")
    calculation_id = serializers.UUIDField(required=False)
    reason = serializers.ChoiceField((NO_CALCULATION, FEW_SYMBOLS), required=False)


class DiversificationScore(Form):
    available = serializers.BooleanField()
    portfolio_id = serializers.UUIDField()
    portfolio_correlation = serializers.FloatField(
        allow_null=True, min_value=0, max_value=1, help_text="0 moves independently, 1 moves as one"
    )
    diversification_score = serializers.FloatField(
        allow_null=True,
        help_text="100 x (1 - portfolio_correlation): below 25 concentrated, above 75 highly diversified",
    )
    duration_days = serializers.IntegerField(allow_null=True)
    calculation_date = serializers.DateField(allow_null=True)
    symbols_included = serializers.IntegerField(allow_null=True)
    metadata = DiversificationMetadata()


class AggregateCorrelationData(Form):
    matrix = _matrix()
    symbols = serializers.ListField(child=serializers.CharField())
    average_correlation = _mean()


class AggregateCorrelationMetadata(UnavailableMetadata):
    calculation_date = serializers.DateTimeField(required=False)
    symbols_requested = serializers.IntegerField(required=False)
    symbols_included = serializers.IntegerField(required=False)
    symbols_left_out = serializers.ListField(child=serializers.CharField(), required=False)
    lookback_days = serializers.IntegerField(required=False)


class PairQuality(Form):
    total_pairs = serializers.IntegerField()
    valid_pairs = serializers.IntegerField(help_text="with enough common sessions")
    coverage_percent = serializers.FloatField()


class AggregateCorrelationMatrix(AggregateAnswer):
    data = AggregateCorrelationData(required=False)  # type: ignore[assignment]
    net_asset_value = serializers.FloatField(required=False)
    total_value = serializers.FloatField(required=False)
    metadata = AggregateCorrelationMetadata(required=False)
    symbols = serializers.ListField(child=serializers.CharField(), required=False)
    correlation_matrix = serializers.ListField(
        child=serializers.ListField(child=_coefficient()), required=False, help_text="rows in the order of symbols"
    )
    average_correlation = serializers.FloatField(required=False)
    total_positions_analyzed = serializers.IntegerField(required=False, help_text="holdings, also those cut off")
    calculation_date = serializers.DateTimeField(required=False)
    data_quality = PairQuality(required=False)
