"""The assistant's tables: texts of the knowledge base edited there, and private texts shown to nobody who has no business with them."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from assistant.models import AIRequestMetric, Conversation, KnowledgeDocument
from assistant.services.knowledge import store_document
from assistant.services.memories import remember
from portfolios.models import User
from sigmasight.core.models import ManualChange
from tests.factories import UserFactory

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


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("operator", 200)])
def test_private_texts_are_read_by_operators_alone(client: Client, role: str, status: int) -> None:
    talk = Conversation.objects.create(user=UserFactory())
    said = talk.messages.create(role="user", content="Do I owe too much?")
    staff = UserFactory(is_staff=True)
    staff.groups.add(Group.objects.get(name=role))
    client.force_login(staff)
    tables = [admin.site.get_model_admin(model) for model in apps.get_app_config("assistant").get_models()]
    private = [one.opts.model_name for one in tables if one.model is not AIRequestMetric]
    asked = [reverse(f"admin:assistant_{name}_changelist") for name in private]
    asked.append(reverse("admin:assistant_message_change", args=[said.pk]))
    assert {path: client.get(path).status_code for path in asked} == dict.fromkeys(asked, status)


def test_the_history_of_a_private_text_does_not_repeat_it(boss: Client) -> None:
    row = remember(uuid4(), "owes money to a friend", scope="user", source="auto_extraction")
    form = {"scope": "user", "user_id": row.user_id, "content": "is rich", "tags": "{}", "source": ""}
    address = reverse("admin:assistant_memory_change", args=[row.pk])
    assert boss.post(address, form).status_code == 302
    told = ManualChange.objects.get()
    assert "Content" in told.get_change_message()
    assert "friend" not in f"{told.object_repr} {told.change_message}"
    assert "rich" not in f"{told.object_repr} {told.change_message}"
