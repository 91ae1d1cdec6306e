"""How fast and how much a source is asked: a token bucket for requests, a budget for symbols.

Both are shared by all workers through Redis and fall back to the process alone.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from marketdata.providers.base import Outcome, ProviderError
from marketdata.providers.shared_state import SharedState

# A request takes its token at once and may drive the bucket below zero; the debt is the time it has to wait. So workers
# queue in the order of their calls, and none has to poll. The server's clock counts, because workers' clocks differ.
_RESERVE = """
local rate, burst, longest = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local state = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = tonumber(state[1]) or burst
local at = tonumber(state[2]) or now
tokens = math.min(burst, tokens + math.max(0, now - at) * rate) - 1
local wait = math.max(0, -tokens / rate)
if wait > longest then return {0, string.format('%.6f', wait)} end
redis.call('HSET', KEYS[1], 'tokens', string.format('%.9f', tokens), 'at', string.format('%.6f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil((burst - tokens) / rate * 1000) + 1000)
return {1, string.format('%.6f', wait)}
"""

# The window starts with the first symbol taken and ends by expiry.
_TAKE = """
local limit, window, wanted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local used = tonumber(redis.call('GET', KEYS[1])) or 0
local granted = math.min(wanted, math.max(0, limit - used))
if granted > 0 then
  redis.call('INCRBY', KEYS[1], granted)
  if used == 0 then redis.call('PEXPIRE', KEYS[1], window) end
end
return {granted, used + granted, math.max(0, redis.call('PTTL', KEYS[1]))}
"""


class TokenBucket:
    """At most `burst` requests at once and `rate` per second on average, over all workers.

    Parameters
    ----------
    name : the source, part of the shared key.
    rate : requests per second, positive.
    burst : requests that may go at once after a quiet time, at least 1.
    shared : where the workers meet; None counts for this process alone.
    """

    def __init__(
        self,
        name: str,
        *,
        rate: float,
        burst: int = 1,
        shared: SharedState | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if rate <= 0 or burst < 1:
            raise ValueError(f"The rate of {name} must be positive and its burst at least 1, not {rate} and {burst}")
        self.name = name
        self.rate = rate
        self.burst = burst
        self._shared = shared
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._tokens = float(burst)
        self._at: float | None = None

    def reserve(self, longest: float) -> tuple[bool, float]:
        """Take a token: (taken, seconds to wait before using it). Not taken if the wait exceeds `longest` seconds."""
        if self._shared is not None:
            answer = self._shared.run(_RESERVE, f"{self.name}:rate", [self.rate, self.burst, longest])
            if answer is not None:
                return bool(int(answer[0])), float(answer[1])
        with self._lock:
            now = self._clock()
            elapsed = 0.0 if self._at is None else max(0.0, now - self._at)
            tokens = min(float(self.burst), self._tokens + elapsed * self.rate) - 1.0
            wait = max(0.0, -tokens / self.rate)
            if wait > longest:
                return False, wait
            self._tokens, self._at = tokens, now
            return True, wait

    def acquire(self, longest: float) -> None:
        """Wait for a token.

        Raises
        ------
        ProviderError (rate_limited, without an HTTP status) if the wait would exceed `longest` seconds.
        """
        taken, wait = self.reserve(longest)
        if not taken:
            raise ProviderError(
                self.name,
                Outcome.RATE_LIMITED,
                f"our own limit of {self.rate:g} requests/s leaves no room for another {wait:.1f} s",
                retry_after=wait,
            )
        if wait > 0:
            self._sleep(wait)


@dataclass(frozen=True)
class BudgetState:
    """Symbols used in the running window and the seconds until the next one begins."""

    used: int
    resets_in: float


class SymbolBudget:
    """`symbols` symbols per `window` seconds, over all workers: some tens, then a pause.

    Parameters
    ----------
    pauses : how many pauses one chain of sources sits out before it leaves the rest to the next run.
    """

    def __init__(
        self,
        name: str,
        *,
        symbols: int,
        window: float,
        pauses: int = 0,
        shared: SharedState | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if symbols < 1 or window <= 0 or pauses < 0:
            raise ValueError(
                f"The budget of {name} needs at least 1 symbol, a positive window and no negative pauses, "
                f"not {symbols}, {window} and {pauses}"
            )
        self.name = name
        self.symbols = symbols
        self.window = window
        self.pauses = pauses
        self._shared = shared
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._used = 0
        self._ends = 0.0

    def take(self, wanted: int) -> int:
        """Take up to `wanted` symbols from the running window and say how many there were; 0 means: pause."""
        return self._take(wanted)[0]

    def state(self) -> BudgetState:
        """How much of the window is used."""
        _, used, resets_in = self._take(0)
        return BudgetState(used, resets_in if used else 0.0)

    def pause(self) -> None:
        """Wait for the next window, and a moment more: the server's milliseconds are cut off."""
        self._sleep(self.state().resets_in + 0.01)

    def _take(self, wanted: int) -> tuple[int, int, float]:
        if self._shared is not None:
            answer = self._shared.run(_TAKE, f"{self.name}:budget", [self.symbols, int(self.window * 1000), wanted])
            if answer is not None:
                return int(answer[0]), int(answer[1]), int(answer[2]) / 1000
        with self._lock:
            now = self._clock()
            if now >= self._ends:
                self._used = 0
            granted = min(wanted, max(0, self.symbols - self._used))
            if granted and not self._used:
                self._ends = now + self.window
            self._used += granted
            return granted, self._used, max(0.0, self._ends - now)
