"""Celery's Redis transport, made to outlive a broker that goes away."""

from __future__ import annotations

from typing import Any

from kombu.transport import redis
from redis.exceptions import ConnectionError as BrokerGone


class Channel(redis.Channel):
    """A channel whose connection is gone says so as a lost connection.

    Left to itself it raises an AttributeError, where the worker puts back what it has not acknowledged and where a task that outlived
    the connection acknowledges itself: nobody expects that one, and the worker ends. Nothing is lost by not putting back: the broker
    hands the messages out again after its visibility timeout, and the sweeper hands out what a run lacks long before.
    """

    def _connparams(self, asynchronous: bool = False) -> dict[str, Any]:
        if self.connection is None or self.connection.client is None:
            raise BrokerGone("The connection to the broker that this message came by is gone.")
        found: dict[str, Any] = super()._connparams(asynchronous)  # type: ignore[misc]
        return found


class Transport(redis.Transport):
    Channel = Channel
