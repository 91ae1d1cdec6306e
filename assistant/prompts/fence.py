"""Text that is not ours, written so that it cannot be taken for ours.

Names, tags, notes, memories, documents and pages reach a model as JSON between two marks. Inside, `<` and `>` are escaped and
line breaks are JSON's, so no text can write a mark, open a line of its own or close its block early. Characters that people
cannot see are taken out: they carry hidden orders.
"""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import orjson

# Format and control characters, surrogates, private use, line and paragraph separators.
UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
KEPT = frozenset("\n\t")
# Signs that look like the marks; the marks themselves become JSON escapes.
LOOKALIKES = dict.fromkeys("＜﹤‹〈⟨《«", "<") | dict.fromkeys("＞﹥›〉⟩》»", ">")
ESCAPES = ((b"<", b"\\u003c"), (b">", b"\\u003e"))
ELLIPSIS = "…"


def plain(text: str) -> str:
    """The text without characters that nobody sees, line breaks and tabs aside."""
    if text.isascii() and text.isprintable():
        return text
    # A text has few different characters, however long it is.
    changed = {ord(sign): stand_in for sign in set(text) if (stand_in := _stand_in(sign)) != sign}
    return text.translate(changed) if changed else text


def _stand_in(sign: str) -> str:
    if sign in KEPT:
        return sign
    return "" if unicodedata.category(sign) in UNSEEN else LOOKALIKES.get(sign, sign)


def shortened(text: str, most: int) -> str:
    """Plain text of at most `most` characters; what is longer ends after a whole word and an ellipsis."""
    text = plain(text).strip()
    if len(text) <= most:
        return text
    kept = text[: most - 1]
    whole, _, cut = kept.rpartition(" ")
    return (whole if whole and len(cut) < most // 2 else kept).rstrip() + ELLIPSIS


def encode(value: Any) -> str:
    """A value as JSON on one line, in which no mark can stand.

    Raises
    ------
    TypeError for what JSON cannot say.
    """
    raw = orjson.dumps(_plain_values(value), default=_simple, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z)
    for sign, escape in ESCAPES:
        raw = raw.replace(sign, escape)
    return raw.decode()


def fence(kind: str, rows: Mapping[str, Any] | Sequence[Any]) -> str:
    """A block of data between its marks: one JSON value a line, of a mapping one `key: value` object a line."""
    lines = [{key: value} for key, value in rows.items()] if isinstance(rows, Mapping) else list(rows)
    return "\n".join([f'<data kind="{kind}">', *(encode(line) for line in lines), "</data>"])


def _plain_values(value: Any) -> Any:
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, Mapping):
        return {_plain_values(key): _plain_values(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain_values(one) for one in value]
    return value


def _simple(value: Any) -> Any:
    if isinstance(value, Decimal):
        whole = int(value)
        return whole if whole == value else float(value)
    if isinstance(value, dt.timedelta):
        return value.total_seconds()
    raise TypeError(f"{type(value).__name__} has no JSON form")
