"""Financial statements out of Yahoo's fundamentals time series."""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from marketdata.providers.values import integer, iso_date, number

Row = dict[str, object]
# {period end: {Yahoo's name: reported value}}
Periods = dict[dt.date, dict[str, Any]]

INCOME = {
    "total_revenue": "TotalRevenue",
    "cost_of_revenue": "CostOfRevenue",
    "gross_profit": "GrossProfit",
    "research_and_development": "ResearchAndDevelopment",
    "selling_general_and_administrative": "SellingGeneralAndAdministration",
    "operating_income": "OperatingIncome",
    "ebit": "EBIT",
    "ebitda": "EBITDA",
    "net_income": "NetIncome",
    "diluted_eps": "DilutedEPS",
    "basic_eps": "BasicEPS",
    "basic_average_shares": "BasicAverageShares",
    "diluted_average_shares": "DilutedAverageShares",
    "tax_provision": "TaxProvision",
    "interest_expense": "InterestExpense",
    "depreciation_and_amortization": "ReconciledDepreciation",
}
BALANCE = {
    "total_assets": "TotalAssets",
    "current_assets": "CurrentAssets",
    "cash_and_cash_equivalents": "CashAndCashEquivalents",
    "short_term_investments": "OtherShortTermInvestments",
    "accounts_receivable": "AccountsReceivable",
    "inventory": "Inventory",
    "property_plant_equipment": "NetPPE",
    "intangible_assets": "GoodwillAndOtherIntangibleAssets",
    "total_liabilities": "TotalLiabilitiesNetMinorityInterest",
    "current_liabilities": "CurrentLiabilities",
    "accounts_payable": "AccountsPayable",
    "short_term_debt": "CurrentDebt",
    "long_term_debt": "LongTermDebt",
    "total_debt": "TotalDebt",
    "total_stockholders_equity": "StockholdersEquity",
    "retained_earnings": "RetainedEarnings",
    "common_stock": "CommonStock",
    "working_capital": "WorkingCapital",
    "net_debt": "NetDebt",
}
SHARES = "OrdinarySharesNumber"
CASH_FLOW = {
    "operating_cash_flow": "OperatingCashFlow",
    "depreciation_and_amortization": "DepreciationAndAmortization",
    "stock_based_compensation": "StockBasedCompensation",
    "change_in_working_capital": "ChangeInWorkingCapital",
    "investing_cash_flow": "InvestingCashFlow",
    "capital_expenditures": "CapitalExpenditure",
    "acquisitions": "NetBusinessPurchaseAndSale",
    "purchases_of_investments": "PurchaseOfInvestment",
    "financing_cash_flow": "FinancingCashFlow",
    "dividends_paid": "CashDividendsPaid",
    "stock_repurchases": "RepurchaseOfCapitalStock",
    "debt_issuance_repayment": "NetIssuancePaymentsOfDebt",
    "net_change_in_cash": "ChangesInCash",
    "beginning_cash_position": "BeginningCashPosition",
    "free_cash_flow": "FreeCashFlow",
}
_WHOLE = frozenset({"basic_average_shares", "diluted_average_shares"})
PREFIXES = {"a": "annual", "q": "quarterly"}


def type_names(frequency: str) -> list[str]:
    """What to ask the time series for: every field of the three statements at this frequency (`a` or `q`)."""
    fields = dict.fromkeys([*INCOME.values(), *BALANCE.values(), SHARES, *CASH_FLOW.values()])
    return [f"{PREFIXES[frequency]}{field}" for field in fields]


def periods_of(result: Any, frequency: str) -> Periods:
    """Reported values by period end, from the `result` list of an answer."""
    prefix = PREFIXES[frequency]
    periods: Periods = {}
    for series in result if isinstance(result, list) else []:
        for name, points in series.items():
            if not (name.startswith(prefix) and isinstance(points, list)):
                continue
            for point in points:
                day = iso_date(point.get("asOfDate")) if isinstance(point, dict) else None
                if day is not None and number(point.get("reportedValue")) is not None:
                    periods.setdefault(day, {})[name.removeprefix(prefix)] = point["reportedValue"]
    return periods


def statement_rows(annual: Periods, quarterly: Periods) -> tuple[tuple[Row, ...], tuple[Row, ...], tuple[Row, ...]]:
    """Income, balance and cash-flow rows, years before quarters, newest period first."""
    month = _nominal_end(max(annual)).month if annual else None
    tables: tuple[list[Row], list[Row], list[Row]] = ([], [], [])
    for frequency, periods in (("a", annual), ("q", quarterly)):
        for day in sorted(periods, reverse=True):
            heading = _heading(day, frequency, month)
            for table, figures in zip(tables, (_income, _balance, _cash_flow), strict=True):
                reported = figures(periods[day])
                if reported:
                    table.append(heading | reported)
    income, balance, cash_flow = tables
    return tuple(income), tuple(balance), tuple(cash_flow)


def _nominal_end(day: dt.date) -> dt.date:
    """A day inside the last month of a period: years of 52 and 53 weeks end up to a week late."""
    return day - dt.timedelta(days=7)


def _heading(day: dt.date, frequency: str, last_month: int | None) -> Row:
    nominal = _nominal_end(day)
    year: int | None = nominal.year
    quarter: int | None = None
    if frequency == "q":
        if last_month is None:
            year = None
        else:
            year = nominal.year if nominal.month <= last_month else nominal.year + 1
            quarter = (nominal.month - last_month - 1) % 12 // 3 + 1
    return {"period_date": day, "frequency": frequency, "fiscal_year": year, "fiscal_quarter": quarter}


def _reported(values: dict[str, Any], columns: dict[str, str]) -> Row:
    row: Row = {}
    for column, name in columns.items():
        value = integer(values.get(name)) if column in _WHOLE else number(values.get(name))
        if value is not None:
            row[column] = value
    return row


def _income(values: dict[str, Any]) -> Row:
    row = _reported(values, INCOME)
    for column, part in (
        ("gross_margin", "gross_profit"),
        ("operating_margin", "operating_income"),
        ("net_margin", "net_income"),
    ):
        _set_ratio(row, column, row.get(part), row.get("total_revenue"), 6)
    return row


def _balance(values: dict[str, Any]) -> Row:
    row = _reported(values, BALANCE)
    equity = row.get("total_stockholders_equity")
    _set_ratio(row, "current_ratio", row.get("current_assets"), row.get("current_liabilities"), 4)
    _set_ratio(row, "debt_to_equity", row.get("total_debt"), equity, 4)
    _set_ratio(row, "book_value_per_share", equity, number(values.get(SHARES)), 4)
    return row


def _cash_flow(values: dict[str, Any]) -> Row:
    row = _reported(values, CASH_FLOW)
    _set_ratio(row, "fcf_margin", row.get("free_cash_flow"), number(values.get(INCOME["total_revenue"])), 6)
    return row


def _set_ratio(row: Row, column: str, above: object, below: object, decimals: int) -> None:
    if isinstance(above, Decimal) and isinstance(below, Decimal) and below != 0:
        row[column] = (above / below).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_EVEN)
