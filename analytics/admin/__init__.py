"""The console of definitions, results, runs and schedules."""

from analytics.admin import audits, batch, definitions, results, schedules, symbols

__all__ = ["audits", "batch", "definitions", "results", "schedules", "symbols"]
