"""Forms and answers of /auth."""

from __future__ import annotations

from rest_framework import serializers

from sigmasight.core.api.forms import Form


class LoginRequest(Form):
    email = serializers.EmailField(max_length=254)
    password = serializers.CharField(max_length=1024, trim_whitespace=False)


class RegisterRequest(Form):
    email = serializers.EmailField(max_length=254)
    password = serializers.CharField(max_length=1024, trim_whitespace=False)
    full_name = serializers.CharField(max_length=255)


class TokenResponse(Form):
    access_token = serializers.CharField(help_text="JWT, HS256")
    token_type = serializers.CharField(help_text="always bearer")
    expires_in = serializers.IntegerField(help_text="seconds")


class UserResponse(Form):
    id = serializers.UUIDField()
    email = serializers.EmailField()
    full_name = serializers.CharField()
    is_active = serializers.BooleanField()
    created_at = serializers.DateTimeField()


class CurrentUser(UserResponse):
    portfolio_id = serializers.UUIDField(allow_null=True)


class LogoutResponse(Form):
    message = serializers.CharField()
    success = serializers.BooleanField()
