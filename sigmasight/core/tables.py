"""Tables that staff take out of the console as CSV, and the few that they may bring in."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import ForeignKey, Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from import_export.admin import ExportMixin, ImportMixin
from import_export.fields import Field
from import_export.formats.base_formats import CSV
from import_export.resources import ModelResource, modelresource_factory
from import_export.widgets import ForeignKeyWidget
from unfold.contrib.import_export.forms import ImportForm, SelectableFieldsExportForm

from sigmasight.core.csv_export import harmless

# Exports are made in memory: who wants more narrows the filter, or asks the database.
MOST_EXPORTED = 50_000
LARGEST_IMPORT = 1024 * 1024
# Lines of a file that are named as wrong.
MOST_WRONG = 10
# In none of the exports, whichever table they are in.
SECRETS = ("password", "token_hash", "key", "jti", "response", "embedding")
# How rows of other tables are named where these have such a name.
NAMES = ("symbol", "email", "model")
NUMBERS = (bool, int, float, Decimal, dt.date, dt.time, UUID)


class TableResource(ModelResource):
    """A table as rows of a file. Texts that a spreadsheet would calculate are made harmless; numbers stay numbers."""

    class Meta:
        exclude = SECRETS

    @classmethod
    def field_from_django_field(cls, field_name: str, django_field: Any, readonly: bool) -> Field:
        field = super().field_from_django_field(field_name, django_field, readonly)
        related = getattr(django_field.remote_field, "model", None)
        named = [name for name in NAMES if related and any(one.name == name for one in related._meta.fields)]
        if named and isinstance(django_field, ForeignKey):
            field.attribute = field_name
            field.widget = ForeignKeyWidget(related, named[0])
        return field

    def export_field(self, field: Field, instance: Model, **options: Any) -> Any:
        value = super().export_field(field, instance, **options)
        if not isinstance(value, str) or isinstance(field.get_value(instance), NUMBERS):
            return value
        return harmless(value)


class ExportedTable(ExportMixin):
    """Mixin of an admin class: a button that exports what the list shows, for everybody who may see it."""

    export_form_class = SelectableFieldsExportForm
    export_formats = [CSV]

    def get_export_resource_classes(self, request: Any) -> list[type[ModelResource]]:
        return [modelresource_factory(self.model, TableResource)]

    def get_export_queryset(self, request: Any) -> QuerySet[Any]:
        relations = [field.name for field in self.model._meta.fields if field.is_relation]
        return super().get_export_queryset(request).select_related(*relations)

    def get_valid_export_item_pks(self, request: Any) -> list[Any]:
        """Selections are made by filters; a list of keys in the form is refused."""
        return []

    def get_export_data(self, file_format: Any, request: Any, queryset: QuerySet[Any], **options: Any) -> Any:
        if queryset.order_by()[: MOST_EXPORTED + 1].count() > MOST_EXPORTED:
            raise ValueError(f"These are more than {MOST_EXPORTED:,} rows. Narrow the filter and export again.")
        return super().get_export_data(file_format, request, queryset, **options)


class ImportedRows(ModelResource):
    """Rows of a file that come in. What is wrong with the file as a whole is said without the code it was found by."""

    def import_data(self, *args: Any, **kwargs: Any) -> Any:
        result = super().import_data(*args, **kwargs)
        for error in result.base_errors:
            # Pages show it below the error: folders of the server are nobody's business.
            error.traceback = ""
        return result


class CsvImportForm(ImportForm):
    """A CSV file of bounded size in UTF-8."""

    def clean_import_file(self) -> Any:
        file = self.cleaned_data["import_file"]
        if file.size > LARGEST_IMPORT:
            raise forms.ValidationError(f"The file is larger than {LARGEST_IMPORT // 1024:,} KiB.")
        content = file.read()
        file.seek(0)
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise forms.ValidationError("The file is not a text in UTF-8: save it as CSV UTF-8.") from error
        if "\0" in text:
            raise forms.ValidationError("The file is not a CSV file.")
        _require_whole_rows(text)
        return file


def _require_whole_rows(text: str) -> None:
    """Refuse rows that are not as long as the first one: what is missing would be stored as empty, what is more has no column."""
    reader = csv.reader(io.StringIO(text, newline=""))
    wrong, width = [], 0
    try:
        for row in reader:
            width = width or len(row)
            if row and len(row) != width:
                wrong.append(f"Line {reader.line_num} has {len(row)} cells, the first line names {width} columns.")
    except csv.Error as error:
        raise forms.ValidationError(f"Line {reader.line_num} is not CSV: {error}.") from error
    if wrong:
        more = [f"{len(wrong) - MOST_WRONG:,} more lines are so."] if len(wrong) > MOST_WRONG else []
        raise forms.ValidationError([*wrong[:MOST_WRONG], *more])


class ImportedTable(ImportMixin):
    """Mixin of an admin class: a button that imports a CSV file after showing what it would change. All rows or none."""

    import_form_class = CsvImportForm
    import_formats = [CSV]
    import_export_change_list_template = "admin/import_export/change_list_import_export.html"
    import_resource: type[ModelResource]

    def process_import(self, request: HttpRequest, **options: Any) -> HttpResponse:
        """Do what was shown: the form names the file that waits in the cache, which must be one of ours and still there."""
        name, kind = request.POST.get("import_file_name", ""), request.POST.get("format")
        if self.has_import_permission(request) and not (kind == "0" and self._waits(name)):
            messages.error(request, "The file does not wait any more. Choose it again.")
            return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_import")
        return super().process_import(request, **options)

    def _waits(self, name: str) -> bool:
        return bool(re.fullmatch(r"[0-9a-f]{32}", name)) and self.get_tmp_storage_class()(name=name).read() is not None

    def get_import_resource_classes(self, request: Any) -> list[type[ModelResource]]:
        return [self.import_resource]
