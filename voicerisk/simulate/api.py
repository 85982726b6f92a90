"""What a switch's application says to the server's API: whose audio comes, for protocols that do not say it."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, Request, build_opener

_WITHIN_S: Final = 10.0
_MAX_ANSWER_BYTES: Final = 1 << 20


class ApiError(Exception):
    """The API did not do what was asked; the text says why, in its own words where it gave any."""


class Api:
    """The API at `base_url` (http://host:port), shown `token` if there is one."""

    def __init__(self, base_url: str, token: str = "") -> None:
        self._base_url = base_url.rstrip("/")
        self._token = token
        self._opener = build_opener(ProxyHandler({}))

    async def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """The answer to a request under /api/v1, read from JSON. Raises `ApiError`."""
        return await asyncio.to_thread(self._ask, method, path, body)

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None) -> Any:
        headers = {"Content-Type": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        data = None if body is None else json.dumps(body).encode()
        url = f"{self._base_url}/api/v1/{path}"
        try:
            with self._opener.open(Request(url, data, headers, method=method), timeout=_WITHIN_S) as answer:
                return json.loads(answer.read(_MAX_ANSWER_BYTES))
        except HTTPError as error:
            with error:
                raise ApiError(f"{method} {url}: {error.code}: {_detail(error)}") from None
        except (URLError, OSError, ValueError) as error:
            reason = error.reason if isinstance(error, URLError) else error
            raise ApiError(f"{method} {url}: {reason}; --api says where the server's API is") from None


def _detail(error: HTTPError) -> str:
    try:
        detail = json.loads(error.read(_MAX_ANSWER_BYTES))["detail"]
    except (OSError, ValueError, KeyError, TypeError):
        return error.reason
    return detail if isinstance(detail, str) else json.dumps(detail)
