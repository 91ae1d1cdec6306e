"""Cutting long texts into pieces that are embedded one by one."""

from __future__ import annotations

import re

# English has about four characters a token. A text of 800 tokens stays whole; pieces of longer ones overlap by 100.
CHUNK_CHARACTERS = 3_200
OVERLAP_CHARACTERS = 400
# The best place to cut is the end of a paragraph, then of a line, of a sentence, of a word.
ENDS = tuple(re.compile(pattern) for pattern in (r"\n\s*\n", r"\n", r"(?<=[.!?;])\s", r"\s"))


def chunks(text: str, *, longest: int = CHUNK_CHARACTERS, overlap: int = OVERLAP_CHARACTERS) -> list[str]:
    """The text in pieces of at most `longest` characters, each beginning with the last `overlap` ones of the one before.

    Cuts are made where something ends in the last third of a piece: a paragraph if possible, else a sentence, else a word.
    """
    text = text.strip()
    pieces, start = [], 0
    while len(text) - start > longest:
        end = _cut(text, start + longest * 2 // 3, start + longest)
        pieces.append(text[start:end].strip())
        start = _cut(text, max(start + 1, end - overlap - overlap // 4), max(start + 2, end - overlap))
    pieces.append(text[start:].strip())
    return [piece for piece in pieces if piece]


def _cut(text: str, least: int, most: int) -> int:
    for end in ENDS:
        if found := [match.end() for match in end.finditer(text, least, most)]:
            return found[-1]
    return most
