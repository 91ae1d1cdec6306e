"""A breaker per source: after repeated trouble the source rests, then one request tries whether it is back.

The state is shared by all workers through Redis and falls back to the process alone.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from marketdata.providers.shared_state import SharedState


class BreakerState(StrEnum):
    """Closed: requests pass. Open: the source rests. Half open: one request is tried."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True)
class BreakerStatus:
    """`open_for` is the rest of the pause in seconds, 0 unless open."""

    state: BreakerState
    failures: int
    open_for: float


@dataclass(frozen=True)
class Admission:
    """Whether a request may go, whether it is the one that tries a rested source, and else when to come back (s)."""

    allowed: bool
    probe: bool = False
    retry_after: float = 0.0


# Fields: state, failures, trips (openings in a row), until (end of the rest, or of the probe's lease).
_READ = """
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local raw = redis.call('HMGET', KEYS[1], 'state', 'failures', 'trips', 'until')
local state, failures = raw[1] or 'closed', tonumber(raw[2]) or 0
local trips, ends = tonumber(raw[3]) or 0, tonumber(raw[4]) or 0
local function write()
  local till = string.format('%.6f', ends)
  redis.call('HSET', KEYS[1], 'state', state, 'failures', failures, 'trips', trips, 'until', till)
  redis.call('PEXPIRE', KEYS[1], tonumber(ARGV[2]))
end
"""
_ADMIT = (
    _READ
    + """
if state == 'closed' then return {1, 0, '0'} end
if now < ends then return {0, 0, string.format('%.6f', ends - now)} end
state, ends = 'half_open', now + tonumber(ARGV[1])
write()
return {1, 1, '0'}
"""
)
_FAILURE = (
    _READ
    + """
local threshold, at_once = tonumber(ARGV[3]), tonumber(ARGV[4])
local rest, longest, asked = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
failures = failures + 1
if state == 'open' then
  ends = math.max(ends, now + asked)
elseif state == 'half_open' or at_once == 1 or failures >= threshold then
  state = 'open'
  ends = now + math.max(asked, math.min(longest, rest * 2 ^ trips))
  trips = trips + 1
end
write()
return {1}
"""
)
# A late success of a request sent before the source was laid to rest does not wake it.
_SUCCESS = (
    _READ
    + """
if state ~= 'open' then redis.call('DEL', KEYS[1]) end
return {1}
"""
)
_STATUS = (
    _READ
    + """
local left = 0
if state == 'open' then left = math.max(0, ends - now) end
return {state, failures, string.format('%.6f', left)}
"""
)


class Breaker:
    """Lets requests to a source pass, or not.

    Parameters
    ----------
    threshold : failures in a row that open it.
    rest : seconds of the first rest; each further one in a row is twice as long, at most `longest_rest`.
    probe_lease : seconds after which a probe that never reported back is given up.
    """

    def __init__(
        self,
        name: str,
        *,
        threshold: int = 3,
        rest: float = 120.0,
        longest_rest: float = 3600.0,
        probe_lease: float = 120.0,
        shared: SharedState | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if threshold < 1 or rest <= 0:
            raise ValueError(f"The breaker of {name} needs a threshold of at least 1 and a positive rest")
        self.name = name
        self.threshold = threshold
        self.rest = rest
        self.longest_rest = longest_rest
        self.probe_lease = probe_lease
        self._shared = shared
        self._clock = clock
        self._lock = threading.Lock()
        self._state = BreakerState.CLOSED
        self._failures = 0
        self._trips = 0
        self._until = 0.0

    def admit(self) -> Admission:
        """May a request go now? After a rest the first one to ask is the probe, the others wait for its result."""
        answer = self._run(_ADMIT, self.probe_lease)
        if answer is not None:
            return Admission(bool(int(answer[0])), bool(int(answer[1])), float(answer[2]))
        with self._lock:
            now = self._clock()
            if self._state is BreakerState.CLOSED:
                return Admission(True)
            if now < self._until:
                return Admission(False, retry_after=self._until - now)
            self._state, self._until = BreakerState.HALF_OPEN, now + self.probe_lease
            return Admission(True, probe=True)

    def failure(self, *, at_once: bool = False, retry_after: float | None = None) -> None:
        """A request failed. `at_once` opens without counting; the rest lasts `retry_after` seconds at least."""
        asked = min(retry_after or 0.0, self.longest_rest)
        rests = [self.threshold, int(at_once), self.rest, self.longest_rest, asked]
        if self._run(_FAILURE, self.probe_lease, *rests) is not None:
            return
        with self._lock:
            now = self._clock()
            self._failures += 1
            if self._state is BreakerState.OPEN:
                self._until = max(self._until, now + asked)
            elif self._state is BreakerState.HALF_OPEN or at_once or self._failures >= self.threshold:
                self._state = BreakerState.OPEN
                self._until = now + max(asked, min(self.longest_rest, self.rest * 2 ** min(self._trips, 30)))
                self._trips += 1

    def success(self) -> None:
        """A request was answered."""
        if self._run(_SUCCESS, self.probe_lease) is not None:
            return
        with self._lock:
            if self._state is not BreakerState.OPEN:
                self._state, self._failures, self._trips, self._until = BreakerState.CLOSED, 0, 0, 0.0

    def status(self) -> BreakerStatus:
        """What staff see; asking changes nothing."""
        answer = self._run(_STATUS, self.probe_lease)
        if answer is not None:
            state = answer[0].decode() if isinstance(answer[0], bytes) else str(answer[0])
            return BreakerStatus(BreakerState(state), int(answer[1]), float(answer[2]))
        with self._lock:
            left = max(0.0, self._until - self._clock()) if self._state is BreakerState.OPEN else 0.0
            return BreakerStatus(self._state, self._failures, left)

    def _run(self, script: str, lease: float, *more: float) -> list[Any] | None:
        if self._shared is None:
            return None
        # Kept well past the longest rest, so that a forgotten source starts afresh some day.
        keep = int((self.longest_rest + lease) * 1000) + 86_400_000
        return self._shared.run(script, f"{self.name}:breaker", [lease, keep, *more])
