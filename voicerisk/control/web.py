"""A switch's HTTP API: one request with a bounded answer, refusals in plain words, tried again only where that is safe.

A request that was never sent (no connection) is always tried again, and so is one that was turned away unread (429).
What may have been done already is only repeated where the caller says that twice does no harm: it reads, it names the
state that shall hold, or it carries a key by which the switch knows it again.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote

import httpx
import msgspec
import stamina

from voicerisk.control.problems import Problem, SwitchError, quoted

MAX_ANSWER_BYTES: Final = 4 << 20
"""The longest is a large switch's list of channels."""

TRIES: Final = 3

Headers = Callable[[], Mapping[str, str]]

_STATUS: Final[Mapping[int, tuple[Problem, str]]] = {
    400: (Problem.REFUSED, "would not take the request"),
    401: (Problem.FORBIDDEN, "did not accept our credentials"),
    403: (Problem.FORBIDDEN, "does not allow it"),
    404: (Problem.NO_SUCH_CHANNEL, "knows no such call or leg (any more)"),
    409: (Problem.REFUSED, "says that the call is not in a state for that"),
    410: (Problem.GONE, "says that the call is over"),
    422: (Problem.REFUSED, "would not take the request"),
    429: (Problem.REFUSED, "has too much to do at the moment"),
}


class _AgainError(Exception):
    """Worth another try; `error` is what to say after the last one."""

    def __init__(self, error: SwitchError) -> None:
        super().__init__(str(error))
        self.error = error


class Web:
    """One switch's API. `name` is what people call the switch; `headers` are made for each request (credentials)."""

    def __init__(self, name: str, base_url: str, headers: Headers, timeout_s: float = 5.0) -> None:
        self._name = name
        self._headers = headers
        self._client = httpx.AsyncClient(
            base_url=base_url,
            timeout=timeout_s,
            follow_redirects=False,
            # A proxy of the environment leads out of the house; a switch without TLS stands in it.
            trust_env=base_url.startswith("https:"),
        )

    async def ask(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        twice_is_safe: bool = False,
        missing_ok: bool = False,
    ) -> Any:
        """The decoded JSON of the answer, {} where there is none; with `missing_ok` also for 404 and 410.

        Raises `SwitchError`.
        """
        content = msgspec.json.encode(json) if json is not None else body
        kind = {"Content-Type": "application/json"} if content is not None else {}

        def worth_another(error: Exception) -> bool:
            return isinstance(error, _AgainError)

        try:
            async for attempt in stamina.retry_context(
                on=worth_another, attempts=TRIES, timeout=None, wait_initial=0.05, wait_max=0.5, wait_jitter=0.05
            ):
                with attempt:
                    request = self._client.build_request(
                        method, path, content=content, data=form, headers={**self._headers(), **kind, **(headers or {})}
                    )
                    return await self._once(request, twice_is_safe, missing_ok)
        except _AgainError as again:
            raise again.error from None
        raise AssertionError("a try neither answered nor raised")

    def leg_in(self, answer: Any, *path: str) -> str:
        """The new leg's name in an answer. Raises `SwitchError` where there is none: it could never be taken off."""
        if not (leg := text_in(answer, *path)):
            words = f"{self._name} did not say which leg it made; it is not known whether it was done."
            raise SwitchError(Problem.TIMEOUT, words)
        return leg

    async def close(self) -> None:
        """Lets the connections go."""
        await self._client.aclose()

    async def _once(self, request: httpx.Request, twice_is_safe: bool, missing_ok: bool) -> Any:
        try:
            response = await self._client.send(request, stream=True)
            try:
                answer = await self._read(response)
            finally:
                await response.aclose()
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            words = f"{self._name} could not be reached; nothing was done."
            raise _AgainError(SwitchError(Problem.UNREACHABLE, words)) from None
        except httpx.HTTPError as error:
            what = "did not answer in time" if isinstance(error, httpx.TimeoutException) else "broke the connection"
            unclear = SwitchError(Problem.TIMEOUT, f"{self._name} {what}; it is not known whether it was done.")
            raise (_AgainError(unclear) if twice_is_safe else unclear) from None
        if response.is_success:
            return _decoded(answer)
        if missing_ok and response.status_code in (404, 410):
            return {}
        error_ = self._refusal(response.status_code, _without_secret(_said(answer), request))
        if response.status_code == 429 or (response.status_code >= 500 and twice_is_safe):
            raise _AgainError(error_)
        raise error_

    async def _read(self, response: httpx.Response) -> bytes:
        answer = bytearray()
        async for piece in response.aiter_bytes():
            answer += piece
            if len(answer) > MAX_ANSWER_BYTES:
                raise SwitchError(Problem.REFUSED, f"{self._name} answered more than can be read.")
        return bytes(answer)

    def _refusal(self, status: int, said: str) -> SwitchError:
        if status in _STATUS:
            problem, words = _STATUS[status]
        elif status >= 500:
            problem, words = Problem.TIMEOUT, "has an error of its own; it is not known whether it was done"
        else:
            problem, words = Problem.REFUSED, f"answered with {status}"
        return SwitchError(problem, f"{self._name} {words}" + (f": {said}" if said else "."))


def segment(text: str) -> str:
    """A text as one segment of a URL's path."""
    return quote(text, safe="")


def text_in(answer: Any, *path: str | int) -> str:
    """The text (or whole number) at that place of an answer; "" where there is none."""
    for key in path:
        if isinstance(answer, dict) and isinstance(key, str):
            answer = answer.get(key)
        elif isinstance(answer, list) and isinstance(key, int):
            answer = answer[key] if len(answer) > key else None
        else:
            return ""
    return str(answer) if isinstance(answer, str | int) and not isinstance(answer, bool) else ""


def _without_secret(said: str, request: httpx.Request) -> str:
    """What a switch said, also where it says back what it was shown."""
    for shown in request.headers.get("authorization", "").split():
        if len(shown) > len("Bearer"):
            said = said.replace(shown, "(secret)")
    return said


def _decoded(answer: bytes) -> Any:
    try:
        return msgspec.json.decode(answer) if answer else {}
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return {}


def _said(answer: bytes) -> str:
    """What the switch gave as the reason, in any of the forms that vendors use."""
    decoded = _decoded(answer)
    places = (("message",), ("detail",), ("error",), ("title",), ("msg",), ("errors", 0, "detail"), ("Message",))
    return next((quoted(text) for place in places if (text := text_in(decoded, *place))), "")
