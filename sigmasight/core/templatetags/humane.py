"""Figures in templates as people read them; what is unknown is a dash."""

from __future__ import annotations

import math
import re
from typing import Any

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

register = template.Library()
UNKNOWN = "–"


def _known(value: Any) -> bool:
    return value is not None and value != "" and not (isinstance(value, float) and math.isnan(value))


@register.filter
def grouped(value: Any, digits: int = 0) -> str:
    """1234567.8 as 1,234,568."""
    return f"{value:,.{digits}f}" if _known(value) else UNKNOWN


@register.filter
def dollars(value: Any, digits: int = 2) -> str:
    """-1234.5 as -$1,234.50."""
    return f"{'-' if value < 0 else ''}${abs(value):,.{digits}f}" if _known(value) else UNKNOWN


@register.filter
def share(value: Any, digits: int = 1) -> str:
    """The fraction 0.1234 as 12.3 %."""
    return f"{100 * value:.{digits}f} %" if _known(value) else UNKNOWN


@register.filter
def in_unit(value: Any, unit: str) -> str:
    """A figure in its unit: "usd" as $1,234, "fraction" 0.12 and "percent" 12 as 12.00 %, "ratio" as 0.98, "index" as 1,234 or 1.0234."""
    if unit == "usd":
        return dollars(value, 0)
    if unit == "fraction":
        return share(value, 2)
    if unit == "percent":
        return share(value / 100 if _known(value) else value, 2)
    if unit == "index":
        return grouped(value, 4 if _known(value) and abs(value) < 100 else 0)
    return grouped(value, 2)


@register.filter
def lasting(seconds: Any) -> str:
    """Seconds as 0.4 s, 12 s, 3 min 20 s or 2 h 5 min."""
    if not _known(seconds):
        return UNKNOWN
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"


@register.filter
def coded(text: str) -> SafeString:
    """`words` between backticks as code."""
    return mark_safe(re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text)))  # noqa: S308 - escaped before
