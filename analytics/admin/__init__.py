"""The console of definitions, results, runs and schedules."""

from analytics.admin import batch, definitions, results, schedules, symbols

__all__ = ["batch", "definitions", "results", "schedules", "symbols"]
