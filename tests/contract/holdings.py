"""What an account of the demo holds, by id: the material of example calls, and of calls on other people's things."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from uuid import NAMESPACE_DNS, UUID, uuid4, uuid5

from django.db import connections, transaction
from django.utils import timezone

from analytics.models import BatchRun
from assistant.models import AIRequestMetric, Annotation, Conversation, Feedback, Insight, Memory, Message
from assistant.services.knowledge import store_document
from portfolios.models import Portfolio, Position, PositionType, TargetPrice, User
from portfolios.services.equity import record_equity_change
from sigmasight.core.demo import rows
from tagging.models import PositionTag, Tag
from tests.factories import PortfolioFactory, PositionFactory

BOOKS = {row["portfolio"]: row for row in rows("portfolios")}
STAFF = "demo_admin"


@dataclass(frozen=True)
class Holdings:
    """Ids as text. Values of one account, or a mixture: `mixed` replaces one of them by somebody else's."""

    account: str
    portfolio: str
    symbol: str
    position: str
    tag: str
    target: str
    link: str
    equity_change: str
    run: str
    repair: str
    old_tag: str
    fresh_position: str
    spare_portfolio: str
    memory: str
    insight: str
    conversation: str
    message: str
    rated: str
    document: str
    annotation: str
    # Staff may ask about anybody: it is nobody's own.
    user: str = "00000000-0000-4000-8000-000000000000"

    def mixed(self, name: str, value: str) -> Holdings:
        return dataclasses.replace(self, **{name: value})


IDS = (
    "portfolio", "position", "tag", "target", "link", "equity_change", "run", "old_tag", "fresh_position", "spare_portfolio",
    "memory", "insight", "conversation", "message", "rated", "document", "annotation",
)  # fmt: skip
STAFF_IDS = ("portfolio", "run", "repair")


# What `held` has stored for the tests of a module.
STORED: dict[str, Holdings] = {}


@contextmanager
def held(books: Iterable[str]) -> Iterator[None]:
    """The holdings of these books, stored once for many tests, and taken back at the end."""
    with ExitStack() as stack:
        for alias in ("default", "ai"):
            stack.enter_context(transaction.atomic(using=alias))
            stack.callback(transaction.set_rollback, True, using=alias)
        STORED.update({book: _stored(book) for book in books})
        for alias in ("default", "ai"):
            # What foreign keys put off is looked at now: within a test it would be undone with it, and done after each.
            connections[alias].check_constraints()
        stack.callback(STORED.clear)
        yield


def holdings_of(book: str) -> Holdings:
    """The ids of one of the demo's books. Rows that the demo does not have are stored unless `held` has done it: call it inside a test."""
    return STORED.get(book) or _stored(book)


def _stored(book: str) -> Holdings:
    row = BOOKS[book]
    lot = next(row for row in rows("positions") if row["portfolio"] == book)
    portfolio, symbol = row["id"], lot["symbol"]
    user = User.objects.get(email=row["user_email"])
    position = _derived(portfolio, symbol, lot["entry_date"])
    conversation, message, rated = _talk(user, portfolio)
    name = lot["tags"].split("|")[0]
    return Holdings(
        account=row["user_email"].partition("@")[0],
        portfolio=portfolio,
        symbol=symbol,
        position=position,
        tag=_derived(str(user.pk), "tag", name),
        target=_target(portfolio),
        link=_derived(position, "tag", name),
        equity_change=str(
            record_equity_change(UUID(portfolio), "CONTRIBUTION", Decimal("2500.00"), created_by=user).pk
        ),
        run=_run(user, portfolio),
        repair=_run(User.objects.get(email=f"{STAFF}@sigmasight.com")),
        old_tag=_archived_tag(user),
        fresh_position=_fresh_position(portfolio),
        spare_portfolio=str(PortfolioFactory(user=user, name="Spare", account_name="Spare account").pk),
        memory=str(Memory.objects.create(user_id=user.pk, scope="user", content="Prefers tables.").pk),
        insight=_insight(portfolio),
        conversation=conversation,
        message=message,
        rated=rated,
        document=str(
            store_document(
                scope=f"user:{user.pk}", slug="liked", title="A question", content="An answer.", metadata={}
            ).id
        ),
        annotation=str(
            Annotation.objects.create(
                message_id=message,
                admin_user_id=User.objects.get(email=f"{STAFF}@sigmasight.com").pk,
                annotation_type="flag",
                content="Names no symbol.",
                severity="minor",
                tags=["completeness"],
            ).pk
        ),
        user=str(user.pk),
    )


def unknown_id() -> str:
    """An id of nothing."""
    return str(uuid4())


def _derived(owner: str, *parts: str) -> str:
    return str(uuid5(NAMESPACE_DNS, ":".join([owner, *parts])))


def _target(portfolio: str) -> str:
    found = TargetPrice.objects.filter(portfolio_id=portfolio).order_by("symbol").values_list("pk", flat=True).first()
    if found is None:
        found = TargetPrice.objects.create(portfolio_id=portfolio, symbol="ZOOM", current_price=Decimal(80)).pk
    return str(found)


def _run(user: User, portfolio: str | None = None) -> str:
    """A finished run: its owner's over one portfolio, or a repair by staff over all."""
    moment = timezone.now() - dt.timedelta(minutes=5)
    run = BatchRun.objects.create(
        kind="portfolio" if portfolio else "fix",
        trigger="owner" if portfolio else "admin",
        requested_by=user,
        scope_portfolio_id=portfolio,
        source="simulated",
        status="completed",
        total_jobs=5,
        completed_jobs=5,
        started_at=moment,
        completed_at=moment + dt.timedelta(seconds=12),
        phase_durations={"phase_1": 2.5, "total_duration": 12.0},
    )
    return str(run.pk)


def _talk(user: User, portfolio: str) -> tuple[str, str, str]:
    """A conversation with one question, the answer to it, and another answer that was disliked."""
    talk = Conversation.objects.create(user=user, mode="green", metadata={"portfolio_id": portfolio})
    asked = timezone.now() - dt.timedelta(minutes=2)
    Message.objects.create(conversation=talk, role="user", content="How concentrated am I?", created_at=asked)
    answer = Message.objects.create(
        conversation=talk, role="assistant", content="Moderately: ten names are half of the book.",
        tool_calls=[{"name": "get_concentration_metrics", "id": "call_1", "duration_ms": 12, "failed": False}],
        first_token_ms=800, latency_ms=2400, total_tokens=2100, created_at=asked + dt.timedelta(seconds=2),
    )  # fmt: skip
    AIRequestMetric.objects.create(
        conversation_id=talk.pk, message_id=answer.pk, user=user, model="gpt-5-mini", input_tokens=1800, output_tokens=300,
        total_tokens=2100, first_token_ms=800, total_latency_ms=2400, tool_calls_count=1,
        tool_calls={"tools": [{"name": "get_concentration_metrics", "id": "call_1", "duration_ms": 12, "failed": False}]},
    )  # fmt: skip
    AIRequestMetric.objects.create(
        conversation_id=talk.pk, user=user, model="gpt-5-mini", total_latency_ms=900, error_type="api_failure",
        error_message="The AI service failed.",
    )  # fmt: skip
    other = Message.objects.create(conversation=talk, role="assistant", content="Not at all.")
    Feedback.objects.create(
        message_id=other.pk, user_id=user.pk, rating="down", edited_text="A little.", comment="Too curt"
    )
    Memory.objects.create(
        user_id=user.pk, scope="user", content="Prefers shorter answers", source="pattern_analysis",
        tags={"pattern": "length", "category": "format", "confidence": 0.9, "evidence_count": 4},
    )  # fmt: skip
    return str(talk.pk), str(answer.pk), str(other.pk)


def _insight(portfolio: str) -> str:
    return str(
        Insight.objects.create(
            portfolio_id=portfolio,
            insight_type="daily_summary",
            title="A quiet day",
            severity="normal",
            summary="Nothing of note.",
            key_findings=["The book made $1,234 (+0.1 %)."],
            recommendations=["Look again tomorrow."],
            model_used="rules",
            provider="rules",
            generation_time_ms=Decimal("12.50"),
        ).pk
    )


def _archived_tag(user: User) -> str:
    return str(Tag.objects.create(user=user, name="set aside", is_archived=True, archived_at=timezone.now()).pk)


def _fresh_position(portfolio: str) -> str:
    lot = PositionFactory(portfolio=Portfolio.objects.get(pk=portfolio), position_type=PositionType.LONG)
    return str(lot.pk)


def everything_of(account: str) -> set[str]:
    """Every id that only this person may see."""
    user = User.objects.get(email=f"{account}@sigmasight.com")
    listings: list[Callable[[], object]] = [
        lambda: Portfolio.objects.filter(user=user).values_list("pk", flat=True),
        lambda: Position.objects.filter(portfolio__user=user).values_list("pk", flat=True),
        lambda: Tag.objects.filter(user=user).values_list("pk", flat=True),
        lambda: TargetPrice.objects.filter(portfolio__user=user).values_list("pk", flat=True),
        lambda: PositionTag.objects.filter(position__portfolio__user=user).values_list("pk", flat=True),
        lambda: Insight.objects.filter(portfolio__user=user).values_list("pk", flat=True),
        lambda: Memory.objects.filter(user_id=user.pk).values_list("pk", flat=True),
    ]
    return {str(user.pk), *(str(pk) for listing in listings for pk in listing())}  # type: ignore[attr-defined]
