"""Shocks that no night has stored, in the form in which the night's stress takes them."""

from __future__ import annotations

import numpy as np

from analytics.batch.book_inputs import Floats, SymbolNumbers
from analytics.batch.symbol_results import ScenarioFactors, SymbolFactors


def numbers_of(factors: SymbolFactors, shocks: Floats, market_move: Floats) -> SymbolNumbers:
    """Shocks of the joint factors (K, 7), taken as they are, beside the stored loadings of the symbols. market_move : (K,) fractions."""
    told = ScenarioFactors(shocks, shocks, market_move, np.ones(len(shocks)))
    return SymbolNumbers(factors, told, np.full((7, 7), np.nan))
