"""The tools a model may call: declared once, offered as schemas, and called in one place that checks everything first.

A tool is a function in one of the files beside this one, registered with `tool`. `call_tool` reads and bounds the arguments,
checks that every portfolio and lot in them belongs to the person, runs the function in a read-only transaction, once for each
portfolio it is about, and puts its answer into the envelope. No function of a tool sees an id that was not checked.
"""

from __future__ import annotations

import datetime as dt
import importlib
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from django.db import DatabaseError, connection, transaction

from assistant.tools import results
from assistant.tools.arguments import (
    Argument,
    BadArguments,
    PortfolioId,
    PositionId,
    identities,
    object_schema,
    parse,
    read_all,
)
from assistant.tools.results import EXECUTION, LONG, SHORT, VALIDATION, Finding, ToolResult
from marketdata.services.family import current_family
from portfolios.models import Portfolio, User
from portfolios.services.access import owned_portfolio, owned_portfolios, owned_positions
from sigmasight.core.errors import DomainError

logger = logging.getLogger(__name__)

MOST_PORTFOLIOS = 5
# The database ends a statement before the loop gives up on the tool.
STATEMENT_MS = 25_000
MODULES = (
    "books", "briefings", "companies", "diversification", "explanations", "exposures", "extremes", "market", "movers", "performance",
    "plans", "prices", "risk", "stress", "targets",
)  # fmt: skip
WEB_SEARCH = {"type": "web_search"}
PORTFOLIO = PortfolioId(
    "portfolio_id",
    "The portfolio. Null: the one in view; with several in view the answer holds each of them, five at most.",
)


@dataclass(frozen=True)
class ToolContext:
    """For whom tools run, and the portfolios of the conversation: one in view, or several."""

    user: User
    portfolio_id: UUID | None = None
    portfolio_ids: tuple[UUID, ...] = ()


@dataclass(frozen=True)
class Call:
    """One call as a handler sees it: whose, with checked and bounded arguments, about one portfolio where the tool is of one."""

    context: ToolContext
    arguments: dict[str, Any]
    portfolio: Portfolio | None = None

    @property
    def user(self) -> User:
        return self.context.user

    @property
    def book(self) -> Portfolio:
        """The portfolio of a tool that has one."""
        if self.portfolio is None:
            raise LookupError("This tool is not about a portfolio.")
        return self.portfolio

    def __getitem__(self, name: str) -> Any:
        return self.arguments[name]


Handler = Callable[[Call], Finding]
Together = Callable[[Call, Sequence[UUID]], Finding]


@dataclass(frozen=True)
class Tool:
    """A function with what a model and a reader must know of it.

    purpose : for the model, when to call it. returns, source : for people, in `docs/assistant_tools.md`. most : characters of
    its text. together : what several portfolios are as one, beside each of them.
    """

    name: str
    purpose: str
    returns: str
    source: str
    arguments: tuple[Argument, ...]
    handler: Handler
    most: int = SHORT
    together: Together | None = None

    @property
    def of_portfolio(self) -> bool:
        return any(isinstance(one, PortfolioId) for one in self.arguments)

    def schema(self) -> dict[str, Any]:
        """In the strict form of the Responses API."""
        return {
            "type": "function",
            "name": self.name,
            "description": self.purpose,
            "parameters": object_schema(self.arguments),
            "strict": True,
        }


_tools: dict[str, Tool] = {}
_loading = threading.Lock()


@dataclass(frozen=True)
class tool:  # noqa: N801 - a decorator
    """Register a function as a tool under its own name."""

    purpose: str
    returns: str
    source: str
    arguments: tuple[Argument, ...] = ()
    most: int = SHORT
    together: Together | None = field(default=None)

    def __call__(self, handler: Handler) -> Handler:
        name = handler.__name__
        if name in _tools:
            raise ValueError(f"There are two tools named {name}.")
        _tools[name] = Tool(
            name, self.purpose, self.returns, self.source, self.arguments, handler, self.most, self.together
        )
        return handler


def tools() -> dict[str, Tool]:
    """Every tool by name, in a stable order."""
    with _loading:
        for module in MODULES:
            importlib.import_module(f"assistant.tools.{module}")
    return dict(sorted(_tools.items()))


def tool_schemas(*, web_search: bool) -> list[dict[str, Any]]:
    """What is offered to the model: all functions, and the vendor's web search where the route asks for it."""
    return [*(one.schema() for one in tools().values()), *([WEB_SEARCH] if web_search else [])]


def call_tool(context: ToolContext, name: str, arguments: str) -> ToolResult:
    """Run a tool for a person. Never raises: what goes wrong is an error in the envelope.

    Parameters
    ----------
    arguments : the JSON object the model wrote.

    It works on the calling thread's database connection, which the caller closes.
    """
    # Whatever a server made of the model's words, nothing is raised.
    name, arguments = str(name or ""), str(arguments or "")
    asked: Any = arguments[: results.SHORT]
    try:
        wanted = tools().get(name)
        if wanted is None:
            return _refused(f"There is no tool {name[:60]!r}.", asked)
        asked = parse(arguments)
        notes: list[str] = []
        applied = read_all(wanted.arguments, asked, notes)
        with transaction.atomic():
            _only_read()
            return _run(wanted, context, asked, applied, notes)
    except (BadArguments, DomainError) as refusal:
        return _refused(str(refusal), asked)
    except DatabaseError:
        logger.exception("Tool %s failed in the database", name[:60])
        text = "The data could not be read just now. Try once more, or go on without it."
        return results.failed(EXECUTION, text, retryable=True, requested=asked)
    except Exception:
        logger.exception("Tool %s failed", name[:60])
        text = f"{name[:60]} failed inside. Go on without it and say that this could not be looked up."
        return results.failed(EXECUTION, text, retryable=False, requested=asked)


def _run(
    wanted: Tool, context: ToolContext, asked: dict[str, Any], applied: dict[str, Any], notes: list[str]
) -> ToolResult:
    owned_positions(context.user, identities(wanted.arguments, applied, PositionId))
    family = current_family()
    call = Call(context, applied)
    if wanted.of_portfolio:
        books = _books(context, identities(wanted.arguments, applied, PortfolioId), notes)
        applied = {**applied, "portfolio_id": [str(book.pk) for book in books] if len(books) > 1 else str(books[0].pk)}
        finding = wanted.handler(replace(call, portfolio=books[0])) if len(books) == 1 else _each(wanted, call, books)
    else:
        finding = wanted.handler(call)
    told: dict[str, Any] = {
        "data_as_of": finding.as_of,
        "price_source": family,
        "simulated": family == "simulated",
        "notes": [*notes, *finding.notes],
    }
    most = max(wanted.most, LONG) if finding.data.get("multi_portfolio") else wanted.most
    return results.found(finding.data, told, most=most, requested=asked, applied=applied)


def _books(context: ToolContext, named: Sequence[UUID], notes: list[str]) -> list[Portfolio]:
    """The portfolios a call is about: those named, else the one in view, else those in view, else all; five at most.

    Raises
    ------
    NotFound if one of them is unknown, deleted or somebody else's. BadArguments if the person has none.
    """
    wanted = list(named) or ([context.portfolio_id] if context.portfolio_id else list(context.portfolio_ids))
    wanted = list(dict.fromkeys(wanted))
    books = [owned_portfolio(context.user, one) for one in wanted[:MOST_PORTFOLIOS]]
    if not wanted:
        everything = owned_portfolios(context.user)
        wanted, books = [book.pk for book in everything], everything[:MOST_PORTFOLIOS]
    if not books:
        raise BadArguments("This person has no portfolio yet.")
    if len(wanted) > len(books):
        notes.append(f"The first {len(books)} of {len(wanted)} portfolios are shown; name one to see another.")
    return books


def _each(wanted: Tool, call: Call, books: Sequence[Portfolio]) -> Finding:
    """The same of several portfolios, and of all as one where the tool can tell."""
    shown: list[dict[str, Any]] = []
    sessions: list[dt.date | None] = []
    notes: list[str] = []
    for book in books:
        found = wanted.handler(replace(call, portfolio=book))
        shown.append({"portfolio_id": book.pk, "portfolio": book.name, "data_as_of": found.as_of, **found.data})
        sessions.append(found.as_of)
        notes += found.notes
    data: dict[str, Any] = {"multi_portfolio": True, "portfolios": shown}
    if wanted.together is not None and all(book.is_active for book in books):
        whole = wanted.together(call, [book.pk for book in books])
        data = {"multi_portfolio": True, "together": whole.data, "portfolios": shown}
        notes += whole.notes
    return Finding(data, max((one for one in sessions if one), default=None), tuple(dict.fromkeys(notes)))


def _only_read() -> None:
    """No tool changes anything: the database holds to it until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('transaction_read_only', 'on', true), set_config('statement_timeout', %s, true)",
            [str(STATEMENT_MS)],
        )


def _refused(message: str, asked: Any) -> ToolResult:
    return results.failed(VALIDATION, message, retryable=False, requested=asked)
