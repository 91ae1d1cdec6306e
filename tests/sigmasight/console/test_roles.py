"""What viewer, operator and admin may do: with every table, by its permission and by asking its pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any
from uuid import uuid4

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse
from django.urls.converters import IntConverter, UUIDConverter

from portfolios.models import User
from sigmasight.core.console import pages
from sigmasight.core.console.pages import ConsolePage
from sigmasight.core.console.roles import ROLES, Role, granted_by
from sigmasight.core.models import IdempotencyRecord
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db(databases=["default", "ai"])
# What operators have no business with.
PEOPLE = {"user", "group", "adminsession", "revokedtoken", "totpdevice", "staticdevice"}


def of_role(role: Role, **fields: object) -> User:
    user = UserFactory(is_staff=True, **fields)
    user.groups.add(Group.objects.get(name=role))
    return User.objects.get(pk=user.pk)


@pytest.mark.parametrize("role", ROLES)
def test_every_permission_is_held_from_its_least_role_upward(role: Role) -> None:
    user = of_role(role)
    wrong = []
    for model, model_admin in admin.site._registry.items():
        for codename, least in granted_by(model_admin):
            due = least is not Role.NOBODY and ROLES.index(role) >= ROLES.index(least)
            if user.has_perm(f"{model._meta.app_label}.{codename}") != due:
                wrong.append((codename, due))
    assert wrong == []


def test_a_viewer_can_change_nothing() -> None:
    held = {code.rpartition(".")[2] for code in of_role(Role.VIEWER).get_all_permissions()}
    assert held
    assert {code for code in held if not code.startswith("view_")} == set()


def test_an_operator_runs_and_mends_but_leaves_people_alone() -> None:
    held = {code.rpartition(".")[2] for code in of_role(Role.OPERATOR).get_all_permissions()}
    assert {"run_batch", "repair_data", "change_position", "change_periodictask"} <= held
    assert {code for code in held if code.partition("_")[2] in PEOPLE} <= {"view_user"}


def test_no_page_lets_a_viewer_write(client: Client) -> None:
    client.force_login(of_role(Role.VIEWER))
    let_in = []
    for model in admin.site._registry:
        place = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        row = model._default_manager.first()
        pages = [reverse(f"{place}_add")]
        if row is not None:
            pages += [reverse(f"{place}_change", args=[row.pk]), reverse(f"{place}_delete", args=[row.pk])]
        let_in += [page for page in pages if client.post(page, {"post": "yes"}).status_code != 403]
    assert let_in == []


def test_lists_are_shown_to_who_may_see_them(client: Client) -> None:
    client.force_login(of_role(Role.OPERATOR))
    for table, status in (("portfolios_user", 200), ("portfolios_adminsession", 403), ("auth_group", 403)):
        assert client.get(reverse(f"admin:{table}_changelist")).status_code == status, table


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
def test_actions_are_offered_to_who_may_change(role: Role) -> None:
    request = RequestFactory().get("/admin/")
    request.user = of_role(role)
    offered = {name for one in admin.site._registry.values() for name in one.get_actions(request)}
    writing = {"accept", "enable_tasks", "disable_tasks", "toggle_tasks", "run_tasks", "delete_selected"}
    assert offered & writing == (writing if role is Role.OPERATOR else set())


def test_staff_without_a_role_sees_no_table(client: Client) -> None:
    client.force_login(UserFactory(is_staff=True))
    assert client.get(reverse("admin:index")).status_code == 200
    assert client.get(reverse("admin:portfolios_portfolio_changelist")).status_code == 403


def test_an_admin_does_not_take_a_superusers_place(client: Client) -> None:
    boss = User.objects.create_superuser("root@example.com", "secret-enough-1")
    client.force_login(of_role(Role.ADMIN))
    assert client.post(reverse("admin:auth_user_password_change", args=[boss.pk])).status_code == 403
    assert client.post(reverse("admin:portfolios_user_change", args=[boss.pk]), {"email": "x@y.z"}).status_code == 403


def test_an_admin_does_not_make_himself_a_superuser(client: Client) -> None:
    me = of_role(Role.ADMIN)
    client.force_login(me)
    form = {"email": me.email, "full_name": "Me", "is_active": "on", "is_staff": "on", "is_superuser": "on"}
    assert client.post(reverse("admin:portfolios_user_change", args=[me.pk]), form).status_code == 302
    me.refresh_from_db()
    assert (me.full_name, me.is_superuser) == ("Me", False)


def test_the_three_roles_are_not_edited(client: Client) -> None:
    client.force_login(User.objects.create_superuser("root@example.com", "secret-enough-1"))
    viewer = Group.objects.get(name="viewer")
    assert client.post(reverse("admin:auth_group_change", args=[viewer.pk]), {"name": "viewer"}).status_code == 403
    assert client.post(reverse("admin:auth_group_delete", args=[viewer.pk]), {"post": "yes"}).status_code == 403


# Where everybody on the staff may post: his own login, password and second step; what leaves as a file; lists, whose actions are
# looked at below. Adding, changing and deleting are tried with real rows above.
LOOKED_AT_ELSEWHERE = re.compile(
    r"login|logout|password_change|password_change_done|second_step\w*|jsi18n|index|app_list|search|panel"
    r"|\w+_(?:changelist|export|add|change|delete|history)"
)


def addresses() -> Iterator[tuple[str, str]]:
    """Every address of the console with its name; what it captures is made up."""
    for pattern in admin.site.get_urls():
        for one in getattr(pattern, "url_patterns", [pattern]):
            if one.name and not LOOKED_AT_ELSEWHERE.fullmatch(one.name):
                given = {name: made_up(kind) for name, kind in one.pattern.converters.items()}
                yield one.name, reverse(f"admin:{one.name}", kwargs=given)


def made_up(converter: Any) -> Any:
    return uuid4() if isinstance(converter, UUIDConverter) else 7 if isinstance(converter, IntConverter) else "7"


def test_no_other_address_takes_a_viewers_post(client: Client) -> None:
    client.force_login(of_role(Role.VIEWER))
    asked = list(addresses())
    taken = [name for name, place in asked if client.post(place, {}).status_code not in (403, 404, 405)]
    assert taken == []
    assert {page.name for page in pages.all_pages()} <= {name for name, _ in asked}


def test_a_page_that_forgets_to_ask_is_closed_to_viewers_still(rf: RequestFactory) -> None:
    forgetful = ConsolePage(
        "Forgetful", "forgetful/", "portfolios.view_portfolio", lambda request: HttpResponse("done")
    )
    (address,) = (one for one in pages.urls(lambda view: view, [forgetful]))
    for role, method, refused in (
        (Role.VIEWER, "post", True),
        (Role.VIEWER, "get", False),
        (Role.OPERATOR, "post", False),
    ):
        request = getattr(rf, method)("/")
        request.user = of_role(role)
        with pytest.raises(PermissionDenied) if refused else nullcontext():
            assert address.callback(request).status_code == 200


def test_viewers_are_offered_no_action_at_all() -> None:
    request = RequestFactory().get("/admin/")
    request.user = of_role(Role.VIEWER)
    assert {name for one in admin.site._registry.values() for name in one.get_actions(request)} == set()


def test_hashes_of_passwords_are_shown_to_admins_alone(client: Client) -> None:
    someone = UserFactory()
    page = reverse("admin:portfolios_user_change", args=[someone.pk])
    for role, shown in ((Role.VIEWER, False), (Role.OPERATOR, False), (Role.ADMIN, True)):
        client.force_login(of_role(role))
        assert ("field-password" in client.get(page).content.decode()) == shown


def test_answers_of_the_api_are_their_owners(client: Client) -> None:
    kept = IdempotencyRecord.objects.create(
        user_id=uuid4(), key="k", operation_hash="o", request_hash="r", status=201, response={"amount": "12345.67"}
    )
    client.force_login(of_role(Role.ADMIN))
    assert b"12345.67" not in client.get(reverse("admin:core_idempotencyrecord_change", args=[kept.pk])).content
