"""Texts the assistant may quote: stored whole or in chunks, embedded where a key is set, found by words in any case."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import connections, transaction
from django.db.models import Q

from assistant.llm.client import ModelError, configured
from assistant.models import KnowledgeDocument
from assistant.services.ai_database import AI
from assistant.services.chunks import chunks
from assistant.services.embeddings import MOST_AT_ONCE, embed

log = logging.getLogger(__name__)

LONGEST_TITLE = 500
KEPT_ON_CHANGE = [
    "parent_id",
    "title",
    "content",
    "content_hash",
    "metadata",
    "embedding",
    "embedding_model",
    "updated_at",
]


@dataclass(frozen=True)
class Text:
    """What is to be stored. Scope and slug name it; storing another text under them replaces it."""

    scope: str
    slug: str
    title: str
    content: str
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class StoredDocument:
    """What became of a text.

    Attributes
    ----------
    id : of its first chunk, which it keeps when the text changes. changed : whether rows were written.
    embedded : chunks embedded now. embedding_missing : chunks that are found by their words only.
    """

    id: UUID
    chunks: int
    changed: bool
    embedded: int
    embedding_missing: int


@dataclass
class _Draft:
    """A chunk on its way: what it will be, and what is stored under its place."""

    text: Text
    chunk_no: int
    content: str
    stored: KnowledgeDocument | None
    embedding: Any = None
    embedding_model: str = ""

    @property
    def embedded_text(self) -> str:
        return f"{self.text.title}\n\n{self.content}"

    @property
    def content_hash(self) -> str:
        return _hash(self.embedded_text)

    def keep_embedding(self) -> bool:
        """Take over the stored vector where it is of this text and of the model in use; says whether there was one."""
        known = self.stored
        if known is None or known.content_hash != self.content_hash or known.embedding is None:
            return False
        if configured() and known.embedding_model != settings.OPENAI_EMBEDDING_MODEL:
            return False
        self.embedding, self.embedding_model = known.embedding, known.embedding_model
        return True

    def differs(self, known: KnowledgeDocument | None) -> bool:
        """Whether a row must be written over what is stored now."""
        return (
            known is None
            or known.content_hash != self.content_hash
            or known.metadata != dict(self.text.metadata)
            or known.embedding_model != self.embedding_model
        )


def store_document(
    *, scope: str, slug: str, title: str, content: str, metadata: Mapping[str, Any] | None = None
) -> StoredDocument:
    """Store one text under its scope and slug, or replace the one there. An unchanged one is neither embedded nor written.

    Raises
    ------
    ValueError if the text is empty.
    django.db.Error if the AI database does not answer.
    """
    return store_documents([Text(scope, slug, title, content, metadata or {})])[0]


def store_documents(texts: Sequence[Text], *, progress: Callable[[int], object] | None = None) -> list[StoredDocument]:
    """Store many texts, their changed chunks embedded together. Where the vendor fails they are stored without vectors.

    Parameters
    ----------
    progress : told the number of texts each time some more are stored.
    """
    outcome: list[StoredDocument] = []
    for first in range(0, len(texts), MOST_AT_ONCE):
        group = [_clean(text) for text in texts[first : first + MOST_AT_ONCE]]
        drafts = {(text.scope, text.slug): _drafts(text) for text in group}
        waiting = [draft for pieces in drafts.values() for draft in pieces if not draft.keep_embedding()]
        fresh = _embed(waiting)
        for pieces in drafts.values():
            outcome.append(_write(pieces, fresh))
            if progress is not None:
                progress(1)
    return outcome


def delete_documents(which: Collection[UUID] | tuple[str, str]) -> int:
    """Delete texts with all their chunks, by the ids of their first chunks or by (scope, slug). Returns how many there were.

    Raises
    ------
    django.db.Error if the AI database does not answer.
    """
    if isinstance(which, tuple) and len(which) == 2 and all(isinstance(part, str) for part in which):
        chosen = Q(scope=which[0], slug=which[1])
    else:
        chosen = Q(pk__in=list(which)) | Q(parent_id__in=list(which))
    with transaction.atomic(using=AI):
        found = KnowledgeDocument.objects.filter(chosen)
        whole = found.filter(chunk_no=0).count()
        found.delete()
    return whole


def chunk_hashes(text: Text) -> list[str]:
    """What is stored as the hashes of a text's chunks."""
    text = _clean(text)
    return [_Draft(text, number, piece, None).content_hash for number, piece in enumerate(chunks(text.content))]


def _hash(embedded_text: str) -> str:
    return hashlib.sha256(embedded_text.encode()).hexdigest()


def _clean(text: Text) -> Text:
    title = _sendable(" ".join(text.title.split()))[:LONGEST_TITLE]
    content = _sendable(text.content).strip()
    if not content or not title:
        raise ValueError(f"{text.scope}/{text.slug} has no title or says nothing.")
    return Text(text.scope, text.slug, title, content, text.metadata)


def _sendable(text: str) -> str:
    """Without what PostgreSQL or UTF-8 cannot carry."""
    return text.replace("\0", "").encode(errors="ignore").decode()


def _drafts(text: Text) -> list[_Draft]:
    stored = {row.chunk_no: row for row in KnowledgeDocument.objects.filter(scope=text.scope, slug=text.slug)}
    return [_Draft(text, number, piece, stored.get(number)) for number, piece in enumerate(chunks(text.content))]


def _embed(drafts: Sequence[_Draft]) -> set[int]:
    """Give the drafts vectors; returns which have one now. Without a key, or with a vendor that fails, none."""
    if not drafts or not configured():
        return set()
    try:
        vectors = embed([draft.embedded_text for draft in drafts])
    except ModelError as error:
        log.warning("%d texts are stored without embedding: %s", len(drafts), error)
        return set()
    for draft, vector in zip(drafts, vectors, strict=True):
        draft.embedding, draft.embedding_model = vector, settings.OPENAI_EMBEDDING_MODEL
    return {id(draft) for draft in drafts}


def _write(drafts: Sequence[_Draft], fresh: set[int]) -> StoredDocument:
    """The rows of one text, replaced in one transaction where they differ."""
    text, first = drafts[0].text, drafts[0].stored
    head = first.pk if first else uuid4()
    place = KnowledgeDocument.objects.filter(scope=text.scope, slug=text.slug)
    with transaction.atomic(using=AI):
        _wait_for_others(text)
        # Somebody else may have stored another text here meanwhile; the id of the first chunk stays.
        now = {row.chunk_no: row for row in place}
        head = now[0].pk if 0 in now else head
        for draft in drafts:
            draft.stored = now.get(draft.chunk_no)
            if draft.embedding is None:
                draft.keep_embedding()
        changed = [draft for draft in drafts if draft.differs(draft.stored)]
        surplus, _ = place.filter(chunk_no__gte=len(drafts)).delete()
        if changed:
            KnowledgeDocument.objects.bulk_create(
                [_row(draft, head) for draft in changed],
                update_conflicts=True,
                unique_fields=["scope", "slug", "chunk_no"],
                update_fields=KEPT_ON_CHANGE,
            )
    return StoredDocument(
        id=head,
        chunks=len(drafts),
        changed=bool(changed or surplus),
        embedded=sum(id(draft) in fresh for draft in drafts),
        embedding_missing=sum(draft.embedding is None for draft in drafts),
    )


def _row(draft: _Draft, head: UUID) -> KnowledgeDocument:
    return KnowledgeDocument(
        id=uuid4() if draft.chunk_no else head,
        scope=draft.text.scope,
        slug=draft.text.slug,
        chunk_no=draft.chunk_no,
        parent_id=head if draft.chunk_no else None,
        title=draft.text.title,
        content=draft.content,
        content_hash=draft.content_hash,
        metadata=dict(draft.text.metadata),
        embedding=draft.embedding,
        embedding_model=draft.embedding_model,
    )


def _wait_for_others(text: Text) -> None:
    """Two who store under one name do so one after the other."""
    number = int.from_bytes(hashlib.sha256(f"{text.scope}\0{text.slug}".encode()).digest()[:8], signed=True)
    with connections[AI].cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])
