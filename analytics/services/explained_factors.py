"""What the factors have in common, the same for every book: correlations of their funds, covariances of the joint ones."""

from __future__ import annotations

from analytics.batch.symbols import DECAYS, MARKET_SLOT, RATE_SLOT, RIDGE_SLOTS
from analytics.engines.factors import FACTOR_FUNDS, JOINT_FACTORS, JOINT_HALF_LIFE, JOINT_MINIMUM, JOINT_WINDOW
from analytics.services.measure import FACTOR_CORRELATIONS, FACTOR_COVARIANCES, FACTOR_PAIRS, Kind, Measure

BETWEEN = " / "
# The factors that stand for one fund each.
PAIRED_SLOTS = tuple(sorted((MARKET_SLOT, RATE_SLOT, *RIDGE_SLOTS.tolist())))
CORRELATION_MINIMUM = 30
WEIGHTS = "J.P. Morgan, RiskMetrics (1996) for the weights"
# `of` for each pair of joint factors, a factor with itself too: that is its variance.
JOINT_PAIRS = [f"{one}{BETWEEN}{other}" for k, one in enumerate(JOINT_FACTORS) for other in JOINT_FACTORS[k:]]
OF_FACTORS = (
    "JOIN factor_definitions AS k ON k.id = t.factor_1_id JOIN factor_definitions AS h ON h.id = t.factor_2_id "
    f"AND %(of)s = k.name || '{BETWEEN}' || h.name AND t.decay_factor = "
)
NEWEST_PRICES = """(
    SELECT jsonb_object_agg(s.symbol, jsonb_build_object('date', p.date, 'source', p.source))
    FROM securities AS s
    JOIN LATERAL (
        SELECT date, source FROM daily_prices
        WHERE security_id = s.id AND date <= t.calculation_date AND quality = 'ok' ORDER BY date DESC LIMIT 1
    ) AS p ON true
    WHERE s.symbol IN ({funds})
)"""


def _correlation(pace: str, decay: float) -> Measure:
    return Measure(
        f"Correlation of two factors' funds, {pace}", "ratio", FACTOR_CORRELATIONS, "t.correlation", FACTOR_PAIRS,
        "exponentially weighted correlation of the daily returns of the two factors' funds, of the sessions both have; a session weighs "
        f"{decay:g} of the one after it",
        JOINT_WINDOW, CORRELATION_MINIMUM, source=WEIGHTS, of=Kind.PAIR, join=f"{OF_FACTORS}{decay}", counted="t.data_points",
        reason="CASE WHEN t.correlation IS NULL THEN 'insufficient_data' END",
        facts={
            "decay": "t.decay_factor", "sessions_looked_at": "t.lookback_days",
            "prices": NEWEST_PRICES.format(funds="k.etf_proxy, h.etf_proxy"),
        },
    )  # fmt: skip


def _covariance(one: int, other: int) -> str:
    """Expression for the covariance of the first (1) or second (2) joint factor that `of` names with the first or second."""
    names = ", ".join(f"'{name}'" for name in JOINT_FACTORS)
    first, second = (
        f"array_position(ARRAY[{names}], split_part(%(of)s, '{BETWEEN}', {which}))" for which in (one, other)
    )
    return f"t.covariance[{first}][{second}]"


OF_THE_FACTORS = {
    "factor_correlation_fast": _correlation("the last weeks above all", DECAYS[0]),
    "factor_correlation_slow": _correlation("half-life 63 sessions", DECAYS[1]),
    "factor_covariance": Measure(
        "Covariance of two joint factors", "squared fraction", FACTOR_COVARIANCES, _covariance(1, 2), FACTOR_PAIRS,
        f"exponentially weighted covariance (half-life {JOINT_HALF_LIFE:.0f} sessions) of the daily returns of the joint factors, of the "
        "sessions that have all seven; a tenth of what is between different factors is taken away; a session's. Stress and "
        "factor_volatility use it",
        JOINT_WINDOW, JOINT_MINIMUM, source=WEIGHTS, of=Kind.JOINT_PAIR, counted="t.observations",
        facts={
            "variance_of_first": _covariance(1, 1), "variance_of_second": _covariance(2, 2), "half_life": "t.half_life",
            "prices": NEWEST_PRICES.format(funds=", ".join(f"'{fund}'" for fund in FACTOR_FUNDS)),
        },
    ),
}  # fmt: skip
