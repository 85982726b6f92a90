"""One POST to somebody else's server, and what its answer means for the message."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import msgspec

from voicerisk.notify.outcome import Delivered, GiveUp, Outcome, TryAgain

REFUSED: Final = frozenset({400, 413, 415, 422})
"""Answers that speak of this message, so that the same one again would only earn the same. All others (wrong
credentials, too many, not found, a server's own trouble) may be mended while the message waits."""

MAX_ANSWER_BYTES: Final = 16_384
MAX_PAUSE_S: Final = 3600.0


class Answer(msgspec.Struct, frozen=True):
    """What came back: the status, the pause asked for, and the beginning of the body."""

    status: int
    retry_after_s: float | None
    body: bytes


async def post(
    client: httpx.AsyncClient,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    form: Mapping[str, str] | None = None,
    auth: tuple[str, str] | None = None,
) -> Answer | TryAgain:
    """The answer, or why there was none. Redirects are not followed: the signed message is for the address named."""
    more: dict[str, Any] = {} if auth is None else {"auth": auth}
    try:
        async with client.stream("POST", url, headers=headers, content=body, data=form, **more) as response:
            start = b""
            async for piece in response.aiter_bytes(MAX_ANSWER_BYTES):
                start += piece
                if len(start) >= MAX_ANSWER_BYTES:
                    break
            return Answer(response.status_code, _pause_s(response.headers.get("retry-after")), start)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        # The library's own text can hold the address, and with Slack the address is the secret.
        return TryAgain(f"{host_of(url)} cannot be reached: {_named(error)}")


def judge(answer: Answer | TryAgain, url: str) -> Outcome:
    """What an answer means where the receiver has no rules of its own."""
    if isinstance(answer, TryAgain):
        return answer
    if 200 <= answer.status < 300:
        return Delivered()
    if answer.status in REFUSED:
        return GiveUp(f"{host_of(url)} refuses the message: it answered {answer.status}")
    return TryAgain(f"{host_of(url)} answered {answer.status}", answer.retry_after_s)


def host_of(url: str) -> str:
    """The host of an address, and its port where one is named; nothing else of it."""
    parts = urlsplit(url)
    host = parts.hostname or "the receiver"
    return f"{host}:{parts.port}" if parts.port else host


def _pause_s(header: str | None) -> float | None:
    if header is None or not (header.isascii() and header.isdigit()):
        return None
    return min(float(header), MAX_PAUSE_S)


def _named(error: Exception) -> str:
    if isinstance(error, httpx.ConnectError):
        return "no connection"
    return "no answer in time" if isinstance(error, httpx.TimeoutException) else type(error).__name__
