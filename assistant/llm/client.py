"""The language model's vendor, through its own library: clients made from the settings, and its failures in our words.

Any server that speaks the Responses API serves: `OPENAI_BASE_URL` names it. The library is loaded with the first client, since it
takes most of a second and most processes never ask a model.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, get_args

from django.conf import settings

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI


class ModelError(Exception):
    """The model did not answer. The text may be shown to anybody.

    Attributes
    ----------
    error_type : rate_limit_exceeded, quota_exceeded, authentication_error, incomplete_response or api_failure.
    retryable : whether the same request may succeed a little later.
    """

    def __init__(self, message: str, *, error_type: str = "api_failure", retryable: bool = False) -> None:
        super().__init__(message)
        self.error_type = error_type
        self.retryable = retryable

    def __reduce__(self) -> Any:
        return functools.partial(ModelError, error_type=self.error_type, retryable=self.retryable), (str(self),)


def configured() -> bool:
    """Whether a model can be asked: a key is set, or the address of a server that may need none."""
    return bool(settings.OPENAI_API_KEY or settings.OPENAI_BASE_URL)


def load() -> None:
    """Load the vendor's library and make what it makes with its first request and its first event, for servers that would let the first
    question wait for it. Nothing is asked; without a model nothing is loaded."""
    if not configured():
        return
    from openai.types.responses import ResponseStreamEvent

    client().responses.create  # noqa: B018 - the library loads its parts when they are named
    for event in get_args(get_args(ResponseStreamEvent)[0]):
        event.model_rebuild()


def client() -> OpenAI:
    """The client of this process. It repeats nothing by itself.

    Raises
    ------
    ModelError without a key.
    """
    _require_configured()
    return _client(settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL, settings.OPENAI_TIMEOUT_SECONDS)


def async_client() -> AsyncOpenAI:
    """The client of the running event loop, whose connections no other loop may use.

    Raises
    ------
    ModelError without a key.
    """
    _require_configured()
    wanted = (settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL, settings.OPENAI_TIMEOUT_SECONDS)
    loop = asyncio.get_running_loop()
    made, kept = _async_clients.get(loop, (None, None))
    if kept is None or made != wanted:
        from openai import AsyncOpenAI

        kept = AsyncOpenAI(**_options(*wanted))
        _async_clients[loop] = (wanted, kept)
    return kept


@contextlib.contextmanager
def vendor_errors() -> Iterator[None]:
    """Failures of the vendor's library inside are raised as ModelError."""
    import openai

    try:
        yield
    except openai.OpenAIError as error:
        raise model_error(error) from error


@contextlib.contextmanager
def transport_errors() -> Iterator[None]:
    """The same for a stream, whose connection may also break or whose text may be unreadable while it is read."""
    import httpx2
    import openai

    try:
        yield
    except openai.OpenAIError as error:
        raise model_error(error) from error
    except httpx2.TimeoutException as error:
        raise ModelError("The AI service fell silent.", retryable=True) from error
    except httpx2.HTTPError as error:
        raise ModelError("The connection to the AI service broke.", retryable=True) from error
    except ValueError as error:
        raise ModelError("The AI service answered something that cannot be read.", retryable=True) from error


def model_error(error: Exception) -> ModelError:
    """A failure of the vendor's library in our words, by its class and never by its text."""
    import openai

    if isinstance(error, ModelError):
        return error
    if isinstance(error, openai.RateLimitError):
        if error.code == "insufficient_quota":
            return ModelError("The quota of the AI service is used up.", error_type="quota_exceeded")
        return ModelError("The AI service is busy.", error_type="rate_limit_exceeded", retryable=True)
    if isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError):
        return ModelError("The AI service refuses our key.", error_type="authentication_error")
    if isinstance(error, openai.APITimeoutError):
        return ModelError("The AI service did not answer in time.", retryable=True)
    if isinstance(error, openai.APIConnectionError):
        return ModelError("The AI service cannot be reached.", retryable=True)
    if isinstance(error, openai.APIStatusError):
        if error.status_code >= 500 or error.status_code in (408, 409):
            return ModelError("The AI service failed.", retryable=True)
        return ModelError("The AI service refused the request.")
    return ModelError("The AI service answered something that cannot be read.")


_async_clients: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, tuple[Any, Any]] = weakref.WeakKeyDictionary()


@functools.lru_cache(maxsize=4)
def _client(key: str, base_url: str, seconds: float) -> OpenAI:
    from openai import OpenAI

    return OpenAI(**_options(key, base_url, seconds))


def _options(key: str, base_url: str, seconds: float) -> dict[str, Any]:
    # The library insists on a key even where the server wants none.
    return {"api_key": key or "none", "base_url": base_url or None, "timeout": seconds, "max_retries": 0}


def _require_configured() -> None:
    if not configured():
        raise ModelError(
            "No AI service is set up: an administrator sets OPENAI_API_KEY or OPENAI_BASE_URL.",
            error_type="authentication_error",
        )
