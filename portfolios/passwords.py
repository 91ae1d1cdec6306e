"""Rules for passwords beyond Django's."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError


class StaffLengthValidator:
    """Accounts of staff open everybody's books: their passwords are longer."""

    def __init__(self, min_length: int = 12) -> None:
        self.min_length = min_length

    def validate(self, password: str, user: Any = None) -> None:
        """Refuse a short password of a member of staff.

        Raises
        ------
        ValidationError.
        """
        if getattr(user, "is_staff", False) and len(password) < self.min_length:
            raise ValidationError(self.get_help_text(), code="password_too_short_for_staff")

    def get_help_text(self) -> str:
        return f"Passwords of staff have at least {self.min_length} characters."
