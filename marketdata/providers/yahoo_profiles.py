"""Company and fund facts and analysts' estimates out of Yahoo's quoteSummary."""

from __future__ import annotations

import datetime as dt
from typing import Any

from marketdata.providers.values import integer, iso_date, known, number, text

MODULES = (
    "assetProfile",
    "summaryDetail",
    "defaultKeyStatistics",
    "financialData",
    "quoteType",
    "price",
    "earningsTrend",
    "calendarEvents",
)


_SECURITY_TYPES = {"EQUITY": "stock", "ETF": "etf", "MUTUALFUND": "mutual_fund", "INDEX": "index"}


def asked_symbol(summary: dict[str, Any]) -> str | None:
    """The symbol the summary is about, where it says so."""
    return text(_module(summary, "quoteType").get("symbol")) or text(_module(summary, "price").get("symbol"))


def profile_values(summary: dict[str, Any]) -> dict[str, object]:
    """Columns of `CompanyProfile` that the summary knows, and `security_type`. Yields and growth are fractions."""
    asset = _module(summary, "assetProfile")
    detail = _module(summary, "summaryDetail")
    statistics = _module(summary, "defaultKeyStatistics")
    financial = _module(summary, "financialData")
    kind = _module(summary, "quoteType")
    price = _module(summary, "price")
    quote_type = text(kind.get("quoteType")) or text(price.get("quoteType"))
    security_type = _SECURITY_TYPES.get(quote_type or "")
    values: dict[str, object] = {
        "company_name": _first_text(price.get("longName"), kind.get("longName"), kind.get("shortName"), length=255),
        "sector": text(asset.get("sector"), 64),
        "industry": text(asset.get("industry"), 64),
        "exchange": _first_text(price.get("exchangeName"), kind.get("exchange"), length=64),
        "country": text(asset.get("country"), 64),
        "market_cap": _first_number(price.get("marketCap"), detail.get("marketCap")),
        "description": text(asset.get("longBusinessSummary"), 1000),
        "security_type": security_type,
        "is_etf": None if security_type is None else security_type == "etf",
        "is_fund": None if security_type is None else security_type == "mutual_fund",
        "ceo": _chief_executive(asset.get("companyOfficers")),
        "employees": integer(asset.get("fullTimeEmployees")),
        "website": text(asset.get("website"), 255),
        "pe_ratio": number(detail.get("trailingPE")),
        "forward_pe": _first_number(detail.get("forwardPE"), statistics.get("forwardPE")),
        "dividend_yield": _yield(detail),
        "beta": _first_number(detail.get("beta"), statistics.get("beta"), statistics.get("beta3Year")),
        "week_52_high": number(detail.get("fiftyTwoWeekHigh")),
        "week_52_low": number(detail.get("fiftyTwoWeekLow")),
        "target_mean_price": number(financial.get("targetMeanPrice")),
        "target_high_price": number(financial.get("targetHighPrice")),
        "target_low_price": number(financial.get("targetLowPrice")),
        "number_of_analyst_opinions": integer(financial.get("numberOfAnalystOpinions")),
        "recommendation_mean": number(financial.get("recommendationMean")),
        "recommendation_key": _recommendation(financial.get("recommendationKey")),
        "forward_eps": number(statistics.get("forwardEps")),
        "earnings_growth": number(financial.get("earningsGrowth")),
        "revenue_growth": number(financial.get("revenueGrowth")),
        "earnings_quarterly_growth": number(statistics.get("earningsQuarterlyGrowth")),
        "profit_margins": _first_number(financial.get("profitMargins"), statistics.get("profitMargins")),
        "operating_margins": number(financial.get("operatingMargins")),
        "gross_margins": number(financial.get("grossMargins")),
        "return_on_assets": number(financial.get("returnOnAssets")),
        "return_on_equity": number(financial.get("returnOnEquity")),
        "total_revenue": number(financial.get("totalRevenue")),
        "fiscal_year_end": _month_and_day(statistics.get("lastFiscalYearEnd")),
        **_next_earnings(_module(summary, "calendarEvents")),
    }
    estimates = estimate_values(summary)
    for quarter in ("current_quarter", "next_quarter"):
        estimates[f"{quarter}_target_period_date"] = estimates.pop(f"{quarter}_end_date", None)
    for year in ("current_year", "next_year"):
        estimates.pop(f"{year}_analyst_count", None)
    return known({**values, **estimates})


def estimate_values(summary: dict[str, Any]) -> dict[str, object]:
    """Columns of `AnalystEstimate` that the summary knows: consensus for this and the next quarter and year."""
    trend = _module(summary, "earningsTrend").get("trend")
    periods = {item.get("period"): item for item in trend or [] if isinstance(item, dict)}
    values: dict[str, object] = {}
    for period, name, earnings_name in (
        ("0q", "current_quarter", "eps"),
        ("+1q", "next_quarter", "eps"),
        ("0y", "current_year", "earnings"),
        ("+1y", "next_year", "earnings"),
    ):
        item = periods.get(period) or {}
        earnings, revenue = _module(item, "earningsEstimate"), _module(item, "revenueEstimate")
        values[f"{name}_end_date"] = iso_date(item.get("endDate"))
        for part in ("avg", "low", "high"):
            values[f"{name}_revenue_{part}"] = number(revenue.get(part))
            values[f"{name}_{earnings_name}_{part}"] = number(earnings.get(part))
        values[f"{name}_analyst_count"] = integer(earnings.get("numberOfAnalysts"))
        if name.endswith("year"):
            values[f"{name}_revenue_growth"] = number(revenue.get("growth"))
    return known(values)


def _module(container: dict[str, Any], name: str) -> dict[str, Any]:
    module = container.get(name)
    return module if isinstance(module, dict) else {}


def _first_number(*candidates: Any) -> object:
    return next((value for value in map(number, candidates) if value is not None), None)


def _first_text(*candidates: Any, length: int) -> str | None:
    return next((value for value in (text(item, length) for item in candidates) if value), None)


def _yield(detail: dict[str, Any]) -> object:
    """The dividend yield as a fraction; the percent number of Yahoo's other answers is never read."""
    for name in ("dividendYield", "yield", "trailingAnnualDividendYield"):
        value = number(detail.get(name))
        if value is not None and value >= 0:
            return value
    return None


def _recommendation(value: Any) -> str | None:
    key = text(value, 32)
    return None if key == "none" else key


def _chief_executive(officers: Any) -> str | None:
    for officer in officers if isinstance(officers, list) else []:
        title = text(officer.get("title")) if isinstance(officer, dict) else None
        if title and ("CEO" in title or "Chief Executive" in title):
            return text(officer.get("name"), 255)
    return None


def _month_and_day(value: Any) -> str | None:
    day: dt.date | None = iso_date(value)
    return None if day is None else f"{day:%m-%d}"


def _next_earnings(events: dict[str, Any]) -> dict[str, object]:
    earnings = _module(events, "earnings")
    dates = earnings.get("earningsDate")
    return {
        "next_earnings_date": iso_date(dates[0]) if isinstance(dates, list) and dates else None,
        "next_earnings_expected_eps": number(earnings.get("earningsAverage")),
        "next_earnings_expected_revenue": number(earnings.get("revenueAverage")),
    }
