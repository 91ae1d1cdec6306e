"""People, their roles, and the traces of their logins. Only admins write here."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as PlainGroupAdmin
from django.contrib.auth.admin import UserAdmin as AccountAdmin
from django.contrib.auth.models import Group
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice
from unfold.forms import AdminPasswordChangeForm, UserChangeForm
from unfold.forms import UserCreationForm as AccountCreationForm

from portfolios.models import AdminSession, RevokedToken, User, UserActivityEvent
from portfolios.services.staff_rights import may_administer
from sigmasight.core.admin import ComputedAdmin, TableAdmin
from sigmasight.core.console import second_step
from sigmasight.core.console.roles import Role, is_role
from sigmasight.core.console.sections import Section

# What only a superuser may give away.
RIGHTS = ("is_superuser", "user_permissions")


class UserCreationForm(AccountCreationForm):
    class Meta:
        model = User
        fields = ["email", "full_name"]


class UserEditForm(UserChangeForm):
    class Meta:
        model = User
        fields = "__all__"


@admin.register(User)
class UserAdmin(AccountAdmin, TableAdmin):  # type: ignore[misc]
    section = Section.PEOPLE
    icon = "person"
    writers = Role.ADMIN
    form = UserEditForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ["email", "full_name", "is_active", "is_staff", "roles", "last_login", "created_at"]
    search_fields = ["email", "full_name"]
    list_filter = ["is_active", "is_staff", "is_superuser", "groups"]
    date_hierarchy = "created_at"
    ordering = ["email"]
    readonly_fields = ["last_login", "created_at", "updated_at"]
    autocomplete_fields = ["groups"]
    # Django's double list does not fit beside the sidebar.
    filter_horizontal = []
    fieldsets = [
        (None, {"fields": ["email", "full_name", "password"]}),
        ("Rights", {"fields": ["is_active", "is_staff", "is_superuser", "groups", "user_permissions"]}),
        ("Times", {"fields": ["tokens_valid_from", "last_login", "created_at", "updated_at"]}),
    ]
    add_fieldsets = [(None, {"fields": ["email", "full_name", "usable_password", "password1", "password2"]})]

    @admin.display(description="roles")
    def roles(self, user: User) -> str:
        groups = [group.name for group in user.groups.all()]
        return ", ".join(["superuser", *groups] if user.is_superuser else groups) or "-"

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("groups")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = list(super().get_readonly_fields(request, obj))
        return fields if request.user.is_superuser else [*fields, *RIGHTS]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """The first letters of a hash and its salt are for nobody who may not set a new password."""
        shown = super().get_fieldsets(request, obj)
        if obj is None or self.has_change_permission(request, obj):
            return shown
        return [
            (title, {**options, "fields": [name for name in options["fields"] if name != "password"]})
            for title, options in shown
        ]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and may_administer(request.user, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and may_administer(request.user, obj)


for model in (Group, TOTPDevice, StaticDevice):
    admin.site.unregister(model)


@admin.register(TOTPDevice)
class SecondStepAdmin(ComputedAdmin):
    """Who has set a second step up. Deleting it lets the person set up a new one; its secret is shown to nobody."""

    title = "Second steps"
    section = Section.PEOPLE
    icon = "phonelink_lock"
    readers = Role.ADMIN
    writers = Role.ADMIN
    list_display = ["user", "name", "confirmed", "last_used_at", "throttling_failure_count"]
    list_select_related = ["user"]
    list_filter = ["confirmed"]
    search_fields = ["user__email"]
    fields = ["user", "name", "confirmed", "created_at", "last_used_at", "throttling_failure_count"]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        allowed = request.user.has_perm("otp_totp.delete_totpdevice")
        return allowed and may_administer(request.user, obj and obj.user)

    def delete_model(self, request: HttpRequest, obj: TOTPDevice) -> None:
        second_step.reset(obj.user)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[TOTPDevice]) -> None:
        for device in queryset.select_related("user"):
            if may_administer(request.user, device.user):
                second_step.reset(device.user)


@admin.register(Group)
class GroupAdmin(PlainGroupAdmin, TableAdmin):  # type: ignore[misc]
    title = "Roles"
    section = Section.PEOPLE
    icon = "badge"
    writers = Role.ADMIN
    readers = Role.ADMIN
    list_display = ["name", "members"]
    filter_horizontal = []

    @admin.display(description="members", ordering="members")
    def members(self, group: Group) -> int:
        return group.members  # type: ignore[attr-defined]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).annotate(members=Count("user"))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and not is_role(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and not is_role(obj)


@admin.register(RevokedToken)
class RevokedTokenAdmin(ComputedAdmin):
    section = Section.PEOPLE
    icon = "key_off"
    readers = Role.ADMIN
    list_display = ["jti", "user", "expires_at"]
    list_select_related = ["user"]
    search_fields = ["user__email"]
    date_hierarchy = "expires_at"


@admin.register(AdminSession)
class AdminSessionAdmin(ComputedAdmin):
    section = Section.PEOPLE
    icon = "login"
    title = "API sessions of staff"
    readers = Role.ADMIN
    list_display = ["user", "ip_address", "created_at", "expires_at"]
    list_select_related = ["user"]
    search_fields = ["user__email", "ip_address"]
    date_hierarchy = "created_at"
    exclude = ["token_hash"]


@admin.register(UserActivityEvent)
class UserActivityEventAdmin(ComputedAdmin):
    section = Section.PEOPLE
    icon = "footprint"
    list_display = ["created_at", "event_type", "user", "error_code", "ip_address"]
    list_select_related = ["user"]
    search_fields = ["user__email", "event_type", "error_code"]
    list_filter = ["event_category", "event_type"]
    date_hierarchy = "created_at"
