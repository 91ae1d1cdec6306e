"""What market data adds to the console."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from marketdata.services.family import current_family
from marketdata.services.provider_health import provider_health
from sigmasight.core.console.panels import Panel, register


def price_banner(request: HttpRequest) -> dict[str, bool]:
    """For the templates of the console: whether all its numbers rest on made-up prices."""
    if not request.path.startswith("/admin/"):
        return {}
    # The theme renders a page from many small templates, and asks again for each.
    if not hasattr(request, "simulated_prices"):
        request.simulated_prices = current_family() == "simulated"  # type: ignore[attr-defined]
    return {"simulated_prices": request.simulated_prices}  # type: ignore[attr-defined]


def providers() -> dict[str, Any]:
    return {"providers": provider_health()}


register(
    Panel(
        "Sources of market data",
        "marketdata.view_providerrequest",
        "marketdata/console/providers.html",
        providers,
        icon="lan",
        order=35,
        link="admin:marketdata_providerrequest_changelist",
    )
)
