"""What the vendor says unscripted: it calls a tool or two that fit the words of the question, then tells what they returned."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from assistant.services.insight_words import day
from tests.fake_ai.reading import read_out
from tests.fake_ai.script import Answer

LABEL = (
    "*This is the built-in practice model. It is no language model: it picks tools by the words of the question and reads their "
    "results out.*"
)
TOOLS = (
    (r"wipe|half of (my|the)|ruin|episode|2008|crisis", "get_extreme_scenarios"),
    (r"\bbets?\b|cluster|spread", "get_risk_spread"),
    (r"stress|scenario|crash|hurt|worst", "get_stress_test_results"),
    (r"\bvar\b|value at risk|lose|risk", "get_risk_analysis"),
    (r"factor|style|momentum|growth|beta", "get_factor_exposures"),
    (r"sector|industry", "get_sector_exposure"),
    (r"concentrat|diversif|biggest", "get_concentration_metrics"),
    (r"volatil", "get_volatility_analysis"),
    (r"correlat", "get_correlation_matrix"),
    (r"perform|return|earn|sharpe|drawdown", "get_performance"),
    (r"today|moved|mover|gain|day", "get_daily_movers"),
    (r"holding|position|hold|own", "get_portfolio_complete"),
    (r"target", "get_target_prices"),
    (r"market|spy|index", "get_market_overview"),
)
OTHERWISE = "get_analytics_overview"
TRADE = re.compile(
    r"\b(?P<verb>buy|bought|buying|sell|sold|selling|short)\w*\s+(?P<count>\d[\d,]*)\s+(?:shares of )?(?P<symbol>[A-Z]{1,5})\b"
)
EXPLAIN = re.compile(r"\b(explain|how is .* computed|where does .* come from)\b", re.IGNORECASE)
METRICS = (
    (r"\bvar\b|value at risk", "var_95_1d"), (r"shortfall", "es_95_1d"), (r"beta", "market_beta"), (r"drawdown", "drawdown"),
    (r"volatil", "realized_volatility_21d"), (r"", "net_asset_value"),
)  # fmt: skip
COMPANY = re.compile(r"\b(?:about|is|what of) (?P<symbol>[A-Z]{2,5})\b")
MOST_TOOLS = 2
PAUSE = 0.02


def answer_to(body: Mapping[str, Any]) -> Answer:
    """The next step of a conversation: tool calls, or text."""
    form = ((body.get("text") or {}).get("format") or {}) if isinstance(body.get("text"), Mapping) else {}
    offered = {tool["name"]: tool for tool in body.get("tools") or () if tool.get("type") == "function"}
    items = body["input"] if isinstance(body["input"], list) else [{"role": "user", "content": body["input"]}]
    last = max((n for n, item in enumerate(items) if item.get("role") == "user"), default=0)
    found = [item for item in items[last:] if item.get("type") == "function_call_output"]
    if offered and not found and body.get("tool_choice") != "none" and form.get("type") != "json_schema":
        text = _text_of(items[last])
        calls = _named_in(text, offered) or [(name, _arguments(offered[name])) for name in _fitting(text, offered)]
        if calls:
            return Answer(calls=calls)
    if form.get("type") == "json_schema":
        return Answer(text=json.dumps(example(form["schema"])))
    called = {item["call_id"]: item["name"] for item in items[last:] if item.get("type") == "function_call"}
    parts = [_told(called.get(item["call_id"], "a tool"), item["output"]) for item in found]
    return Answer(text="\n\n".join([LABEL, *(parts or ["No tool fits this question."])]), pause=PAUSE)


def _fitting(text: str, offered: Mapping[str, Any]) -> list[str]:
    named = [name for pattern, name in TOOLS if re.search(pattern, text.lower()) and name in offered]
    return named[:MOST_TOOLS] or ([OTHERWISE] if OTHERWISE in offered else [])


def _named_in(text: str, offered: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Calls whose arguments the question itself names: a trade, a figure to explain, a company."""
    wanted: dict[str, dict[str, Any]] = {}
    if trade := TRADE.search(text):
        sign = 1 if trade["verb"].lower().startswith(("buy", "bought")) else -1
        wanted["run_what_if"] = {
            "trades": [{"symbol": trade["symbol"], "quantity": sign * int(trade["count"].replace(",", ""))}]
        }
    elif EXPLAIN.search(text):
        metric = next((name for pattern, name in METRICS if re.search(pattern, text.lower())), METRICS[-1][1])
        wanted["explain_number"] = {"metric": metric}
    elif company := COMPANY.search(text):
        wanted["get_company_profile"] = {"symbol": company["symbol"]}
    return [(name, {**_arguments(offered[name]), **given}) for name, given in wanted.items() if name in offered]


def _text_of(item: Mapping[str, Any]) -> str:
    content = item.get("content") or ""
    return content if isinstance(content, str) else " ".join(part.get("text", "") for part in content)


def _arguments(tool: Mapping[str, Any]) -> dict[str, Any]:
    return {name: example(schema) for name, schema in tool["parameters"].get("properties", {}).items()}


def example(schema: Mapping[str, Any]) -> Any:
    """A small value that fits a schema; null where it may be."""
    kinds = schema.get("type")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    if "null" in kinds:
        return None
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return None if {"type": "null"} in schema["anyOf"] else example(schema["anyOf"][0])
    if "object" in kinds:
        return {name: example(inner) for name, inner in schema.get("properties", {}).items()}
    if "array" in kinds:
        return []
    if "number" in kinds or "integer" in kinds:
        return schema.get("minimum", 0)
    return False if "boolean" in kinds else "Written by the practice model."


def _told(name: str, output: str) -> str:
    try:
        told = json.loads(output)
    except ValueError:
        return f"`{name}` returned no JSON."
    if told.get("error"):
        return f"`{name}` could not answer: {told['error'].get('message')}"
    meta = told.get("meta") or {}
    as_of, simulated = meta.get("data_as_of"), meta.get("simulated")
    when = f", as of {day(as_of)}" if as_of else ""
    heading = f"**{name}**{when}{', simulated prices' if simulated else ''}:"
    return "\n".join([heading, "", *read_out(name, told.get("data") or {})])
