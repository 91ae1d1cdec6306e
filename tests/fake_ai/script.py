"""What the vendor is told to do with its next requests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    """A response that is written as a stream, or at once where the request wants no stream.

    Parameters
    ----------
    text : of the message, none for "". calls : (name, arguments); arguments that are a string are sent as they are. refusal : said
    instead of text. citations : (title, url). pause : seconds before each piece of text. before : seconds before the first byte.
    status : completed, incomplete or failed. reason : why it is incomplete, or the code of the failure. error : the code of an
    `error` event at the end. cut_after : the connection is closed after so many pieces of text. hold_after : after so many pieces
    nothing comes any more. counted : whether tokens are told.
    """

    text: str = ""
    calls: Sequence[tuple[str, Any]] = ()
    refusal: str = ""
    citations: Sequence[tuple[str, str]] = ()
    pause: float = 0.0
    before: float = 0.0
    status: str = "completed"
    reason: str = ""
    error: str = ""
    cut_after: int | None = None
    hold_after: int | None = None
    counted: bool = True


@dataclass(frozen=True)
class Fault:
    """A refusal by status, with the vendor's error code."""

    status: int
    code: str | None = None
    message: str = "scripted"
    kind: str = "server_error"
