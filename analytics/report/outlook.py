"""The sections of a portfolio's page that are rebuilt when it is opened: what would lose much, past episodes, and how risk is spread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from analytics.batch.book_correlations import THRESHOLD
from analytics.report import pictures
from analytics.report.parts import Rows, Section, number, words
from analytics.services.diversification import Diversification, Spread
from analytics.services.explained_tables import REBUILT
from analytics.services.extremes import Outlook, why_not_replayed
from analytics.services.factsheet import Factsheet
from analytics.services.reasons import in_words
from analytics.services.replays import STORED, Replay, Replays
from analytics.services.reverse_stress import FURTHEST, Reach, ReverseStress
from sigmasight.core.templatetags.humane import dollars, grouped, share

MOST_MEMBERS = 8
MONTHS = "Loss: of net asset value. Months' moves: the nearer of the two moves over the market's standard deviation of 21 sessions."
OWN = (
    f"Worst sessions: those{STORED}. Own returns: the share of the holdings with prices of then; the rest moves by its factor "
    "loadings."
)


def outlook_sections(sheet: Factsheet, found: Outlook) -> list[Section]:
    """Reverse stress, replays and the spread of risk, all at the factsheet's session."""
    return [
        _reverse_stress(sheet, found.reverse_stress),
        _replays(sheet, found.replays),
        _diversification(sheet, found.diversification),
    ]


def _reverse_stress(sheet: Factsheet, found: ReverseStress) -> Section:
    title = REBUILT["reverse_stress"].title
    if not found.reaches:
        return Section("reverse_stress", title, sheet.as_of, missing=f"Not computed: {in_words(found.reason)}.")
    columns = [
        number("Loss", 0.5), number("Dollars"), number("Market falls by"), number("Market rises by"), number("Months' moves"),
    ]  # fmt: skip
    falls, rises = ([one for one in found.reaches if one.direction == name] for name in ("fall", "rise"))
    rows = [
        [share(fall.share, 0), dollars(fall.loss, 0), _move(fall), _move(rise), _months(fall, rise)]
        for fall, rise in zip(falls, rises, strict=True)
    ]
    notes = [
        "The smallest move of the S&P 500 that loses so much, everything revalued: what it would take, not how likely it is.",
        *(
            _at_worst(found, name)
            for name in FURTHEST
            if any(one.reason for one in found.reaches if one.direction == name)
        ),
    ]
    if found.coverage is not None and found.coverage < 1:
        notes.append(f"The moves reach {share(found.coverage)} of the holdings; the rest is taken to stand still.")
    drawn = [pictures.reverse_bars(found)] if any(one.market_move is not None for one in found.reaches) else []
    return Section(
        "reverse_stress",
        title,
        sheet.as_of,
        pictures=drawn,
        notes=notes,
        tables=[Rows("Smallest moves of the S&P 500", columns, rows, MONTHS)],
    )


def _at_worst(found: ReverseStress, direction: str) -> str:
    lowest = found.worst[direction]
    lost = f"more than {dollars(-lowest, 0)}" if lowest < 0 else "anything"
    return f"No {direction} by up to {share(abs(FURTHEST[direction]), 0)} loses {lost}."


def _move(one: Reach) -> str:
    return "not reached" if one.market_move is None else share(abs(one.market_move))


def _months(*reaches: Reach) -> str:
    known = [one.monthly_deviations for one in reaches if one.monthly_deviations is not None]
    return grouped(min(known), 1) if known else "–"


def _replays(sheet: Factsheet, found: Replays) -> Section:
    title = REBUILT["replays"].title
    if not found.replays:
        return Section("replays", title, sheet.as_of, missing=f"Not computed: {in_words(found.reason)}.")
    made = [one for one in found.replays if one.pnl is not None]
    if not made:
        return Section("replays", title, sheet.as_of, missing=" ".join(_not_replayed(found)))
    columns = [
        words("Episode", 2.4), number("S&P 500"), number("P&L"), number("Of net asset value"), number("From the close of"),
        number("To that of"), number("Own returns"),
    ]  # fmt: skip
    rows = [
        [
            one.episode.short_name, share(one.market_return), dollars(one.pnl, 0), share(one.share_of_equity), f"{one.episode.first}",
            f"{one.episode.last}", share(one.own_returns, 0),
        ]
        for one in made
    ]  # fmt: skip
    notes = [
        f"The holdings of {sheet.as_of} under the returns that came then; nothing is traded on the way.",
        *_not_replayed(found),
    ]
    if found.coverage is not None and found.coverage < 1:
        notes.append(f"The replays reach {share(found.coverage)} of the holdings; the rest is taken to stand still.")
    return Section(
        "replays",
        title,
        sheet.as_of,
        pictures=[pictures.replay_bars(made)],
        notes=notes,
        tables=[Rows("Episodes", columns, rows, OWN)],
    )


def _not_replayed(found: Replays) -> list[str]:
    by_reason: dict[str, list[Replay]] = {}
    for one in found.replays:
        if one.pnl is None:
            by_reason.setdefault(why_not_replayed(one), []).append(one)
    since = f" (the S&P 500's begin {found.prices_since})" if found.prices_since else ""
    return [
        f"Not replayed: {', '.join(one.episode.name for one in those)}: {reason}{since}."
        for reason, those in by_reason.items()
    ]


def _diversification(sheet: Factsheet, found: Diversification) -> Section:
    title = REBUILT["diversification"].title
    if found.spread is None and not found.clusters:
        return Section("diversification", title, sheet.as_of, missing=f"Not computed: {in_words(found.reason)}.")
    columns = [words("Cluster"), words("Holdings", 2.4), number("Mean correlation"), number("Share")]
    rows = [
        [
            one["nickname"], _members(one["members"]), grouped(one["avg_correlation"], 2), share(one["portfolio_percentage"]),
        ]
        for one in found.clusters
    ]  # fmt: skip
    clusters = Rows(
        f"What moves together, by correlations over {found.cluster_sessions} sessions",
        columns,
        rows,
        "" if rows else f"No two holdings are known to correlate by at least {THRESHOLD:g} in size.",
    )
    if found.spread is None:
        note = f"Bets and ratio are not computed: {in_words(found.reason)}."
        return Section("diversification", title, sheet.as_of, notes=[note], tables=[clusters])
    notes = [
        f"The book's variance comes to {grouped(found.spread.effective_bets, 1)} independent bets of equal size; those under "
        f"{share(pictures.LEAST_BET, 0)} are not drawn. From {found.spread.observations} sessions; in a crash holdings move together more."
    ]
    if found.spread.left_out:
        notes.append(f"Left out for too few returns: {', '.join(found.spread.left_out)}.")
    return Section(
        "diversification",
        title,
        sheet.as_of,
        pictures=[pictures.bet_bars(found.spread)],
        notes=notes,
        tables=[_figures(found, found.spread), clusters],
    )


def _figures(found: Diversification, spread: Spread) -> Rows:
    rows = [
        ["Effective bets", grouped(spread.effective_bets, 2)],
        ["Diversification ratio", grouped(spread.diversification_ratio, 2)],
        ["Effective positions, by weights and correlations", grouped(found.effective_positions, 2)],
        ["Volatility of a session", dollars(spread.volatility, 0)],
        ["Of the holdings in it", share(spread.coverage)],
    ]
    return Rows(f"From {spread.observations} sessions", [words("Figure", 1.4), number("Value")], rows)


def _members(members: Sequence[Mapping[str, Any]]) -> str:
    names = [str(one["symbol"]) for one in sorted(members, key=lambda one: -one["value"])]
    more = len(names) - MOST_MEMBERS
    return ", ".join(names[:MOST_MEMBERS]) + (f" and {more} more" if more > 0 else "")
