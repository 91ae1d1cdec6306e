"""Two databases: each holds its own tables and nothing else, and no foreign key crosses."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import connections, models, router

from sigmasight.routers import AI_MODELS

pytestmark = pytest.mark.django_db(databases=["default", "ai"])


def all_models() -> list[type[models.Model]]:
    return [model for model in apps.get_models(include_auto_created=True) if model._meta.managed]


def tables(alias: str) -> set[str]:
    connection = connections[alias]
    with connection.cursor() as cursor:
        return {table.name for table in connection.introspection.get_table_list(cursor) if table.type == "t"}


@pytest.mark.parametrize("alias", ["default", "ai"])
def test_migrations_made_the_tables_of_this_database_only(alias: str) -> None:
    home = {model._meta.db_table for model in all_models() if router.db_for_write(model) == alias}
    assert tables(alias) == home | {"django_migrations"}


def test_the_ai_database_holds_the_ai_models() -> None:
    assert tables("ai") == {
        "ai_kb_documents",
        "ai_memories",
        "ai_feedback",
        "ai_admin_annotations",
        "django_migrations",
    }
    assert {m._meta.model_name for m in all_models() if router.db_for_read(m) == "ai"} == AI_MODELS


def test_no_relation_crosses_the_databases() -> None:
    crossing = [
        f"{model._meta.label}.{field.name}"
        for model in all_models()
        for field in model._meta.get_fields()
        if field.is_relation and field.related_model and not field.auto_created
        if router.db_for_write(model) != router.db_for_write(field.related_model)
    ]
    assert crossing == []


def test_the_router_refuses_a_relation_across() -> None:
    conversation, memory = apps.get_model("assistant", "Conversation")(), apps.get_model("assistant", "Memory")()
    user = apps.get_model("portfolios", "User")()
    assert router.allow_relation(conversation, user)
    assert not router.allow_relation(memory, user)


def test_the_vector_extension_is_made_for_the_ai_database_only() -> None:
    assert router.allow_migrate("ai", "assistant", target_db="ai")
    assert not router.allow_migrate("default", "assistant", target_db="ai")
    with connections["ai"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_extension WHERE extname = 'vector'")
        assert cursor.fetchone() == (1,)
