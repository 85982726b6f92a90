"""The console's pages: the desk `/`, the meeting room's `/wall`, what is left to do `/work`, and `/review`."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from fastapi import FastAPI, Request
from nicegui import app as console_app
from nicegui import ui
from starlette.responses import RedirectResponse, Response

from voicerisk.console.desk import Desk, ReviewDesk, WorkDesk
from voicerisk.console.settings import ConsoleSettings
from voicerisk.risk.alerts import Alert, AlertStateError, UnknownAlertError
from voicerisk.server.access import GRANTS, Permission, Visitor
from voicerisk.server.commands import Commands

_STATIC: Final = Path(__file__).parent / "static"
_PAGES: Final = (
    ("/", "Desk", "שולחן", Permission.WATCH),
    ("/work", "Work", "משימות", Permission.WATCH),
    ("/review", "Review", "בקרה", Permission.REVIEW),
    ("/wall", "Wall", "קיר", Permission.WATCH),
)
_Deed = Callable[[str, str, str], Awaitable[Alert]]


def attach(app: FastAPI, commands: Commands, settings: ConsoleSettings = ConsoleSettings()) -> None:  # noqa: B008
    """Puts the console's pages into the application. Once per process: the page library is one of a kind in it."""
    # Rechecked at each load, so that a new version of the service is never drawn by an old page.
    console_app.add_static_files("/console/static", _STATIC, max_cache_age=0)

    @ui.page("/", title="voicerisk")
    def desk_page(request: Request) -> Response | None:
        visitor = _head(request, settings)
        if isinstance(visitor, Response):
            return visitor
        desk = Desk(_name(visitor), _may(visitor), wall=False)
        if visitor.may(Permission.SUPERVISE):
            _take_deeds(desk, commands, _name(visitor))
        return None

    @ui.page("/wall", title="voicerisk: wall")
    def wall_page(request: Request) -> Response | None:
        visitor = _head(request, settings)
        if isinstance(visitor, Response):
            return visitor
        Desk(_name(visitor), _may(visitor), wall=True)
        return None

    @ui.page("/work", title="voicerisk: work")
    def work_page(request: Request) -> Response | None:
        visitor = _head(request, settings)
        if isinstance(visitor, Response):
            return visitor
        WorkDesk(_name(visitor), _may(visitor))
        return None

    @ui.page("/review", title="voicerisk: review")
    def review_page(request: Request) -> Response | None:
        visitor = _head(request, settings)
        if isinstance(visitor, Response):
            return visitor
        if not visitor.may(Permission.REVIEW):
            return RedirectResponse("/", 303)
        ReviewDesk(_name(visitor), _may(visitor))
        return None

    ui.run_with(app, title="voicerisk", dark=True, tailwind=False, reconnect_timeout=10.0, show_welcome_message=False)


def _head(request: Request, settings: ConsoleSettings) -> Visitor | Response:
    """The top line of a page, drawn; the visitor, or where to send somebody who has no name here."""
    visitor: Visitor = request.state.visitor
    if visitor.person is None:
        return RedirectResponse(f"/sign-in?next={request.url.path}", 303)
    for sheet in ("console", "gauges", "work"):
        ui.add_head_html(f'<link rel="stylesheet" href="/console/static/{sheet}.css">')
    ui.add_head_html('<script type="module" src="/console/static/push.js"></script>')
    with ui.element("header").classes("top"):
        ui.html("<h1>voicerisk</h1>", sanitize=False)
        with ui.element("nav").classes("pages").props('aria-label="Pages"'):
            for path, name, hebrew, needed in _PAGES:
                if visitor.may(needed):
                    link = ui.link(name, path).classes("quiet").props(f'title="{hebrew}"')
                    if path == request.url.path:
                        link.props("aria-current=page")
        with ui.element("div").classes("top-right"):
            if settings.notice:
                ui.label(settings.notice).classes("notice").props("dir=auto")
            ui.label(visitor.person).classes("person").props("dir=auto")
            ui.html('<button type="button" id="push-switch" class="quiet" hidden></button>', sanitize=False)
            ui.html(
                '<form method="post" action="/sign-out"><button class="quiet">Sign out</button></form>', sanitize=False
            )
    return visitor


def _name(visitor: Visitor) -> str:
    return visitor.person or ""


def _may(visitor: Visitor) -> list[str]:
    """What the page may offer; the server refuses the rest whatever the page shows."""
    return sorted(permission.value for permission in GRANTS[visitor.role])


def _take_deeds(desk: Desk, commands: Commands, person: str) -> None:
    with ui.dialog() as dialog, ui.card().classes("resolve-card"):
        ui.html("<h2>Resolve this alert</h2>", sanitize=False)
        ui.label("What was it about, and was the alert right?")
        note = ui.textarea(placeholder="A line for the record (may stay empty)").props("dir=auto outlined autofocus")
        with ui.element("div").classes("resolve-buttons"):
            ui.button("Cancel", on_click=lambda: dialog.submit(None)).props("flat no-caps")
            resolve_now = ui.button("Resolve", on_click=lambda: dialog.submit(note.value or ""))
            resolve_now.props("no-caps unelevated").classes("resolve-now")

    async def acknowledge(alert_id: str) -> None:
        await _do(commands.acknowledge, alert_id, person, "")

    async def resolve(alert_id: str) -> None:
        note.value = ""
        said = await dialog  # None when it was cancelled, or the page has gone
        if said is not None:
            await _do(commands.resolve, alert_id, person, said)

    async def opt_out(call_id: str) -> None:
        if not await commands.opt_out(call_id, person):
            ui.notify("That call is over.", type="warning")

    desk.on_deed("optout", opt_out)
    desk.on_deed("acknowledge", acknowledge)
    desk.on_deed("resolve", resolve)


async def _do(deed: _Deed, alert_id: str, person: str, note: str) -> None:
    try:
        await deed(alert_id, person, note)
    except (UnknownAlertError, AlertStateError) as error:
        ui.notify(str(error), type="warning")
