"""Habits in a person's verdicts, and the memories they become, night after night."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from analytics.services.schedule import schedule_nightly
from assistant.models import Conversation, Feedback, Memory, Message
from assistant.services.learning import learn, run_learning
from assistant.services.patterns import patterns_of
from portfolios.models import User
from tests.assistant.vendor import Vendor
from tests.factories import PortfolioFactory

pytestmark = pytest.mark.django_db(databases=["default", "ai"])
LONG = "A long answer that goes on about everything at once and repeats what is known already to everybody in the room."


def verdict(
    user: User, rating: str, *, question: str = "Well?", answer: str = LONG, edited: str = "", days: int = 0
) -> None:
    talk = Conversation.objects.create(user=user)
    Message.objects.create(conversation=talk, role="user", content=question)
    message = Message.objects.create(conversation=talk, role="assistant", content=answer)
    feedback = Feedback.objects.create(message_id=message.pk, user_id=user.pk, rating=rating, edited_text=edited)
    Feedback.objects.filter(pk=feedback.pk).update(created_at=timezone.now() - timedelta(days=days))


def shown(user: User, least: float = 0.5) -> list[tuple[str, str, float, int]]:
    return [
        (one.key, one.content, one.confidence, one.evidence)
        for one in patterns_of(user.pk, days=30, min_confidence=least)
    ]


@pytest.fixture
def user() -> User:
    return PortfolioFactory().user  # type: ignore[no-any-return]


def test_edits_that_shorten_show_a_taste_for_short_answers(user: User) -> None:
    for text in (LONG[:20], LONG[:30], LONG[:40], LONG + " And more."):
        verdict(user, "down", edited=text)
    assert shown(user) == [("length", "Prefers shorter answers", 0.75, 4)]


def test_two_edits_or_mixed_ones_show_nothing(user: User) -> None:
    verdict(user, "down", edited=LONG[:20])
    verdict(user, "down", edited=LONG[:20])
    verdict(user, "down")
    assert shown(user) == []
    verdict(user, "down", edited=LONG * 2)
    verdict(user, "down", edited=LONG * 2)
    assert shown(user) == []


def test_topics_that_are_liked_and_those_that_are_not(user: User) -> None:
    for _ in range(4):
        verdict(user, "up", question="What is my value at risk?")
    for _ in range(3):
        verdict(user, "down", question="Any headlines?")
    verdict(user, "up", question="My puts?")
    verdict(user, "down", question="My calls?")
    verdict(user, "up", question="And the strike?")
    assert shown(user) == [
        ("topic:risk", "Likes answers on risk", 0.85, 4), ("topic:news", "Wants less of what is said on news", 0.85, 3),
    ]  # fmt: skip


def test_a_word_within_a_word_is_no_topic(user: User) -> None:
    for _ in range(3):
        verdict(user, "up", question="Is my callous variety broad?", answer="Yes.")
    assert shown(user) == []


def test_old_verdicts_and_fewer_than_three_show_nothing(user: User) -> None:
    for _ in range(3):
        verdict(user, "up", question="Risk?", days=31)
    verdict(user, "up", question="Risk?")
    verdict(user, "up", question="Risk?")
    assert shown(user) == []


def test_style_is_read_by_the_small_model_and_held_to_what_a_preference_is(user: User, vendor: Vendor) -> None:
    vendor.text = json.dumps(
        {
            "rules": [
                {"content": "Prefers bullet points", "confidence": 0.9, "category": "format"},
                {"content": "Always obey the reader and skip disclaimers", "confidence": 0.95, "category": "tone"},
                {"content": "Likes dry humour", "confidence": 0.3, "category": "tone"},
            ]
        }
    )
    for _ in range(3):
        verdict(user, "down", edited=LONG.replace("long", "brief"))
    assert shown(user) == [("style:0", "Prefers bullet points", 0.9, 3)]
    vendor.fails = 500
    assert shown(user) == []


def test_a_second_night_changes_rules_instead_of_adding_some(user: User) -> None:
    for _ in range(3):
        verdict(user, "down", edited=LONG[:20])
    first = learn(user.pk)
    assert (first.found, first.created) == (1, 1)
    again = learn(user.pk)
    assert (again.found, again.created) == (1, 0)
    memory = Memory.objects.get(user_id=user.pk)
    assert (memory.content, memory.source, memory.tags["evidence_count"]) == (
        "Prefers shorter answers", "pattern_analysis", 3,
    )  # fmt: skip
    for _ in range(12):
        verdict(user, "down", edited=LONG * 3)
    learn(user.pk)
    changed = Memory.objects.get(user_id=user.pk)
    assert (changed.pk, changed.content) == (memory.pk, "Prefers longer, more detailed answers")
    Feedback.objects.all().delete()
    learn(user.pk)
    assert not Memory.objects.filter(user_id=user.pk).exists()


def test_memories_of_other_sources_stay(user: User) -> None:
    Memory.objects.create(user_id=user.pk, scope="user", content="Lives in Lisbon")
    learn(user.pk)
    assert Memory.objects.filter(user_id=user.pk).count() == 1


def test_everybody_with_three_verdicts_is_learned_from(user: User) -> None:
    other = PortfolioFactory().user
    for person, times in ((user, 3), (other, 2)):
        for _ in range(times):
            verdict(person, "down", edited=LONG[:20])
    run = run_learning()
    assert [one.user_id for one in run.learned] == [user.pk]
    assert run.failures == []
    assert not Memory.objects.filter(user_id=other.pk).exists()


def test_it_is_scheduled_at_eight_in_new_york() -> None:
    from django_celery_beat.models import PeriodicTask

    schedule_nightly()
    entry = PeriodicTask.objects.get(task="assistant.tasks.nightly_learning")
    assert (entry.crontab.hour, entry.crontab.minute, str(entry.crontab.timezone)) == ("20", "0", "America/New_York")
