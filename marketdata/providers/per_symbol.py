"""A bulk request against a source that answers one symbol at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from marketdata.providers.base import Outcome, ProviderError

T = TypeVar("T")

_STOP_AT_ONCE = frozenset({Outcome.RATE_LIMITED, Outcome.UNAUTHORIZED})
_STOP_WHEN_REPEATED = frozenset({Outcome.TIMEOUT, Outcome.UNREACHABLE, Outcome.SERVER_ERROR})


def ask_each(
    symbols: Sequence[str], ask: Callable[[str], T], *, workers: int = 1, give_up_after: int = 3
) -> tuple[dict[str, T], dict[str, ProviderError]]:
    """Ask for every symbol in the order given: answers and errors by symbol, together all of them.

    A source that says "too many" or "not you" is not asked for the rest, and one that failed `give_up_after` times in a
    row is left alone: the remaining symbols carry the error that ended the round, so that a later run asks for them.

    Parameters
    ----------
    workers : requests under way at once.
    """
    answers: dict[str, T] = {}
    errors: dict[str, ProviderError] = {}
    lock = threading.Lock()
    ended_by: list[ProviderError] = []
    failures_in_a_row = 0

    def one(symbol: str) -> None:
        nonlocal failures_in_a_row
        if ended_by:
            last = ended_by[0]
            errors[symbol] = ProviderError(
                last.provider, last.outcome, f"not asked any more after: {last}", retry_after=last.retry_after
            )
            return
        try:
            answer = ask(symbol)
        except ProviderError as error:
            with lock:
                errors[symbol] = error
                failures_in_a_row = failures_in_a_row + 1 if error.outcome in _STOP_WHEN_REPEATED else 0
                if error.outcome in _STOP_AT_ONCE or failures_in_a_row >= give_up_after:
                    ended_by.append(error)
            return
        with lock:
            answers[symbol] = answer
            failures_in_a_row = 0

    if workers <= 1 or len(symbols) <= 1:
        for symbol in symbols:
            one(symbol)
    else:
        with ThreadPoolExecutor(max_workers=min(workers, len(symbols)), thread_name_prefix="provider") as pool:
            list(pool.map(one, symbols))
    return (
        {symbol: answers[symbol] for symbol in symbols if symbol in answers},
        {symbol: errors[symbol] for symbol in symbols if symbol in errors},
    )


def as_failures(errors: dict[str, ProviderError]) -> dict[str, tuple[Outcome, str]]:
    """Outcome and sentence by symbol, as `PriceAnswer.failures` has them."""
    return {symbol: (error.outcome, str(error)) for symbol, error in errors.items()}
