"""The record of collecting: what was asked of whom, what was refused, what was corrected, where to resume."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from marketdata.models.securities import Security
from sigmasight.core.models import TimestampedModel


class SymbolCollection(models.Model):
    """How far the prices of a security have been collected; a paced collection takes the highest priority first."""

    security = models.OneToOneField(Security, on_delete=models.CASCADE, primary_key=True, related_name="collection")
    last_attempt_at = models.DateTimeField(null=True, blank=True)
    last_session = models.DateField(null=True, blank=True, help_text="The newest session collected")
    first_session = models.DateField(null=True, blank=True, help_text="The oldest session asked for and answered")
    last_error = models.TextField(blank=True, default="", db_default="")
    consecutive_failures = models.PositiveIntegerField(default=0, db_default=0)
    priority = models.DecimalField(
        max_digits=20, decimal_places=2, default=0, db_default=0, help_text="Dollars held of the security"
    )

    class Meta:
        db_table = "symbol_collections"
        ordering = ["-priority"]
        indexes = [models.Index(fields=["-priority"], name="symbol_collection_priority")]

    def __str__(self) -> str:
        return f"{self.security_id} to {self.last_session}"


class ProviderRequest(models.Model):
    """One request to an outside source and how it ended. Kept 30 days."""

    provider = models.CharField(max_length=32)
    operation = models.CharField(max_length=64)
    symbols_asked = models.PositiveIntegerField(default=0, db_default=0)
    rows = models.PositiveIntegerField(default=0, db_default=0)
    http_status = models.PositiveSmallIntegerField(null=True, blank=True)
    outcome = models.CharField(max_length=16)
    error = models.TextField(blank=True, default="", db_default="")
    latency_ms = models.PositiveIntegerField(null=True, blank=True)
    # Runs live two floors up: the id crosses, a foreign key does not.
    run_id = models.UUIDField(null=True, blank=True)
    started_at = models.DateTimeField()

    class Meta:
        db_table = "provider_requests"
        ordering = ["-started_at"]
        indexes = [
            models.Index(fields=["provider", "started_at"], name="provider_request_started"),
            models.Index(fields=["run_id"], name="provider_request_run", condition=Q(run_id__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.operation}: {self.outcome}"


class Breaker(models.TextChoices):
    CLOSED = "closed", "Closed: requests pass"
    OPEN = "open", "Open: the source rests"
    HALF_OPEN = "half_open", "Half open: one request is tried"


class ProviderState(models.Model):
    """The breaker and the request budget of a source, as staff see them."""

    provider = models.CharField(max_length=32, primary_key=True)
    breaker = models.CharField(max_length=16, choices=Breaker, default=Breaker.CLOSED, db_default=Breaker.CLOSED)
    open_until = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0, db_default=0)
    budget_used = models.PositiveIntegerField(default=0, db_default=0)
    budget_resets_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "provider_states"
        ordering = ["provider"]
        constraints = [models.CheckConstraint(condition=Q(breaker__in=Breaker.values), name="provider_breaker_valid")]

    def __str__(self) -> str:
        return f"{self.provider}: {self.breaker}"


class RejectionResolution(models.TextChoices):
    REFETCHED = "refetched", "Asked again"
    ACCEPTED = "accepted", "Accepted by staff"
    OVERRIDDEN = "overridden", "Replaced by staff"
    DISMISSED = "dismissed", "Rightly refused"


class PriceRejection(TimestampedModel):
    """A row of a source that was refused, with the row itself and the reason; nothing of it was stored as a price."""

    symbol = models.CharField(max_length=32)
    date = models.DateField(null=True, blank=True)
    provider = models.CharField(max_length=32)
    reason = models.CharField(max_length=64)
    payload = models.JSONField()
    resolved = models.CharField(max_length=16, choices=RejectionResolution, null=True, blank=True)
    resolved_by_id = models.UUIDField(null=True, blank=True)

    class Meta:
        db_table = "price_rejections"
        ordering = ["-created_at", "symbol"]
        constraints = [
            # The same bad row is sent again every night; it is one rejection.
            models.UniqueConstraint(
                fields=["symbol", "date", "provider", "reason"], nulls_distinct=False, name="price_rejection_unique"
            ),
            models.CheckConstraint(
                condition=Q(resolved=None) | Q(resolved__in=RejectionResolution.values),
                name="price_rejection_resolution_valid",
            ),
        ]
        indexes = [
            models.Index(fields=["symbol", "date"], name="price_rejection_symbol"),
            models.Index(fields=["resolved"], name="price_rejection_resolved"),
        ]

    def __str__(self) -> str:
        return f"{self.symbol} {self.date}: {self.reason}"


class CorrectionKind(models.TextChoices):
    PRICE = "price", "Price"
    SPLIT = "split", "Split"
    DIVIDEND = "dividend", "Dividend"


class PriceCorrection(models.Model):
    """A price or action that changed after it had been stored: everything from `from_date` on has to be rolled again.

    The batch reads the unprocessed ones, marks the holders' portfolios dirty, and stamps `processed_at`.
    """

    security = models.ForeignKey(Security, on_delete=models.CASCADE, related_name="corrections")
    from_date = models.DateField()
    kind = models.CharField(max_length=8, choices=CorrectionKind)
    old = models.JSONField(null=True, blank=True)
    new = models.JSONField(null=True, blank=True)
    detected_at = models.DateTimeField()
    processed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "price_corrections"
        ordering = ["-detected_at", "security"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=CorrectionKind.values), name="price_correction_kind_valid")
        ]
        indexes = [models.Index(fields=["processed_at"], name="price_correction_processed")]

    def __str__(self) -> str:
        return f"{self.security_id} {self.kind} from {self.from_date}"


class PriceFamily(models.Model):
    """Which kind of prices this database holds: simulated, live, or the files of one directory. There is one row.

    Prices of different kinds do not mix: a return between two of them means nothing.
    """

    family = models.CharField(max_length=32)
    directory = models.TextField(blank=True, default="", db_default="")
    adopted_at = models.DateTimeField(db_default=Now(), editable=False)
    only_one = models.BooleanField(default=True, db_default=True, editable=False, unique=True)

    class Meta:
        db_table = "price_family"
        verbose_name_plural = "price family"
        constraints = [models.CheckConstraint(condition=Q(only_one=True), name="price_family_single_row")]

    def __str__(self) -> str:
        return self.family
