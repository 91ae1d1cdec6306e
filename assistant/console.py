"""What the assistant adds to the console."""

from __future__ import annotations

from typing import Any

from assistant.services.ai_usage import ai_use
from sigmasight.core.console.charts import Series, bar_chart
from sigmasight.core.console.panels import Panel, register


def usage() -> dict[str, Any]:
    use = ai_use()
    chart = bar_chart(
        "Tokens by day",
        [f"{day:%m-%d}" for day, _, _ in use.by_day],
        [Series("tokens", [tokens for _, _, tokens in use.by_day])],
    )
    return {"use": use, "chart": chart}


register(
    Panel(
        "AI usage and cost",
        "assistant.view_airequestmetric",
        "assistant/console/usage.html",
        usage,
        icon="smart_toy",
        order=50,
        link="admin:assistant_airequestmetric_changelist",
    )
)
