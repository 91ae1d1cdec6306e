"""Accounts and the money that went in and out of them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from sigmasight.core.models import TimestampedModel, UUIDModel


class AccountType(models.TextChoices):
    TAXABLE = "taxable", "Taxable"
    IRA = "ira", "IRA"
    ROTH_IRA = "roth_ira", "Roth IRA"
    PLAN_401K = "401k", "401(k)"
    PLAN_403B = "403b", "403(b)"
    PLAN_529 = "529", "529"
    HSA = "hsa", "HSA"
    TRUST = "trust", "Trust"
    OTHER = "other", "Other"


class Portfolio(UUIDModel, TimestampedModel):
    """An account whose book is marked every night.

    The ledger starts on `equity_as_of` with `opening_equity`; every later equity is derived from it. `dirty_from`
    tells the batch to roll again from that day, `results_as_of` is the session whose results readers see.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="portfolios", db_index=False
    )
    name = models.CharField(max_length=255)
    account_name = models.CharField(max_length=100)
    account_type = models.CharField(max_length=20, choices=AccountType, default=AccountType.TAXABLE)
    currency = models.CharField(max_length=3, default="USD", db_default="USD")
    description = models.TextField(blank=True, default="", db_default="")
    opening_equity = models.DecimalField(max_digits=16, decimal_places=2, default=0)
    equity_as_of = models.DateField()
    is_active = models.BooleanField(default=True, db_default=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    dirty_from = models.DateField(null=True, blank=True)
    results_as_of = models.DateField(null=True, blank=True)

    class Meta:
        db_table = "portfolios"
        ordering = ["created_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["user", "account_name"], name="portfolio_account_name_unique"),
            models.CheckConstraint(condition=Q(opening_equity__gte=0), name="portfolio_opening_equity_not_negative"),
            models.CheckConstraint(
                condition=Q(account_type__in=AccountType.values), name="portfolio_account_type_valid"
            ),
            models.CheckConstraint(condition=~Q(account_name=""), name="portfolio_account_name_given"),
            models.CheckConstraint(
                condition=Q(deleted_at=None) | Q(is_active=False), name="portfolio_deleted_is_inactive"
            ),
        ]
        indexes = [models.Index(fields=["dirty_from"], name="portfolio_dirty", condition=Q(dirty_from__isnull=False))]

    def __str__(self) -> str:
        return self.name


class EquityChangeType(models.TextChoices):
    CONTRIBUTION = "CONTRIBUTION", "Contribution"
    WITHDRAWAL = "WITHDRAWAL", "Withdrawal"


class EquityChange(UUIDModel, TimestampedModel):
    """Money paid in or taken out at the end of a day. The amount is positive, the type says the direction."""

    portfolio = models.ForeignKey(Portfolio, on_delete=models.CASCADE, related_name="equity_changes", db_index=False)
    change_type = models.CharField(max_length=12, choices=EquityChangeType)
    amount = models.DecimalField(max_digits=16, decimal_places=2)
    change_date = models.DateField()
    notes = models.TextField(blank=True, default="")
    is_system = models.BooleanField(
        default=False, db_default=False, help_text="Booked by the system, not typed by a person"
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "equity_changes"
        ordering = ["-change_date", "-created_at", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="equity_change_amount_positive"),
            models.CheckConstraint(
                condition=Q(change_type__in=EquityChangeType.values), name="equity_change_type_valid"
            ),
        ]
        indexes = [models.Index(fields=["portfolio", "change_date"], name="equity_change_date")]

    def __str__(self) -> str:
        return f"{self.change_type} {self.amount} on {self.change_date}"
