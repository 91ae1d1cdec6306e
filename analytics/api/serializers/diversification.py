"""Answer of diversification: independent bets, clusters, and the market beta in its variants."""

from __future__ import annotations

from rest_framework import serializers

from sigmasight.core.api.forms import Form, maybe_number


class Spread(Form):
    observations = serializers.IntegerField(help_text="sessions")
    volatility = serializers.FloatField(help_text="dollars a session")
    diversification_ratio = serializers.FloatField(help_text="volatilities of the holdings alone over the book's")
    effective_bets = serializers.FloatField(
        help_text="independent directions of equal variance that would be as spread"
    )
    bets = serializers.ListField(
        child=serializers.FloatField(), help_text="parts of the variance of the largest independent directions"
    )
    shrinkage = serializers.FloatField(help_text="Ledoit and Wolf's: 0 the sample's covariance, 1 equal correlations")
    coverage = serializers.FloatField(help_text="share of the delta dollars that is in it")
    left_out = serializers.ListField(child=serializers.CharField(), help_text="symbols with fewer than 60 returns")


class ClusterMember(Form):
    symbol = serializers.CharField()
    value = serializers.FloatField()
    correlation_to_cluster = serializers.FloatField()


class Cluster(Form):
    cluster_number = serializers.IntegerField()
    nickname = serializers.CharField()
    avg_correlation = serializers.FloatField()
    total_value = serializers.FloatField()
    portfolio_percentage = serializers.FloatField(help_text="a fraction of what is correlated")
    members = ClusterMember(many=True)


class Betas(Form):
    ols_90d = maybe_number()
    vasicek = maybe_number()
    blume = maybe_number()
    dimson = maybe_number()
    ols_252d = maybe_number()


class SymbolBeta(Form):
    symbol = serializers.CharField()
    weight = serializers.FloatField(help_text="delta dollars over equity")
    betas = Betas()
    std_error = maybe_number()
    newey_west_std_error = maybe_number()
    dimson_std_error = maybe_number()
    observations = serializers.IntegerField(allow_null=True)


class BetaVariants(Form):
    betas = Betas()
    direct = maybe_number(help_text="of the book's own series, the check of ols_90d")
    coverage = maybe_number(help_text="share of the delta dollars with a beta")
    symbols = SymbolBeta(many=True)
    reason = serializers.CharField(allow_null=True)


class Diversification(Form):
    window_from = serializers.DateField(allow_null=True)
    spread = Spread(allow_null=True)
    reason = serializers.CharField(allow_null=True, help_text="why there is no spread")
    effective_positions = maybe_number(help_text="of the night: 1 / (w' C w)")
    effective_positions_equal_weight = maybe_number()
    cluster_sessions = serializers.IntegerField(help_text="window of clusters and effective positions")
    clusters = Cluster(many=True)
    beta_variants = BetaVariants()


class RiskSpreadMetadata(Form):
    error = serializers.CharField(required=False)
    reason = serializers.CharField(required=False, allow_null=True)


class DiversificationResponse(Form):
    available = serializers.BooleanField()
    portfolio_id = serializers.UUIDField()
    calculation_date = serializers.DateField(allow_null=True)
    data = Diversification(allow_null=True)  # type: ignore[assignment]
    metadata = RiskSpreadMetadata()
