"""What staff see of the assistant: figures of requests, texts of the AI database, notes on answers."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import uuid4

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone

from assistant.models import AIRequestMetric, Annotation, Conversation, Feedback, KnowledgeDocument, Memory, Message
from assistant.services.ai_admin_tuning import MOST_EXPORTED, export
from assistant.services.knowledge import store_document
from portfolios.services.tokens import issue_admin_token
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db(databases=["default", "ai"])


@pytest.fixture
def staff() -> Client:
    token = issue_admin_token(UserFactory(is_staff=True, is_superuser=True), ip_address=None, user_agent="")
    return Client(headers={"Authorization": f"Bearer {token}"}, raise_request_exception=False)


def get(client: Client, path: str, **query: Any) -> Any:
    answer = client.get(f"/api/v1/admin/ai/{path}", query)
    assert answer.status_code == 200, answer.content
    return answer.json()


def asked(
    model: str, latency: int, *, tools: tuple[str, ...] = (), failed: str | None = None, days_ago: float = 0
) -> None:
    row = AIRequestMetric.objects.create(
        model=model,
        total_latency_ms=latency,
        first_token_ms=None if failed else latency // 2,
        input_tokens=None if failed else 100,
        output_tokens=None if failed else 20,
        total_tokens=None if failed else 120,
        tool_calls_count=len(tools),
        tool_calls={"tools": [{"name": name, "id": "c"} for name in tools]} if tools else None,
        error_type=failed,
        error_message="It failed." if failed else None,
    )
    AIRequestMetric.objects.filter(pk=row.pk).update(created_at=timezone.now() - dt.timedelta(days=days_ago))


@pytest.fixture
def requests() -> None:
    asked("a", 1000, tools=("get_risk_analysis", "get_performance"))
    asked("a", 2000, tools=("get_risk_analysis",))
    asked("b", 3000)
    asked("a", 9000, failed="api_failure")
    asked("a", 99_000, days_ago=40)


def test_counts_and_rates_are_of_the_window(staff: Client, requests: None) -> None:
    found = get(staff, "metrics", days=7)
    assert (found["period_days"], found["total_requests"], found["failed_requests"]) == (7, 4, 1)
    assert (found["error_rate"], found["tool_usage_rate"]) == (25, 50)
    assert (found["avg_latency_ms"], found["avg_input_tokens"], found["total_input_tokens"]) == (3750, 100, 300)
    assert found["total_tool_calls"] == 3


def test_percentiles_are_of_requests_that_succeeded(staff: Client, requests: None) -> None:
    found = get(staff, "latency")
    assert (found["sample_count"], found["p50_ms"], found["p95_ms"]) == (3, 2000, 2900)
    assert (found["min_ms"], found["max_ms"], found["avg_first_token_ms"]) == (1000, 3000, 1000)


def test_tools_models_and_errors_add_up(staff: Client, requests: None) -> None:
    tools = get(staff, "tools")
    assert [(one["tool_name"], one["call_count"]) for one in tools["tools"]] == [
        ("get_risk_analysis", 2), ("get_performance", 1),
    ]  # fmt: skip
    assert (tools["requests_with_tools"], tools["avg_tools_per_request"]) == (2, 1.5)
    models = get(staff, "models")["models"]
    assert [(one["model"], one["request_count"], one["percentage"]) for one in models] == [("a", 3, 75), ("b", 1, 25)]
    errors = get(staff, "errors")
    assert (errors["total_errors"], errors["error_rate"]) == (1, 25)
    assert errors["breakdown"] == [
        {"error_type": "api_failure", "count": 1, "percentage": 100, "sample_messages": ["It failed."]}
    ]
    tokens = get(staff, "tokens")
    assert sum(day["request_count"] for day in tokens["daily"]) == 4
    assert tokens["total_output_tokens"] == 60


def test_without_requests_times_are_unknown_and_not_zero(staff: Client) -> None:
    assert get(staff, "metrics")["avg_latency_ms"] is None
    latency = get(staff, "latency")
    assert (latency["sample_count"], latency["p50_ms"], latency["max_ms"]) == (0, None, None)
    assert get(staff, "tools")["avg_tools_per_request"] == 0


def test_documents_are_found_by_scope_and_words(staff: Client) -> None:
    KnowledgeDocument.objects.all().delete()
    store_document(scope="global", slug="var", title="Value at risk", content="x" * 600, metadata={"kind": "measure"})
    store_document(scope="page:home", slug="home", title="Home", content="The first page.", metadata={})
    found = get(staff, "knowledge/documents", search="RISK")
    assert (found["total"], found["documents"][0]["title"]) == (1, "Value at risk")
    row = found["documents"][0]
    assert (len(row["content"]), row["content_length"], row["has_embedding"]) == (503, 600, False)
    assert len(get(staff, f"knowledge/documents/{row['id']}")["content"]) == 600
    stats = get(staff, "knowledge/documents/stats")
    assert (stats["total_documents"], stats["by_scope"]) == (2, {"global": 1, "page:home": 1})


def test_memories_and_verdicts(staff: Client) -> None:
    Memory.objects.all().delete()
    user = UserFactory()
    Memory.objects.create(user_id=user.pk, scope="user", content="Prefers tables", source="auto_extraction")
    Memory.objects.create(scope="global", content="Of everybody")
    found = get(staff, "knowledge/memories", search="tables")
    assert (found["total"], found["memories"][0]["tags"]["source"]) == (1, "auto_extraction")
    stats = get(staff, "knowledge/memories/stats")
    assert (stats["total_memories"], stats["unique_users_with_memories"]) == (2, 1)
    talk = Conversation.objects.create(user=user)
    answer = Message.objects.create(conversation=talk, role="assistant", content="An answer.")
    Feedback.objects.create(message_id=answer.pk, user_id=user.pk, rating="down", comment="No.")
    row = get(staff, "knowledge/feedback", with_context=True)["feedback"][0]
    assert (row["original_message"], row["conversation_id"], row["user_id"]) == (
        "An answer.",
        str(talk.pk),
        str(user.pk),
    )
    assert "original_message" not in get(staff, "knowledge/feedback")["feedback"][0]
    assert get(staff, "knowledge/feedback/stats")["with_comments"] == 1


def test_a_note_lives_from_pending_to_export(staff: Client) -> None:
    talk = Conversation.objects.create(user=UserFactory())
    now = timezone.now()
    messages = [
        Message.objects.create(
            conversation=talk, role=role, content=str(number), created_at=now + dt.timedelta(seconds=number)
        )
        for number, role in enumerate(["user", "assistant", "user", "assistant"])
    ]
    body = {
        "message_id": str(messages[1].pk),
        "annotation_type": "correction",
        "content": "Wrong.",
        "tags": ["accuracy"],
    }
    path = "/api/v1/admin/ai/tuning/annotations"
    made = staff.post(path, body, content_type="application/json").json()
    assert (made["status"], made["severity"], made["tags"]) == ("pending", None, ["accuracy"])
    refused = staff.post(path, {**body, "message_id": str(messages[0].pk)}, content_type="application/json")
    assert refused.status_code == 400
    changed = staff.put(f"{path}/{made['id']}", {"status": "applied", "content": None}, content_type="application/json")
    assert (changed.json()["status"], changed.json()["content"]) == ("applied", "Wrong.")
    context = get(staff, f"tuning/messages/{messages[1].pk}", context_messages=1)
    assert [(one["content"], one["is_target"]) for one in context["context"]] == [
        ("0", False),
        ("1", True),
        ("2", False),
    ]
    assert [note["id"] for note in context["annotations"]] == [made["id"]]
    shown = get(staff, f"tuning/conversations/{talk.pk}")["messages"]
    assert [one["annotations_count"] for one in shown] == [0, 1, 0, 0]
    summary = get(staff, "tuning/summary")
    assert (summary["total_annotations"], summary["by_status"], summary["by_severity"]) == (1, {"applied": 1}, {})
    exported = get(staff, "tuning/export", status="applied")
    assert (exported["total_records"], exported["data"][0]["original_message"]["content"]) == (1, "1")
    assert staff.delete(f"{path}/{made['id']}").status_code == 200
    assert not Annotation.objects.exists()


def note(**fields: Any) -> Annotation:
    kind = {"annotation_type": "flag", "content": "x", **fields}
    return Annotation(message_id=uuid4(), admin_user_id=uuid4(), **kind)


def test_notes_are_counted_by_the_database(staff: Client, django_assert_num_queries: Any) -> None:
    kinds = [
        {"severity": "minor"}, {"severity": "minor", "suggested_response": "Better."}, {"annotation_type": "correction"},
        {"status": "applied", "severity": "critical"},
    ]  # fmt: skip
    Annotation.objects.bulk_create([note(**one) for one in kinds])
    with django_assert_num_queries(1, connection=connections["ai"]) as asked:
        found = get(staff, "tuning/summary")
    assert "COUNT" in asked.captured_queries[0]["sql"]
    assert (found["total_annotations"], found["with_suggestions"]) == (4, 1)
    assert found["by_type"] == {"correction": 1, "flag": 3}
    assert found["by_severity"] == {"critical": 1, "minor": 2}
    assert found["by_status"] == {"applied": 1, "pending": 3}


def test_no_more_than_ten_thousand_notes_are_exported(staff: Client) -> None:
    with connections["ai"].cursor() as cursor:
        cursor.execute(
            "INSERT INTO ai_admin_annotations (id, created_at, updated_at, message_id, admin_user_id, annotation_type, content, "
            "suggested_response, tags, status) SELECT gen_random_uuid(), now(), now(), gen_random_uuid(), gen_random_uuid(), 'flag', "
            "'x', '', '[]', 'pending' FROM generate_series(1, %s)",
            [MOST_EXPORTED],
        )
    assert len(export(status=None, annotation_type=None, days=1)) == 10_000
    note(status="applied").save()
    refused = staff.get("/api/v1/admin/ai/tuning/export")
    assert refused.status_code == 400
    assert "choose fewer days or a status" in refused.json()["detail"]
    assert get(staff, "tuning/export", status="applied")["total_records"] == 1


def test_the_export_is_for_super_admins() -> None:
    token = issue_admin_token(UserFactory(is_staff=True), ip_address=None, user_agent="")
    client = Client(headers={"Authorization": f"Bearer {token}"})
    assert client.get("/api/v1/admin/ai/tuning/export").status_code == 403
