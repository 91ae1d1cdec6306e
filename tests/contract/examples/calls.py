"""What an example call is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.contract.holdings import Holdings


@dataclass(frozen=True)
class Call:
    """One request: values of the path, the query and the body. `form` is sent as multipart instead of `body`."""

    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    form: Callable[[], dict[str, Any]] | None = None


Example = Callable[[Holdings], Call]


def of_portfolio(body: Any = None, **query: Any) -> Example:
    return lambda who: Call({"portfolio_id": who.portfolio}, query, body)


def of_symbol(**query: Any) -> Example:
    return lambda who: Call({"symbol": "AAPL"}, query)


def plain(body: Any = None, **query: Any) -> Example:
    return lambda who: Call({}, query, body)


def aggregate(who: Holdings) -> Call:
    return Call(query={"portfolio_ids": [who.portfolio]})
