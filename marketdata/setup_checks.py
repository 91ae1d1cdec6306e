"""Checks of the market data floor: calendar, price family, sources."""

from __future__ import annotations

from django.conf import settings

from sigmasight.core.errors import DomainError
from sigmasight.core.setup_checks import Finding, failed, ok, register, warning


@register("calendar")
def exchange_calendar() -> Finding:
    # Imported when asked: the calendar and the sources bring pandas, which most commands do without.
    from marketdata import calendar

    days = calendar.session_array()
    return ok(
        f"New York Stock Exchange, {len(days)} sessions to {days[-1]}; newest complete one {calendar.batch_target()}"
    )


@register("prices")
def prices() -> Finding:
    from marketdata.services.family import current_family
    from marketdata.services.source import open_source

    name, held = settings.MARKETDATA_SOURCE, current_family()
    try:
        source = open_source(name, lambda record: None)
    except DomainError as error:
        return failed(error.message)
    if held is not None and held != source.family:
        return failed(f"the database holds {held} prices but MARKETDATA_SOURCE is {name}")
    return ok(f"{name}, the database holds {held or 'no prices yet'}")


@register("live sources")
def sources() -> Finding:
    from marketdata.providers.registry import live_sources
    from marketdata.services.reachability import unreachable_price_sources

    found = live_sources()
    text = ", ".join(f"{s.name}: {s.note}" for s in found)
    if settings.MARKETDATA_SOURCE != "live":
        return ok(f"not in use ({text})")
    if reasons := unreachable_price_sources():
        return failed(f"{text}; {', '.join(reasons.values())}")
    return ok(text) if all(s.ready for s in found) else warning(text)
