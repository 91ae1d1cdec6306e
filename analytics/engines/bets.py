"""How many different things a book is a bet on: its variance split along directions that move independently of each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analytics.engines.regression import Floats


@dataclass(frozen=True)
class Bets:
    """Of one book of N holdings. `volatility` : its standard deviation, in the unit of the weights. `diversification_ratio` : the
    standard deviations of the holdings alone over it, 1 for a book that moves as one, more the more of them cancels. `effective_bets` :
    between 1 and N, how many independent directions of equal variance would be as spread. `shares` (N,) : the parts of the variance of the
    independent directions, the largest first; they make 1. Ratio and bets are NaN, shares too, for a book that never moves."""

    volatility: float
    diversification_ratio: float
    effective_bets: float
    shares: Floats


def bets(covariance: Floats, weights: Floats) -> Bets:
    """Split the variance w' S w of a book along the principal directions of S: ``p_k = (e_k' w)^2 lambda_k / w' S w``.

    The effective number of bets is the exponential of the entropy of the p_k; the ratio is ``sum |w_i| sigma_i / sqrt(w' S w)``.
    Holdings that move as one are one bet however many they are, and what a short takes back of a long is none.

    Parameters
    ----------
    covariance : (N, N) positive semidefinite. weights : (N,) signed, fractions or dollars.

    Raises
    ------
    ValueError if they are not of the same holdings, or one is NaN.

    Source: Choueifaty and Coignard (2008) for the ratio; Meucci (2009), Managing Diversification, for the bets.
    """
    if covariance.shape != (len(weights), len(weights)) or np.isnan(covariance).any() or np.isnan(weights).any():
        raise ValueError(f"A covariance of {len(weights)} holdings without gaps is needed, not {covariance.shape}.")
    values, directions = np.linalg.eigh(covariance)
    parts = np.maximum(values, 0.0) * (directions.T @ weights) ** 2
    variance = float(parts.sum())
    alone = float(np.abs(weights) @ np.sqrt(np.maximum(np.diag(covariance), 0.0)))
    # What is left of a perfect hedge is rounding, not a bet.
    if variance <= 1e-16 * alone**2 or not alone:
        return Bets(0.0, np.nan, np.nan, np.full(len(weights), np.nan))
    shares = np.sort(parts / variance)[::-1]
    held = shares[shares > 0]
    entropy = float(-(held * np.log(held)).sum())
    volatility = float(np.sqrt(variance))
    return Bets(volatility, alone / volatility, float(np.exp(entropy)), shares)
