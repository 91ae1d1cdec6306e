"""Pages and panels that analytics puts into the operations console."""

from analytics.console import dashboard

__all__ = ["dashboard"]
