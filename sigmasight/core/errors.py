"""Errors a user can act on. The API, the admin and the commands render them; nothing below them does."""

from __future__ import annotations


class DomainError(Exception):
    """A request the domain refuses, with a stable code and a message that says what to do.

    Parameters
    ----------
    code : short machine-readable name, e.g. ``position_already_closed``.
    message : one sentence for the person who made the request.
    status : the HTTP status the API answers with.
    """

    status = 400

    def __init__(self, code: str, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        if status is not None:
            self.status = status


class NotFound(DomainError):
    """The thing does not exist, or belongs to somebody else: the two are never told apart."""

    status = 404


class Conflict(DomainError):
    """The request contradicts the present state (a second run, a taken name)."""

    status = 409
