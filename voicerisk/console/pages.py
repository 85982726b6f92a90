"""The console's pages: `/` for the desk and the phone, `/wall` for the meeting room."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from fastapi import FastAPI, Request
from nicegui import app as console_app
from nicegui import ui
from starlette.responses import RedirectResponse, Response

from voicerisk.console.desk import Desk
from voicerisk.risk.alerts import Alert, AlertStateError, UnknownAlertError
from voicerisk.server.access import Visitor
from voicerisk.server.commands import Commands

_STATIC: Final = Path(__file__).parent / "static"
_Deed = Callable[[str, str, str], Awaitable[Alert]]


def attach(app: FastAPI, commands: Commands) -> None:
    """Puts the console's pages into the application. Once per process: the page library is one of a kind in it."""
    # Rechecked at each load, so that a new version of the service is never drawn by an old page.
    console_app.add_static_files("/console/static", _STATIC, max_cache_age=0)

    @ui.page("/", title="voicerisk")
    def desk_page(request: Request) -> Response | None:
        return _build(request, commands, wall=False)

    @ui.page("/wall", title="voicerisk: wall")
    def wall_page(request: Request) -> Response | None:
        return _build(request, commands, wall=True)

    ui.run_with(app, title="voicerisk", dark=True, tailwind=False, reconnect_timeout=10.0, show_welcome_message=False)


def _build(request: Request, commands: Commands, *, wall: bool) -> Response | None:
    visitor: Visitor = request.state.visitor
    if visitor.person is None:
        return RedirectResponse(f"/sign-in?next={request.url.path}", 303)
    person = visitor.person
    ui.add_head_html('<link rel="stylesheet" href="/console/static/console.css">')
    ui.add_head_html('<script type="module" src="/console/static/push.js"></script>')
    with ui.element("header").classes("top"):
        ui.html("<h1>voicerisk</h1>", sanitize=False)
        with ui.element("div").classes("top-right"):
            ui.label(person).classes("person").props("dir=auto")
            ui.html('<button type="button" id="push-switch" class="quiet" hidden></button>', sanitize=False)
            ui.link("Wall view" if not wall else "Desk", "/" if wall else "/wall").classes("quiet")
            ui.html(
                '<form method="post" action="/sign-out"><button class="quiet">Sign out</button></form>', sanitize=False
            )
    desk = Desk(person, wall=wall)
    if not wall:
        _take_deeds(desk, commands, person)
    return None


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
