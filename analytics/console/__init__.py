"""Pages and panels that analytics puts into the operations console."""

from analytics.console import (
    audits,
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
    "audits",
    "batch",
    "batch_compare",
    "batch_control",
    "batch_run",
    "dashboard",
    "data_quality",
    "portfolios",
    "repairs",
]
