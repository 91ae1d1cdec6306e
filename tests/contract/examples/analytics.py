"""Example calls of analytics."""

from __future__ import annotations

from tests.contract.examples.calls import Call, Example, aggregate, of_portfolio, plain

EXAMPLES: dict[str, tuple[Example, ...]] = {
    # -- analytics of a portfolio
    "getPortfolioOverview": (of_portfolio(),),
    "getCorrelationMatrix": (of_portfolio(), of_portfolio(lookback_days=60, min_overlap=30, max_symbols=5)),
    "getDiversificationScore": (of_portfolio(),),
    "getPortfolioFactorExposures": (of_portfolio(use_latest_successful="true"), of_portfolio()),
    "listPositionFactorExposures": (
        of_portfolio(),
        lambda who: Call({"portfolio_id": who.portfolio}, {"symbols": who.symbol, "limit": 5}),
    ),
    "getStressTest": (of_portfolio(), of_portfolio(scenarios="market_down_10,rates_up_100bp")),
    "getRiskMetrics": (of_portfolio(),),
    "getSectorExposure": (of_portfolio(),),
    "getConcentration": (of_portfolio(),),
    "getVolatility": (of_portfolio(),),
    "getBetaComparison": (of_portfolio(),),
    "getMarketBeta": (of_portfolio(),),
    "getBetaCalculated90d": (of_portfolio(),),
    "getBetaProvider1y": (of_portfolio(),),
    "getRisk": (of_portfolio(), of_portfolio(backtest_method="filtered", increments="true")),
    "getPerformance": (of_portfolio(), of_portfolio(sessions=21)),
    "getReverseStress": (of_portfolio(),),
    "getReplays": (of_portfolio(),),
    "getDiversification": (of_portfolio(),),
    "whatIf": (
        of_portfolio({"trades": [{"symbol": "SPY", "quantity": -100}, {"symbol": "xom", "quantity": 12.5}]}),
    ),
    "explainMetric": (
        of_portfolio(metric="var_95_1d"), of_portfolio(metric="net_asset_value"), of_portfolio(metric="factor_exposure", of="Momentum"),
        of_portfolio(metric="factor_covariance", of="Market / Rates"),
    ),
    "updatePortfolioEquity": (of_portfolio({"equity_balance": 600000}),),
    "triggerPortfolioCalculations": (of_portfolio(),),
    "getPortfolioBatchStatus": (lambda who: Call({"portfolio_id": who.portfolio, "batch_run_id": who.run}),),
    "getSpreadFactors": (of_portfolio(),),
    "getSpreadFactorsDocumentedPath": (of_portfolio(),),
    # -- analytics of several portfolios
    "getAggregateOverview": (plain(), aggregate),
    "getAggregateBreakdown": (plain(), aggregate),
    "getAggregateBeta": (plain(), aggregate),
    "getAggregateVolatility": (plain(), aggregate),
    "getAggregateFactorExposures": (plain(), aggregate),
    "getAggregateSectorExposure": (plain(), aggregate),
    "getAggregateConcentration": (plain(), aggregate),
    "getAggregateCorrelationMatrix": (plain(max_positions=25), aggregate),
    "getAggregateStressTest": (plain(), aggregate),
    "getAggregateOverviewDocumentedPath": (plain(), aggregate),
    "getAggregateBreakdownDocumentedPath": (plain(), aggregate),
    "getAggregateBetaDocumentedPath": (plain(), aggregate),
    "getAggregateVolatilityDocumentedPath": (plain(), aggregate),
    "getAggregateFactorExposuresDocumentedPath": (plain(), aggregate),
}  # fmt: skip
