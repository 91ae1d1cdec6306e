"""The tables of a portfolio that can be explained: what fills them, from what and by which formula. None has one value of its own."""

from __future__ import annotations

from analytics.batch.book_correlations import LEAST_VALUE, LEAST_WEIGHT, THRESHOLD
from analytics.batch.book_results import CORRELATION_DAYS
from analytics.batch.symbols import BETA_WINDOW, RIDGE_MINIMUM, RIDGE_WINDOW
from analytics.engines.correlation import MIN_OVERLAP
from analytics.engines.risk import LOOKBACK
from analytics.engines.tails import MINIMUM
from analytics.services.explained_measures import ACERBI, CORRELATION, DELTA
from analytics.services.measure import AGGREGATION, CORRELATIONS, FACTORS, LEDGER, LOTS, RISK, SNAPSHOT, STRESS, Measure

TABLES = {
    "exposures": Measure(
        "Exposures", "usd", SNAPSHOT, "", LEDGER,
        "long: sum of positive market values; short: sum of negative ones; gross = long - short; net = long + short; in percent of net "
        "asset value",
    ),
    "allocation": Measure(
        "Allocation by class and sector", "fraction", LOTS, "", LEDGER,
        "sum of |market value| over net asset value, and the same with signs; sectors by the provider of company profiles, named as the "
        "benchmark names them; funds and what has no sector stand apart",
    ),
    "performance": Measure(
        "Net asset value, returns and drawdown", "fraction", SNAPSHOT, "", LEDGER,
        "time-weighted: chained daily returns; money-weighted: the rate at which the flows grow to the last value; drawdown: chained "
        "returns / their highest value so far - 1; net of fees, riskless rate 0",
    ),
    "sector_attribution": Measure(
        "Difference to the S&P 500 by sector", "fraction", LOTS, "", LEDGER,
        "allocation: (weight - benchmark's weight) x (return of the sector's fund - benchmark's return); selection, with the interaction: "
        "P&L of the sector's holdings / net asset value - weight x return of the fund; day by day, linked so that the sum holds",
        source="Brinson and Fachler (1985); Carino (1999)",
    ),
    "factor_betas": Measure(
        "Factor exposures", "ratio", "factor_exposures", "", FACTORS,
        f"sum over symbols of {DELTA}, times the symbol's beta on the factor, over net asset value; market and rates by least squares over "
        f"{BETA_WINDOW} sessions, styles by ridge regression on the returns of factor funds over {RIDGE_WINDOW}",
        RIDGE_WINDOW, RIDGE_MINIMUM, source="Hoerl and Kennard (1970); Sharpe (1963)",
    ),
    "stress_test": Measure(
        "Stress scenarios", "usd", "stress_test_results", "", "stress_testing",
        "the scenario's shocks carried to all factors by their covariance and drawn back to what their history allows; stocks by their "
        "betas, contracts revalued in full at the shocked price, volatility and rate",
    ),
    "correlation_matrix": Measure(
        "Correlations", "ratio", CORRELATION, "", CORRELATIONS,
        "pairwise correlations of daily log returns of holdings of at least "
        f"${LEAST_VALUE:,.0f} and {100 * LEAST_WEIGHT:.0f} % of the book, options as their underlying; rebuilt from prices when read",
        CORRELATION_DAYS, MIN_OVERLAP,
    ),
    "var_contributions": Measure(
        "Contributions to value at risk", "usd", RISK, "", AGGREGATION,
        "a lot's own loss on the two sessions that make up the 95 % quantile of the book's history; they add up to its value at risk",
        LOOKBACK, MINIMUM, "value_at_risk", f"Tasche (1999); {ACERBI}",
    ),
    "position_pnl": Measure(
        "P&L by position", "usd", LOTS, "", LEDGER,
        "of each session: change of market value + realised P&L of the day's trades + dividends - fees; summed over sessions and lots of "
        "one symbol, closed ones included",
    ),
    "positions": Measure(
        "Positions", "usd", LOTS, "", LEDGER, "signed quantity x price x multiplier; unrealised P&L: market value - entry value",
    ),
}  # fmt: skip
# What is worked out from stored prices when the page is opened, and so is not in the report.
REBUILT = {
    "reverse_stress": Measure(
        "What a large loss would take", "usd", "scenario_factor_shocks", "", STRESS,
        "the smallest fall (to -99 %) and rise (to +100 %) of the S&P 500 at which the book loses that share of its net asset value; every "
        "move is a full revaluation as in the stress scenarios; 200 steps are tried, the first that loses so much is halved 25 times; "
        "rebuilt when read",
    ),
    "replays": Measure(
        "Past episodes replayed", "usd", "price_histories", "", STRESS,
        "value x total return of then from close to close; without prices at both ends the return that its factor loadings give, on what "
        "the factor funds made; contracts revalued at once, nothing traded on the way; rebuilt when read",
    ),
    "diversification": Measure(
        "How the risk is spread", "ratio", CORRELATION, "", AGGREGATION,
        "effective bets: exp of the entropy of the parts of the variance that independent directions carry; diversification ratio: sum of "
        "the holdings' own volatilities / the book's; covariance of delta dollars, shrunk towards equal correlations; rebuilt when read. "
        f"Clusters are the night's: holdings joined by correlations of at least {THRESHOLD:g} in size",
        LOOKBACK, MINIMUM, "value_at_risk", "Meucci (2009); Choueifaty and Coignard (2008); Ledoit and Wolf (2004)",
    ),
}  # fmt: skip
EVERY_TABLE = TABLES | REBUILT
