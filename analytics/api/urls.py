"""Paths of this app below /api/v1; fixed ones stand before those with an id."""

from __future__ import annotations

from django.urls import URLPattern

from analytics.api.views import lots, portfolio_data
from sigmasight.core.api.routes import endpoint

urlpatterns: list[URLPattern] = [
    *endpoint("data/positions/details", lots.PositionDetailsView, "position-details"),
    *endpoint("data/positions/top/<str:portfolio_id>", lots.TopPositionsView, "top-positions"),
    *endpoint("data/portfolio/<str:portfolio_id>/complete", portfolio_data.PortfolioCompleteView, "portfolio-complete"),
    *endpoint("data/portfolio/<str:portfolio_id>/snapshot", portfolio_data.PortfolioSnapshotView, "portfolio-snapshot"),
    *endpoint("data/portfolio/<str:portfolio_id>/data-quality", portfolio_data.DataQualityView, "data-quality"),
]
