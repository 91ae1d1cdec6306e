"""Form and answers of /fundamentals."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import models
from rest_framework import serializers

from marketdata.models import AnalystEstimate, BalanceSheet, CashFlowStatement, Frequency, IncomeStatement
from marketdata.models.fundamentals import StatementModel
from marketdata.services.fundamentals import statement_fields
from marketdata.services.profiles import ESTIMATES
from sigmasight.core.api.forms import Form


class PeriodsQuery(Form):
    periods = serializers.IntegerField(default=4, min_value=1, max_value=20, help_text="newest periods")
    frequency = serializers.ChoiceField(choices=Frequency.values, default=Frequency.QUARTERLY.value, help_text="q or a")


def figure(field: models.Field[Any, Any]) -> serializers.Field[Any, Any, Any, Any]:
    """How a column is published: decimals are numbers; whatever may be unknown is null."""
    nullable: dict[str, Any] = {"allow_null": field.null}
    if isinstance(field, models.DecimalField):
        return serializers.FloatField(**nullable)
    if isinstance(field, models.DateTimeField):
        return serializers.DateTimeField(**nullable)
    if isinstance(field, models.DateField):
        return serializers.DateField(**nullable)
    if isinstance(field, models.BooleanField):
        return serializers.BooleanField(**nullable)
    if isinstance(field, models.IntegerField):
        return serializers.IntegerField(**nullable)
    return serializers.CharField(**nullable)


def form_of(name: str, model: type[models.Model], fields: Iterable[str]) -> type[Form]:
    """A serializer with one field for each of a table's columns."""
    return type(name, (Form,), {one: figure(model._meta.get_field(one)) for one in fields})  # type: ignore[arg-type]


def _periods_of(model: type[StatementModel], name: str) -> type[Form]:
    return form_of(name, model, statement_fields(model))


class _Statements(Form):
    symbol = serializers.CharField()
    frequency = serializers.ChoiceField(choices=Frequency.values)
    currency = serializers.CharField(help_text="always USD")
    periods_returned = serializers.IntegerField()


class IncomeStatements(_Statements):
    periods = _periods_of(IncomeStatement, "IncomeStatementPeriod")(many=True, help_text="newest first")


class BalanceSheets(_Statements):
    periods = _periods_of(BalanceSheet, "BalanceSheetPeriod")(many=True, help_text="newest first")


class CashFlows(_Statements):
    periods = _periods_of(CashFlowStatement, "CashFlowPeriod")(many=True, help_text="newest first")


class AnalystEstimates(Form):
    symbol = serializers.CharField()
    estimates = form_of("ConsensusEstimates", AnalystEstimate, ESTIMATES)()
