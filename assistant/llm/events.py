"""What happens while a model answers, as plain objects: they become text for a browser, or are counted, elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any

from assistant.tools.results import ToolResult

# Name and JSON arguments as the model wrote them -> what the tool found.
ToolCaller = Callable[[str, str], ToolResult]


@dataclass(frozen=True)
class ResponseStarted:
    """The vendor took a request. `response_id` is its own."""

    response_id: str


@dataclass(frozen=True)
class Text:
    """The next piece of the answer."""

    delta: str


@dataclass(frozen=True)
class ToolStarted:
    """A tool is about to run. `arguments` is what could be read of the model's JSON."""

    call_id: str
    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class ToolFinished:
    """It ran, or failed. `duration_ms` is 0 for a call that was answered before."""

    call_id: str
    name: str
    result: ToolResult
    duration_ms: int


@dataclass
class Usage:
    """Tokens over all rounds, as far as the vendor told; all 0 where it told none."""

    input_tokens: int = 0
    output_tokens: int = 0
    total_tokens: int = 0

    def add(self, told: Any) -> None:
        """The vendor's account of one response."""
        if told is not None:
            self.input_tokens += told.input_tokens
            self.output_tokens += told.output_tokens
            self.total_tokens += told.total_tokens

    def known(self) -> dict[str, int]:
        """By name; nothing where the vendor told none."""
        return asdict(self) if self.total_tokens else {}


@dataclass
class Finished:
    """The model has nothing more to say. `text` is all of it, `citations` the pages it names."""

    text: str
    model: str
    citations: list[dict[str, Any]] = field(default_factory=list)


LoopEvent = ResponseStarted | Text | ToolStarted | ToolFinished | Finished


@dataclass(frozen=True)
class LoopResult:
    """A whole answer. `cost_usd` is None where the model's price is not set. `calls` are (name, result) in order."""

    text: str
    model: str
    usage: Usage
    calls: tuple[tuple[str, ToolResult], ...]
    citations: tuple[dict[str, Any], ...]
    cost_usd: Decimal | None
