"""`seed_knowledge`: the knowledge base holds the files of the folder, and costs nothing when nothing changed."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from assistant.models import KnowledgeDocument
from assistant.services.knowledge import store_document
from assistant.services.seeding import own_texts, seed_knowledge
from assistant.setup_checks import knowledge_base
from assistant.tools.registry import tools

pytestmark = pytest.mark.django_db(databases=["ai"])


@pytest.fixture(autouse=True)
def _without_key(settings: Any) -> None:
    settings.OPENAI_API_KEY = settings.OPENAI_BASE_URL = ""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, "beta", "Moves with the market.")
    write(tmp_path, "vega", "One volatility point.")
    return tmp_path


def write(folder: Path, name: str, text: str) -> None:
    (folder / f"{name}.md").write_text(f"---\ntitle: About {name}\nkind: measure\n---\n{text}\n")


def test_our_texts_are_whole_and_of_a_readable_length() -> None:
    texts = own_texts()
    assert 45 <= len(texts) <= 70
    assert len({text.title for text in texts}) == len(texts)
    assert [text.slug for text in texts if not 90 <= len(text.content.split()) <= 350] == []
    assert {text.metadata["kind"] for text in texts} == {"measure", "engine", "tool", "faq"}
    assert [text.slug for text in texts if not text.slug.startswith(f"{text.metadata['kind']}-")] == []


def test_every_tool_is_explained() -> None:
    everything = " ".join(f"{text.title} {text.content}" for text in own_texts())
    assert [name for name in tools() if name not in everything] == []


def test_a_second_seed_writes_nothing(folder: Path) -> None:
    first, second = seed_knowledge(folder=folder), seed_knowledge(folder=folder)
    assert (first.total, first.written, second.written, second.unchanged) == (2, 2, 0, 2)
    assert KnowledgeDocument.objects.count() == 2


def test_changed_texts_are_replaced_and_gone_ones_removed(folder: Path) -> None:
    seed_knowledge(folder=folder)
    store_document(scope="global", slug="of-staff", title="House rules", content="Written in the console.")
    kept = KnowledgeDocument.objects.get(slug="beta").pk
    write(folder, "beta", "Moves with SPY.")
    (folder / "vega.md").unlink()
    dry = seed_knowledge(folder=folder, dry_run=True)
    assert (dry.written, dry.unchanged, dry.removed) == (1, 0, 1)
    assert KnowledgeDocument.objects.filter(content="Moves with the market.").exists()
    done = seed_knowledge(folder=folder)
    assert (done.written, done.unchanged, done.removed) == (1, 0, 1)
    assert set(KnowledgeDocument.objects.values_list("slug", "content")) == {
        ("beta", "Moves with SPY."),
        ("of-staff", "Written in the console."),
    }
    assert KnowledgeDocument.objects.get(slug="beta").pk == kept


@pytest.mark.parametrize("text", ["no head", "---\nkind: x\n---\ntext", "---\ntitle: x\n---\n \n"])
def test_a_broken_file_is_named_and_nothing_is_stored(folder: Path, text: str) -> None:
    (folder / "zz.md").write_text(text)
    with pytest.raises(ValueError, match=r"zz\.md must begin"):
        seed_knowledge(folder=folder)
    assert not KnowledgeDocument.objects.exists()


def test_the_command_tells_what_it_did() -> None:
    def run(*options: str) -> str:
        out = StringIO()
        call_command("seed_knowledge", *options, stdout=out)
        return out.getvalue()

    total = len(own_texts())
    assert knowledge_base().verdict == "warning"
    assert f"if this were no dry run: {total} texts: {total} written" in run("--dry-run")
    assert not KnowledgeDocument.objects.exists()
    assert "no key for embeddings is set" in run()
    assert f"0 written, {total} unchanged, 0 removed" in run()
    assert knowledge_base().verdict == "ok"
