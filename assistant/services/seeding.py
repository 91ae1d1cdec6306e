"""The product's own texts: files of this app, kept equal with what is stored of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db.models import Q

from assistant.llm.client import configured
from assistant.models import KnowledgeDocument
from assistant.services.knowledge import Text, chunk_hashes, delete_documents, store_documents

FOLDER = Path(__file__).resolve().parents[1] / "knowledge"
SCOPE = "global"
# Texts of staff and of feedback have another source, and are left alone.
SOURCE = "seed"
FRONT = re.compile(r"\A---\n(?P<head>.*?)\n---\n(?P<body>.*)\Z", re.S)


@dataclass(frozen=True)
class SeedOutcome:
    """What a seed did, or would do: texts by what became of them, chunks embedded, and chunks that still have no vector."""

    total: int = 0
    written: int = 0
    unchanged: int = 0
    removed: int = 0
    embedded: int = 0
    embedding_missing: int = 0

    def __str__(self) -> str:
        found = f"{self.total} texts: {self.written} written, {self.unchanged} unchanged, {self.removed} removed"
        if self.embedded:
            found += f", {self.embedded} embedded"
        if self.embedding_missing:
            found += f"; {self.embedding_missing} are found by their words only"
            found += ", the embedding model did not answer" if configured() else ", no key for embeddings is set"
        return found


def own_texts(folder: Path = FOLDER) -> list[Text]:
    """The texts of the folder by name.

    Raises
    ------
    ValueError if a file has no title in its head, or says nothing.
    """
    return [_read(path) for path in sorted(folder.glob("*.md"))]


def seed_knowledge(
    *, dry_run: bool = False, folder: Path = FOLDER, progress: Callable[[int], object] | None = None
) -> SeedOutcome:
    """Make the knowledge base hold the folder's texts: store new and changed ones, remove those that are gone.

    Unchanged ones are not touched, except that vectors are made where a key is set and they are missing or of another model.

    Parameters
    ----------
    dry_run : only say what would be done. progress : told each time another text is done.
    """
    texts = own_texts(folder)
    gone = KnowledgeDocument.objects.filter(scope=SCOPE, metadata__source=SOURCE, chunk_no=0).exclude(
        slug__in=[text.slug for text in texts]
    )
    if dry_run:
        pending = outdated(texts)
        missing = sum(len(chunk_hashes(text)) for text in pending) if configured() else 0
        return SeedOutcome(len(texts), len(pending), len(texts) - len(pending), gone.count(), embedded=missing)
    removed = delete_documents(list(gone.values_list("pk", flat=True)))
    stored = store_documents(texts, progress=progress)
    written = sum(one.changed for one in stored)
    return SeedOutcome(
        total=len(texts),
        written=written,
        unchanged=len(texts) - written,
        removed=removed,
        embedded=sum(one.embedded for one in stored),
        embedding_missing=sum(one.embedding_missing for one in stored),
    )


def outdated(texts: list[Text]) -> list[Text]:
    """Those that are not stored as they are, or lack vectors that could be made."""
    current = Q(scope=SCOPE)
    if configured():
        current &= Q(embedding_model=settings.OPENAI_EMBEDDING_MODEL)
    stored: dict[str, list[str]] = {}
    for slug, content_hash in (
        KnowledgeDocument.objects.filter(current).order_by("slug", "chunk_no").values_list("slug", "content_hash")
    ):
        stored.setdefault(slug, []).append(content_hash)
    return [text for text in texts if stored.get(text.slug) != chunk_hashes(text)]


def _read(path: Path) -> Text:
    parts = FRONT.match(path.read_text(encoding="utf-8"))
    head = dict(line.split(": ", 1) for line in parts["head"].splitlines() if ": " in line) if parts else {}
    if parts is None or not head.get("title") or not parts["body"].strip():
        raise ValueError(f"{path.name} must begin with ---, title: ..., kind: ..., --- and go on with its text.")
    return Text(
        SCOPE, path.stem, head["title"].strip(), parts["body"].strip(), {"source": SOURCE, "kind": head.get("kind", "")}
    )


def kept_texts() -> int:
    """How many texts everybody may be told of."""
    return KnowledgeDocument.objects.filter(scope=SCOPE, chunk_no=0).count()
