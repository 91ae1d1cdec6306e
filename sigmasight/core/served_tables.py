"""Tables whose rows follow rules that services keep: forms hand over to a service, and what it refuses stands on the form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from sigmasight.core.admin import TableAdmin
from sigmasight.core.errors import DomainError

REFUSAL = "refusal_of_the_service"


class ServedForm(ModelForm):  # type: ignore[type-arg]
    """What is wrong is said by the service, in words: names of constraints tell staff nothing."""

    refusal: DomainError | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.validate_constraints = lambda exclude=None: None

    def clean(self) -> Any:
        if self.refusal is not None:
            self.add_error(None, self.refusal.message)
        return super().clean()


class ServedTable(TableAdmin):
    """`entered` : the fields that make a new row.     `corrected` : those that may change afterwards; the others are read only.

    Subclasses write `enter(request, row, given)`, which returns the stored row, `correct(request, row, given)` with the values that
    changed, and `remove(request, row)`.
    """

    form = ServedForm
    entered: Sequence[str] = ()
    corrected: Sequence[str] = ()

    def enter(self, request: HttpRequest, row: Any, given: dict[str, Any]) -> Any:
        raise NotImplementedError

    def correct(self, request: HttpRequest, row: Any, given: dict[str, Any]) -> None:
        raise NotImplementedError

    def remove(self, request: HttpRequest, row: Any) -> None:
        raise NotImplementedError

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        if obj is None:
            return self.entered
        return list(dict.fromkeys([*self.entered, *self.corrected, *self.get_readonly_fields(request, obj)]))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        if obj is None:
            return ()
        apart = {*self.corrected, *(self.exclude or ())}
        kept = [field.name for field in self.opts.fields if field.name not in apart and not field.primary_key]
        return [*kept, *(name for name in self.readonly_fields if name not in kept)]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        return type(form.__name__, (form,), {"refusal": getattr(request, REFUSAL, None)})

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().changeform_view(request, *args, **kwargs)
        except DomainError as refusal:
            # Nothing of it was stored. The form is shown again as it was filled in, with the reason.
            setattr(request, REFUSAL, refusal)
            return super().changeform_view(request, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            stored = self.enter(request, obj, dict(form.cleaned_data))
            obj.__dict__.update(stored.__dict__)
        elif given := {name: form.cleaned_data[name] for name in form.changed_data if name in self.corrected}:
            self.correct(request, obj, given)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and not _is_deleted(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and not _is_deleted(obj)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        return self._or_told(request, lambda: super(ServedTable, self).delete_view(request, object_id, extra_context))

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return self._or_told(request, lambda: super(ServedTable, self).changelist_view(request, extra_context))

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self.remove(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for row in list(queryset):
            self.remove(request, row)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """The rows themselves: what hangs on them is the service's business, and most of it stays."""
        rows = [str(row) for row in objs]
        return rows, {self.opts.verbose_name_plural: len(rows)}, set(), []

    def _or_told(self, request: HttpRequest, view: Callable[[], HttpResponse]) -> HttpResponse:
        """The view's answer; where a service refuses, nothing of it stays and the reason stands on the same page again."""
        try:
            with transaction.atomic() if request.method == "POST" else nullcontext():
                return view()
        except DomainError as refusal:
            messages.error(request, refusal.message)
            return HttpResponseRedirect(request.get_full_path())


def _is_deleted(row: Any) -> bool:
    return getattr(row, "deleted_at", None) is not None
