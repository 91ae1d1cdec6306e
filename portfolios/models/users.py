"""People who log in, the tokens taken back from them, and what they did."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now
from django.utils import timezone

from sigmasight.core.models import TimestampedModel, UUIDModel


class EmailAddressField(models.EmailField):
    """An address kept and looked up in lower case, so that two spellings are one account."""

    def to_python(self, value: Any) -> Any:
        value = super().to_python(value)
        return value.strip().lower() if isinstance(value, str) else value

    def get_prep_value(self, value: Any) -> Any:
        return self.to_python(super().get_prep_value(value))


class UserManager(BaseUserManager["User"]):
    """Accounts are made by address; a superuser runs the operations console."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Store a new account. Without a password nobody can log in to it.

        Raises
        ------
        ValueError if the address is empty.
        """
        if not email or not email.strip():
            raise ValueError("An account needs an e-mail address.")
        user = self.model(email=email, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Store a new account with every right.

        Raises
        ------
        ValueError if `is_staff` or `is_superuser` is given as false.
        """
        if not fields.setdefault("is_staff", True) or not fields.setdefault("is_superuser", True):
            raise ValueError("A superuser is always staff and superuser.")
        return self.create_user(email, password, **fields)


class User(AbstractBaseUser, PermissionsMixin, UUIDModel, TimestampedModel):
    """A person with an account: an investor, or staff of the operations console. Logs in by e-mail address."""

    email = EmailAddressField(max_length=254, unique=True)
    full_name = models.CharField(max_length=255, blank=True)
    is_active = models.BooleanField(default=True, db_default=True)
    is_staff = models.BooleanField(default=False, db_default=False)
    tokens_valid_from = models.DateTimeField(
        null=True, blank=True, help_text="Tokens issued earlier are refused; moved by a change of password"
    )

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["full_name"]

    objects = UserManager()

    class Meta:
        db_table = "users"
        ordering = ["email"]
        constraints = [
            models.CheckConstraint(condition=Q(email=Lower("email")) & ~Q(email=""), name="user_email_lower_case")
        ]

    def __str__(self) -> str:
        return self.email

    def set_password(self, raw_password: str | None) -> None:
        """A new password ends the tokens issued under the old one."""
        super().set_password(raw_password)
        if not self._state.adding:
            self.tokens_valid_from = timezone.now()

    def get_full_name(self) -> str:
        return self.full_name or self.email

    def get_short_name(self) -> str:
        return self.full_name.split(" ")[0] if self.full_name else self.email


class RevokedToken(models.Model):
    """An access token that was logged out before its time. Kept until it would have expired."""

    jti = models.CharField(max_length=64, primary_key=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="revoked_tokens")
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "revoked_tokens"
        ordering = ["-expires_at"]

    def __str__(self) -> str:
        return self.jti


class AdminSession(UUIDModel):
    """A login to the operations API; the token itself is not kept, only its SHA-256."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="admin_sessions")
    token_hash = models.CharField(max_length=64, unique=True)
    ip_address = models.GenericIPAddressField(null=True, blank=True)
    user_agent = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "admin_sessions"
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.user_id} until {self.expires_at:%Y-%m-%d %H:%M}"


class UserActivityEvent(UUIDModel):
    """Something a person did or failed to do (registered, logged in, uploaded a book). Kept 30 days."""

    user = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="activity", db_index=False
    )
    session_id = models.CharField(max_length=255, blank=True)
    event_type = models.CharField(max_length=100)
    event_category = models.CharField(max_length=50)
    event_data = models.JSONField(default=dict, blank=True)
    error_code = models.CharField(max_length=50, blank=True)
    error_message = models.TextField(blank=True)
    ip_address = models.GenericIPAddressField(null=True, blank=True)
    user_agent = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "user_activity_events"
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["event_type", "created_at"], name="activity_type"),
            models.Index(fields=["user", "created_at"], name="activity_user"),
            models.Index(fields=["created_at"], name="activity_created"),
        ]

    def __str__(self) -> str:
        return f"{self.event_type} {self.created_at:%Y-%m-%d %H:%M}"
