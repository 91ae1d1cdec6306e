"""Each argument is declared once: its schema and its check say the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from assistant.tools.arguments import (
    Argument,
    BadArguments,
    Choice,
    Flag,
    Identity,
    Many,
    PortfolioId,
    Real,
    Record,
    Symbol,
    Whole,
    parse,
    read_all,
)
from assistant.tools.registry import WEB_SEARCH, Tool, tool_schemas, tools

TOOLS = list(tools().values())
ARGUMENTS = [
    pytest.param(one, argument, id=f"{one.name}-{argument.name}") for one in TOOLS for argument in one.arguments
]
# The least that fits each kind.
FITTING: dict[str, Any] = {"symbols": ["AAPL"], "symbol": "AAPL"}
DAYS = Whole("days", "Days.", default=90, least=1, most=180)


def parts(declared: Argument) -> Iterator[Argument]:
    yield declared
    inner = [declared.one] if isinstance(declared, Many) else declared.parts if isinstance(declared, Record) else []
    for one in inner:
        yield from parts(one)


def validator(one: Tool) -> Draft202012Validator:
    return Draft202012Validator(one.schema()["parameters"], format_checker=FormatChecker())


def whole_call(one: Tool, **changed: Any) -> dict[str, Any]:
    least = {argument.name: least_of(argument) if argument.required else None for argument in one.arguments}
    return least | changed


def least_of(declared: Argument) -> Any:
    if isinstance(declared, Many):
        return [least_of(declared.one)] * declared.least
    if isinstance(declared, Record):
        return {part.name: least_of(part) for part in declared.parts}
    if isinstance(declared, Whole | Real):
        return declared.least
    if isinstance(declared, Choice):
        return declared.words[0]
    return {Symbol: "AAPL", Flag: True}.get(type(declared), str(uuid4()))


@pytest.mark.parametrize("one", TOOLS, ids=lambda one: one.name)
def test_a_schema_is_in_the_strict_form(one: Tool) -> None:
    schema = one.schema()
    assert schema["type"] == "function"
    assert schema["strict"] is True
    assert schema["name"].isidentifier()
    assert len(schema["name"]) <= 64
    assert 40 < len(schema["description"]) < 1024
    Draft202012Validator.check_schema(schema["parameters"])

    def check(node: Any) -> None:
        if isinstance(node, dict):
            kinds = node.get("type", [])
            if kinds == "object" or "object" in kinds:
                assert node["additionalProperties"] is False
                assert node["required"] == list(node["properties"])
            if "integer" in kinds or "number" in kinds:
                assert node["minimum"] < node["maximum"]
            if "array" in kinds:
                assert node["maxItems"] >= node["minItems"]
            for value in node.values():
                check(value)
        elif isinstance(node, list):
            for value in node:
                check(value)

    check(schema["parameters"])


def test_the_web_search_is_offered_only_where_asked_for() -> None:
    assert tool_schemas(web_search=False) == [one.schema() for one in TOOLS]
    assert tool_schemas(web_search=True) == [*tool_schemas(web_search=False), WEB_SEARCH]


@pytest.mark.parametrize("one", TOOLS, ids=lambda one: one.name)
def test_what_the_schema_takes_is_taken(one: Tool) -> None:
    given = whole_call(one)
    validator(one).validate(given)
    read_all(one.arguments, given, [])


@pytest.mark.parametrize(("one", "argument"), ARGUMENTS)
def test_schema_and_check_agree_on_the_bounds(one: Tool, argument: Argument) -> None:
    """What the schema refuses is refused or cut to the bound, and said."""
    for wrong in beyond(argument):
        assert not validator(one).is_valid(whole_call(one, **{argument.name: wrong})), wrong
        notes: list[str] = []
        try:
            applied = read_all(one.arguments, whole_call(one, **{argument.name: wrong}), notes)
        except BadArguments:
            continue
        assert notes, wrong
        assert validator(one).is_valid(whole_call(one, **{argument.name: plain(applied[argument.name])}))


def beyond(declared: Argument) -> list[Any]:
    common: list[Any] = [{"a": 1, "b": 2}, float("1e400")]
    if isinstance(declared, Whole | Real):
        return [declared.least - 1, declared.most + 1, 10**12, -(10**12), "many", True, [], *common[:1]]
    if isinstance(declared, Flag):
        return ["true", 1, [], *common]
    if isinstance(declared, Choice):
        return ["no such word", 3, [], *common]
    if isinstance(declared, Symbol):
        return ["", "A B", "A" * 40, "AAPL; DROP TABLE users", "<data>", 5, [], *common]
    if isinstance(declared, Identity):
        return ["no id", "'; DROP TABLE portfolios; --", 7, [], *common]
    if isinstance(declared, Many):
        one = least_of(declared.one)
        many = [f"S{n}" if isinstance(declared.one, Symbol) else one for n in range(declared.most + 1)]
        if isinstance(declared.one, Identity):
            many = [str(uuid4()) for _ in many]
        inner = [[wrong] for wrong in beyond(declared.one) if not isinstance(wrong, list)]
        return [[], 4, *([many] if not isinstance(declared.one, Choice) else []), *inner]
    if isinstance(declared, Record):
        return ["text", 4, {}, least_of(declared) | {"more": 1}]
    return common


def plain(value: Any) -> Any:
    return (
        [plain(one) for one in value]
        if isinstance(value, list)
        else value
        if isinstance(value, int | float | dict)
        else str(value)
    )


@pytest.mark.parametrize(("given", "applied"), [(0, 1), (181, 180), (90, 90), (None, 90), (5.0, 5)])
def test_numbers_are_cut_to_their_bounds_and_it_is_said(given: Any, applied: int) -> None:
    notes: list[str] = []
    assert read_all([DAYS], {"days": given}, notes) == {"days": applied}
    assert notes == ([f"days: {applied} was used, the bounds are 1 to 180."] if given in (0, 181) else [])


def test_lists_are_cut_and_texts_with_commas_are_lists() -> None:
    symbols = Many("symbols", "Symbols.", one=Symbol("symbol", "A symbol."), most=2)
    notes: list[str] = []
    assert read_all([symbols], {"symbols": " aapl, brk.b,AAPL , nvda"}, notes) == {"symbols": ["AAPL", "BRK-B"]}
    assert notes == ["symbols: the first 2 of 3 were used, 2 is the most."]


def test_no_portfolio_is_meant_by_default() -> None:
    portfolio = PortfolioId("portfolio_id", "A portfolio.")
    assert [portfolio.read(text, []) for text in ("", "default")] == [None, None]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "not valid JSON"),
        ("[]", "one JSON object"),
        ("7", "one JSON object"),
        ('{"days": NaN}', "not valid JSON"),
        ('{"a":' * 5000 + "1" + "}" * 5000, "more than"),
        ('{"a":' * 2000 + "1" + "}" * 2000, "not valid JSON"),
    ],
)
def test_what_is_no_object_is_refused(text: str, told: str) -> None:
    with pytest.raises(BadArguments, match=told):
        parse(text)


def test_nothing_at_all_is_an_empty_object() -> None:
    assert parse("") == parse("{}") == {}


def test_unknown_arguments_are_named() -> None:
    with pytest.raises(BadArguments, match=r"Unknown argument user_id\. Known: days\."):
        read_all([DAYS], {"user_id": "x"}, [])
