"""Where a number comes from."""

from __future__ import annotations

from analytics.services.explained_measures import MEASURES
from analytics.services.explanations import explain
from analytics.services.reasons import in_words
from assistant.tools.arguments import Choice, Phrase
from assistant.tools.figures import known, percent_of, rounded, usd
from assistant.tools.registry import PORTFOLIO, Call, tool
from assistant.tools.results import Finding

SHOWN = {
    "usd": ("value_usd", usd),
    "fraction": ("value_pct", percent_of),
    "percent": ("value_pct", rounded),
    "ratio": ("value", rounded),
    "index": ("value", rounded),
    # Covariances of daily returns stand in the fifth place.
    "squared fraction": ("value", lambda value: rounded(value, 9)),
}


@tool(
    purpose="Where a stored figure of a portfolio comes from, or of a factor, scenario, tail, symbol or contract in it: engine, formula, "
    "window, observations, prices and their dates, what was left out and why. For 'how is this computed', 'can I trust it', 'why is it "
    "missing'.",
    returns="metric, title, value, engine with status and reason, formula, literature, window, observations, coverage, prices (lots by "
    "source, oldest and newest day, lots not valued at a price of the session), left_out with reasons",
    source="GET /analytics/portfolio/{id}/explain: explain, stored results, the engine's own document, the marks of the lots",
    arguments=(
        PORTFOLIO,
        Choice("metric", "The figure.", words=tuple(MEASURES), required=True),
        Phrase(
            "of",
            "Which factor, scenario id, tail (historical_99_10d), sector, move (market_down_10), pair (Momentum / Value), target "
            "(NVDA LONG) or symbol it is of, for figures of a part: "
            + ", ".join(name for name, measure in MEASURES.items() if measure.of)
            + ".",
            default="",
            most=64,
        ),
    ),
)
def explain_number(call: Call) -> Finding:
    book, found = explain(call.user, call.book.pk, call["metric"], call["of"] or "")
    measure, inputs = found.measure, found.inputs
    name, shown = SHOWN[measure.unit]
    window = {
        "sessions": measure.window,
        "from": found.window_from,
        "to": found.as_of if measure.window else None,
        "least": measure.minimum,
        "used": found.observations,
    }
    return Finding(
        {
            "metric": found.metric,
            **({"of": found.of, "stored_with_it": known(dict(found.facts))} if found.of else {}),
            "title": measure.title,
            name: shown(found.value),
            "available": found.value is not None,
            "reason": None if found.reason is None else in_words(found.reason),
            "formula": measure.formula,
            "literature": measure.source or None,
            "engine": known(
                {
                    "name": measure.engine,
                    "status": found.status,
                    "method": found.method,
                    "version": found.method_version,
                    "computed_at": found.computed_at,
                }
            ),
            "window": known(window) if measure.window else None,
            "coverage_pct": percent_of(found.coverage),
            "prices": {
                "lots": inputs.lots,
                "by_source": inputs.sources,
                "oldest": inputs.oldest_price,
                "newest": inputs.newest_price,
                "not_of_the_session": [
                    {"symbol": one.symbol, "date": one.price_date, "source": one.source, "quality": one.quality}
                    for one in inputs.odd
                ],
            },
            "left_out": [{"symbol": symbol, "reason": in_words(reason)} for symbol, reason in found.skipped],
        },
        book.as_of,
    )
