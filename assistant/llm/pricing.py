"""What a request costs, by the prices an administrator sets."""

from __future__ import annotations

from decimal import Decimal

from django.conf import settings

MILLION = 1_000_000


def cost_usd(model: str, input_tokens: int, output_tokens: int) -> Decimal | None:
    """Dollars for the tokens taken and given; None where `AI_PRICES` has no price of the model."""
    price = settings.AI_PRICES.get(model)
    return None if price is None else Decimal(str((input_tokens * price[0] + output_tokens * price[1]) / MILLION))
