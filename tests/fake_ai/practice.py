"""What the vendor says unscripted: it calls a tool or two that fit the words of the question, then tells what they returned."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.fake_ai.script import Answer

LABEL = (
    "*This is the built-in practice model. It is no language model: it picks tools by the words of the question and reads their "
    "results out.*"
)
TOOLS = (
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
MOST_TOOLS, MOST_FIGURES = 2, 8
PAUSE = 0.02


def answer_to(body: Mapping[str, Any]) -> Answer:
    """The next step of a conversation: tool calls, or text."""
    form = ((body.get("text") or {}).get("format") or {}) if isinstance(body.get("text"), Mapping) else {}
    offered = {tool["name"]: tool for tool in body.get("tools") or () if tool.get("type") == "function"}
    items = body["input"] if isinstance(body["input"], list) else [{"role": "user", "content": body["input"]}]
    last = max((n for n, item in enumerate(items) if item.get("role") == "user"), default=0)
    found = [item for item in items[last:] if item.get("type") == "function_call_output"]
    if offered and not found and body.get("tool_choice") != "none" and form.get("type") != "json_schema":
        names = _fitting(_text_of(items[last]), offered)
        if names:
            return Answer(calls=[(name, _arguments(offered[name])) for name in names])
    if form.get("type") == "json_schema":
        return Answer(text=json.dumps(example(form["schema"])))
    names = {item["call_id"]: item["name"] for item in items[last:] if item.get("type") == "function_call"}
    parts = [_read_out(names.get(item["call_id"], "a tool"), item["output"]) for item in found]
    return Answer(text="\n\n".join([LABEL, *(parts or ["No tool fits this question."])]), pause=PAUSE)


def _fitting(text: str, offered: Mapping[str, Any]) -> list[str]:
    named = [name for pattern, name in TOOLS if re.search(pattern, text.lower()) and name in offered]
    return named[:MOST_TOOLS] or ([OTHERWISE] if OTHERWISE in offered else [])


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


def _read_out(name: str, output: str) -> str:
    try:
        told = json.loads(output)
    except ValueError:
        return f"`{name}` returned no JSON."
    if told.get("error"):
        return f"`{name}` could not answer: {told['error'].get('message')}"
    meta = told.get("meta") or {}
    source = "simulated prices" if meta.get("simulated") else meta.get("price_source") or "stored data"
    figures = [f"- {label}: {value}" for label, value in _figures(told.get("data"), "")][:MOST_FIGURES]
    return "\n".join([f"**{name}**, as of {meta.get('data_as_of') or 'no session'} ({source}):", *figures])


def _figures(value: Any, label: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        name = str(value.get("symbol") or value.get("name") or value.get("scenario_name") or "")
        for key, inner in value.items():
            yield from _figures(inner, " ".join(filter(None, [label, name, str(key).replace("_", " ")])))
    elif isinstance(value, list):
        for inner in value[:3]:
            yield from _figures(inner, label)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield label, f"{value:,}"
