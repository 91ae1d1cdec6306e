"""Pages and panels that analytics puts into the operations console."""

from analytics.console import dashboard, portfolios

__all__ = ["dashboard", "portfolios"]
