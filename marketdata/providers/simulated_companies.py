"""Profiles, statements and estimates of the simulated market: made up, consistent with each other, dated."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from marketdata.providers.base import Profile, Statements
from marketdata.providers.simulated_world import SECTOR_FUNDS, loadings, rng, securities

SOURCE = "simulated"
FUND_TYPES = {"etf", "etn", "mutual_fund", "index"}
QUARTERS = 8
YEARS = 4
REPORTING_DELAY_DAYS = 35


def _security_type(symbol: str) -> str:
    row = securities().get(symbol)
    if row:
        return row["security_type"]
    return "etf" if symbol in SECTOR_FUNDS or symbol in {"HYG", "LQD", "IEF", "SHY"} else "stock"


def _money(value: float) -> Decimal:
    return Decimal(f"{value:.2f}")


def _fraction(value: float) -> Decimal:
    return Decimal(f"{value:.6f}")


def _shares(seed: int, symbol: str) -> float:
    return float(round(10 ** rng(seed, f"shares {symbol}").uniform(8.3, 9.9)))


def _annual_revenue(seed: int, symbol: str, year: float) -> float:
    draw = rng(seed, f"revenue {symbol}")
    base, growth = 10 ** draw.uniform(9.8, 11.3), draw.uniform(0.02, 0.14)
    return float(base * (1 + growth) ** (year - 2024))


def _margin(seed: int, symbol: str) -> float:
    return float(rng(seed, f"margin {symbol}").uniform(0.06, 0.28))


def company_profile(seed: int, symbol: str, close: float, as_of: dt.date) -> Profile:
    """What a provider would say of a company or fund on `as_of`."""
    kind, row, loads = _security_type(symbol), securities().get(symbol), loadings(seed, symbol)
    values: dict[str, object] = {
        "company_name": row["company_name"] if row else f"{symbol} (simulated)",
        "exchange": row["exchange"] if row else "NYSE",
        "country": "United States",
        "is_etf": kind in ("etf", "etn"),
        "is_fund": kind == "mutual_fund",
        "beta": _fraction(round(loads.market, 2)),
        "dividend_yield": _fraction(loads.dividend_yield),
        "description": "Made up by the simulated market.",
        "security_type": kind,
    }
    if kind in FUND_TYPES:
        values["industry"] = row["industry"] if row else "Fund"
        return Profile(symbol, SOURCE, as_of, values)
    revenue, margin, shares = _annual_revenue(seed, symbol, as_of.year), _margin(seed, symbol), _shares(seed, symbol)
    earnings = revenue * margin / shares
    draw = rng(seed, f"profile {symbol}")
    values |= {
        "sector": row["sector_provider"] if row else loads.sector,
        "industry": row["industry"] if row else f"{loads.sector} (simulated)",
        "market_cap": _money(close * shares),
        "pe_ratio": _fraction(close / earnings),
        "forward_pe": _fraction(close / earnings / 1.08),
        "forward_eps": _fraction(earnings * 1.08),
        "target_mean_price": _money(close * draw.uniform(0.95, 1.2)),
        "target_high_price": _money(close * 1.35),
        "target_low_price": _money(close * 0.8),
        "number_of_analyst_opinions": int(draw.integers(5, 45)),
        "profit_margins": _fraction(margin),
        "operating_margins": _fraction(margin * 1.25),
        "gross_margins": _fraction(min(0.85, margin * 2.2)),
        "revenue_growth": _fraction(revenue / _annual_revenue(seed, symbol, as_of.year - 1) - 1),
        "total_revenue": _money(revenue),
    }
    return Profile(symbol, SOURCE, as_of, values)


def _period(seed: int, symbol: str, end: dt.date, quarter: int | None) -> tuple[dict[str, object], ...]:
    parts = 4 if quarter else 1
    revenue = _annual_revenue(seed, symbol, end.year + (end.timetuple().tm_yday - 183) / 365) / parts
    margin, shares = _margin(seed, symbol), _shares(seed, symbol)
    gross, operating, net = revenue * min(0.85, margin * 2.2), revenue * margin * 1.25, revenue * margin
    depreciation, capital = revenue * 0.05, revenue * 0.06
    key = {
        "frequency": "q" if quarter else "a", "period_date": end, "fiscal_year": end.year, "fiscal_quarter": quarter,
    }  # fmt: skip
    income = key | {
        "total_revenue": _money(revenue), "cost_of_revenue": _money(revenue - gross), "gross_profit": _money(gross),
        "gross_margin": _fraction(gross / revenue), "operating_income": _money(operating),
        "operating_margin": _fraction(operating / revenue), "ebit": _money(operating), "ebitda": _money(operating + depreciation),
        "net_income": _money(net), "net_margin": _fraction(margin), "diluted_eps": Decimal(f"{net / shares:.4f}"),
        "basic_eps": Decimal(f"{net / shares:.4f}"), "basic_average_shares": int(shares), "diluted_average_shares": int(shares),
        "tax_provision": _money(operating - net), "depreciation_and_amortization": _money(depreciation),
    }  # fmt: skip
    assets = revenue * parts * 1.6
    debt, equity, cash = assets * 0.3, assets * 0.45, assets * 0.12
    balance = key | {
        "total_assets": _money(assets), "total_liabilities": _money(assets - equity), "total_stockholders_equity": _money(equity),
        "total_debt": _money(debt), "long_term_debt": _money(debt * 0.85), "short_term_debt": _money(debt * 0.15),
        "cash_and_cash_equivalents": _money(cash), "net_debt": _money(debt - cash), "debt_to_equity": Decimal(f"{debt / equity:.4f}"),
        "book_value_per_share": Decimal(f"{equity / shares:.4f}"),
    }  # fmt: skip
    flow = net + depreciation
    cash_flow = key | {
        "operating_cash_flow": _money(flow), "capital_expenditures": _money(-capital), "free_cash_flow": _money(flow - capital),
        "fcf_margin": _fraction((flow - capital) / revenue), "depreciation_and_amortization": _money(depreciation),
    }  # fmt: skip
    return income, balance, cash_flow  # type: ignore[return-value]


def company_statements(seed: int, symbol: str, as_of: dt.date) -> Statements:
    """Reported quarters and years known on `as_of`, newest first, and the analysts' view; empty for funds."""
    if _security_type(symbol) in FUND_TYPES:
        return Statements(symbol, SOURCE)
    known_until = as_of - dt.timedelta(days=REPORTING_DELAY_DAYS)
    ends = [
        (dt.date(year, month, {3: 31, 6: 30, 9: 30, 12: 31}[month]), month // 3)
        for year in range(as_of.year, as_of.year - 6, -1)
        for month in (12, 9, 6, 3)
    ]
    reported = [(end, quarter) for end, quarter in ends if end <= known_until]
    periods = [_period(seed, symbol, end, quarter) for end, quarter in reported[:QUARTERS]]
    periods += [_period(seed, symbol, end, None) for end, quarter in reported if quarter == 4][:YEARS]
    estimate: dict[str, object] = {"as_of": as_of}
    for label, year in (("current_year", as_of.year), ("next_year", as_of.year + 1)):
        revenue = _annual_revenue(seed, symbol, year)
        earnings = revenue * _margin(seed, symbol) / _shares(seed, symbol)
        estimate |= {
            f"{label}_end_date": dt.date(year, 12, 31),
            f"{label}_revenue_avg": _money(revenue),
            f"{label}_revenue_low": _money(revenue * 0.95), f"{label}_revenue_high": _money(revenue * 1.05),
            f"{label}_revenue_growth": _fraction(revenue / _annual_revenue(seed, symbol, year - 1) - 1),
            f"{label}_earnings_avg": Decimal(f"{earnings:.4f}"), f"{label}_earnings_low": Decimal(f"{earnings * 0.92:.4f}"),
            f"{label}_earnings_high": Decimal(f"{earnings * 1.08:.4f}"), f"{label}_analyst_count": 12,
        }  # fmt: skip
    income, balance, cash_flow = zip(*periods, strict=True) if periods else ((), (), ())
    return Statements(symbol, SOURCE, tuple(income), tuple(balance), tuple(cash_flow), (estimate,))
