"""Every table is in the operations console, opens, and stays cheap when it is full."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import models
from django.test import Client
from django.urls import reverse

from analytics.services.demo import seed_demo
from portfolios.models import Portfolio, User
from tests.factories import SecurityFactory, UserFactory

pytestmark = pytest.mark.django_db(databases=["default", "ai"])
APPS = ("core", "marketdata", "portfolios", "tagging", "analytics", "assistant")


def domain_models() -> list[type[models.Model]]:
    return [model for label in APPS for model in apps.get_app_config(label).get_models()]


def page(model: type[models.Model], name: str, *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=args)


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("root@example.com", "secret-enough-1"))
    return client


def test_every_model_is_registered() -> None:
    assert [model._meta.label for model in domain_models() if not admin.site.is_registered(model)] == []


def test_every_list_opens_empty_and_with_the_demo(staff: Client) -> None:
    for fill in (lambda: None, seed_demo):
        fill()
        answers = {model._meta.label: staff.get(page(model, "changelist")).status_code for model in domain_models()}
        assert {label for label, status in answers.items() if status != 200} == set()


def test_every_list_can_be_searched(staff: Client) -> None:
    seed_demo()
    searchable = [m for m in domain_models() if admin.site.get_model_admin(m).search_fields]
    answers = {m._meta.label: staff.get(page(m, "changelist"), {"q": "AAPL"}).status_code for m in searchable}
    assert {label for label, status in answers.items() if status != 200} == set()


def impossible(model: type[models.Model], year: str) -> dict[str, str]:
    """A filter of a list by a year that cannot be, of the day by which it is browsed if there is one."""
    days = [field.name for field in model._meta.fields if isinstance(field, models.DateField)]
    day = admin.site.get_model_admin(model).date_hierarchy or next(iter(days), "")
    return {f"{day}__year": year} if day else {"pk__range": year}


@pytest.mark.parametrize(("place", "year"), [("changelist", "99999999999"), ("changelist", "0"), ("export", "0")])
def test_no_list_breaks_on_a_filter_that_cannot_be(staff: Client, place: str, year: str) -> None:
    staff.raise_request_exception = False
    answers = {
        model._meta.label: staff.get(page(model, place), impossible(model, year)).status_code
        for model in admin.site._registry
    }
    assert {label: status for label, status in answers.items() if status != 400} == {}


@pytest.mark.django_db(databases=["default", "ai"], transaction=True)
def test_what_postgresql_refuses_to_look_for_is_told(staff: Client) -> None:
    for place in ("changelist", "export"):
        answer = staff.get(page(Portfolio, place), {"name__regex": "("})
        assert answer.status_code == 400
        assert b"parentheses () not balanced" in answer.content


def test_every_form_opens(staff: Client) -> None:
    seed_demo()
    for model in domain_models():
        console = admin.site.get_model_admin(model)
        if type(console).has_add_permission is admin.ModelAdmin.has_add_permission:
            assert staff.get(page(model, "add")).status_code == 200, model
        row = model._default_manager.first()
        if row is not None:
            assert staff.get(page(model, "change", row.pk)).status_code == 200, model


def test_a_list_takes_a_handful_of_queries(staff: Client, django_assert_max_num_queries: Any) -> None:
    seed_demo()
    for label in ("portfolios.Position", "portfolios.Trade", "tagging.PositionTag", "marketdata.OptionContract"):
        with django_assert_max_num_queries(12):
            staff.get(page(apps.get_model(label), "changelist"))


def test_a_user_is_made_by_address(staff: Client) -> None:
    answer = staff.post(
        page(User, "add"),
        {
            "email": "New@Example.com",
            "full_name": "New",
            "usable_password": "true",
            "password1": "a-long-word-1",
            "password2": "a-long-word-1",
        },
    )
    assert answer.status_code == 302
    assert User.objects.get(email="new@example.com").check_password("a-long-word-1")


def test_an_impossible_row_is_explained_not_crashed_on(staff: Client) -> None:
    form = {"security": SecurityFactory().pk, "ex_date": "2025-06-30", "ratio": "-2", "kind": "split", "source": "seed"}
    answer = staff.post(page(apps.get_model("marketdata", "Split"), "add"), form)
    assert answer.status_code == 200
    assert b"split_ratio_positive" in answer.content


def test_computed_rows_cannot_be_changed(staff: Client) -> None:
    snapshots = apps.get_model("portfolios", "PortfolioSnapshot")
    assert staff.get(page(snapshots, "add")).status_code == 403


def test_without_made_up_prices_there_is_no_banner(staff: Client) -> None:
    assert b"SIMULATED" not in staff.get(reverse("admin:index")).content


def test_an_investor_does_not_get_in(client: Client) -> None:
    client.force_login(UserFactory())
    assert client.get(page(Portfolio, "changelist")).status_code == 302
