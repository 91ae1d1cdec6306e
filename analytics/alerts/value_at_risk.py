"""Losses beyond value at risk: of the newest session, and more of them than the measure allows."""

from __future__ import annotations

from collections.abc import Iterator

from analytics.alerts import places
from analytics.alerts.results import newest_night, newest_results
from analytics.engines.backtest import Zone
from analytics.services.var_backtest import SESSIONS, exception_counts, newest_exceptions
from sigmasight.core.alerts.models import Severity
from sigmasight.core.alerts.rules import Condition, Rule, register

SEVERITIES = {Zone.YELLOW: Severity.WARNING, Zone.RED: Severity.CRITICAL}


def losses_beyond() -> Iterator[Condition]:
    for one in newest_exceptions():
        yield Condition(
            key=f"{one.portfolio_id} {one.session}",
            subject=one.name,
            severity=Severity.WARNING,
            message=(
                f"The session lost ${one.loss:,.2f}; the value at risk of the evening before (99 %, one session) was "
                f"${one.value_at_risk:,.2f}. One session in a hundred is expected to."
            ),
            as_of=one.session,
            figures={"loss_usd": one.loss, "var_99_usd": one.value_at_risk},
            portfolio_id=one.portfolio_id,
        )


def zones_left() -> Iterator[Condition]:
    for one in exception_counts():
        zone, level = max((zone, level) for level, zone in one.zones.items())
        if zone not in SEVERITIES:
            continue
        hits, expected = one.exceptions[level], one.observations * (1 - level)
        yield Condition(
            key=str(one.portfolio_id),
            subject=one.name,
            severity=SEVERITIES[zone],
            message=(
                f"{hits} losses beyond the value at risk at {level:.0%} in {one.observations} sessions, where {expected:.1f} are "
                f"expected: the {zone.name.lower()} zone of the supervisors' traffic light."
            ),
            as_of=one.as_of,
            figures={
                "exceptions": hits,
                "expected": round(expected, 2),
                "observations": one.observations,
                "confidence": level,
            },
            portfolio_id=one.portfolio_id,
        )


register(
    Rule(
        name="var-exceeded",
        title="A loss beyond value at risk",
        check=losses_beyond,
        facts=newest_results,
        meaning="A portfolio lost more in the newest session than its historical value at risk at 99 % of the evening before.",
        look="The portfolio's P&L by position of the session: one position, or the market? Are prices among them suspect or stale?",
        action=(
            "If a price is wrong, correct it and run the batch again. If the loss is real, tell the holder of the book; one such "
            "session in a hundred is what the measure promises. The alert ends with the next session."
        ),
        escalate="To the risk manager if the loss is more than twice the value at risk, or the second within ten sessions.",
        place=places.portfolio,
    )
)
register(
    Rule(
        name="var-zone",
        title="Too many losses beyond value at risk",
        check=zones_left,
        facts=newest_night,
        meaning=(
            f"Over up to {SESSIONS} sessions a portfolio exceeded its value at risk (95 or 99 %) more often than chance explains: "
            "yellow from a probability of 95 % on (warning), red from 99.99 % on (critical). Fewer than 60 sessions are not judged."
        ),
        look="The backtest of the portfolio: do the exceptions stand together (a shift of the market) or apart (the measure is too low)?",
        action=(
            "Yellow comes by chance to one sound portfolio in twenty: watch it. Red: do not rely on the number; look for holdings whose "
            "history is short or a stand-in, and compare with the filtered method, which follows volatility sooner."
        ),
        escalate="To the risk manager for a red portfolio.",
        place=places.portfolio,
    )
)
