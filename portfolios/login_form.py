"""The console's login form: the same check, lock and records as the login of the operations API."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from unfold.forms import AuthenticationForm

from portfolios.api.callers import caller_of
from portfolios.services.accounts import LoginRefused, verify_login
from portfolios.services.activity import record_activity, refusal_recorded
from portfolios.services.lockout import LoginLocked


class ConsoleLoginForm(AuthenticationForm):  # type: ignore[misc]
    """Address and password of a member of staff."""

    def clean(self) -> dict[str, Any]:
        email, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if not email or not password:
            return self.cleaned_data
        caller = caller_of(self.request)
        try:
            with refusal_recorded("auth.console_login_error", caller):
                self.user_cache = verify_login(email, password, staff=True, address=caller.ip_address)
        except (LoginRefused, LoginLocked) as refused:
            raise ValidationError(refused.message, code=refused.code) from refused
        record_activity("auth.console_login_success", caller, user=self.user_cache)
        return self.cleaned_data
