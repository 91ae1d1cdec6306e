"""The other way round: not what a move costs, but which move costs so much, found by revaluing and not by extrapolating."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from analytics.engines.regression import Floats

# Moves tried between zero and the limit, and halvings of the first stretch in which the loss is reached.
GRID, HALVINGS = 200, 25


@dataclass(frozen=True)
class FirstMoves:
    """`moves` (K,) : the smallest at which each loss is reached, NaN where it is not reached before the limit. `lowest` : the lowest P&L of
    all that were tried, dollars."""

    moves: Floats
    lowest: float


def first_moves(pnl: Callable[[Floats], Floats], losses: Floats, limit: float) -> FirstMoves:
    """The smallest move from zero towards `limit` at which each loss is reached.

    The way to the limit is tried in 200 equal steps and the first that reaches a loss is halved 25 times, so that P&L at the move is
    minus the loss to rounding. P&L need not be monotone: of a book that loses, recovers and loses again the first loss is found,
    unless it comes and goes within one step.

    Parameters
    ----------
    pnl : dollars (M,) of moves (M,), continuous, revalued in full. losses : (K,) positive dollars. limit : the furthest move, a
        fraction, of either sign.

    Raises
    ------
    ValueError for a loss that is not positive, or a limit of zero.
    """
    if not (losses > 0).all() or limit == 0:
        raise ValueError("Losses are positive dollars, and the limit lies on one side of zero.")
    moves = np.linspace(0.0, limit, GRID + 1)
    made = pnl(moves)
    reached = made[None, :] <= -losses[:, None]
    there = reached.any(axis=1)
    found = np.full(len(losses), np.nan)
    lowest = float(made.min()) + 0.0
    if not there.any():
        return FirstMoves(found, lowest)
    # Without any move nothing is lost, so the first step that reaches a loss has one before it that does not.
    step = np.maximum(reached[there].argmax(axis=1), 1)
    near, far, wanted = moves[step - 1], moves[step], losses[there]
    for _ in range(HALVINGS):
        middle = (near + far) / 2
        beyond = pnl(middle) <= -wanted
        near, far = np.where(beyond, near, middle), np.where(beyond, middle, far)
    found[there] = far
    return FirstMoves(found, lowest)
