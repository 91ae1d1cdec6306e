"""An example call of every operation, with the ids of a demo account."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from tests.contract.holdings import Holdings

PASSWORD = "demo12345"
STAFF_EMAIL = "demo_admin@sigmasight.com"
CSV = b"""Symbol,Quantity,Entry Price Per Share,Entry Date,Investment Class,Investment Subtype
AAPL,100,205.17,2025-06-30,PUBLIC,STOCK
XOM,-50,107.80,2025-06-30,PUBLIC,STOCK
"""
# What the frontend reads of a profile.
PROFILE_FIELDS = (
    "company_name,sector,industry,market_cap,beta,target_mean_price,current_year_earnings_avg,next_year_earnings_avg,"
    "current_year_revenue_avg,next_year_revenue_avg"
)
TARGETS_CSV = """symbol,position_type,target_eoy,target_next_year,downside,current_price
AAPL,LONG,300,340,200,250
"""


@dataclass(frozen=True)
class Call:
    """One request: values of the path, the query and the body. `form` is sent as multipart instead of `body`."""

    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    form: Callable[[], dict[str, Any]] | None = None


Example = Callable[[Holdings], Call]


def _of_portfolio(body: Any = None, **query: Any) -> Example:
    return lambda who: Call({"portfolio_id": who.portfolio}, query, body)


def _of_symbol(**query: Any) -> Example:
    return lambda who: Call({"symbol": "AAPL"}, query)


def _plain(body: Any = None, **query: Any) -> Example:
    return lambda who: Call({}, query, body)


def _aggregate(who: Holdings) -> Call:
    return Call(query={"portfolio_ids": [who.portfolio]})


def _lot(symbol: str = "MSFT") -> dict[str, Any]:
    return {
        "symbol": symbol,
        "quantity": 10,
        "avg_cost": 410.5,
        "position_type": "LONG",
        "investment_class": "PUBLIC",
        "entry_date": "2025-11-18",
        "notes": "a first lot",
    }


def _csv_form() -> dict[str, Any]:
    return {
        "portfolio_name": "Imported book",
        "account_name": "Imported account",
        "account_type": "taxable",
        "equity_balance": "250000",
        "csv_file": SimpleUploadedFile("positions.csv", CSV, content_type="text/csv"),
    }


EXAMPLES: dict[str, tuple[Example, ...]] = {
    # -- authentication
    "login": (lambda who: Call(body={"email": f"{who.account}@sigmasight.com", "password": PASSWORD}),),
    "register": (_plain({"email": "ada@example.com", "password": "Lovelace-1843", "full_name": "Ada Lovelace"}),),
    "me": (_plain(),),
    "refresh": (_plain(),),
    "logout": (_plain(),),
    # -- data
    "dataPortfolios": (_plain(),),
    "dataPortfolioComplete": (
        _of_portfolio(),
        _of_portfolio(include_timeseries="true", include_attrib="true", include_holdings="false"),
    ),
    "dataPortfolioSnapshot": (_of_portfolio(),),
    "dataPortfolioDataQuality": (_of_portfolio(),),
    "dataPositionsDetails": (
        lambda who: Call(query={"portfolio_id": who.portfolio}),
        lambda who: Call(query={"position_ids": who.position}),
    ),
    "dataPositionsTop": (_of_portfolio(limit=5), _of_portfolio(sort_by="weight")),
    "dataRestoreSectorTags": (lambda who: Call(query={"portfolio_id": who.portfolio}),),
    "dataPricesHistorical": (_of_portfolio(), _of_portfolio(lookback_days=30, include_factor_etfs="false")),
    "dataPricesBenchmark": (
        lambda who: Call({"symbol": "SPY"}, {"lookback_days": 400}),
        lambda who: Call({"symbol": "NOSUCH"}),
    ),
    "dataPricesQuotes": (_plain(symbols="AAPL,MSFT,NOSUCH"),),
    "dataFactorEtfPrices": (_plain(), _plain(factors="Value,Growth")),
    "dataTestDemo": (_plain(),),
    "dataDemo": (lambda who: Call({"portfolio_type": "high-net-worth"}),),
    "dataCompanyProfiles": (
        lambda who: Call(query={"portfolio_id": who.portfolio}),
        _plain(symbols="AAPL,msft,NOSUCH"),
        lambda who: Call(query={"position_ids": who.position}),
        _plain(symbols="AAPL", fields=PROFILE_FIELDS),
    ),
    # -- portfolios
    "createPortfolio": (
        _plain({"name": "Retirement", "account_name": "My IRA", "account_type": "ira", "equity_balance": 125000.5}),
        _plain({"name": "Text", "account_name": "Decimals as text", "equity_balance": "1000.25"}),
    ),
    "listPortfolios": (_plain(), _plain(include_inactive="true")),
    "getPortfolio": (_of_portfolio(),),
    "updatePortfolio": (_of_portfolio({"name": "Renamed", "description": "for the children"}),),
    "deletePortfolio": (lambda who: Call({"portfolio_id": who.spare_portfolio}),),
    "calculatePortfolio": (_of_portfolio(),),
    "portfolioBatchStatus": (lambda who: Call({"portfolio_id": who.portfolio, "batch_run_id": who.run}),),
    # -- positions
    "createPosition": (
        lambda who: Call(query={"portfolio_id": who.portfolio}, body=_lot()),
        lambda who: Call(body={"portfolio_id": who.portfolio, **_lot(), "position_type": "SHORT"}),
    ),
    "bulkCreatePositions": (
        lambda who: Call(body={"portfolio_id": who.portfolio, "positions": [_lot("MSFT"), _lot("AAPL")]}),
    ),
    "bulkDeletePositions": (lambda who: Call(body={"position_ids": [who.position]}),),
    "getPosition": (lambda who: Call({"position_id": who.position}),),
    "updatePosition": (
        lambda who: Call({"position_id": who.fresh_position}, body={"quantity": 12, "avg_cost": 51.25}),
        lambda who: Call(
            {"position_id": who.fresh_position},
            body={"exit_price": 62.5, "exit_date": "2025-11-19", "close_quantity": 4, "quantity": 6},
        ),
    ),
    "deletePosition": (
        lambda who: Call({"position_id": who.position}),
        lambda who: Call({"position_id": who.fresh_position}, {"force_hard_delete": "true"}),
    ),
    "validateSymbol": (_plain(symbol="AAPL"),),
    "validateSymbolGet": (_of_symbol(), lambda who: Call({"symbol": "HOME_EQUITY"})),
    "checkDuplicate": (lambda who: Call(query={"portfolio_id": who.portfolio, "symbol": who.symbol}),),
    "tagsForSymbol": (lambda who: Call(query={"portfolio_id": who.portfolio, "symbol": who.symbol}),),
    "hardDeletePositionClient": (lambda who: Call({"position_id": who.fresh_position}),),
    # -- tags on positions
    "listPositionTags": (lambda who: Call({"position_id": who.position}),),
    "assignTagsToPosition": (
        lambda who: Call({"position_id": who.fresh_position}, body={"tag_ids": [who.tag], "replace_existing": False}),
    ),
    "replacePositionTags": (lambda who: Call({"position_id": who.position}, body={"tag_ids": [who.tag]}),),
    "removeTagsFromPosition": (lambda who: Call({"position_id": who.position}, {"tag_ids": [who.tag]}),),
    "removeTagsFromPositionPost": (lambda who: Call({"position_id": who.position}, body={"tag_ids": [who.tag]}),),
    "listPositionTagsDocumented": (
        _plain(),
        lambda who: Call(query={"position_id": who.position}),
        lambda who: Call(query={"tag_id": who.tag}),
    ),
    "createPositionTagDocumented": (
        lambda who: Call(body={"position_id": who.fresh_position, "tag_id": who.tag}),
    ),
    "deletePositionTagDocumented": (lambda who: Call({"position_tag_id": who.link}),),
    "bulkCreatePositionTagsDocumented": (
        lambda who: Call(body={"position_ids": [who.position, who.fresh_position], "tag_ids": [who.tag]}),
    ),
    "bulkDeletePositionTagsDocumented": (
        lambda who: Call(body={"position_ids": [who.position], "tag_ids": [who.tag]}),
    ),
    # -- onboarding
    "onboardingRegister": (
        _plain(
            {
                "email": "grace@example.com",
                "password": "Hopper-1952",
                "full_name": "Grace Hopper",
                "invite_code": "SIGMASIGHT-DEMO",
            }
        ),
    ),
    "onboardingCreatePortfolio": (lambda who: Call(form=_csv_form),),
    "onboardingCsvTemplate": (_plain(),),
    "onboardingStatus": (_of_portfolio(),),
    "onboardingStatusLogs": (_of_portfolio(), _of_portfolio(format="json")),
    # -- fundamentals, search
    "incomeStatement": (_of_symbol(periods=4, frequency="a"), _of_symbol()),
    "balanceSheet": (_of_symbol(periods=4, frequency="a"), _of_symbol()),
    "cashFlow": (_of_symbol(periods=4, frequency="a"), _of_symbol()),
    "analystEstimates": (_of_symbol(),),
    "equitySearch": (
        _plain(period="ttm", sort_by="market_cap", sort_order="desc", limit=50, offset=0),
        _plain(query="app", sectors="Technology", period="last_year", sort_by="revenue"),
        _plain(period="forward", sort_by="factor_momentum", sort_order="asc", limit=3, offset=3),
        _plain(period="last_quarter", sort_by="symbol", min_pe_ratio=5, max_pe_ratio=40),
    ),
    "equitySearchFilters": (_plain(),),
    # -- the server itself
    "root": (_plain(),),
    "health": (_plain(),),
    "healthPrerequisites": (_plain(),),
    "debugRoutes": (_plain(),),
    "healthLive": (_plain(),),
    "healthReady": (_plain(),),
    "healthStatus": (_plain(),),
    # -- analytics of a portfolio
    "getPortfolioOverview": (_of_portfolio(),),
    "getCorrelationMatrix": (_of_portfolio(), _of_portfolio(lookback_days=60, min_overlap=30, max_symbols=5)),
    "getDiversificationScore": (_of_portfolio(),),
    "getPortfolioFactorExposures": (_of_portfolio(use_latest_successful="true"), _of_portfolio()),
    "listPositionFactorExposures": (
        _of_portfolio(),
        lambda who: Call({"portfolio_id": who.portfolio}, {"symbols": who.symbol, "limit": 5}),
    ),
    "getStressTest": (_of_portfolio(), _of_portfolio(scenarios="market_down_10,rates_up_100bp")),
    "getRiskMetrics": (_of_portfolio(),),
    "getSectorExposure": (_of_portfolio(),),
    "getConcentration": (_of_portfolio(),),
    "getVolatility": (_of_portfolio(),),
    "getBetaComparison": (_of_portfolio(),),
    "getMarketBeta": (_of_portfolio(),),
    "getBetaCalculated90d": (_of_portfolio(),),
    "getBetaProvider1y": (_of_portfolio(),),
    "getRisk": (_of_portfolio(), _of_portfolio(backtest_method="filtered")),
    "getPerformance": (_of_portfolio(), _of_portfolio(sessions=21)),
    "whatIf": (
        _of_portfolio({"trades": [{"symbol": "SPY", "quantity": -100}, {"symbol": "xom", "quantity": 12.5}]}),
    ),
    "explainMetric": (_of_portfolio(metric="var_95_1d"), _of_portfolio(metric="net_asset_value")),
    "updatePortfolioEquity": (_of_portfolio({"equity_balance": 600000}),),
    "triggerPortfolioCalculations": (_of_portfolio(),),
    "getPortfolioBatchStatus": (lambda who: Call({"portfolio_id": who.portfolio, "batch_run_id": who.run}),),
    "getSpreadFactors": (_of_portfolio(),),
    "getSpreadFactorsDocumentedPath": (_of_portfolio(),),
    # -- analytics of several portfolios
    "getAggregateOverview": (_plain(), _aggregate),
    "getAggregateBreakdown": (_plain(), _aggregate),
    "getAggregateBeta": (_plain(), _aggregate),
    "getAggregateVolatility": (_plain(), _aggregate),
    "getAggregateFactorExposures": (_plain(), _aggregate),
    "getAggregateSectorExposure": (_plain(), _aggregate),
    "getAggregateConcentration": (_plain(), _aggregate),
    "getAggregateCorrelationMatrix": (_plain(max_positions=25), _aggregate),
    "getAggregateStressTest": (_plain(), _aggregate),
    "getAggregateOverviewDocumentedPath": (_plain(), _aggregate),
    "getAggregateBreakdownDocumentedPath": (_plain(), _aggregate),
    "getAggregateBetaDocumentedPath": (_plain(), _aggregate),
    "getAggregateVolatilityDocumentedPath": (_plain(), _aggregate),
    "getAggregateFactorExposuresDocumentedPath": (_plain(), _aggregate),
    # -- target prices
    "listTargetPrices": (_of_portfolio(), _of_portfolio(symbol="AAPL", position_type="LONG")),
    "createTargetPrice": (
        _of_portfolio(
            {
                "symbol": "NFLX",
                "position_type": "SHORT",
                "target_price_eoy": 90,
                "target_price_next_year": 80,
                "downside_target_price": 120,
                "current_price": 110,
            }
        ),
        lambda who: Call(
            {"portfolio_id": who.portfolio},
            body={"symbol": "ZM", "position_type": "LONG", "target_price_eoy": 99, "current_price": 80,
                  "position_id": who.fresh_position},
        ),
    ),
    "getTargetPriceSummary": (_of_portfolio(),),
    "getTargetPrice": (lambda who: Call({"target_price_id": who.target}),),
    "updateTargetPrice": (lambda who: Call({"target_price_id": who.target}, body={"target_price_eoy": 321.5}),),
    "deleteTargetPrice": (lambda who: Call({"target_price_id": who.target}),),
    "bulkCreateTargetPrices": (
        _of_portfolio({"target_prices": [{"symbol": "ZM", "target_price_eoy": 99, "current_price": 80}]}),
    ),
    "bulkUpdateTargetPrices": (
        _of_portfolio(
            {
                "updates": [
                    {"symbol": "AAPL", "position_type": "LONG", "target_price_eoy": 310},
                    {"symbol": "NOSUCH", "position_type": "LONG", "target_price_eoy": 1},
                ]
            }
        ),
    ),
    "importTargetPricesCsv": (
        _of_portfolio({"csv_content": TARGETS_CSV, "update_existing": True}),
        _of_portfolio({"csv_content": TARGETS_CSV}),
    ),
    "exportTargetPrices": (_of_portfolio({"format": "csv"}), _of_portfolio({"format": "json"})),
    # -- tags
    "listTags": (_plain(include_archived="false"), _plain(include_archived="true", include_usage_stats="false")),
    "createTag": (_plain({"name": "watch", "color": "#aa3300", "description": "to look at"}),),
    "createDefaultTags": (_plain(),),
    "getTag": (
        lambda who: Call({"tag_id": who.tag}),
        lambda who: Call({"tag_id": who.tag}, {"include_positions": "true"}),
    ),
    "updateTag": (lambda who: Call({"tag_id": who.tag}, body={"name": "renamed", "color": "#00ff00"}),),
    "archiveTag": (lambda who: Call({"tag_id": who.tag}, body={}),),
    "restoreTag": (lambda who: Call({"tag_id": who.old_tag}, body={}),),
    "listPositionsByTag": (
        lambda who: Call({"tag_id": who.tag}),
        lambda who: Call({"tag_id": who.tag}, {"portfolio_id": who.portfolio}),
    ),
    # -- equity changes
    "listEquityChanges": (_of_portfolio(page=1, page_size=10), _of_portfolio(start_date="2025-11-01", include_deleted="true")),
    "createEquityChange": (
        _of_portfolio({"change_type": "CONTRIBUTION", "amount": 1500.5, "change_date": "2025-11-20", "notes": "bonus"}),
        _of_portfolio({"change_type": "WITHDRAWAL", "amount": "99.95", "change_date": "2025-11-19"}),
    ),
    "getEquityChangeSummary": (_of_portfolio(), _of_portfolio(start_date="2025-01-01", end_date="2025-12-31")),
    "exportEquityChanges": (_of_portfolio(format="csv"),),
    "getEquityChange": (
        lambda who: Call({"portfolio_id": who.portfolio, "equity_change_id": who.equity_change}),
    ),
    "updateEquityChange": (
        lambda who: Call({"portfolio_id": who.portfolio, "equity_change_id": who.equity_change}, body={"amount": 2600, "notes": "more"}),
    ),
    "deleteEquityChange": (
        lambda who: Call({"portfolio_id": who.portfolio, "equity_change_id": who.equity_change}),
    ),
    # -- the assistant's part that the frontend needs at login
    "chat_create_conversation": (
        _plain({"title": "Chat", "mode": "green"}),
        lambda who: Call(body={"mode": "green", "portfolio_id": who.portfolio}),
        lambda who: Call(body={"mode": "blue", "portfolio_ids": [who.portfolio], "page_hint": "home", "route": "/home"}),
    ),
    "chat_list_conversations": (_plain(), lambda who: Call(query={"limit": 1, "offset": 0})),
    "chat_get_conversation": (lambda who: Call({"conversation_id": who.conversation}),),
    "chat_list_messages": (
        lambda who: Call({"conversation_id": who.conversation}),
        lambda who: Call({"conversation_id": who.conversation}, query={"limit": 1}),
    ),
    "chat_change_mode": (lambda who: Call({"conversation_id": who.conversation}, body={"mode": "violet"}),),
    "chat_change_mode_patch": (lambda who: Call({"conversation_id": who.conversation}, body={"mode": "indigo"}),),
    "chat_delete_conversation": (lambda who: Call({"conversation_id": who.conversation}),),
    # The command is answered without a model; streams have tests of their own.
    "chat_send": (lambda who: Call(body={"conversation_id": who.conversation, "text": "/mode blue"}),),
    "chat_put_feedback": (
        lambda who: Call({"message_id": who.message}, body={"rating": "up"}),
        lambda who: Call({"message_id": who.message}, body={"rating": "down", "edited_text": "Shorter.", "comment": None}),
    ),
    "chat_get_feedback": (
        lambda who: Call({"message_id": who.rated}),
        lambda who: Call({"message_id": who.message}),
    ),
    "chat_delete_feedback": (lambda who: Call({"message_id": who.rated}),),
    **{
        name: (_plain(), lambda who: Call(query={"days": 7}))
        for name in ("ai_metrics", "ai_latency", "ai_tokens", "ai_errors", "ai_tools", "ai_models", "kb_feedback_stats", "tuning_summary")
    },
    "kb_list": (_plain(), lambda who: Call(query={"scope": "global", "search": "value", "limit": 2, "offset": 0})),
    "kb_stats": (_plain(),),
    "kb_get": (lambda who: Call({"doc_id": who.document}),),
    "kb_memories": (_plain(), lambda who: Call(query={"scope": "user", "user_id": who.user, "search": "prefers", "limit": 2})),
    "kb_memory_stats": (_plain(),),
    "kb_feedback": (
        lambda who: Call(query={"with_context": True}),
        lambda who: Call(query={"rating": "down", "days": 7, "limit": 2, "offset": 0}),
    ),
    "tuning_conversations": (_plain(), lambda who: Call(query={"user_id": who.user, "days": 7, "limit": 2})),
    "tuning_conversation": (lambda who: Call({"conversation_id": who.conversation}),),
    "tuning_message": (
        lambda who: Call({"message_id": who.message}),
        lambda who: Call({"message_id": who.message}, query={"context_messages": 0}),
    ),
    "tuning_annotate": (
        lambda who: Call(body={"message_id": who.message, "annotation_type": "flag", "content": "Too vague."}),
        lambda who: Call(
            body={
                "message_id": who.message, "annotation_type": "correction", "content": "Of one session.", "severity": "minor",
                "suggested_response": "The VaR of one session ...", "tags": ["accuracy"],
            }
        ),
    ),
    "tuning_annotations": (
        _plain(),
        lambda who: Call(query={"status": "pending", "annotation_type": "flag", "severity": "minor", "days": 7, "limit": 2}),
    ),
    "tuning_annotation": (lambda who: Call({"annotation_id": who.annotation}),),
    "tuning_annotation_update": (
        lambda who: Call({"annotation_id": who.annotation}, body={"status": "reviewed", "severity": None}),
    ),
    "tuning_annotation_delete": (lambda who: Call({"annotation_id": who.annotation}),),
    "tuning_export": (_plain(), lambda who: Call(query={"status": "pending", "days": 7, "format": "jsonl"})),
    "fb_summary": (_plain(), lambda who: Call(query={"days": 7, "user_id": who.user})),
    "fb_stats": (_plain(),),
    "fb_patterns": (lambda who: Call(query={"user_id": who.user, "min_confidence": 0.2}),),
    "fb_negative": (_plain(), lambda who: Call(query={"limit": 5, "days": 7, "with_edits_only": True})),
    "fb_preferences": (_plain(), lambda who: Call(query={"user_id": who.user, "limit": 5})),
    "fb_run": (_plain(), lambda who: Call(query={"min_confidence": 0.9, "days": 7})),
    "fb_reprocess": (_plain(), lambda who: Call(query={"days": 2})),
    "fb_analyze": (
        lambda who: Call({"user_id": who.user}),
        lambda who: Call({"user_id": who.user}, query={"create_rules": True, "min_confidence": 0.1}),
    ),
    # -- memories
    **{
        name: call
        for family in ("chat", "agent")
        for name, call in {
            f"{family}_list_memories": (
                _plain(limit=20),
                _plain(scope="portfolio"),
                lambda who: Call(query={"portfolio_id": who.portfolio}),
            ),
            f"{family}_create_memory": (
                _plain({"content": "Prefers short answers with a table.", "tags": {"category": "style"}}),
                lambda who: Call(
                    body={"content": "Pays for a house in 2028.", "scope": "portfolio", "portfolio_id": who.portfolio}
                ),
            ),
            f"{family}_delete_memories": (_plain(),),
            f"{family}_count_memories": (_plain(),),
            f"{family}_delete_memory": (lambda who: Call({"memory_id": who.memory}),),
        }.items()
    },
    # -- insights
    "insights_generate": (
        lambda who: Call(body={"portfolio_id": who.portfolio, "insight_type": "morning_briefing"}),
        lambda who: Call(
            body={
                "portfolio_id": who.portfolio,
                "insight_type": "morning_briefing",
                "customization": {"include_news": False, "verbosity": "detailed", "focus_areas": ["options", "rates"]},
            }
        ),
        lambda who: Call(
            body={"portfolio_id": who.portfolio, "insight_type": "custom", "user_question": "Which hedge works, and which does not?"}
        ),
    ),
    "insights_chat": (
        _plain({"message": "/mode blue"}),
        lambda who: Call(body={"message": "/mode indigo", "conversation_id": who.conversation}),
    ),
    "insights_list": (_of_portfolio(), _of_portfolio(insight_type="daily_summary", days_back=7, limit=10, offset=0)),
    "insights_get": (lambda who: Call({"insight_id": who.insight}),),
    "insights_update": (lambda who: Call({"insight_id": who.insight}, body={"viewed": True, "dismissed": True}),),
    "insights_feedback": (lambda who: Call({"insight_id": who.insight}, body={"rating": 5, "feedback": "Clear."}),),
    # -- operations API
    "admin_login": (_plain({"email": STAFF_EMAIL, "password": PASSWORD}),),
    "admin_logout": (_plain(),),
    "admin_me": (_plain(),),
    "admin_refresh": (_plain(),),
    "batch_run": (_plain(), lambda who: Call(query={"portfolio_id": who.portfolio})),
    "batch_current": (_plain(),),
    "batch_trigger_market_data": (_plain(),),
    "batch_trigger_correlations": (_plain(), lambda who: Call(query={"portfolio_id": who.portfolio})),
    "batch_trigger_profiles": (_plain(),),
    "batch_restore_sector_tags": (_plain(), lambda who: Call(query={"portfolio_id": who.portfolio})),
    "batch_cleanup_incomplete": (_plain(age_threshold_hours=2),),
    "batch_data_quality": (_plain(), lambda who: Call(query={"portfolio_id": who.portfolio})),
    "batch_data_quality_refresh": (_plain(),),
    "batch_history": (_plain(days=30, limit=50), _plain(status="completed")),
    "batch_history_summary": (_plain(days=30),),
    "batch_history_one": (lambda who: Call({"batch_run_id": who.run}),),
    "batch_history_logs": (lambda who: Call({"batch_run_id": who.run}),),
    "fix_clear": (_plain(),),
    "fix_seed": (_plain(),),
    "fix_run_batch": (_plain(),),
    "fix_all": (_plain(start_date="2025-11-19", end_date="2025-11-20"),),
    "fix_job": (lambda who: Call({"job_id": who.repair}),),
    "ob_funnel": (_plain(days=30),),
    "ob_errors": (_plain(days=30),),
    "ob_daily": (_plain(days=30),),
    "ob_events": (_plain(), _plain(limit=5, error_only="true")),
    "sys_health": (_plain(),),
    "sys_aggregation": (_plain(),),
    "sys_retention": (_plain(),),
    "sys_cleanup": (_plain(),),
    "sys_aggregate": (_plain(target_date="2025-11-19"),),
    "sys_run_batch": (_plain(aggregate_days=1, run_cleanup="true"),),
    "sys_daily": (_plain(days=7),),
}  # fmt: skip
