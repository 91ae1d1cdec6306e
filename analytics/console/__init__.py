"""Pages and panels that analytics puts into the operations console."""

from analytics.console import (
    batch,
    batch_compare,
    batch_control,
    batch_run,
    dashboard,
    data_quality,
    portfolios,
    repairs,
)

__all__ = [
    "batch",
    "batch_compare",
    "batch_control",
    "batch_run",
    "dashboard",
    "data_quality",
    "portfolios",
    "repairs",
]
