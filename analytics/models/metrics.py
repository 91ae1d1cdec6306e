"""Daily figures of the operations console."""

from __future__ import annotations

from django.db import models

from sigmasight.core.models import TimestampedModel


class DailyMetric(TimestampedModel):
    """One counted figure of one day (logins, runs, requests), optionally split by a dimension such as the model."""

    date = models.DateField()
    metric_type = models.CharField(max_length=100)
    metric_value = models.DecimalField(max_digits=16, decimal_places=4)
    dimensions = models.JSONField(default=dict, blank=True)

    class Meta:
        db_table = "daily_metrics"
        ordering = ["-date", "metric_type"]
        constraints = [
            models.UniqueConstraint(fields=["date", "metric_type", "dimensions"], name="daily_metric_unique")
        ]

    def __str__(self) -> str:
        return f"{self.date} {self.metric_type}: {self.metric_value}"
