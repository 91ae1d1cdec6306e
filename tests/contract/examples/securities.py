"""Example calls of prices, profiles, fundamentals and search."""

from __future__ import annotations

from tests.contract.examples.calls import Call, Example, of_portfolio, of_symbol, plain

# What the frontend reads of a profile.
PROFILE_FIELDS = (
    "company_name,sector,industry,market_cap,beta,target_mean_price,current_year_earnings_avg,next_year_earnings_avg,"
    "current_year_revenue_avg,next_year_revenue_avg"
)

EXAMPLES: dict[str, tuple[Example, ...]] = {
    # -- data
    "dataPortfolios": (plain(),),
    "dataPortfolioComplete": (
        of_portfolio(),
        of_portfolio(include_timeseries="true", include_attrib="true", include_holdings="false"),
    ),
    "dataPortfolioSnapshot": (of_portfolio(),),
    "dataPortfolioDataQuality": (of_portfolio(),),
    "dataPositionsDetails": (
        lambda who: Call(query={"portfolio_id": who.portfolio}),
        lambda who: Call(query={"position_ids": who.position}),
    ),
    "dataPositionsTop": (of_portfolio(limit=5), of_portfolio(sort_by="weight")),
    "dataRestoreSectorTags": (lambda who: Call(query={"portfolio_id": who.portfolio}),),
    "dataPricesHistorical": (of_portfolio(), of_portfolio(lookback_days=30, include_factor_etfs="false")),
    "dataPricesBenchmark": (
        lambda who: Call({"symbol": "SPY"}, {"lookback_days": 400}),
        lambda who: Call({"symbol": "NOSUCH"}),
    ),
    "dataPricesQuotes": (plain(symbols="AAPL,MSFT,NOSUCH"),),
    "dataFactorEtfPrices": (plain(), plain(factors="Value,Growth")),
    "dataTestDemo": (plain(),),
    "dataDemo": (lambda who: Call({"portfolio_type": "high-net-worth"}),),
    "dataCompanyProfiles": (
        lambda who: Call(query={"portfolio_id": who.portfolio}),
        plain(symbols="AAPL,msft,NOSUCH"),
        lambda who: Call(query={"position_ids": who.position}),
        plain(symbols="AAPL", fields=PROFILE_FIELDS),
    ),
    # -- fundamentals, search
    "incomeStatement": (of_symbol(periods=4, frequency="a"), of_symbol()),
    "balanceSheet": (of_symbol(periods=4, frequency="a"), of_symbol()),
    "cashFlow": (of_symbol(periods=4, frequency="a"), of_symbol()),
    "analystEstimates": (of_symbol(),),
    "equitySearch": (
        plain(period="ttm", sort_by="market_cap", sort_order="desc", limit=50, offset=0),
        plain(query="app", sectors="Technology", period="last_year", sort_by="revenue"),
        plain(period="forward", sort_by="factor_momentum", sort_order="asc", limit=3, offset=3),
        plain(period="last_quarter", sort_by="symbol", min_pe_ratio=5, max_pe_ratio=40),
    ),
    "equitySearchFilters": (plain(),),
}  # fmt: skip
