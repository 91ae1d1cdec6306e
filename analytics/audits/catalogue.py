"""The audits there are: what each is about, which limits it takes, and its checks in their order."""

from __future__ import annotations

import functools
import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection, transaction
from django.db.models import Count

from analytics.audits import (
    agreement,
    answers,
    book_checks,
    demo,
    greeks,
    owner_agreement,
    snapshot_checks,
    stress_checks,
    symbol_checks,
    tail_checks,
)
from analytics.audits.endpoints import Answers, ask_owner, ask_portfolio
from analytics.audits.plain_books import load_books
from analytics.audits.scope import Scope, mixed
from marketdata.services import action_rules, contract_rules, price_rules, profile_rules
from marketdata.services.held_prices import stored_prices
from portfolios.models import Portfolio, User
from portfolios.services import book_rules, ledger_rules
from sigmasight.core import clock
from sigmasight.core.audits import AuditReport, Check, undone
from sigmasight.core.errors import NotFound
from tagging.services import tag_rules

logger = logging.getLogger("analytics.audits")


@dataclass(frozen=True)
class Step:
    """One thing to do: a check, called when its turn comes."""

    name: str
    run: Callable[[], Check]


@dataclass(frozen=True)
class Audit:
    """about : one sentence. options : of portfolio, date, sample, those it takes. part_of : the audit that has its checks too."""

    name: str
    title: str
    about: str
    options: frozenset[str]
    steps: Callable[[Scope], Sequence[Step]]
    part_of: str = ""


def _data(scope: Scope) -> list[Step]:
    book = scope.portfolio_id
    return [
        Step("Demo accounts", demo.check_accounts),
        Step("Demo portfolios", demo.check_portfolios),
        Step("Demo positions", demo.check_positions),
        Step("Demo classes", demo.check_classes),
        Step("Demo tags", demo.check_tags),
        Step("Portfolios and owners", lambda: ledger_rules.check_portfolios(book)),
        Step("Classes of lots", lambda: book_rules.check_classes(book)),
        Step("Dates of lots", lambda: book_rules.check_dates(book)),
        Step("Quantities of lots", lambda: book_rules.check_quantities(book)),
        Step("Ledgers of lots", lambda: ledger_rules.check_ledgers(book)),
        Step("Duplicates", lambda: ledger_rules.check_twins(book)),
        Step("Tags on lots", lambda: tag_rules.check_links(book)),
        Step("Sector tags", lambda: tag_rules.check_sector_tags(book)),
        Step("Tags", lambda: tag_rules.check_tags(book)),
    ]


def _market_data(scope: Scope) -> list[Step]:
    held, until = scope.held_securities(), scope.until
    prices = functools.cache(lambda: stored_prices(held, until))
    return [
        Step("Company profiles", lambda: profile_rules.check_profiles(held)),
        Step("Figures of profiles", lambda: profile_rules.check_figures(held)),
        Step("Price coverage", lambda: price_rules.check_coverage(prices(), until)),
        Step("Price freshness", lambda: price_rules.check_freshness(prices(), until)),
        Step("Suspect and refused prices", lambda: price_rules.check_doubts(prices())),
        Step("Factor funds", lambda: price_rules.check_funds(until)),
        Step("Benchmark and yields", lambda: price_rules.check_benchmark(until)),
        Step("Option contracts", lambda: contract_rules.check_contracts(scope.held_contracts())),
        Step("Splits", lambda: action_rules.check_splits(held, until)),
        Step("Dividends", lambda: action_rules.check_dividends(held, until)),
        Step("Moves of prices", lambda: action_rules.check_moves(held, until)),
        Step("Price arrays", price_rules.check_arrays),
    ]


def _calculations(scope: Scope) -> list[Step]:
    books = functools.cache(lambda: load_books(scope))
    return [
        Step("Betas of symbols", lambda: symbol_checks.check_betas(scope)),
        Step("Volatilities of symbols", lambda: symbol_checks.check_volatilities(scope)),
        Step("Correlations of factors", lambda: symbol_checks.check_factor_correlations(scope)),
        Step("Greeks", lambda: greeks.check_greeks(scope)),
        Step("Roll-forward of snapshots", lambda: snapshot_checks.check_roll_forward(scope)),
        Step("Lots of snapshots", lambda: snapshot_checks.check_lot_sums(scope)),
        Step("Exposures of portfolios", lambda: book_checks.check_exposures(books())),
        Step("Factor exposures of portfolios", lambda: book_checks.check_factor_exposures(books())),
        Step("Volatilities of portfolios", lambda: book_checks.check_volatilities(books())),
        Step("Correlations of holdings", lambda: book_checks.check_correlations(books())),
        Step("Value at risk", lambda: tail_checks.check_value_at_risk(books())),
        Step("Scenario impacts", lambda: stress_checks.check_impacts(books())),
        Step("Plain moves of market and rates", lambda: stress_checks.check_moves(books())),
    ]


def _analytics(scope: Scope) -> list[Step]:
    """Two checks a portfolio of the sample, and one a person all of whose portfolios are in it. The answers are asked for once and kept
    until their owner is done."""
    groups = _by_owner(scope)
    said = functools.lru_cache(maxsize=max(map(len, groups.values()), default=1))(ask_portfolio)
    steps = [Step("Portfolios with results", lambda: answers.check_portfolios(scope))]
    whole = _counts(list(groups))
    for owner, books in groups.items():
        for book in books:
            name, own = book.account_name, functools.partial(said, book)
            steps.append(Step(f"Answers of {name}", functools.partial(_with, answers.check_answers, book, own)))
            steps.append(Step(f"Agreement of {name}", functools.partial(_with, agreement.check_agreement, book, own)))
        if whole.get(owner.pk) == len(books):
            steps.append(Step(f"All portfolios of {owner.email}", functools.partial(_of_owner, owner, books, said)))
    return steps


def _by_owner(scope: Scope) -> dict[User, list[Portfolio]]:
    """The sample's portfolios by owner, owners in an order that has nothing to do with their names."""
    books = sorted(scope.portfolios(), key=lambda book: mixed(book.user_id))[: scope.sample]
    owners: dict[User, list[Portfolio]] = defaultdict(list)
    for book in books:
        owners[book.user].append(book)
    return owners


def _counts(owners: list[User]) -> dict[UUID, int]:
    """How many active portfolios each has: of fewer the parts would not make the whole."""
    held = Portfolio.objects.filter(user__in=owners, deleted_at=None, is_active=True)
    return dict(held.order_by().values_list("user").annotate(Count("id")))


def _with(checked: Callable[[Portfolio, Answers], Check], book: Portfolio, said: Callable[[], Answers]) -> Check:
    return checked(book, said())


def _of_owner(owner: User, books: list[Portfolio], said: Callable[[Portfolio], Answers]) -> Check:
    return owner_agreement.check_owner(owner.email, books, ask_owner(owner), said)


def _greeks(scope: Scope) -> list[Step]:
    return [Step("Greeks", lambda: greeks.check_greeks(scope))]


def _prices(scope: Scope) -> list[Step]:
    return [Step("Price arrays", price_rules.check_arrays)]


AUDITS = {
    audit.name: audit
    for audit in (
        Audit(
            "data", "Accounts, portfolios, lots and tags",
            "The demo against its files; every book's classes, dates, quantities, ledgers, owners and tags.",
            frozenset({"portfolio"}), _data,
        ),
        Audit(
            "market-data", "Profiles and prices of what is held",
            "Every field of the profiles; coverage, freshness, doubts, factor funds, splits, dividends, arrays.",
            frozenset({"portfolio", "date"}), _market_data,
        ),
        Audit(
            "analytics", "What the endpoints tell owners",
            "Every analytics endpoint as the owner gets it, in business words; whether they agree and add up.",
            frozenset({"portfolio", "sample"}), _analytics,
        ),
        Audit(
            "calculations", "Stored results recomputed",
            "Betas, volatilities, correlations, Greeks, snapshots, exposures, value at risk and scenario impacts by other means.",
            frozenset({"portfolio", "date", "sample"}), _calculations,
        ),
        Audit("greeks", "Greeks against another library", "The Greeks of `calculations` alone.",
              frozenset({"portfolio", "date", "sample"}), _greeks, part_of="calculations"),
        Audit("prices", "Price arrays against rows", "The arrays of `market-data` alone.", frozenset(), _prices, part_of="market-data"),
    )
}  # fmt: skip


def run_audit(
    audit: Audit, scope: Scope, *, only: str | None = None, done: Callable[[str, int], None] = lambda name, total: None
) -> AuditReport:
    """Do the checks of an audit, each in a transaction that may only read. One that breaks off is a finding; the others are done.

    Parameters
    ----------
    only : the name of one check, of any case. done : called after each check with its name and the number of all checks.

    Raises
    ------
    NotFound if the audit has no check called `only`.
    """
    at = clock.now()
    checks = []
    steps = audit.steps(scope)
    if only is not None:
        names = [step.name for step in steps]
        steps = [step for step in steps if step.name.lower() == only.lower()]
        if not steps:
            raise NotFound("check_not_found", f"audit {audit.name} has no check {only!r}; it has {', '.join(names)}.")
    for step in steps:
        checks.append(_checked(step))
        done(step.name, len(steps))
    return AuditReport(audit.name, audit.title, scope.told(audit.options), at, tuple(checks))


def _checked(step: Step) -> Check:
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('transaction_read_only', 'on', true)")
            return step.run()
    except SoftTimeLimitExceeded:
        raise
    except Exception as error:
        logger.exception("check %s broke off", step.name)
        return undone(step.name, error)
