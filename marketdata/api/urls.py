"""Paths of this app below /api/v1; fixed ones stand before those with an id."""

from __future__ import annotations

from django.urls import URLPattern

from marketdata.api.views import fundamentals, prices
from sigmasight.core.api.routes import endpoint

urlpatterns: list[URLPattern] = [
    *endpoint("data/prices/quotes", prices.QuotesView, "prices-quotes"),
    *endpoint("data/prices/benchmark/<str:symbol>", prices.BenchmarkView, "prices-benchmark"),
    *endpoint("fundamentals/<str:symbol>/income-statement", fundamentals.IncomeStatementView, "income-statement"),
    *endpoint("fundamentals/<str:symbol>/balance-sheet", fundamentals.BalanceSheetView, "balance-sheet"),
    *endpoint("fundamentals/<str:symbol>/cash-flow", fundamentals.CashFlowView, "cash-flow"),
    *endpoint("fundamentals/<str:symbol>/analyst-estimates", fundamentals.AnalystEstimatesView, "analyst-estimates"),
]
