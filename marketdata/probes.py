"""Whether the sources of prices rest."""

from __future__ import annotations

from marketdata.models import Breaker, ProviderState
from sigmasight.core.observability.deep_health import register
from sigmasight.core.setup_checks import Finding, ok, warning


@register("providers")
def breakers() -> Finding:
    """A source that rests is no failure of ours: others are asked, and it is tried again by itself."""
    states = dict(ProviderState.objects.values_list("provider", "breaker"))
    resting = sorted(name for name, breaker in states.items() if breaker == Breaker.OPEN)
    if resting:
        return warning(f"breaker open: {', '.join(resting)}")
    return ok(f"no breaker is open ({len(states)} sources)" if states else "no source was asked yet")
