"""What a tool may be asked: each argument is declared once, and its schema and its check are made from that.

The schemas are in the strict form of function calling: every argument is required, what may be left out takes null, and nothing
else is accepted. A number beyond its bounds and a list that is too long are cut to them and the cut is noted; anything else
that does not fit is refused with a sentence that says what would.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson

from marketdata.services.securities import canonical

SYMBOL = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$"
LONGEST_GIVEN = 20_000
SHOWN = 60
Notes = list[str]


class BadArguments(ValueError):
    """Arguments that do not fit; the text says what would."""


@dataclass(frozen=True)
class Argument:
    """A name, what it means, and whether it may be left out (`default` stands in then)."""

    name: str
    meaning: str
    required: bool = field(default=False, kw_only=True)
    default: Any = field(default=None, kw_only=True)

    def schema(self) -> dict[str, Any]:
        """Its JSON schema: that of `shape`, with null where it may be left out."""
        told = self.meaning
        if not self.required and self.default is not None:
            told += f" Default {str(self.default).lower() if isinstance(self.default, bool) else self.default}."
        shape = self.shape()
        if not self.required:
            shape = {**shape, "type": [shape["type"], "null"]}
            if "enum" in shape:
                shape["enum"] = [*shape["enum"], None]
        return {"description": told, **shape}

    def shape(self) -> dict[str, Any]:
        raise NotImplementedError

    def read(self, given: Any, notes: Notes) -> Any:
        """The value that is applied for one that is not null.

        Raises
        ------
        BadArguments if it does not fit.
        """
        raise NotImplementedError

    def bounds(self) -> str:
        """Its bounds in words, for people."""
        return "-"

    def refuse(self, wanted: str, given: Any) -> BadArguments:
        shown = repr(given)
        return BadArguments(f"{self.name} must be {wanted}, not {shown[:SHOWN]}{'...' if len(shown) > SHOWN else ''}.")


@dataclass(frozen=True)
class Whole(Argument):
    """An integer between bounds."""

    least: int = field(kw_only=True)
    most: int = field(kw_only=True)

    def shape(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.least, "maximum": self.most}

    def read(self, given: Any, notes: Notes) -> int:
        if isinstance(given, float) and given.is_integer():
            given = int(given)
        if isinstance(given, bool) or not isinstance(given, int):
            raise self.refuse("an integer", given)
        return int(_within(self, given, self.least, self.most, notes))

    def bounds(self) -> str:
        return f"{self.least} to {self.most}"


@dataclass(frozen=True)
class Real(Argument):
    """A number between bounds."""

    least: float = field(kw_only=True)
    most: float = field(kw_only=True)

    def shape(self) -> dict[str, Any]:
        return {"type": "number", "minimum": self.least, "maximum": self.most}

    def read(self, given: Any, notes: Notes) -> float:
        if isinstance(given, bool) or not isinstance(given, int | float) or not math.isfinite(given):
            raise self.refuse("a number", given)
        return float(_within(self, given, self.least, self.most, notes))

    def bounds(self) -> str:
        return f"{self.least:g} to {self.most:g}"


@dataclass(frozen=True)
class Flag(Argument):
    """True or false."""

    def shape(self) -> dict[str, Any]:
        return {"type": "boolean"}

    def read(self, given: Any, notes: Notes) -> bool:
        if not isinstance(given, bool):
            raise self.refuse("true or false", given)
        return given


@dataclass(frozen=True)
class Choice(Argument):
    """One of some words."""

    words: tuple[str, ...] = field(kw_only=True)

    def shape(self) -> dict[str, Any]:
        return {"type": "string", "enum": list(self.words)}

    def read(self, given: Any, notes: Notes) -> str:
        if given not in self.words:
            raise self.refuse(f"one of {', '.join(self.words)}", given)
        return str(given)

    def bounds(self) -> str:
        return " / ".join(self.words)


@dataclass(frozen=True)
class Phrase(Argument):
    """Some words of at most so many characters."""

    most: int = field(kw_only=True)

    def shape(self) -> dict[str, Any]:
        return {"type": "string", "maxLength": self.most}

    def read(self, given: Any, notes: Notes) -> str:
        if not isinstance(given, str) or len(given) > self.most:
            raise self.refuse(f"text of at most {self.most} characters", given)
        return given.strip()

    def bounds(self) -> str:
        return f"at most {self.most} characters"


@dataclass(frozen=True)
class Symbol(Argument):
    """A ticker or an OCC option symbol, in any case."""

    def shape(self) -> dict[str, Any]:
        return {"type": "string", "pattern": SYMBOL}

    def read(self, given: Any, notes: Notes) -> str:
        if not isinstance(given, str) or not re.match(SYMBOL, given.strip()):
            raise self.refuse("a symbol such as AAPL", given)
        return canonical(given)

    def bounds(self) -> str:
        return "one symbol"


@dataclass(frozen=True)
class Many(Argument):
    """A list of things of one kind; a text with commas is taken for one as well."""

    one: Argument = field(kw_only=True)
    most: int = field(kw_only=True)
    least: int = field(default=1, kw_only=True)

    def shape(self) -> dict[str, Any]:
        return {"type": "array", "items": self.one.shape(), "minItems": self.least, "maxItems": self.most}

    def read(self, given: Any, notes: Notes) -> list[Any]:
        if isinstance(given, str):
            given = [piece for piece in given.split(",") if piece.strip()]
        if not isinstance(given, list):
            raise self.refuse(f"a list of {self.least} to {self.most}", given)
        read = [self.one.read(one, notes) for one in given]
        if all(isinstance(one, str | UUID) for one in read):
            read = list(dict.fromkeys(read))
        if len(read) < self.least:
            raise self.refuse(f"a list of {self.least} to {self.most}", given)
        if len(read) > self.most:
            notes.append(f"{self.name}: the first {self.most} of {len(read)} were used, {self.most} is the most.")
        return read[: self.most]

    def bounds(self) -> str:
        return f"{self.least} to {self.most}"


@dataclass(frozen=True)
class Record(Argument):
    """An object with named parts."""

    parts: tuple[Argument, ...] = field(kw_only=True)

    def shape(self) -> dict[str, Any]:
        return object_schema(self.parts)

    def read(self, given: Any, notes: Notes) -> dict[str, Any]:
        if not isinstance(given, Mapping):
            raise self.refuse("an object", given)
        return read_all(self.parts, given, notes)

    def bounds(self) -> str:
        return "; ".join(f"{part.name} {part.bounds()}" for part in self.parts)


@dataclass(frozen=True)
class Identity(Argument):
    """An id of something that must belong to the person who asks."""

    def shape(self) -> dict[str, Any]:
        return {"type": "string", "format": "uuid"}

    def read(self, given: Any, notes: Notes) -> UUID:
        try:
            return UUID(str(given).strip())
        except ValueError:
            raise self.refuse("a UUID", given) from None

    def bounds(self) -> str:
        return "own"


@dataclass(frozen=True)
class PortfolioId(Identity):
    """A portfolio; null, an empty text and "default" mean the portfolios of the conversation."""

    def read(self, given: Any, notes: Notes) -> Any:
        return None if given in ("", "default") else super().read(given, notes)


@dataclass(frozen=True)
class PositionId(Identity):
    """A lot."""


def object_schema(arguments: Sequence[Argument]) -> dict[str, Any]:
    """The strict schema of an object with these parts."""
    return {
        "type": "object",
        "properties": {one.name: one.schema() for one in arguments},
        "required": [one.name for one in arguments],
        "additionalProperties": False,
    }


def parse(text: str) -> dict[str, Any]:
    """The object a model wrote; nothing at all counts as an empty one.

    Raises
    ------
    BadArguments if it is none.
    """
    if not text.strip():
        return {}
    if len(text) > LONGEST_GIVEN:
        raise BadArguments(f"The arguments have more than {LONGEST_GIVEN} characters.")
    try:
        given = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadArguments(f"The arguments are not valid JSON: {error.msg}. Send one JSON object.") from None
    if not isinstance(given, dict):
        raise BadArguments("The arguments must be one JSON object.")
    return given


def read_all(arguments: Sequence[Argument], given: Mapping[str, Any], notes: Notes) -> dict[str, Any]:
    """Every argument with the value that is applied.

    Raises
    ------
    BadArguments for what does not fit, is missing, or is not known.
    """
    known = [one.name for one in arguments]
    if unknown := [str(name)[:SHOWN] for name in given if name not in known]:
        raise BadArguments(f"Unknown argument {', '.join(unknown)}. Known: {', '.join(known) or 'none'}.")
    applied = {}
    for one in arguments:
        value = given.get(one.name)
        if value is None:
            if one.required:
                raise BadArguments(f"{one.name} is missing: {one.meaning}")
            applied[one.name] = one.default
        else:
            applied[one.name] = one.read(value, notes)
    return applied


def identities(arguments: Sequence[Argument], applied: Mapping[str, Any], kind: type[Identity]) -> list[UUID]:
    """Every id of a kind among the values, in lists and objects too."""
    found: list[UUID] = []
    for one in arguments:
        value = applied.get(one.name)
        if value is not None:
            _collect(one, value, kind, found.append)
    return found


def _collect(declared: Argument, value: Any, kind: type[Identity], add: Callable[[UUID], None]) -> None:
    if isinstance(declared, kind):
        add(value)
    elif isinstance(declared, Many):
        for one in value:
            _collect(declared.one, one, kind, add)
    elif isinstance(declared, Record):
        for part in declared.parts:
            if value.get(part.name) is not None:
                _collect(part, value[part.name], kind, add)


def _within(argument: Argument, given: float, least: float, most: float, notes: Notes) -> float:
    if least <= given <= most:
        return given
    applied = min(max(given, least), most)
    notes.append(f"{argument.name}: {applied:g} was used, the bounds are {least:g} to {most:g}.")
    return applied
