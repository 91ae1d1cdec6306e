"""The analytics endpoints of the REST API, asked in this process as the owner of a portfolio would."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from celery.exceptions import SoftTimeLimitExceeded
from django.core.handlers.wsgi import WSGIRequest
from django.db import transaction
from django.urls import URLPattern
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from analytics.services.explained_measures import OF_THE_BOOK
from portfolios.models import Portfolio, User

logger = logging.getLogger("analytics.audits")
# Answers that need a parameter: name of the route, name of the answer, query.
EXPLAIN = "portfolio-explain"
PARTS_EXPLAINED = {
    "factor_exposure": "Market Beta (90D)",
    "stress_pnl": "market_down_10",
    "value_at_risk": "historical_95_1d",
    "expected_shortfall": "historical_95_1d",
}
DETAILS, WHAT_IF = "position-details", "portfolio-what-if"


class _AsOwner(BaseAuthentication):
    """Whoever asks is this person; permissions are checked as ever."""

    def __init__(self, owner: User) -> None:
        self._owner = owner

    def authenticate(self, request: Request) -> tuple[User, None]:
        return self._owner, None


@dataclass(frozen=True)
class Answer:
    """status : of HTTP, 500 where the view broke off. body : the JSON."""

    status: int
    body: Any

    @property
    def available(self) -> bool:
        return self.status == 200 and not (isinstance(self.body, dict) and self.body.get("available") is False)

    @property
    def reason(self) -> str:
        """Why nothing is available, in the words of the answer."""
        metadata, quality = (self.body.get(name) or {} for name in ("metadata", "data_quality"))
        return str(metadata.get("reason") or quality.get("flag") or metadata.get("error") or "no reason given").lower()

    @property
    def day(self) -> str | None:
        """The session the answer says it is of, None where it names none."""
        for place in (self.body, self.body.get("data") if isinstance(self.body, dict) else None):
            if isinstance(place, dict) and isinstance(place.get("calculation_date"), str):
                return str(place["calculation_date"])
        return None


@dataclass(frozen=True)
class Answers:
    """What the endpoints said, by the name of the route; explanations by figure, in `explained`."""

    of: Mapping[str, Answer]
    explained: Mapping[str, Answer] = field(default_factory=dict)

    def get(self, name: str, *path: str | int) -> Any:
        """A part of an answer, None where the answer or the part is not there."""
        answer = self.of.get(name) or self.explained.get(name)
        if answer is None or not answer.available:
            return None
        found = answer.body
        for step in path:
            if isinstance(found, dict):
                found = found.get(step)
            elif isinstance(found, list) and isinstance(step, int) and step < len(found):
                found = found[step]
            else:
                return None
        return found

    def number(self, name: str, *path: str | int) -> float | None:
        found = self.get(name, *path)
        return float(found) if isinstance(found, int | float) and not isinstance(found, bool) else None


def portfolio_routes() -> dict[str, URLPattern]:
    """Every GET of analytics on one portfolio that needs nothing but its id, by name."""
    return {name: one for name, one in _routes() if set(one.pattern.converters) == {"portfolio_id"} and name != EXPLAIN}


def owner_routes() -> dict[str, URLPattern]:
    """Every GET of analytics on all portfolios of a person, by name."""
    return {
        name: one for name, one in _routes() if not one.pattern.converters and str(one.pattern).startswith("analytics/")
    }


def ask_portfolio(book: Portfolio) -> Answers:
    """What every endpoint says of a portfolio to its owner: also its lots, a purchase that is only thought of, and the explanation of
    every figure."""
    routes = dict(_routes(writing=True))
    one = {"portfolio_id": str(book.pk)}
    answers = {name: ask(book.user, route, one) for name, route in portfolio_routes().items()}
    answers[DETAILS] = ask(book.user, routes[DETAILS], {}, query=f"portfolio_id={book.pk}")
    answers[WHAT_IF] = ask(book.user, routes[WHAT_IF], one, sent={"trades": [{"symbol": "SPY", "quantity": 1}]})
    figures = {figure: f"metric={figure}" for figure in OF_THE_BOOK}
    figures |= {figure: f"metric={figure}&of={of.replace(' ', '+')}" for figure, of in PARTS_EXPLAINED.items()}
    explained = {figure: ask(book.user, routes[EXPLAIN], one, query=query) for figure, query in figures.items()}
    return Answers(answers, explained)


def ask_owner(owner: User) -> Answers:
    """What the endpoints say of all portfolios of a person together."""
    return Answers({name: ask(owner, route, {}) for name, route in owner_routes().items()})


def ask(
    owner: User,
    route: URLPattern,
    captured: Mapping[str, str],
    *,
    query: str = "",
    sent: Mapping[str, Any] | None = None,
) -> Answer:
    """One request to a view, with the owner's rights, and its answer as a client would get it."""
    handler: Any = route.callback
    view = handler.cls.as_view(
        **handler.initkwargs, authentication_classes=[lambda: _AsOwner(owner)], throttle_classes=[]
    )
    content = b"" if sent is None else orjson.dumps(sent)
    request = WSGIRequest({
        "REQUEST_METHOD": "GET" if sent is None else "POST", "PATH_INFO": f"/api/v1/{route.pattern}", "QUERY_STRING": query,
        "SERVER_NAME": "localhost", "SERVER_PORT": "80", "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(content),
        "CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(content)),
    })  # fmt: skip
    try:
        with transaction.atomic():
            response = view(request, **captured)
            if hasattr(response, "render"):
                response.render()
    except SoftTimeLimitExceeded:
        raise
    except Exception as error:
        logger.exception("%s broke off", route.name)
        return Answer(500, {"detail": f"{type(error).__name__}: {error}"})
    return Answer(response.status_code, orjson.loads(response.content or b"null"))


def _routes(*, writing: bool = False) -> Iterator[tuple[str, URLPattern]]:
    """Routes of analytics in the spelling without a final slash; with `writing` those too that only take POST."""
    # Workers that audit nothing need no views.
    from analytics.api import urls

    for one in urls.urlpatterns:
        path, view = str(one.pattern), one.callback.cls  # type: ignore[attr-defined]
        ours = path.startswith(("analytics/", "data/portfolio/", "data/positions/"))
        if ours and not path.endswith("/") and (hasattr(view, "get") or writing) and one.name:
            yield one.name, one
