"""Calling tools as a model does, for people of the demo."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from assistant.tools.arguments import Argument, Choice, Flag, Identity, Many, Real, Record, Symbol, Whole
from assistant.tools.registry import Tool, ToolContext, call_tool
from assistant.tools.results import ToolResult
from portfolios.models import Portfolio, User

LARGE = 1_000
ACCOUNTS = ("demo_individual", "demo_hnw", "demo_hedgefundstyle", "demo_familyoffice")


def person(account: str = "demo_hedgefundstyle") -> User:
    return User.objects.get(email=f"{account}@sigmasight.com")


def books_of(user: User) -> list[Portfolio]:
    return list(Portfolio.objects.filter(user=user, deleted_at=None).order_by("created_at", "id"))


def ask(name: str, account: str = "demo_hedgefundstyle", **arguments: Any) -> ToolResult:
    """A tool's answer in a conversation about the account's first portfolio."""
    user = person(account)
    context = ToolContext(user, books_of(user)[0].pk)
    return call_tool(context, name, json.dumps(arguments, default=str))


def data_of(result: ToolResult) -> dict[str, Any]:
    """The data of an answer that must be good."""
    assert not result.failed, result.envelope["error"]
    found: dict[str, Any] = result.envelope["data"]
    return found


def fitting(one: Tool) -> dict[str, Any]:
    """Arguments a tool takes, the fewest; ids aside."""
    return {argument.name: value_for(argument) for argument in one.arguments if argument.required}


def value_for(declared: Argument, identity: UUID | None = None) -> Any:
    """A value that fits, with this id where ids stand."""
    if isinstance(declared, Many):
        return [value_for(declared.one, identity)]
    if isinstance(declared, Record):
        return {part.name: value_for(part, identity) for part in declared.parts}
    if isinstance(declared, Whole | Real):
        return min(declared.most, LARGE)
    if isinstance(declared, Choice):
        return declared.words[0]
    if isinstance(declared, Identity):
        return None if identity is None else str(identity)
    return {Symbol: "NVDA", Flag: True}[type(declared)]
