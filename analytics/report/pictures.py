"""The pictures of a factsheet, as SVG."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.safestring import SafeString

from analytics.services.correlations import Correlations, cut
from analytics.services.diversification import Spread
from analytics.services.factors import FactorReadings
from analytics.services.factsheet import Factsheet
from analytics.services.performance import PerformanceReport
from analytics.services.replays import Replay
from analytics.services.reverse_stress import ReverseStress
from analytics.services.sector_attribution import SectorAttribution
from analytics.services.sectors import SectorExposure
from analytics.services.stress import ScenarioEffect, StressTest
from sigmasight.core.console.charts import Series, bar_chart, heat_map, line_chart, ranked_bars, usd
from sigmasight.core.templatetags.humane import share

MOST_CORRELATED = 12
MOST_BARS = 12
WORST_SCENARIOS, BEST_SCENARIOS = 12, 4
PNL_BARS = 8
LEAST_BET = 0.01


def value_and_drawdown(found: PerformanceReport) -> list[SafeString]:
    days = [f"{day}" for day, _ in found.values]
    span = f"by session from {found.first} to {found.last}"
    return [
        line_chart(
            "Net asset value, $", days, [Series("net asset value", [value for _, value in found.values])],
            fmt=usd, description=f"Net asset value {span}.",
        ),
        line_chart(
            "Drawdown", days, [Series("below the highest point", found.drawdowns, "bad")], fmt=lambda v: share(v, 1), area=True, high=0.0,
            description=f"Chained returns below their highest point of the window {span}.",
        ),
    ]  # fmt: skip


def exposure_bars(sheet: Factsheet) -> SafeString:
    nav = float(sheet.snapshot.net_asset_value)
    delta = sheet.figures["net_delta_exposure"].value
    values = [
        ("Long", sheet.exposures.long_exposure), ("Short", sheet.exposures.short_exposure),
        ("Gross", sheet.exposures.gross_exposure), ("Net", sheet.exposures.net_exposure),
        ("Net, options at delta", delta), ("Cash", sheet.figures["cash"].value),
    ]  # fmt: skip
    shares = [(name, value / nav if value is not None and nav > 0 else None) for name, value in values]
    return ranked_bars("Exposures, % of net asset value", shares, fmt=lambda v: share(v, 1))


def class_bars(sheet: Factsheet) -> SafeString:
    return bar_chart(
        "Long and short by class, $",
        [one.name for one in sheet.classes],
        [
            Series("long", [one.long for one in sheet.classes]),
            Series("short", [one.short for one in sheet.classes], "warn"),
        ],
        fmt=usd,
        stacked=True,
        description="Market value of long and short lots by class of holding.",
    )


def sector_bars(found: SectorExposure) -> SafeString:
    ranked = sorted(found.net_weights.items(), key=lambda pair: (-pair[1], pair[0]))
    return ranked_bars("Sectors, net, % of net asset value", ranked, fmt=lambda v: share(v, 1))


def attribution_bars(found: SectorAttribution) -> SafeString:
    ranked = [(one.sector, one.total) for one in found.sectors]
    return ranked_bars("What each sector added, % of the book's value", ranked, fmt=lambda v: share(v, 2))


def factor_bars(found: FactorReadings) -> SafeString:
    return ranked_bars("Beta by factor", [(one.name, one.beta) for one in found.readings], fmt="{:,.3f}".format)


def stress_bars(found: StressTest) -> SafeString:
    ranked = by_loss(found.scenarios)
    shown = ranked
    if len(ranked) > WORST_SCENARIOS + BEST_SCENARIOS:
        shown = [*ranked[:WORST_SCENARIOS], *ranked[-BEST_SCENARIOS:]]
    title = (
        "Stress scenarios, $" if shown is ranked else f"Worst {WORST_SCENARIOS} and best {BEST_SCENARIOS} scenarios, $"
    )
    return ranked_bars(title, [(one.name, one.dollars) for one in shown], fmt=usd)


def by_loss(scenarios: Sequence[ScenarioEffect]) -> list[ScenarioEffect]:
    """The largest loss first."""
    return sorted(scenarios, key=lambda one: (one.dollars, one.name))


def correlation_map(found: Correlations) -> SafeString:
    matrix = cut(found, MOST_CORRELATED)
    return heat_map(
        f"Correlations of the {len(matrix.symbols)} largest holdings",
        matrix.symbols,
        matrix.symbols,
        matrix.values,
        fmt="{:.2f}".format,
        most=1.0,
        description=f"Correlations of daily returns over {found.lookback} sessions to {found.session}.",
    )


def contribution_bars(sheet: Factsheet) -> SafeString:
    largest = [(one.symbol, one.component_var) for one in sheet.contributions.lots[:MOST_BARS]]
    return ranked_bars("Contributions to value at risk (95 %, one session), $", largest, fmt=usd)


def pnl_bars(found: PerformanceReport) -> SafeString:
    earned = found.earned
    if len(earned) > 2 * PNL_BARS:
        earned = (*earned[:PNL_BARS], *earned[-PNL_BARS:])
    return ranked_bars(f"P&L by position since {found.first}, $", [(one.symbol, one.pnl) for one in earned], fmt=usd)


def reverse_bars(found: ReverseStress) -> SafeString:
    moves = [
        (f"lose {share(one.share, 0)} by a {one.direction}", one.market_move)
        for one in found.reaches
        if one.market_move is not None
    ]
    return ranked_bars("Market move that loses so much of net asset value", moves, fmt=lambda v: share(v, 1))


def replay_bars(made: Sequence[Replay]) -> SafeString:
    ranked = sorted(made, key=lambda one: one.pnl or 0.0)
    return ranked_bars(
        "What past episodes would make of the book, $", [(one.episode.short_name, one.pnl) for one in ranked], fmt=usd
    )


def bet_bars(found: Spread) -> SafeString:
    bets = [(f"Bet {n}", part) for n, part in enumerate(found.bets, 1) if part >= LEAST_BET or n == 1]
    return ranked_bars("Share of the variance by independent bet", bets, fmt=lambda v: share(v, 1))
