"""Covariances that can be worked with: shrinkage of noisy ones, repair of inconsistent ones."""

from __future__ import annotations

import numpy as np

from analytics.engines.regression import Floats

HIGHAM_TOLERANCE = 1e-10
HIGHAM_STEPS = 200


def sample_covariance(returns: Floats) -> Floats:
    """Covariance of complete rows (T, N) with divisor T, (N, N)."""
    centred = returns - returns.mean(axis=0)
    return np.asarray(centred.T @ centred / len(returns))


def shrink_to_identity(returns: Floats) -> tuple[Floats, float]:
    """Ledoit and Wolf's (2004, JMVA) estimate towards a scaled identity: covariance (N, N) and the intensity."""
    centred = returns - returns.mean(axis=0)
    rows, count = centred.shape
    sample = centred.T @ centred / rows
    mean = np.trace(sample) / count
    squared = centred**2
    beta = ((squared.T @ squared) / rows - sample**2).sum() / (rows * count)
    delta = ((sample**2).sum() - 2 * mean * np.trace(sample) + count * mean**2) / count
    intensity = 0.0 if delta == 0 else min(beta, delta) / delta
    return (1 - intensity) * sample + intensity * mean * np.eye(count), float(intensity)


def oracle_approximating(returns: Floats) -> tuple[Floats, float]:
    """The oracle approximating shrinkage of Chen, Wiesel, Eldar and Hero (2010) towards a scaled identity."""
    sample = sample_covariance(returns)
    rows, count = returns.shape
    mean = np.trace(sample) / count
    alpha = (sample**2).mean()
    numerator, denominator = alpha + mean**2, (rows + 1) * (alpha - mean**2 / count)
    intensity = 1.0 if denominator == 0 else min(numerator / denominator, 1.0)
    return (1 - intensity) * sample + intensity * mean * np.eye(count), float(intensity)


def shrink_to_constant_correlation(returns: Floats, *, ddof: int = 0) -> tuple[Floats, float]:
    """Ledoit and Wolf's (2004, JPM) estimate towards equal correlations: covariance (N, N) and the intensity.

    Parameters
    ----------
    returns : (T, N) complete rows. ddof : the sample covariance divides by T - ddof; the moments always by T.
    """
    centred = returns - returns.mean(axis=0)
    rows, count = centred.shape
    sample = centred.T @ centred / (rows - ddof)
    deviation = np.sqrt(np.diag(sample))
    outer = np.outer(deviation, deviation)
    average = (np.sum(sample / outer) - count) / (count * (count - 1))
    target = average * outer
    np.fill_diagonal(target, np.diag(sample))
    squared = centred**2
    moments = centred.T @ centred / rows
    pi_matrix = squared.T @ squared / rows - 2 * moments * sample + sample**2
    # How the diagonal and the off-diagonal errors move together.
    own = np.diag(sample)[:, None]
    theta = (centred**3).T @ centred / rows - np.diag(moments)[:, None] * sample - moments * own + own * sample
    np.fill_diagonal(theta, 0.0)
    rho = np.trace(pi_matrix) + average * np.sum(np.outer(1 / deviation, deviation) * theta)
    gamma = np.linalg.norm(sample - target) ** 2
    intensity = 0.0 if gamma == 0 else max(0.0, min(1.0, (pi_matrix.sum() - rho) / gamma / rows))
    return intensity * target + (1 - intensity) * sample, float(intensity)


def to_correlation(covariance: Floats) -> Floats:
    """The correlation matrix of a covariance, unit diagonal exactly."""
    deviation = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(deviation, deviation)
    np.fill_diagonal(correlation, 1.0)
    return np.asarray(correlation)


def nearest_correlation(matrix: Floats) -> tuple[Floats, float]:
    """The nearest correlation matrix in Frobenius norm by alternating projections with Dykstra's correction.

    Parameters
    ----------
    matrix : (N, N) symmetric with unit diagonal, without NaN.

    Returns
    -------
    The matrix, unit diagonal and positive semidefinite, and its distance from the input (0 if it was one already).

    Source: Higham (2002).
    """
    if np.linalg.eigvalsh(matrix)[0] >= 0:
        return matrix.copy(), 0.0
    current, correction = matrix.copy(), np.zeros_like(matrix)
    for _ in range(HIGHAM_STEPS):
        start = current - correction
        values, vectors = np.linalg.eigh(start)
        semidefinite = (vectors * np.maximum(values, 0.0)) @ vectors.T
        correction = semidefinite - start
        moved = semidefinite.copy()
        np.fill_diagonal(moved, 1.0)
        step = np.linalg.norm(moved - current) / np.linalg.norm(moved)
        current = moved
        if step < HIGHAM_TOLERANCE:
            break
    # The last step restored the diagonal; what is left below zero is lifted and scaled back, far below the tolerance.
    values, vectors = np.linalg.eigh(current)
    lifted = (vectors * np.maximum(values, 0.0)) @ vectors.T
    result = to_correlation((lifted + lifted.T) / 2)
    return result, float(np.linalg.norm(result - matrix))
