"""Tests of voicerisk.notify.api, over a real port."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from tests.eventually import eventually
from tests.notify.browser import Browser
from tests.notify.http_receiver import HttpReceiver
from tests.notify.made import SECRET, SECRET_ENV, a_notice, a_webhook, settings_for
from tests.server.floor import Floor
from tests.server.served import KEY
from voicerisk.notify.api import notify_router
from voicerisk.notify.assembly import NotifyPart
from voicerisk.notify.settings import Receiver, WebPushReceiver
from voicerisk.server.auth import COOKIE, Sessions
from voicerisk.server.http import HttpServer, create_app
from voicerisk.server.http_settings import HttpSettings
from voicerisk.server.live import LiveBoard
from voicerisk.store import outbox
from voicerisk.store.store import Store

SETTINGS = HttpSettings(port=0)


class Site:
    """The running HTTP side with its notifying part."""

    def __init__(self, http: httpx.AsyncClient, part: NotifyPart, service: HttpReceiver) -> None:
        self.http = http
        self.part = part
        self.service = service

    def signed_in(self, person: str) -> dict[str, str]:
        """The header of a signed-in person."""
        return {"Cookie": f"{COOKIE}={Sessions(KEY, SETTINGS).cookie_for(person)}"}

    async def switch_on(self, person: str, browser: Browser, path: str = "x") -> httpx.Response:
        """What a page does after the browser has subscribed."""
        body = {
            "endpoint": f"http://127.0.0.1:{self.service.port}/{path}",
            "expirationTime": None,
            "keys": {"p256dh": browser.p256dh, "auth": browser.auth},
        }
        return await self.http.post("/api/v1/push/subscriptions", json=body, headers=self.signed_in(person))


@asynccontextmanager
async def serving(store: Store, folder: Path, service: HttpReceiver, *, push: bool = True) -> AsyncIterator[Site]:
    """The HTTP side with a webhook and, if wanted, Web Push through the given service."""
    receivers: dict[str, Receiver] = {"crm": a_webhook(service.url)}
    if push:
        receivers["phones"] = WebPushReceiver(contact="mailto:it@example.com", services=("127.0.0.1",))
    part = NotifyPart(settings_for(receivers), store, {SECRET_ENV: SECRET}, folder)
    board = LiveBoard()
    app = create_app(board, store, Floor(board, store), SETTINGS, session_key=KEY)
    app.include_router(notify_router(part))
    server = HttpServer(app, SETTINGS)
    port = await server.start()
    await part.start([])
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
            yield Site(http, part, service)
    finally:
        await part.stop()
        await server.stop()


@pytest.fixture
async def site(store: Store, tmp_path: Path, receiver: HttpReceiver) -> AsyncIterator[Site]:
    """The HTTP side with a webhook and Web Push."""
    async with serving(store, tmp_path, receiver) as site:
        yield site


async def test_from_the_switch_to_the_phone(site: Site) -> None:
    """A browser that was switched on gets the next alert, encrypted for it; switched off, it gets nothing more."""
    browser = Browser()
    key = (await site.http.get("/api/v1/push/key")).json()["key"]
    assert key == site.part.vapid.public if site.part.vapid else False
    answer = await site.switch_on("Maya", browser)
    assert answer.status_code == 200
    phone_id = answer.json()["id"]
    site.part.notifications.notify(a_notice("c-1"))
    taken = await site.service.has(2)
    (pushed,) = [one for one in taken if one.path == "/x"]
    assert b"Tense customer" in browser.read(pushed.body)
    gone = await site.http.delete(f"/api/v1/push/subscriptions/{phone_id}", headers=site.signed_in("Maya"))
    assert gone.status_code == 200
    site.part.notifications.notify(a_notice("c-2"))
    await site.service.has(3)
    assert [one.path for one in site.service.taken].count("/x") == 1


async def test_a_phone_stays_switched_on(store: Store, tmp_path: Path, receiver: HttpReceiver) -> None:
    """After a restart the phones are known, and the key is the one that they subscribed with."""
    async with serving(store, tmp_path, receiver) as site:
        phone_id = (await site.switch_on("Maya", Browser())).json()["id"]
        key = (await site.http.get("/api/v1/push/key")).json()["key"]
    async with serving(store, tmp_path, receiver) as site:
        phone = site.part.phones.get(phone_id)
        assert phone is not None
        assert phone.person == "Maya"
        assert (await site.http.get("/api/v1/push/key")).json()["key"] == key


async def test_nobody_switches_off_anothers_phone(site: Site) -> None:
    """Another person's browser cannot be switched off, nor told apart from one that does not exist."""
    phone_id = (await site.switch_on("Maya", Browser())).json()["id"]
    for id_ in (phone_id, "ph-unknown"):
        answer = await site.http.delete(f"/api/v1/push/subscriptions/{id_}", headers=site.signed_in("Dan"))
        assert (answer.status_code, answer.json()["detail"]) == (404, "there is no such browser of yours")
    assert site.part.phones.get(phone_id) is not None


async def test_no_server_is_called_that_a_page_names(site: Site) -> None:
    """An address that is no push service's is refused, and so is a request of no person."""
    browser = Browser()
    keys = {"p256dh": browser.p256dh, "auth": browser.auth}
    for endpoint in ("https://evil.example/x", "http://localhost:80/x", "http://169.254.169.254/"):
        answer = await site.http.post(
            "/api/v1/push/subscriptions",
            json={"endpoint": endpoint, "keys": keys},
            headers=site.signed_in("Maya"),
        )
        assert (answer.status_code, "endpoint" in answer.json()["detail"]) == (422, True)
    nameless = await site.http.post("/api/v1/push/subscriptions", json={"endpoint": site.service.url, "keys": keys})
    assert nameless.status_code == 422
    assert len(site.part.phones) == 0


async def test_another_site_may_not_switch_on(site: Site) -> None:
    """A page of another origin can neither switch notifications on nor off."""
    headers = site.signed_in("Maya") | {"Origin": "https://evil.example"}
    answer = await site.http.post("/api/v1/push/subscriptions", json={}, headers=headers)
    assert answer.status_code == 403
    assert (await site.http.delete("/api/v1/push/subscriptions/x", headers=headers)).status_code == 403


async def test_without_web_push(store: Store, tmp_path: Path, receiver: HttpReceiver) -> None:
    """Where no receiver is of that kind there is no key, nothing can be switched on, and no key file is made."""
    async with serving(store, tmp_path, receiver, push=False) as site:
        assert (await site.http.get("/api/v1/push/key")).json() == {"key": None}
        assert (await site.switch_on("Maya", Browser())).status_code == 409
    assert not (tmp_path / "vapid.pem").exists()


async def test_why_it_did_not_ring(site: Site) -> None:
    """For an alert one can read what became of each message: state, tries and the reason; never what was said."""
    site.service.answers.append((422, {}, b""))
    notice = a_notice()
    site.part.notifications.notify(notice)
    await eventually(lambda: site.part.notifications.health[0].given_up)

    async def told() -> list[dict[str, object]]:
        answer = await site.http.get("/api/v1/notifications/sent", params={"alert": notice.alert.id})
        found: list[dict[str, object]] = answer.json()["notifications"]
        return found if found and found[0]["state"] == "given_up" else []

    (row,) = await eventually(told)
    assert (row["receiver"], row["tries"]) == ("crm", 1)
    assert "422" in str(row["last_error"])
    assert "payload" not in row
    answer = (await site.http.get("/api/v1/notifications")).json()
    assert [(one["name"], one["kind"], one["given_up"]) for one in answer["receivers"]] == [
        ("crm", "webhook", 1),
        ("phones", "webpush", 0),
    ]
    assert answer["problem"].startswith("crm: given up: ")


async def test_the_worker_is_served_at_the_root(site: Site) -> None:
    """The service worker lies at the root, as a script, so that it sees the whole site."""
    answer = await site.http.get("/push-worker.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "showNotification" in answer.text


async def test_the_outbox_row_names_no_address(site: Site, store: Store) -> None:
    """What the outbox keeps of a phone is its id, not its address at the push service."""
    await site.switch_on("Maya", Browser(), "secret-path")
    notice = a_notice()
    site.part.notifications.notify(notice)
    await site.service.has(2)
    rows = await store.read(lambda session: outbox.items_of_alert(session, notice.alert.id))
    assert {row.receiver for row in rows} == {"crm", "phones"}
    assert "secret-path" not in repr(rows)
