"""How long rows of the assistant are kept in the core database."""

from __future__ import annotations

from analytics.services.retention import Rule, keep
from assistant.models import AIRequestMetric

keep(Rule(AIRequestMetric, "created_at"))
