"""Forms and answers of /onboarding."""

from __future__ import annotations

from rest_framework import serializers

from portfolios.models import AccountType
from sigmasight.core.api.forms import Form

LONGEST_DESCRIPTION = 1000


class OnboardingRegister(Form):
    email = serializers.EmailField(max_length=254)
    password = serializers.CharField(
        min_length=8,
        max_length=1024,
        trim_whitespace=False,
        help_text="with an upper-case letter, a lower-case one and a digit",
    )
    full_name = serializers.CharField(max_length=255, trim_whitespace=False)
    invite_code = serializers.CharField(max_length=255, allow_blank=True)


class NextStep(Form):
    action = serializers.CharField()
    endpoint = serializers.CharField()
    description = serializers.CharField()


class OnboardingRegistered(Form):
    user_id = serializers.UUIDField()
    email = serializers.EmailField()
    full_name = serializers.CharField()
    message = serializers.CharField()
    next_step = NextStep()


class OnboardingPortfolioForm(Form):
    portfolio_name = serializers.CharField(allow_blank=True, help_text="1 to 255 characters")
    account_name = serializers.CharField(allow_blank=True, help_text="1 to 100 characters, once per user")
    account_type = serializers.CharField(allow_blank=True, help_text=f"one of {', '.join(AccountType.values)}")
    equity_balance = serializers.DecimalField(
        max_digits=None, decimal_places=None, help_text="dollars, above 0 and at most 1,000,000,000,000"
    )
    description = serializers.CharField(
        required=False, allow_blank=True, allow_null=True, max_length=LONGEST_DESCRIPTION
    )
    csv_file = serializers.FileField(allow_empty_file=True, help_text="*.csv, UTF-8, at most 10 MiB and 10,000 rows")


class OnboardingPortfolioCreated(Form):
    portfolio_id = serializers.UUIDField()
    portfolio_name = serializers.CharField()
    account_name = serializers.CharField()
    account_type = serializers.ChoiceField(choices=AccountType.choices)
    equity_balance = serializers.DecimalField(max_digits=16, decimal_places=2)
    positions_imported = serializers.IntegerField()
    positions_failed = serializers.IntegerField(help_text="always 0: a file is imported whole or not at all")
    total_positions = serializers.IntegerField(help_text="data rows, those of commas only included")
    message = serializers.CharField()
    next_step = NextStep()


class OnboardingRefusal(Form):
    code = serializers.CharField(help_text="ERR_...")
    message = serializers.CharField()
    details = serializers.DictField(required=False)
    documentation_url = serializers.CharField()


class OnboardingRefused(Form):
    """Why a registration or an upload was refused."""

    error = OnboardingRefusal()


class CsvRowError(Form):
    row = serializers.IntegerField(allow_null=True, help_text="the header is 1; null concerns the whole file")
    symbol = serializers.CharField(allow_null=True)
    code = serializers.CharField(help_text="ERR_CSV_... or ERR_POS_...")
    message = serializers.CharField()
    field = serializers.CharField(allow_null=True, help_text="column title")


class CsvErrors(Form):
    errors = CsvRowError(many=True)  # type: ignore[assignment]
    total_errors = serializers.IntegerField()


class CsvRefusal(Form):
    code = serializers.CharField(help_text="ERR_CSV_VALIDATION")
    message = serializers.CharField()
    details = CsvErrors()
    documentation_url = serializers.CharField()


class CsvRefusalDetails(Form):
    error = CsvRefusal()


class CsvFailure(Form):
    code = serializers.CharField(help_text="ERR_PORT_008")
    message = serializers.CharField()
    details = CsvRefusalDetails()
    documentation_url = serializers.CharField()


class CsvValidationFailure(Form):
    """Everything that is wrong with a file."""

    error = CsvFailure()
