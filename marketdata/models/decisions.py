"""What staff decided of single prices."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from marketdata.models.securities import Security
from sigmasight.core.models import TimestampedModel


class Decision(models.TextChoices):
    ACCEPTED = "accepted", "Accepted as the source sent it"
    OVERRIDDEN = "overridden", "Replaced by hand"


class PriceDecision(TimestampedModel):
    """What staff decided of the price of one session, and why. It stands until it is withdrawn, whatever a source sends meanwhile:
    an accepted close is not doubted again, a replaced one not stored over.

    `previous` is the row that stood there before (null for none), so that a withdrawal can put it back.
    """

    security = models.ForeignKey(Security, on_delete=models.CASCADE, related_name="price_decisions")
    date = models.DateField()
    decision = models.CharField(max_length=12, choices=Decision)
    close = models.DecimalField(max_digits=18, decimal_places=6)
    previous = models.JSONField(null=True, blank=True)
    reason = models.CharField(max_length=500)
    # Accounts live a floor up: the id crosses, a foreign key does not.
    decided_by_id = models.UUIDField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "price_decisions"
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["security", "date"], condition=Q(withdrawn_at=None), name="price_decision_one_standing"
            ),
            models.CheckConstraint(condition=Q(decision__in=Decision.values), name="price_decision_valid"),
            models.CheckConstraint(condition=Q(close__gte=0), name="price_decision_close_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.security_id} {self.date} {self.decision}: {self.close}"
