"""The endpoints of one portfolio: whether each answers, and what they say, in the words of the business."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from analytics.audits.endpoints import Answer, Answers
from analytics.audits.scope import NO_RESULTS, Scope
from portfolios.models import InvestmentClass, Portfolio, Position
from sigmasight.core.audits import Check, Finding, Severity, check, counted, named
from sigmasight.core.templatetags.humane import dollars, share

OK = 200
ENTER = "Look into the server's log; until it is mended the page of it stays empty."
ROLL = "Run the batch for this portfolio; the reason says what is lacking."


def check_portfolios(scope: Scope) -> Check:
    """Which active portfolios have results to ask for."""
    books = Portfolio.objects.filter(deleted_at=None, is_active=True) if scope.portfolio is None else [scope.portfolio]
    found = [
        Finding(Severity.WARNING, book.account_name, "has no results yet", f"portfolio {book.pk}", "Run the batch.")
        for book in books
        if book.results_as_of is None
    ]
    return check("Portfolios with results", {"portfolios": len(books) - len(found)}, found, nothing=NO_RESULTS)


def check_answers(book: Portfolio, said: Answers) -> Check:
    """Whether every endpoint answers its owner with results of the published session, and what they tell."""
    found = list(unanswered(_place(book), said)) + list(_unavailable(book, said)) + list(_of_another_day(book, said))
    seen = {"endpoints": len(said.of), "explanations": len(said.explained)}
    return check(f"Answers of {book.account_name}", seen, found, nothing=NO_RESULTS, told=list(told(book, said)))


def unanswered(where: str, said: Answers) -> Iterator[Finding]:
    """Endpoints that answer with anything but 200."""
    for name, answer in {**said.of, **said.explained}.items():
        if answer.status != OK:
            detail = answer.body.get("detail") if isinstance(answer.body, dict) else answer.body
            yield Finding(Severity.ERROR, name, f"answers {answer.status}: {str(detail)[:300]}", where, ENTER)


def _unavailable(book: Portfolio, said: Answers) -> Iterator[Finding]:
    """By reason: natural for a book that holds nothing a market prices, a doubt for others."""
    reasons = defaultdict(list)
    for name, answer in said.of.items():
        if answer.status == OK and not answer.available:
            reasons[answer.reason].append(name)
    priced = Position.objects.filter(portfolio=book, deleted_at=None, exit_date=None).exclude(
        investment_class=InvestmentClass.PRIVATE
    )
    severity = Severity.WARNING if reasons and priced.exists() else Severity.INFORMATION
    advice = ROLL if severity is Severity.WARNING else "Nothing to do: it holds nothing that a market prices."
    for reason, names in reasons.items():
        what = f"nothing to say at {counted(len(names), 'endpoint')} ({named(names)}): {reason.replace('_', ' ')}"
        yield Finding(severity, book.account_name, what, f"results of {book.results_as_of}", advice)


def _of_another_day(book: Portfolio, said: Answers) -> Iterator[Finding]:
    for name, answer in said.of.items():
        if answer.available and answer.day is not None and answer.day != str(book.results_as_of):
            yield Finding(Severity.ERROR, name, f"answers with results of {answer.day}", _place(book), ROLL)


def _place(book: Portfolio) -> str:
    return f"{book.account_name}, results of {book.results_as_of}"


def told(book: Portfolio, said: Answers) -> Iterator[str]:
    """Three or four sentences that a portfolio manager would say of the book."""
    overview = "portfolio-overview"
    value, net = said.number(overview, "net_asset_value"), said.number(overview, "exposures", "net_exposure")
    if value is not None and net is not None:
        parts = {name: said.number(overview, "exposures", f"{name}_exposure") for name in ("gross", "net")}
        shares = " and ".join(
            f"{name} exposure {share(None if part is None else part / value)}" for name, part in parts.items()
        ) if value > 0 else f"net exposure {dollars(net, 0)}"  # fmt: skip
        cash = said.number(overview, "cash_balance")
        yield (
            f"{book.name}: worth {dollars(value, 0)} at {book.results_as_of}, {shares} of it, cash {dollars(cash, 0)}, "
            f"earned {dollars(said.number(overview, 'pnl', 'cumulative_pnl'), 0)} since it began."
        )
    beta = said.number("portfolio-beta-calculated-90d", "data", "beta_calculated_90d")
    volatility = said.number("portfolio-volatility", "data", "realized_volatility_21d")
    tail = said.number("portfolio-risk-metrics", "risk_metrics", "var_95_1d")
    if beta is not None and volatility is not None:
        at_risk = "" if tail is None else f"; on one day in twenty it loses more than {dollars(tail, 0)}"
        yield f"Beta {beta:.2f}, volatility {share(volatility)} a year{at_risk}."
    else:
        yield f"Beta and volatility are not known: {_why(said.of['portfolio-volatility'])}."
    scenarios = said.get("stress-test", "data", "scenarios") or []
    if scenarios:
        worst = min(scenarios, key=lambda one: one["impact"]["dollar_impact"])
        loss, part = worst["impact"]["dollar_impact"], worst["impact"]["percentage_impact"]
        yield f"Largest stress loss {dollars(loss, 0)} ({part:.1f} % of equity) in '{worst['name']}', of {len(scenarios)} scenarios."
    sectors = said.get("portfolio-sector-exposure", "data", "portfolio_weights") or {}
    if sectors:
        largest = max(sectors, key=lambda name: sectors[name])
        number = said.number("portfolio-concentration", "data", "effective_num_positions")
        yield f"Largest sector {largest} with {share(sectors[largest])} of equity; as concentrated as {number:.1f} equal positions."


def _why(answer: Answer) -> str:
    return answer.reason.replace("_", " ") if answer.status == OK else f"the endpoint answers {answer.status}"
