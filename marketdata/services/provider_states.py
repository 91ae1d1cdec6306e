"""What staff see of the sources: breaker and budget of each, as rows."""

from __future__ import annotations

from marketdata.models import ProviderState
from marketdata.providers.base import Provider
from marketdata.providers.chain import ProviderChain


def mirror_states(provider: Provider) -> int:
    """Copy the breakers and budgets of a chain's sources into `ProviderState`. Returns how many sources have them."""
    if not isinstance(provider, ProviderChain):
        return 0
    states = provider.states()
    for state in states:
        ProviderState.objects.update_or_create(
            provider=state.provider,
            defaults={
                "breaker": state.breaker.value,
                "open_until": state.open_until,
                "failures": state.failures,
                "budget_used": state.budget_used,
                "budget_resets_at": state.budget_resets_at,
            },
        )
    return len(states)
