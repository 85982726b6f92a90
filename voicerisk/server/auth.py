"""Who is asking: sessions of people, the token of programs, and the guard in front of every route."""

import hashlib
import hmac
import os
import secrets
from collections.abc import Callable, Mapping
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

from voicerisk.clock import monotonic_s
from voicerisk.server.access import AccessRole, Permission, Visitor, lacks
from voicerisk.server.http_settings import HttpSettings, is_loopback
from voicerisk.server.limits import TokenBuckets

COOKIE: Final = "voicerisk_session"
MAX_NAME_CHARS: Final = 64

MAX_BODY_BYTES: Final = 256 * 1024

SITE_TOKEN: Final = "http.token"
"""What the site's own token is called where tokens are named."""

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


class Session(msgspec.Struct, frozen=True, array_like=True):
    """What the cookie says: who, in which role, and since when the password holds (None: the site's token)."""

    person: str
    role: AccessRole
    since_s: float | None = None


class Sessions:
    """Makes and reads the signed cookie that holds a person's name; a changed token ends every session.

    `still_holds` says of a name, a role and the time of a password whether somebody still has them.
    """

    def __init__(
        self, key: bytes, settings: HttpSettings, still_holds: Callable[[str, str, float], bool] | None = None
    ) -> None:
        self._still_holds = still_holds
        bound = hmac.digest(key, settings.token.encode(), "sha256")
        self._serializer = URLSafeTimedSerializer(bound, salt=COOKIE)
        self.max_age_s = round(settings.sign_in_hours * 3600)
        self._token = settings.token
        self._roles = {name: token.role for name, token in settings.tokens.items()}
        self._digests = {name: _digest(token.secret()) for name, token in settings.tokens.items()}

    def cookie_for(self, person: str, role: AccessRole = AccessRole.ADMIN, since_s: float | None = None) -> str:
        """The cookie's value for a person, who has had the password since then (None: came with the site's token)."""
        return self._serializer.dumps([person, role, since_s])

    def session_in(self, cookie: str) -> Session | None:
        """Whose valid session this is, else None."""
        try:
            session = msgspec.convert(self._serializer.loads(cookie, max_age=self.max_age_s), Session)
        except (BadSignature, msgspec.ValidationError):
            return None
        if session.since_s is None or self._still_holds is None:
            return session
        return session if self._still_holds(session.person, session.role, session.since_s) else None

    def is_token(self, shown: str) -> bool:
        """True if that is our token (compared in constant time), or if none is needed."""
        return not self._token or hmac.compare_digest(_digest(shown), _digest(self._token))

    def visitor(self, headers: Mapping[str, str]) -> Visitor | None:
        """Who is asking, by cookie or bearer token; None if nobody we know."""
        session = self.session_in(cookie_parser(headers.get("cookie", "")).get(COOKIE, ""))
        if session is not None:
            return Visitor(session.person, session.role)
        scheme, _, shown = headers.get("authorization", "").partition(" ")
        shown = shown.strip() if scheme.lower() == "bearer" else ""
        named = self._named(shown) if shown else None
        if named is not None:
            return Visitor(None, self._roles[named], named)
        if self.is_token(shown):
            return Visitor(None, AccessRole.ADMIN, SITE_TOKEN if self._token else "")
        return None

    def _named(self, shown: str) -> str | None:
        """The name of the token that is shown, compared with every one in constant time."""
        digest, found = _digest(shown), None
        for name, known in self._digests.items():
            if hmac.compare_digest(digest, known):
                found = name
        return found


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
        self._buckets = TokenBuckets(settings.requests_per_s, settings.requests_burst)

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
        if scope["path"] not in OPEN_PATHS and (refusal := self._not_in(visitor, scope, headers)):
            await _refuse(refusal, scope, receive, send)
            return
        scope.setdefault("state", {})["visitor"] = visitor or Visitor(None, AccessRole.WATCHER)
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

    def _not_in(self, visitor: Visitor | None, scope: Scope, headers: Headers) -> Response | None:
        """Why the visitor may not come in here, whatever is asked; None where the route decides."""
        if visitor is None:
            return self._unknown(scope, headers)
        if not self._within_rate(visitor, scope):
            text = f"more than {self._settings.requests_per_s:g} requests a second; try again in a moment"
            return JSONResponse({"detail": text}, 429, {"Retry-After": "1"})
        if not scope["path"].startswith("/api/") and not visitor.may(Permission.WATCH):
            return JSONResponse({"detail": lacks(visitor, Permission.WATCH)}, 403)
        return None

    def _within_rate(self, visitor: Visitor, scope: Scope) -> bool:
        # Each token and each person for itself: a flood from one costs no other anything.
        client = str((scope.get("client") or ("",))[0])
        return self._buckets.take(visitor.token or visitor.person or client, monotonic_s())

    def _is_our_host(self, host: str) -> bool:
        name = urlsplit(f"//{host}").hostname or ""
        return is_loopback(name) or name in self._settings.allowed_hosts

    @staticmethod
    def _unknown(scope: Scope, headers: Headers) -> Response:
        if "text/html" in headers.get("accept", "") and scope["type"] == "http" and scope["method"] == "GET":
            return RedirectResponse(f"/sign-in?next={quote(scope['path'])}", 303)
        return JSONResponse({"detail": "sign in, or send Authorization: Bearer <a token>"}, 401)


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
