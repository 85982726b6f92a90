"""Call control over HTTP: who may, what is answered, and how a refusal of the switch reaches the card."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from tests.console.desk_control import desk_control
from tests.control.fakes.web import Trouble
from tests.control.fakes.webhook import FakeProgram
from tests.server.floor import Floor
from tests.server.served import KEY
from voicerisk.server.auth import COOKIE, Sessions
from voicerisk.server.http import HttpServer, create_app
from voicerisk.server.http_settings import HttpSettings
from voicerisk.server.live import LiveBoard
from voicerisk.store.settings import StoreSettings
from voicerisk.store.store import Store

ACTIONS = "/api/v1/calls/c%2F1/actions"


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[tuple[httpx.AsyncClient, FakeProgram, Store]]:
    """The API with one live call, asked by Maya Cohen, whose phone is known."""
    settings = HttpSettings(port=0)
    store = Store.open(StoreSettings(url=f"sqlite:///{folder}/x.db", answer_within_s=5.0))
    floor = Floor(LiveBoard(), store)
    async with desk_control(floor.board, store) as (routes, program):
        app = create_app(floor.board, store, floor, settings, session_key=KEY, more=[routes])
        server = HttpServer(app, settings)
        port = await server.start()
        await floor.call("c/1", "Billing")
        cookies = {COOKIE: Sessions(KEY, settings).cookie_for("Maya Cohen")}
        try:
            url = f"http://127.0.0.1:{port}"
            async with httpx.AsyncClient(base_url=url, cookies=cookies, trust_env=False, timeout=20.0) as http:
                yield http, program, store
        finally:
            await server.stop()
            await store.close()


async def test_a_session_by_http(tmp_path: Path) -> None:
    """Nothing said is to listen; the session is found by its call, also where the id has a slash; leaving ends it."""
    async with serving(tmp_path) as (http, program, store):
        offers = (await http.get("/api/v1/control")).json()
        assert offers["may"] is True
        assert offers["gateways"]["twilio"]["modes"] == ["listen", "whisper", "barge", "take_over"]
        assert offers["gateways"]["twilio"]["confirm"] == ["barge", "take_over"]
        done = await http.post(ACTIONS, json={"alert": "a-1"})
        assert (done.status_code, done.json()["session"]["mode"]) == (200, "listen")
        assert program.heard_by() == set()
        assert (await http.post(ACTIONS, json={"mode": "barge"})).status_code == 428
        assert program.heard_by() == set()
        barged = await http.post(ACTIONS, json={"mode": "barge", "confirmed": True})
        assert barged.json()["session"]["state"] == "in"
        (session,) = (await http.get(ACTIONS)).json()["sessions"]
        assert (session["person"], session["mode"], session["alert_id"]) == ("Maya Cohen", "barge", "a-1")
        assert (await http.post(ACTIONS, json={"mode": "leave"})).json()["session"]["state"] == "over"
        assert (await http.get(ACTIONS)).json() == {"sessions": []}
        assert {line.person for line in await store.audit_log()} == {"Maya Cohen"}


@pytest.mark.parametrize(("trouble", "status"), [(Trouble.REFUSED, 403), (Trouble.GONE, 410)])
async def test_a_refusal_in_words(tmp_path: Path, trouble: Trouble, status: int) -> None:
    """What the switch refuses comes with a status of its own and the words for the card."""
    async with serving(tmp_path) as (http, program, _):
        program.trouble = trouble
        answer = await http.post(ACTIONS, json={"mode": "whisper"})
        assert answer.status_code == status
        assert answer.json()["detail"].startswith("The control webhook")


async def test_who_may(tmp_path: Path) -> None:
    """Nobody without a session acts on a call, and what is asked must be one of the actions on a live call."""
    async with serving(tmp_path) as (http, program, _):
        for body, status in (({"mode": "shout"}, 422), ({"mode": "leave"}, 409)):
            assert (await http.post(ACTIONS, json=body)).status_code == status
        assert (await http.post("/api/v1/calls/nobody/actions", json={})).status_code == 404
        http.cookies.clear()
        refused = await http.post(ACTIONS, json={"person": "Maya Cohen"})
        assert refused.status_code == 403
        assert (await http.get("/api/v1/control")).json()["may"] is False
        assert program.web.seen == []
