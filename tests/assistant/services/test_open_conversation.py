"""Which books and which page a new conversation is about."""

from __future__ import annotations

import pytest

from assistant.services.conversations import open_conversation
from sigmasight.core.errors import NotFound
from tests.factories import PortfolioFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_the_only_book_is_the_subject() -> None:
    book = PortfolioFactory()
    assert open_conversation(book.user).metadata == {"portfolio_id": str(book.pk)}


def test_of_several_books_none_is_preferred() -> None:
    user = UserFactory()
    private = PortfolioFactory(user=user, account_name="Family private")
    public = PortfolioFactory(user=user, account_name="Growth")
    assert open_conversation(user).metadata == {"portfolio_ids": [str(public.pk), str(private.pk)]}


def test_named_books_are_kept_as_named() -> None:
    user = UserFactory()
    first, second = PortfolioFactory(user=user), PortfolioFactory(user=user)
    talk = open_conversation(user, portfolio_id=second.pk, portfolio_ids=[second.pk, first.pk, second.pk])
    assert talk.metadata == {"portfolio_id": str(second.pk), "portfolio_ids": [str(second.pk), str(first.pk)]}


def test_the_page_is_remembered() -> None:
    talk = open_conversation(PortfolioFactory().user, mode="violet", page_hint="organize", route="/organize")
    assert talk.mode == "violet"
    assert (talk.metadata["page_hint"], talk.metadata["route"]) == ("organize", "/organize")


def test_foreign_books_and_no_books_are_refused() -> None:
    own, foreign = PortfolioFactory(), PortfolioFactory()
    with pytest.raises(NotFound):
        open_conversation(own.user, portfolio_ids=[own.pk, foreign.pk])
    with pytest.raises(NotFound):
        open_conversation(UserFactory())
