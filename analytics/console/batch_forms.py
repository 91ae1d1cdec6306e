"""What staff may ask of the batch: everything, one portfolio, a range of sessions, one phase."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import ValidationError

from analytics.models import BatchRun, LogLevel, Phase
from analytics.services.run_control import Wanted
from marketdata import calendar
from portfolios.models import Portfolio

WHOLE = [("", "All phases")]


class DayField(forms.DateField):
    """A trading session of the New York Stock Exchange."""

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **options)

    def clean(self, value: Any) -> dt.date | None:
        day = super().clean(value)
        if day is None:
            return None
        try:
            if calendar.is_session(day):
                return day
            before, after = calendar.previous_session(day), calendar.next_session(day)
        except calendar.OutsideCalendar as error:
            raise forms.ValidationError(f"{error}.") from error
        raise forms.ValidationError(
            f"{day} is not a trading session of the New York Stock Exchange; {before} and {after} are."
        )


class PortfolioSelect(AutocompleteSelect):
    """Shown again, an address that names no portfolio selects none; the form says what is wrong with it."""

    def optgroups(self, name: str, value: Sequence[str], attrs: dict[str, Any] | None = None) -> Any:
        try:
            return super().optgroups(name, value, attrs)
        except ValidationError:
            return super().optgroups(name, [], attrs)


class StartForm(forms.Form):
    """A start. Without days: what is missing, and the latest session again."""

    portfolio = forms.ModelChoiceField(
        Portfolio.objects.filter(deleted_at__isnull=True),
        required=False,
        help_text="Empty: all.",
        error_messages=dict.fromkeys(("invalid", "invalid_choice"), "There is no such portfolio, or it was deleted."),
    )
    first = DayField(label="First session", help_text="Empty: what is missing, and the latest again.")
    last = DayField(label="Last session", help_text="Empty: the latest.")
    phase = forms.ChoiceField(
        choices=WHOLE + [(phase.value, f"{phase.value} {phase.label} alone") for phase in Phase],
        required=False,
        label="Phase",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = BatchRun._meta.get_field("scope_portfolio")
        self.fields["portfolio"].widget = PortfolioSelect(
            field,
            admin.site,
            attrs={"data-placeholder": "all portfolios"},
            choices=self.fields["portfolio"].choices,  # type: ignore[attr-defined]
        )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if self.errors:
            return given
        first, last = given.get("first"), given.get("last")
        if last and not first:
            self.add_error(
                "first", "Give the first session as well: a last one alone says nothing about what to compute."
            )
        elif first and last and first > last:
            self.add_error("last", f"The range ends before it begins: {last} lies before {first}.")
        return given

    def wanted(self) -> Wanted:
        """What was asked for, of a form that is valid."""
        given = self.cleaned_data
        portfolio = given["portfolio"]
        return Wanted(portfolio.pk if portfolio else None, given["first"], given["last"], given["phase"] or None)


class LogForm(forms.Form):
    """A filter of a run's log."""

    level = forms.ChoiceField(choices=[("", "every level"), *LogLevel.choices], required=False)
    phase = forms.ChoiceField(
        choices=[("", "every phase"), *((phase.value, f"{phase.value} {phase.label}") for phase in Phase)],
        required=False,
    )
    text = forms.CharField(required=False, max_length=100)


class CompareForm(forms.Form):
    """Two runs that have ended."""

    first = forms.UUIDField(
        error_messages={"required": "Choose the first run.", "invalid": "This is no run's identifier."}
    )
    second = forms.UUIDField(
        error_messages={"required": "Choose the second run.", "invalid": "This is no run's identifier."}
    )
