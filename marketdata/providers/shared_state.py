"""Small counters that all workers share, in Redis; without Redis every process counts for itself."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

import redis

logger = logging.getLogger(__name__)


class SharedState:
    """Runs Lua scripts on a Redis (or Valkey) server, and says so when the server is away.

    Parameters
    ----------
    client : connection to the server; None means that there is none, and every call answers None.
    prefix : put before every key, so that two installations can share a server.
    pause : seconds during which an unreachable server is not tried again.
    """

    def __init__(
        self,
        client: redis.Redis | None,
        *,
        prefix: str = "sigmasight",
        pause: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._prefix = prefix
        self._pause = pause
        self._clock = clock
        self._away_until = 0.0
        self._scripts: dict[str, Any] = {}

    @classmethod
    def at(cls, url: str, *, prefix: str = "sigmasight") -> SharedState:
        """State on the server at `url`; an empty url means process-local state."""
        if not url:
            return cls(None, prefix=prefix)
        client = redis.Redis.from_url(url, socket_timeout=2.0, socket_connect_timeout=2.0)
        return cls(client, prefix=prefix)

    def run(self, script: str, key: str, args: Sequence[float | int | str]) -> list[Any] | None:
        """The script's answer, or None when the server is absent or does not answer: the caller then counts locally."""
        if self._client is None or self._clock() < self._away_until:
            return None
        try:
            compiled = self._scripts.get(script)
            if compiled is None:
                compiled = self._scripts[script] = self._client.register_script(script)
            answer: list[Any] = compiled(keys=[f"{self._prefix}:provider:{key}"], args=list(args))
        except redis.RedisError as error:
            self._away_until = self._clock() + self._pause
            logger.warning(
                "Shared limits are out of reach (%s); this process counts alone for %.0f s",
                type(error).__name__,
                self._pause,
            )
            return None
        return answer
