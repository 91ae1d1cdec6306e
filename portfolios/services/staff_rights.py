"""What staff must show to come in, and who among them may touch whose account."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from portfolios.models import User
from portfolios.services.accounts import LoginRefused
from sigmasight.core.console import second_step


def may_administer(actor: Any, account: User | None) -> bool:
    """Whether a member of staff may change an account: a superuser's only another superuser, or every admin could take his place."""
    return bool(actor.is_superuser or account is None or not account.is_superuser)


def require_second_step(user: User, code: str) -> None:
    """The second step of a login to the operations API: a code, of whoever has set an app up; all must have one if it is required.

    Raises
    ------
    LoginRefused.
    """
    if not second_step.is_set_up(user):
        if settings.SECOND_STEP == second_step.REQUIRED:
            message = "Set the second step of your login up first: log in to the console once."
            raise LoginRefused("SECOND_STEP_NOT_SET_UP", message, user)
        return
    if not code:
        raise LoginRefused("SECOND_STEP_REQUIRED", "Give the code of your authenticator app, or a backup code", user)
    if second_step.is_right(user, code) is None:
        raise LoginRefused("SECOND_STEP_WRONG", "The code is not right", user)
