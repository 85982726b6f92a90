"""The sign-in page: a name, the site's token where one is set, and a signed cookie in return."""

import asyncio
from html import escape
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from voicerisk.server.access import AccessRole
from voicerisk.server.auth import COOKIE, Sessions, clean_name
from voicerisk.server.passwords import Passwords, TooManyTriesError
from voicerisk.store.writer import StoreError

_PAGE: Final = (Path(__file__).parent / "static" / "sign_in.html").read_text(encoding="utf-8")
_TOKEN_FIELD: Final = (
    '<label>Password <input name="token" type="password" required autocomplete="current-password"></label>'
)
WRONG_TOKEN_PAUSE_S: Final = 0.5


def sign_in_router(sessions: Sessions, passwords: Passwords, *, needs_token: bool, default_person: str) -> APIRouter:
    """The routes /sign-in and /sign-out; who has no name yet is signed in as `default_person`, if there is one."""
    router = APIRouter()

    def page(next_path: str, error: str = "", status: int = 200) -> Response:
        shown = f'<p class="error" role="alert">{escape(error)}</p>' if error else ""
        html = _PAGE.replace("{{error}}", shown).replace("{{token_field}}", _TOKEN_FIELD if needs_token else "")
        return HTMLResponse(html.replace("{{next}}", escape(_local(next_path))), status)

    def signed_in(
        request: Request, name: str, role: AccessRole, next_path: str, since_s: float | None = None
    ) -> Response:
        response = RedirectResponse(_local(next_path), 303)
        response.set_cookie(
            COOKIE,
            sessions.cookie_for(name, role, since_s),
            max_age=sessions.max_age_s,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return response

    async def role_of(name: str, password: str) -> tuple[AccessRole, float | None] | None:
        """The site's token opens everything; a person's own password opens what the person's role may do."""
        if sessions.is_token(password):
            return AccessRole.ADMIN, None
        person = await passwords.person(name, password)
        return None if person is None else (AccessRole(person.role), person.since_s)

    @router.get("/sign-in", include_in_schema=False)
    async def ask(request: Request, next: str = "/", other: bool = False) -> Response:
        if default_person and not other:
            return signed_in(request, default_person, AccessRole.ADMIN, next)
        return page(next)

    @router.post("/sign-in", include_in_schema=False)
    async def sign_in(
        request: Request,
        person: Annotated[str, Form()] = "",
        token: Annotated[str, Form()] = "",
        next: Annotated[str, Form()] = "/",
    ) -> Response:
        try:
            name = clean_name(person)
            found = await role_of(name, token)
        except ValueError as error:
            return page(next, f"{str(error).capitalize()}.", 422)
        except TooManyTriesError:
            return page(next, "Too many wrong passwords for this name. Wait a minute.", 429)
        except StoreError:
            return page(next, "Passwords cannot be checked now: the store does not answer.", 503)
        if found is None:
            await asyncio.sleep(WRONG_TOKEN_PAUSE_S)
            return page(next, "That password is not right.", 403)
        role, since_s = found
        return signed_in(request, name, role, next, since_s)

    @router.post("/sign-out", include_in_schema=False)
    async def sign_out() -> Response:
        response = RedirectResponse("/sign-in?other=true", 303)
        response.delete_cookie(COOKIE)
        return response

    return router


def _local(path: str) -> str:
    """The path if it leads to this site, else "/": a link must not send a signed-in person elsewhere."""
    parts = urlsplit(path)
    is_ours = path.startswith("/") and not path.startswith(("//", "/\\")) and not parts.scheme and not parts.netloc
    return path if is_ours and path.isprintable() else "/"
