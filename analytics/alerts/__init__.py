"""The rules of alerts about nights, results and workers."""

from analytics.alerts import nights, results, value_at_risk, workers

__all__ = ["nights", "results", "value_at_risk", "workers"]
