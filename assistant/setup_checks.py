"""Checks of the assistant's floor: the knowledge base."""

from __future__ import annotations

from sigmasight.core.setup_checks import Finding, ok, register, warning

SEED = "python manage.py seed_knowledge"


@register("knowledge base")
def knowledge_base() -> Finding:
    # The services bring the vendor's library along, which no other command needs to wait for.
    from assistant.llm.client import configured
    from assistant.services.seeding import kept_texts, outdated, own_texts

    texts = own_texts()
    pending = len(outdated(texts))
    if pending:
        return warning(f"{pending} of {len(texts)} texts are missing, outdated or without embedding: {SEED}")
    found_by = "meaning and words" if configured() else "words (no key for embeddings is set)"
    return ok(f"{kept_texts()} texts for everybody, found by {found_by}")
