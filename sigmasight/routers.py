"""Which model lives in which database, decided here and nowhere else."""

from __future__ import annotations

from typing import Any

from django.db.models import Model

AI_ALIAS = "ai"
AI_APP = "assistant"
AI_MODELS = frozenset({"knowledgedocument", "memory", "feedback", "annotation"})


class DatabaseRouter:
    """AI models go to `ai`, everything else to `default`; nothing relates across the two.

    Migration operations without a model (RunSQL, RunPython) say where they belong with ``hints={"target_db": ...}``;
    without the hint they run in `default` only.
    """

    def _home(self, app_label: str, model_name: str | None) -> str:
        return AI_ALIAS if app_label == AI_APP and (model_name or "").lower() in AI_MODELS else "default"

    def db_for_read(self, model: type[Model], **hints: Any) -> str:
        return self._home(model._meta.app_label, model._meta.model_name)

    def db_for_write(self, model: type[Model], **hints: Any) -> str:
        return self._home(model._meta.app_label, model._meta.model_name)

    def allow_relation(self, first: Model, second: Model, **hints: Any) -> bool:
        # `request.user` is a lazy object: its own type is no model.
        return self.db_for_read(first._meta.model) == self.db_for_read(second._meta.model)

    def allow_migrate(self, db: str, app_label: str, model_name: str | None = None, **hints: Any) -> bool:
        if target := hints.get("target_db"):
            return bool(db == target)
        return db == self._home(app_label, model_name)
