"""Pages and panels that analytics puts into the operations console."""

from analytics.console import dashboard, data_quality, portfolios

__all__ = ["dashboard", "data_quality", "portfolios"]
