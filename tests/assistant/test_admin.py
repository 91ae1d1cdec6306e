"""Texts of the knowledge base edited in their table."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from assistant.models import KnowledgeDocument
from assistant.services.knowledge import store_document
from portfolios.models import User

pytestmark = pytest.mark.django_db(databases=["default", "ai"])
TEXT = {"scope": "global", "slug": "greeks", "title": "Greeks", "content": "Delta is a slope.", "metadata": "{}"}


@pytest.fixture
def boss(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("boss@example.com", "a-long-secret-1"))
    return client


def page(verb: str, *args: object) -> str:
    return reverse(f"admin:assistant_knowledgedocument_{verb}", args=args)


def test_a_corrected_text_is_stored_as_if_it_had_come_anew(boss: Client) -> None:
    assert boss.post(page("add"), TEXT).status_code == 302
    row = KnowledgeDocument.objects.get()
    known = row.content_hash
    answer = boss.post(page("change", row.pk), TEXT | {"content": "Delta is the first derivative."})
    assert answer.status_code == 302, answer.context["errors"]
    row.refresh_from_db()
    assert (row.content, row.content_hash == known) == ("Delta is the first derivative.", False)


def test_a_text_that_is_there_is_not_written_over(boss: Client) -> None:
    boss.post(page("add"), TEXT)
    answer = boss.post(page("add"), TEXT | {"content": "Another."})
    assert "There is a text under this scope" in str(answer.context["errors"])
    assert KnowledgeDocument.objects.get().content == TEXT["content"]


def test_a_piece_of_a_long_text_is_not_corrected_alone_and_goes_with_the_whole(boss: Client) -> None:
    store_document(
        scope="global",
        slug="long",
        title="Long",
        content="\n\n".join(["A sentence of ten words stands here now. " * 40] * 8),
    )
    assert KnowledgeDocument.objects.count() > 1
    piece = KnowledgeDocument.objects.filter(chunk_no=1).get()
    answer = boss.post(page("change", piece.pk), TEXT)
    assert "pieces" in str(answer.context["errors"])
    boss.post(page("delete", piece.pk), {"post": "yes"})
    assert not KnowledgeDocument.objects.exists()
