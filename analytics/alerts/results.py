"""Published results that contradict themselves or cannot be explained."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import QuerySet

from analytics.alerts import places
from analytics.models import BatchRun
from analytics.services.ledger_checks import unbalanced_ledgers
from analytics.services.night_report import nights
from analytics.services.unexplained_jumps import LARGE, MULTIPLE, WITHOUT_VAR, unexplained_jumps
from sigmasight.core.alerts.models import Severity
from sigmasight.core.alerts.rules import Condition, Rule, register


def newest_results() -> str:
    """Changes with every run that ended, whatever its scope: nothing else writes results."""
    return _newest(BatchRun.objects.all())


def newest_night() -> str:
    """Changes with every run over all portfolios that ended: for what reads a year of every portfolio."""
    return _newest(nights())


def _newest(runs: QuerySet[BatchRun]) -> str:
    ended = runs.filter(completed_at__isnull=False).order_by("-completed_at")
    row = ended.values_list("pk", "completed_at").first()
    return f"{row[0]} {row[1]}" if row else ""


def jumps() -> Iterator[Condition]:
    for one in unexplained_jumps():
        known = (
            f"{abs(one.pnl) / one.value_at_risk:.1f} times the value at risk (99 %) of the evening before"
            if one.value_at_risk
            else "and there is no value at risk to hold it against"
        )
        yield Condition(
            key=f"{one.portfolio_id} {one.session}",
            subject=one.name,
            severity=Severity.WARNING,
            message=(
                f"The session made {one.daily_return:+.1%} (${one.pnl:,.2f}), {known}. Net asset value ${one.nav:,.2f}; "
                f"{one.doubtful} holdings carry an old price or none."
            ),
            as_of=one.session,
            figures={
                "daily_return": one.daily_return, "pnl_usd": one.pnl, "nav_usd": one.nav, "var_99_usd": one.value_at_risk,
                "doubtful_holdings": one.doubtful,
            },
            portfolio_id=one.portfolio_id,
        )  # fmt: skip


def ledgers() -> Iterator[Condition]:
    for one in unbalanced_ledgers():
        yield Condition(
            key=str(one.portfolio_id),
            subject=one.name,
            severity=Severity.CRITICAL,
            message=" ".join(one.told),
            as_of=one.session,
            figures={name: float(gap) for name, gap in one.gaps.items()},
            portfolio_id=one.portfolio_id,
        )


register(
    Rule(
        name="nav-jump",
        title="An unexplained jump of net asset value",
        check=jumps,
        facts=newest_results,
        meaning=(
            f"The newest session moved a portfolio by {LARGE:.0%} or more of its value and by more than {MULTIPLE} times its value "
            f"at risk of the evening before (99 %); where there is none, by {WITHOUT_VAR:.0%} or more. Deposits and withdrawals are "
            "not in that move."
        ),
        look="P&L by position of the session: usually one position makes the jump. Its price, its splits and dividends, its last trade.",
        action=(
            "A wrong price: refetch or correct it. A split that is missing: record it. A typing error in a trade: the owner corrects the "
            "position. Then run the batch for the portfolio; if all is right, acknowledge with the reason. It ends with the next session."
        ),
        escalate="To the holder of the book if the move is real.",
        place=places.portfolio,
    )
)
register(
    Rule(
        name="ledger-unbalanced",
        title="The ledger does not balance",
        check=ledgers,
        facts=newest_results,
        meaning=(
            "At the published session one of the equations of the ledger does not hold within rounding: value is cash plus "
            "holdings; value is opening equity plus P&L plus flows; value is yesterday's plus the day's P&L and flow; holdings are "
            "the sum of the lots."
        ),
        look="The message names the equation and the gap in dollars. Since when? The snapshots of the portfolio show the first session.",
        action=(
            "Roll the portfolio again: `manage.py run_batch --portfolio ID --from DAY` from the first session that does not balance. The "
            "ledger is computed from trades, flows and prices alone, so that a row changed by hand or a broken disk is mended by that."
        ),
        escalate="To the developers, with portfolio and gap, if rolling again does not help: that is an error of the program.",
        place=places.portfolio,
    )
)
