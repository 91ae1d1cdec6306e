"""Documents of the knowledge base: stored once, cut where they are long, replaced when they change."""

from __future__ import annotations

import itertools
from typing import Any
from uuid import uuid4

import pytest

from assistant.models import KnowledgeDocument
from assistant.services.chunks import CHUNK_CHARACTERS, OVERLAP_CHARACTERS, chunks
from assistant.services.knowledge import delete_documents, store_document

pytestmark = pytest.mark.django_db(databases=["ai"])
SENTENCES = [f"Sentence number {number} says something about risk." for number in range(400)]


@pytest.fixture(autouse=True)
def _without_key(settings: Any) -> None:
    settings.OPENAI_API_KEY = settings.OPENAI_BASE_URL = ""


def test_a_text_of_800_tokens_stays_whole() -> None:
    assert chunks("x" * CHUNK_CHARACTERS) == ["x" * CHUNK_CHARACTERS]
    assert chunks("  short \n") == ["short"]
    assert chunks(" ") == []


def test_long_texts_are_cut_between_sentences_and_overlap() -> None:
    pieces = chunks(" ".join(SENTENCES))
    assert len(pieces) > 4
    assert all(CHUNK_CHARACTERS / 2 < len(piece) <= CHUNK_CHARACTERS for piece in pieces[:-1])
    assert all(piece.startswith("Sentence") and piece.endswith("risk.") for piece in pieces)
    for before, after in itertools.pairwise(pieces):
        shared = after[: after.index(".") + 1]
        assert shared in before
        assert OVERLAP_CHARACTERS / 2 < len(before) - before.index(shared) < OVERLAP_CHARACTERS * 1.5
    assert all(any(sentence in piece for piece in pieces) for sentence in SENTENCES)


def test_a_text_without_any_end_is_cut_all_the_same() -> None:
    pieces = chunks("x" * 10_000)
    assert all(len(piece) <= CHUNK_CHARACTERS for piece in pieces)
    assert len(pieces) == 4


def test_paragraphs_are_kept_together() -> None:
    paragraph = "word " * 500
    assert chunks(f"{paragraph}\n\n{paragraph}")[0] == paragraph.strip()


def test_storing_twice_changes_nothing() -> None:
    first = store_document(scope="global", slug="beta", title="Beta", content="Moves with the market.")
    before = list(KnowledgeDocument.objects.values())
    again = store_document(scope="global", slug="beta", title="Beta", content="Moves with the market.")
    assert (first.changed, again.changed, again.id) == (True, False, first.id)
    assert (again.chunks, again.embedded, again.embedding_missing) == (1, 0, 1)
    assert list(KnowledgeDocument.objects.values()) == before


def test_a_changed_text_replaces_its_chunks_and_keeps_its_id() -> None:
    long = store_document(scope="global", slug="risk", title="Risk", content=" ".join(SENTENCES))
    rows = KnowledgeDocument.objects.filter(slug="risk")
    assert rows.count() == long.chunks > 4
    assert set(rows.exclude(chunk_no=0).values_list("parent_id", flat=True)) == {long.id}
    short = store_document(scope="global", slug="risk", title="Risk", content="Now short.", metadata={"kind": "x"})
    assert (short.id, short.chunks, short.changed) == (long.id, 1, True)
    assert list(rows.values_list("content", "metadata")) == [("Now short.", {"kind": "x"})]


def test_labels_alone_are_a_change_too() -> None:
    store_document(scope="global", slug="a", title="A", content="Text", metadata={"n": 1})
    assert store_document(scope="global", slug="a", title="A", content="Text", metadata={"n": 2}).changed
    assert KnowledgeDocument.objects.get().metadata == {"n": 2}


def test_texts_are_deleted_whole_by_id_or_by_name() -> None:
    one = store_document(scope="global", slug="one", title="One", content=" ".join(SENTENCES))
    store_document(scope="global", slug="two", title="Two", content="Text")
    store_document(scope="user:x", slug="two", title="Two", content="Text")
    assert delete_documents([one.id, uuid4()]) == 1
    assert delete_documents(("global", "two")) == 1
    assert delete_documents(("global", "two")) == delete_documents([]) == 0
    assert list(KnowledgeDocument.objects.values_list("scope", flat=True)) == ["user:x"]


@pytest.mark.parametrize(("title", "content"), [("", "text"), ("title", " \n"), ("\0", "text")])
def test_an_empty_text_is_refused(title: str, content: str) -> None:
    with pytest.raises(ValueError, match="says nothing"):
        store_document(scope="global", slug="x", title=title, content=content)


def test_what_cannot_be_stored_is_left_out() -> None:
    store_document(scope="global", slug="x", title="a\n b", content="c\0d\ud800e")
    assert KnowledgeDocument.objects.values_list("title", "content").get() == ("a b", "cde")
