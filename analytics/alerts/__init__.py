"""The rules of alerts about nights, results and workers."""

from analytics.alerts import audits, nights, results, value_at_risk, workers

__all__ = ["audits", "nights", "results", "value_at_risk", "workers"]
