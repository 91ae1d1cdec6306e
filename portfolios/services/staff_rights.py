"""Who among staff may touch whose account."""

from __future__ import annotations

from typing import Any

from portfolios.models import User


def may_administer(actor: Any, account: User | None) -> bool:
    """Whether a member of staff may change an account: a superuser's only another superuser, or every admin could take his place."""
    return bool(actor.is_superuser or account is None or not account.is_superuser)
