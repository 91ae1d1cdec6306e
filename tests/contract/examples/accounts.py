"""Example calls of signing in, onboarding and the server itself."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from tests.contract.examples.calls import Call, Example, of_portfolio, plain

PASSWORD = "demo12345"
CSV = b"""Symbol,Quantity,Entry Price Per Share,Entry Date,Investment Class,Investment Subtype
AAPL,100,205.17,2025-06-30,PUBLIC,STOCK
XOM,-50,107.80,2025-06-30,PUBLIC,STOCK
"""


def _csv_form() -> dict[str, Any]:
    return {
        "portfolio_name": "Imported book",
        "account_name": "Imported account",
        "account_type": "taxable",
        "equity_balance": "250000",
        "csv_file": SimpleUploadedFile("positions.csv", CSV, content_type="text/csv"),
    }


EXAMPLES: dict[str, tuple[Example, ...]] = {
    # -- authentication
    "login": (lambda who: Call(body={"email": f"{who.account}@sigmasight.com", "password": PASSWORD}),),
    "register": (plain({"email": "ada@example.com", "password": "Lovelace-1843", "full_name": "Ada Lovelace"}),),
    "me": (plain(),),
    "refresh": (plain(),),
    "logout": (plain(),),
    # -- onboarding
    "onboardingRegister": (
        plain(
            {
                "email": "grace@example.com",
                "password": "Hopper-1952",
                "full_name": "Grace Hopper",
                "invite_code": "SIGMASIGHT-DEMO",
            }
        ),
    ),
    "onboardingCreatePortfolio": (lambda who: Call(form=_csv_form),),
    "onboardingCsvTemplate": (plain(),),
    "onboardingStatus": (of_portfolio(),),
    "onboardingStatusLogs": (of_portfolio(), of_portfolio(format="json")),
    # -- the server itself
    "root": (plain(),),
    "health": (plain(),),
    "healthPrerequisites": (plain(),),
    "debugRoutes": (plain(),),
    "healthLive": (plain(),),
    "healthReady": (plain(),),
    "healthStatus": (plain(),),
}  # fmt: skip
