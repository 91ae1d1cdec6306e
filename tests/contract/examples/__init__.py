"""An example call of every operation, with the ids of a demo account."""

from __future__ import annotations

from tests.contract.examples import accounts, analytics, assistant, operations, portfolios, securities, tags
from tests.contract.examples.calls import Call, Example

EXAMPLES: dict[str, tuple[Example, ...]] = {
    **accounts.EXAMPLES,
    **securities.EXAMPLES,
    **portfolios.EXAMPLES,
    **tags.EXAMPLES,
    **analytics.EXAMPLES,
    **assistant.EXAMPLES,
    **operations.EXAMPLES,
}
__all__ = ["EXAMPLES", "Call", "Example"]
