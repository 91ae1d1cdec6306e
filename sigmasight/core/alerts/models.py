"""What is wrong, since when, who looks after it, what was told to whom. The rules are code; these are their findings."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q


class Severity(models.IntegerChoices):
    """Numbers, so that worse is greater."""

    INFO = 1, "info"
    WARNING = 2, "warning"
    CRITICAL = 3, "critical"


class AlertStatus(models.TextChoices):
    OPEN = "open", "Open"
    ACKNOWLEDGED = "acknowledged", "Acknowledged"
    RESOLVED = "resolved", "Resolved"


STANDING = (AlertStatus.OPEN, AlertStatus.ACKNOWLEDGED)


class Alert(models.Model):
    """A condition of a rule from its first sight to its end. Of a rule and a subject one stands at a time; when the condition comes
    again later, that is another alert.

    `named` maps kinds to identifiers ("run", "provider", "security"): rows of the floors above, which no foreign key
    reaches. `figures` are the numbers of the message for machines.
    """

    rule = models.CharField(max_length=64)
    subject_key = models.CharField(max_length=200, blank=True, default="")
    subject = models.CharField(max_length=255, blank=True, default="")
    severity = models.PositiveSmallIntegerField(choices=Severity)
    title = models.CharField(max_length=255)
    message = models.TextField()
    figures = models.JSONField(default=dict, blank=True)
    named = models.JSONField(default=dict, blank=True)
    portfolio_id = models.UUIDField(null=True, blank=True)
    as_of = models.CharField(max_length=40, blank=True, default="", help_text="Session or instant of the facts")
    status = models.CharField(max_length=16, choices=AlertStatus, default=AlertStatus.OPEN)
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()
    count = models.PositiveIntegerField(default=1, help_text="Looks that found it")
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    note = models.TextField(blank=True, default="")
    resolved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "alerts"
        ordering = ["-severity", "-last_seen", "id"]
        permissions = [("handle_alert", "Can acknowledge and mute alerts")]
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "subject_key"], condition=Q(status__in=STANDING), name="alert_one_standing"
            ),
            models.CheckConstraint(condition=Q(status__in=AlertStatus.values), name="alert_status_valid"),
            models.CheckConstraint(condition=Q(severity__in=Severity.values), name="alert_severity_valid"),
            models.CheckConstraint(
                condition=Q(status=AlertStatus.RESOLVED, resolved_at__isnull=False)
                | Q(status__in=STANDING, resolved_at=None),
                name="alert_resolved_with_its_time",
            ),
        ]
        indexes = [
            models.Index(fields=["-severity", "-last_seen"], name="alert_standing", condition=Q(status__in=STANDING)),
            models.Index(fields=["resolved_at"], name="alert_resolved", condition=Q(resolved_at__isnull=False)),
            models.Index(fields=["portfolio_id"], name="alert_portfolio", condition=Q(portfolio_id__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.title}: {self.subject}" if self.subject else self.title


class AlertMute(models.Model):
    """Silence until a time, for a rule or for one subject of it. What is muted is shown in the console and told to nobody."""

    rule = models.CharField(max_length=64)
    subject_key = models.CharField(max_length=200, null=True, blank=True, help_text="Empty: every subject of the rule")
    subject = models.CharField(max_length=255, blank=True, default="")
    until = models.DateTimeField()
    reason = models.TextField(blank=True, default="")
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        db_table = "alert_mutes"
        ordering = ["until", "id"]
        constraints = [
            models.UniqueConstraint(fields=["rule", "subject_key"], nulls_distinct=False, name="alert_mute_unique")
        ]

    def __str__(self) -> str:
        return f"{self.rule} {self.subject}".strip() + f" until {self.until:%Y-%m-%d %H:%M} UTC"


class DeliveryKind(models.TextChoices):
    OPENED = "opened", "Opened"
    RESOLVED = "resolved", "Resolved"


class AlertDelivery(models.Model):
    """One message about an alert over one channel: that it is there (once for each severity it rose to), that it is over (once)."""

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    channel = models.CharField(max_length=16)
    kind = models.CharField(max_length=16, choices=DeliveryKind)
    severity = models.PositiveSmallIntegerField(choices=Severity)
    created_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    last_error = models.CharField(max_length=200, blank=True, default="", help_text="Its kind; never an address")
    sent_at = models.DateTimeField(null=True, blank=True)
    given_up_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "alert_deliveries"
        verbose_name_plural = "alert deliveries"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["alert", "channel", "kind", "severity"], name="alert_delivery_once"),
            models.CheckConstraint(condition=Q(kind__in=DeliveryKind.values), name="alert_delivery_kind_valid"),
        ]
        indexes = [
            models.Index(
                fields=["channel", "next_attempt_at"], name="alert_delivery_due",
                condition=Q(sent_at=None, given_up_at=None),
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.alert_id} {self.kind} by {self.channel}"


class AlertRuleState(models.Model):
    """When a rule was looked at last, and how that went. Its row is the lock of the look."""

    rule = models.CharField(max_length=64, primary_key=True)
    evaluated_at = models.DateTimeField(null=True, blank=True)
    seconds = models.FloatField(null=True, blank=True)
    facts = models.CharField(
        max_length=200, blank=True, default="", help_text="State of what it looks at; unchanged: not again"
    )
    error = models.CharField(
        max_length=200, blank=True, default="", help_text="Kind of its failure, empty where it worked"
    )

    class Meta:
        db_table = "alert_rule_states"
        ordering = ["rule"]

    def __str__(self) -> str:
        return self.rule
