"""What an insight is asked to be, and what was written, before it is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from assistant.models import InsightType

BRIEF, STANDARD, DETAILED = "brief", "standard", "detailed"
LONGEST_TITLE = 200
RULES = "rules"


@dataclass(frozen=True)
class Briefing:
    """How a morning briefing is wanted; of other types only the defaults hold."""

    include_news: bool = True
    include_market_overview: bool = True
    verbosity: str = STANDARD
    focus_areas: tuple[str, ...] = ()


@dataclass(frozen=True)
class Assignment:
    """What to write: the type, what to stress, the question of a custom one."""

    insight_type: str
    focus_area: str | None = None
    question: str | None = None
    briefing: Briefing = field(default_factory=Briefing)

    @property
    def is_briefing(self) -> bool:
        return self.insight_type == InsightType.MORNING_BRIEFING

    @property
    def focus(self) -> str:
        """Everything the reader wants stressed, as one text."""
        return " ".join(part for part in (self.focus_area, self.question, *self.briefing.focus_areas) if part)


@dataclass(frozen=True)
class Draft:
    """A written insight, and who wrote it at what price.

    model, provider : "rules" where no model wrote it. input_tokens, output_tokens : None where the vendor told none. cost_usd : None
    then, and where the price of the model is not set. tools : calls made.
    """

    title: str
    severity: str
    summary: str
    key_findings: tuple[str, ...]
    recommendations: tuple[str, ...]
    data_limitations: str
    full_analysis: str
    model: str = RULES
    provider: str = RULES
    version: str | None = None
    cost_usd: Decimal | None = Decimal(0)
    input_tokens: int | None = 0
    output_tokens: int | None = 0
    tools: int = 0
    facts: Mapping[str, Any] = field(default_factory=dict)
