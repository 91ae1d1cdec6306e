"""The page about the tools says what the registry says."""

from __future__ import annotations

from assistant.tools.registry import tools
from tests.assistant.tools.document import DOCUMENT, render


def test_the_document_is_up_to_date() -> None:
    assert DOCUMENT.read_text() == render(), "Run python -m tests.assistant.tools.document"


def test_every_tool_and_argument_is_described() -> None:
    text = render()
    for one in tools().values():
        assert f"### `{one.name}`" in text
        assert min(len(one.returns), len(one.source)) > 10
        for argument in one.arguments:
            assert f"| `{argument.name}` |" in text
