"""Why a figure is missing, in words for people."""

from __future__ import annotations

REASONS = {
    "no_public_positions": "the book holds nothing with a market price",
    "no_active_positions": "the book holds nothing",
    "insufficient_data": "there is too little price history",
    "no_calculation_available": "it has not been calculated",
    "no_target_prices": "no holding has such a target price",
    "no_target_price": "the holding has no such target price",
    "not_held": "nothing of it is held",
    "beyond_what_is_stored": "it is larger than figures of its kind are stored",
    "no_factor_data": "there is too little price history",
    "no_factor_exposures": "there are no factor exposures to shock",
    "symbol_skipped": "no listed proxy",
    "no_price_data": "there is no price",
    "no_underlying_price": "the underlying has no price",
    "invalid_equity": "the net asset value is not positive",
    "no_position_betas": "no holding has a beta",
}


def in_words(reason: str | None) -> str:
    """A reason as a clause without a full stop; one that is not among them as it is."""
    text = (reason or REASONS["no_calculation_available"]).strip().rstrip(".")
    return REASONS.get(text, text)
