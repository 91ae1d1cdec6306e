"""What of the knowledge base bears on a question: by meaning and by words, fused by rank, never at the price of the answer."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from django import db
from django.conf import settings
from django.db import connections, transaction
from pgvector import Vector
from pgvector.django import CosineDistance

from assistant.models import KnowledgeDocument
from assistant.services.ai_database import AI, Unavailable, within_budget
from assistant.services.embeddings import embed_question
from portfolios.services.tokens import listed_portfolios

log = logging.getLogger(__name__)

MOST_CHARACTERS = 4_000
LEAST_OF_A_CUT = 100
LONGEST_QUERY = 4_000
CANDIDATES = 20
# Cormack, Clarke and Buettcher (2009): reciprocal rank fusion; the constant keeps first places from deciding alone.
RANK_CONSTANT = 60
SIMILAR_ENOUGH = 0.27
EXAMPLES = 2
EXAMPLE_SIMILAR_ENOUGH = 0.5
# Share of what a question's words weigh that a text must contain to be about it by its words alone; less if its title has one.
WORDS_ENOUGH, TITLED_ENOUGH = 0.5, 0.2

# Rare words weigh more (inverse document frequency among what may be seen), words that no text has most of all: a question
# that is mostly of these is about something else.
BY_WORDS = """
    WITH words AS (
        SELECT word, plainto_tsquery('simple', word) AS wanted
        FROM unnest(tsvector_to_array(to_tsvector('english', %(question)s))) AS word
    ), visible AS (
        SELECT count(*)::float AS total FROM ai_kb_documents WHERE scope = ANY(%(scopes)s)
    ), hits AS (
        SELECT d.id, w.word, ts_rank(d.search, w.wanted) AS rank, ts_rank('{0,0,0,1}', d.search, w.wanted) > 0 AS titled
        FROM words AS w JOIN ai_kb_documents AS d ON d.search @@ w.wanted AND d.scope = ANY(%(scopes)s)
    ), weights AS (
        SELECT word, ln(1 + total / greatest(count(hits.id), 0.5)) AS weight
        FROM words LEFT JOIN hits USING (word) CROSS JOIN visible
        GROUP BY word, total
    )
    SELECT d.id, 1 - (d.embedding <=> %(vector)s::vector), d.embedding_model = %(model)s,
           sum(weight) / (SELECT sum(weight) FROM weights), bool_or(titled)
    FROM hits JOIN weights USING (word) JOIN ai_kb_documents AS d ON d.id = hits.id
    GROUP BY d.id
    ORDER BY sum(weight * rank) DESC, d.scope, d.slug, d.chunk_no
    LIMIT %(limit)s
"""


@dataclass(frozen=True)
class Passage:
    """A piece of text for the prompt; data, whatever it says.

    Attributes
    ----------
    similarity : cosine to the question, 4 decimals; None where only words were compared. score : what it was ranked by.
    """

    id: UUID
    scope: str
    slug: str
    title: str
    content: str
    similarity: float | None
    score: float
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class _Candidate:
    score: float = 0.0
    similarity: float | None = None
    fits: bool = False


def retrieve(
    user_id: UUID,
    query: str,
    *,
    portfolio_ids: Iterable[UUID] = (),
    page_hint: str | None = None,
    route: str | None = None,
    limit: int = 3,
) -> list[Passage]:
    """The texts that bear on a question, best first, 4000 characters in all. [] if there are none or they cannot be had in time.

    Parameters
    ----------
    portfolio_ids : those the question is about; texts of portfolios that are not the person's are not looked at.
    """
    scopes = ["global"]
    scopes += [f"page:{page_hint}"[:100]] if page_hint else []
    scopes += [f"route:{route}"[:100]] if route else []
    try:
        scopes += [f"portfolio:{pk}" for pk in _own(user_id, portfolio_ids)]
        found = _search(scopes, query, limit, SIMILAR_ENOUGH, TITLED_ENOUGH)
    except (Unavailable, db.Error) as error:
        return _without(error)
    return _within(found, MOST_CHARACTERS)


def examples_for(user_id: UUID, query: str) -> list[Passage]:
    """At most two answers this person liked to questions like this one. [] if there are none or they cannot be had in time."""
    try:
        found = _search([f"user:{user_id}"], query, EXAMPLES, EXAMPLE_SIMILAR_ENOUGH, WORDS_ENOUGH)
    except (Unavailable, db.Error) as error:
        return _without(error)
    return _within(found, MOST_CHARACTERS)


def _without(error: Exception) -> list[Passage]:
    if not isinstance(error, Unavailable):
        log.error("the knowledge base could not be searched", exc_info=error)
    return []


def _own(user_id: UUID, portfolio_ids: Iterable[UUID]) -> list[UUID]:
    named = list(portfolio_ids)
    return list(listed_portfolios(user_id).filter(pk__in=named).values_list("pk", flat=True)) if named else []


def _search(scopes: list[str], query: str, limit: int, similar_enough: float, titled_enough: float) -> list[Passage]:
    question = query.replace("\0", " ").encode(errors="ignore").decode()[:LONGEST_QUERY].strip()
    if not question:
        return []
    vector = embed_question(question)
    candidates: dict[UUID, _Candidate] = {}
    with within_budget(), transaction.atomic(using=AI):
        if vector is not None:
            for rank, (pk, similarity) in enumerate(_by_meaning(scopes, vector)):
                candidates[pk] = _Candidate(1 / (RANK_CONSTANT + rank + 1), similarity, similarity >= similar_enough)
        for rank, (pk, near, comparable, share, titled) in enumerate(_by_words(scopes, question, vector)):
            one = candidates.setdefault(pk, _Candidate())
            one.score += 1 / (RANK_CONSTANT + rank + 1)
            if near is not None and comparable:
                one.similarity, one.fits = near, near >= similar_enough
            else:
                one.fits = share >= (titled_enough if titled else WORDS_ENOUGH)
        fitting = {pk: one for pk, one in candidates.items() if one.fits}
        rows = KnowledgeDocument.objects.defer("embedding", "search").in_bulk(list(fitting))
    ranked = sorted(rows.values(), key=lambda row: (-fitting[row.pk].score, row.scope, row.slug, row.chunk_no))
    return _distinct([_passage(row, fitting[row.pk]) for row in ranked])[:limit]


def _by_meaning(scopes: list[str], vector: Sequence[float]) -> list[tuple[UUID, float]]:
    """The nearest chunks, nearest first. The index goes on searching until it has enough of the scopes (pgvector 0.8)."""
    with connections[AI].cursor() as cursor:
        cursor.execute("SET LOCAL hnsw.iterative_scan = strict_order")
    nearest = (
        KnowledgeDocument.objects.filter(scope__in=scopes, embedding_model=settings.OPENAI_EMBEDDING_MODEL)
        .exclude(embedding=None)
        .annotate(distance=CosineDistance("embedding", list(vector)))
        .order_by("distance")
        .values_list("pk", "distance")[:CANDIDATES]
    )
    return [(pk, round(1 - distance, 4)) for pk, distance in nearest]


def _by_words(
    scopes: list[str], question: str, vector: Sequence[float] | None
) -> list[tuple[UUID, float | None, bool, float, bool]]:
    """Id, similarity (None without vectors), whether that is of the model in use, share of the words' weight, word in the title."""
    values = {
        "question": question,
        "scopes": scopes,
        "vector": None if vector is None else Vector(list(vector)).to_text(),
        "model": settings.OPENAI_EMBEDDING_MODEL,
        "limit": CANDIDATES,
    }
    with connections[AI].cursor() as cursor:
        cursor.execute(BY_WORDS, values)
        found = cursor.fetchall()
    return [(pk, None if near is None else round(near, 4), *rest) for pk, near, *rest in found]


def _passage(row: KnowledgeDocument, found: _Candidate) -> Passage:
    return Passage(row.pk, row.scope, row.slug, row.title, row.content, found.similarity, found.score, row.metadata)


def _distinct(passages: Iterable[Passage]) -> list[Passage]:
    """One passage a text and a title: the first."""
    kept: list[Passage] = []
    texts: set[tuple[str, str]] = set()
    titles: set[str] = set()
    for one in passages:
        name, title = (one.scope, one.slug), one.title.casefold()
        if name not in texts and title not in titles:
            kept.append(one)
            texts.add(name)
            titles.add(title)
    return kept


def _within(passages: Iterable[Passage], characters: int) -> list[Passage]:
    """What fits, titles counted; of the one that does not, its beginning if that is more than a hundred characters."""
    kept: list[Passage] = []
    for one in passages:
        room = characters - len(one.title)
        if room >= len(one.content):
            kept.append(one)
            characters = room - len(one.content)
            continue
        if room > LEAST_OF_A_CUT:
            kept.append(replace(one, content=one.content[: room - 3].rstrip() + "..."))
        break
    return kept
