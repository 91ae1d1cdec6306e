"""Make and restore the demo: four investors with five books, a staff account, and the data they need."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from uuid import NAMESPACE_DNS, UUID, uuid5

from django.apps import apps
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import connection, transaction
from django.db.models import Q

from analytics.batch.runs import close_dead_runs
from analytics.models import ACTIVE_STATUSES, BatchRun
from analytics.services import demo_book
from analytics.services.demo_market import seed_instruments
from analytics.services.reference import seed_reference
from portfolios.models import Portfolio, User
from sigmasight.core.demo import rows
from sigmasight.core.errors import Conflict, DomainError

STAFF_EMAIL = "demo_admin@sigmasight.com"
STAFF_PASSWORD = "demo12345"  # noqa: S105 - published, and refused wherever DEMO_ALLOWED is false
SEED_LOCK = 7_300_001
STAMPS = [
    "created_at", "updated_at", "assigned_at", "password", "last_login", "price_updated_at", "tokens_valid_from",
]  # fmt: skip
OWN_LOTS = "position_id IN (SELECT id FROM positions WHERE portfolio_id = ANY(%(books)s))"
# Tables that a seed fills, and which of their rows are the demo's.
SEEDED_ROWS = {
    "users": "id = ANY(%(ids)s)",
    "portfolios": "user_id = ANY(%(ids)s)",
    "positions": "portfolio_id = ANY(%(books)s)",
    "trades": OWN_LOTS,
    "tags": "user_id = ANY(%(ids)s)",
    "position_tags": OWN_LOTS,
    "target_prices": "portfolio_id = ANY(%(books)s)",
}


@dataclass(frozen=True)
class Seeded:
    """What a seed stored that was not there before."""

    users: int = 0
    portfolios: int = 0
    positions: int = 0
    tags: int = 0
    targets: int = 0

    def __str__(self) -> str:
        if self == Seeded():
            return "nothing new"
        return (
            f"{self.users} users, {self.portfolios} portfolios, {self.positions} positions, "
            f"{self.tags} tags, {self.targets} target prices"
        )


@dataclass(frozen=True)
class Addition:
    """What a floor above adds to the demo, beyond the core database.

    Attributes
    ----------
    seed : stores what is missing of it and tells in words what it did. forget : deletes what there is of these people.
    """

    seed: Callable[[], object]
    forget: Callable[[Collection[UUID]], object]


ADDITIONS: dict[str, Addition] = {}


def seed_additions() -> Iterator[str]:
    """Seed what other floors registered; a line each."""
    for name, addition in ADDITIONS.items():
        yield f"{name}: {addition.seed()}"


def reset_additions() -> Iterator[str]:
    """Forget what other floors keep of the demo's people, and seed their parts anew; a line each."""
    for name, addition in ADDITIONS.items():
        addition.forget(list(demo_book.user_ids().values()))
        yield f"{name}: {addition.seed()}"


def demo_portfolio_ids() -> list[UUID]:
    """Ids of the demo's portfolios, in the order of the file."""
    return [UUID(row["id"]) for row in rows("portfolios")]


def demo_portfolios() -> list[Portfolio]:
    """The demo's portfolios as stored, in the order of the file."""
    found = Portfolio.objects.in_bulk(demo_portfolio_ids())
    return [found[portfolio_id] for portfolio_id in demo_portfolio_ids() if portfolio_id in found]


def seed_demo() -> Seeded:
    """Store whatever of the demo is missing, in one transaction. A second call changes nothing.

    Portfolios that are there belong to their users by now and stay as they are; `reset_demo` restores them.

    Raises
    ------
    DomainError where accounts with a published password are not allowed.
    Conflict if somebody else has one of the demo's addresses.
    """
    _require_permission()
    with transaction.atomic():
        _lock()
        return _seed()


def reset_demo() -> Seeded:
    """Delete the demo's investors with everything that is theirs, and seed them anew, in one transaction.

    Other users, prices and securities are not touched. The staff account gets its password and rights back.

    Raises
    ------
    DomainError where accounts with a published password are not allowed.
    Conflict if a run works on the demo's portfolios.
    """
    _require_permission()
    with transaction.atomic():
        _lock()
        close_dead_runs()
        scope = Q(scope_portfolio__isnull=True) | Q(scope_portfolio__user__in=demo_book.user_ids().values())
        active = BatchRun.objects.filter(scope, status__in=ACTIVE_STATUSES).first()
        if active is not None:
            raise Conflict("run_active", f"Run {active.id} is {active.status}; wait for it or cancel it, then reset.")
        return restore_demo()[1]


def restore_demo() -> tuple[dict[str, int], Seeded]:
    """The rows of `reset_demo`, in the transaction of the caller, who sees to it that no run works on the demo's portfolios.

    Returns
    -------
    Rows deleted by table, and what was seeded.

    Raises
    ------
    DomainError, Conflict as `reset_demo`.
    """
    _require_permission()
    _lock()
    _, deleted = User.objects.filter(pk__in=demo_book.user_ids().values()).delete()
    staff = User.objects.filter(email=STAFF_EMAIL).first()
    if staff is not None:
        # A new hash of the same password would end the sessions of whoever is logged in as staff.
        if not staff.check_password(STAFF_PASSWORD):
            staff.password = make_password(STAFF_PASSWORD)
        staff.is_active = staff.is_staff = staff.is_superuser = True
        staff.save(update_fields=["password", "is_active", "is_staff", "is_superuser"])
    seeded = _seed()
    tables = {apps.get_model(label)._meta.db_table: count for label, count in deleted.items() if count}
    return tables, seeded


def demo_as_stored() -> str:
    """A fingerprint of what was seeded for the demo's investors as it stands now, stamps apart. A changed password changes it."""
    ids = list(demo_book.user_ids().values())
    parts = []
    with connection.cursor() as cursor:
        for table, condition in SEEDED_ROWS.items():
            cursor.execute(
                f"SELECT count(*), md5(string_agg(line, '' ORDER BY line)) FROM (SELECT (to_jsonb(t) - %(stamps)s::text[])::text AS line "
                f"FROM {table} AS t WHERE {condition}) AS lines",
                {"ids": ids, "books": demo_portfolio_ids(), "stamps": STAMPS},
            )
            parts.append(cursor.fetchone())
    known = {row["email"]: row["password"] for row in rows("users")}
    users = User.objects.filter(pk__in=ids).order_by("email")
    return repr([parts, [user.check_password(known.get(user.email, "")) for user in users]])


def _require_permission() -> None:
    if not settings.DEMO_ALLOWED:
        raise DomainError(
            "demo_not_allowed",
            "The demo's accounts have published passwords; they are made on the embedded servers or with DEBUG=1 only.",
            status=403,
        )


def _lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [SEED_LOCK])


def _seed() -> Seeded:
    ids = demo_book.user_ids() | {STAFF_EMAIL: uuid5(NAMESPACE_DNS, STAFF_EMAIL)}
    taken = [email for email, pk in User.objects.filter(email__in=ids).values_list("email", "pk") if pk != ids[email]]
    if taken:
        raise Conflict(
            "demo_address_taken", f"{', '.join(sorted(taken))} belongs to another account; rename or delete it first."
        )
    seed_reference()
    security_ids = seed_instruments()
    users = demo_book.seed_users()
    if not User.objects.filter(email=STAFF_EMAIL).exists():
        User.objects.create_superuser(STAFF_EMAIL, STAFF_PASSWORD, id=ids[STAFF_EMAIL], full_name="Demo Staff")
        users += 1
    portfolios = demo_book.seed_portfolios()
    lots = demo_book.seed_lots(portfolios, security_ids)
    tags = demo_book.seed_tags(portfolios)
    return Seeded(users, len(portfolios), len(lots), tags, demo_book.seed_targets(lots))
