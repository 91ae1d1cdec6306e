"""Forms and answers of /admin/auth."""

from __future__ import annotations

from rest_framework import serializers

from sigmasight.core.api.forms import Form

ROLES = ["admin", "super_admin"]


class AdminLogin(Form):
    email = serializers.EmailField(max_length=254)
    password = serializers.CharField(max_length=1024, trim_whitespace=False)
    second_step_code = serializers.CharField(
        max_length=32,
        required=False,
        default="",
        allow_blank=True,
        help_text="of the authenticator app, or a backup code",
    )


class AdminToken(Form):
    access_token = serializers.CharField(help_text='JWT, HS256; claims sub, email, role, type="admin", iat, exp, jti')
    token_type = serializers.CharField(help_text="always bearer")
    expires_in = serializers.IntegerField(help_text="seconds")
    admin_id = serializers.UUIDField()
    email = serializers.EmailField()
    full_name = serializers.CharField()
    role = serializers.ChoiceField(ROLES)


class AdminMe(Form):
    id = serializers.UUIDField()
    email = serializers.EmailField()
    full_name = serializers.CharField()
    role = serializers.ChoiceField(ROLES)
    is_active = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    last_login_at = serializers.DateTimeField(allow_null=True)


class AdminMessage(Form):
    message = serializers.CharField()
