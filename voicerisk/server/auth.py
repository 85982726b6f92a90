"""Who is asking: sessions of people, the token of programs, and the guard in front of every route."""

import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit

import msgspec
from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from voicerisk.server.http_settings import HttpSettings, is_loopback

COOKIE: Final = "voicerisk_session"
MAX_NAME_CHARS: Final = 64

MAX_BODY_BYTES: Final = 256 * 1024

OPEN_PATHS: Final = frozenset({"/healthz", "/readyz", "/sign-in", "/favicon.ico"})
"""What anybody may ask: it says nothing about calls or people."""

_SECURITY_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    # The console's framework compiles its templates in the browser, hence unsafe-eval; nothing comes from elsewhere.
    "Content-Security-Policy": (
        "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; connect-src 'self' ws: wss:; "
        "frame-ancestors 'none'; form-action 'self'; base-uri 'self'; object-src 'none'"
    ),
}


class Visitor(msgspec.Struct, frozen=True):
    """Who asks. `person` is None for a program, and for somebody on this machine who has not given a name."""

    person: str | None


class Sessions:
    """Makes and reads the signed cookie that holds a person's name; a changed token ends every session."""

    def __init__(self, key: bytes, settings: HttpSettings) -> None:
        bound = hmac.digest(key, settings.token.encode(), "sha256")
        self._serializer = URLSafeTimedSerializer(bound, salt=COOKIE)
        self.max_age_s = round(settings.sign_in_hours * 3600)
        self._token = settings.token

    def cookie_for(self, person: str) -> str:
        """The cookie's value for a person."""
        return self._serializer.dumps(person)

    def person_in(self, cookie: str) -> str | None:
        """The person whose valid session this is, else None."""
        try:
            person = self._serializer.loads(cookie, max_age=self.max_age_s)
        except BadSignature:
            return None
        return person if isinstance(person, str) else None

    def is_token(self, shown: str) -> bool:
        """True if that is our token (compared in constant time), or if none is needed."""
        return not self._token or hmac.compare_digest(_digest(shown), _digest(self._token))

    def visitor(self, headers: Mapping[str, str]) -> Visitor | None:
        """Who is asking, by cookie or bearer token; None if nobody we know."""
        person = self.person_in(cookie_parser(headers.get("cookie", "")).get(COOKIE, ""))
        if person is not None:
            return Visitor(person)
        scheme, _, shown = headers.get("authorization", "").partition(" ")
        if not self._token or (scheme.lower() == "bearer" and self.is_token(shown.strip())):
            return Visitor(None)
        return None


def load_session_key(path: Path) -> bytes:
    """The key that signs sessions, made at the first start and kept (mode 0600) so that a restart signs nobody out."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        key = secrets.token_bytes(32)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(key)
        return key


def clean_name(name: str) -> str:
    """A person's name as it may be stored and shown. Raises ValueError when nothing is left or it is too long."""
    name = " ".join("".join(char if char.isprintable() else " " for char in name).split())
    if not name:
        raise ValueError("please give your name: every listen is logged with it")
    if len(name) > MAX_NAME_CHARS:
        raise ValueError(f"a name has at most {MAX_NAME_CHARS} characters")
    return name


class Guard:
    """Stands before every route: right host, right origin, known visitor. What is not named open needs a visitor."""

    def __init__(self, app: ASGIApp, settings: HttpSettings, sessions: Sessions) -> None:
        self._app = app
        self._settings = settings
        self._sessions = sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers what must be refused, passes on the rest with the visitor in the scope's state."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if refusal := self._refusal(scope, headers):
            await _refuse(refusal, scope, receive, send)
            return
        visitor = self._sessions.visitor(headers)
        if visitor is None and scope["path"] not in OPEN_PATHS:
            await _refuse(self._unknown(scope, headers), scope, receive, send)
            return
        scope.setdefault("state", {})["visitor"] = visitor or Visitor(None)
        await self._app(scope, receive, _with_headers(send) if scope["type"] == "http" else send)

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        host = headers.get("host", "")
        if not self._settings.token and not self._is_our_host(host):
            # Without a token, a page elsewhere could point its own name at this machine and read everything.
            text = "this name is not known here; set http.token, or add the name to http.allowed_hosts"
            return JSONResponse({"detail": text}, 421)
        origin = headers.get("origin")
        acts = scope["type"] == "websocket" or scope["method"] not in ("GET", "HEAD", "OPTIONS")
        is_ours = origin is None or urlsplit(origin).netloc == host or origin in self._settings.allowed_origins
        if acts and not is_ours:
            return JSONResponse({"detail": "that web page may not use this; see http.allowed_origins"}, 403)
        if int(headers.get("content-length", "0")) > MAX_BODY_BYTES or "transfer-encoding" in headers:
            return JSONResponse({"detail": f"a request has at most {MAX_BODY_BYTES} bytes, announced before"}, 413)
        return None

    def _is_our_host(self, host: str) -> bool:
        name = urlsplit(f"//{host}").hostname or ""
        return is_loopback(name) or name in self._settings.allowed_hosts

    @staticmethod
    def _unknown(scope: Scope, headers: Headers) -> Response:
        if "text/html" in headers.get("accept", "") and scope["type"] == "http" and scope["method"] == "GET":
            return RedirectResponse(f"/sign-in?next={quote(scope['path'])}", 303)
        return JSONResponse({"detail": "sign in, or send Authorization: Bearer <http.token>"}, 401)


async def _refuse(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        await response(scope, receive, send)
    elif "websocket.http.response" in scope.get("extensions", {}):
        await receive()
        await send({"type": "websocket.http.response.start", "status": response.status_code, "headers": []})
        await send({"type": "websocket.http.response.body", "body": response.body})
    else:
        await WebSocketClose(code=1008)(scope, receive, send)


def _with_headers(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(_SECURITY_HEADERS)
        await send(message)

    return send_with_headers


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode(errors="surrogatepass")).digest()
