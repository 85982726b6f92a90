"""Tests of voicerisk.notify.push and voicerisk.notify.vapid, against a push service on the loopback interface."""

import base64
import json
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import http_ece
import httpx
import pytest
from py_vapid import Vapid02

from tests.eventually import eventually
from tests.notify.browser import Browser
from tests.notify.http_receiver import HttpReceiver, http_receiver
from tests.notify.made import URL, a_delivery, a_notice, settings_for
from voicerisk.clock import now_s
from voicerisk.notify.notice import Notice
from voicerisk.notify.notifications import Notifications
from voicerisk.notify.outcome import Delivered, GiveUp, TryAgain
from voicerisk.notify.phones import Phones, phone_of
from voicerisk.notify.push import PushSender
from voicerisk.notify.settings import WebPushReceiver
from voicerisk.notify.vapid import load_vapid_key
from voicerisk.store.store import Store

CONTACT = "mailto:it@example.com"


class Site:
    """A sender of Web Push with its phones."""

    def __init__(self, folder: Path, service: HttpReceiver, client: httpx.AsyncClient, **settings: object) -> None:
        self.phones = Phones()
        self.key = load_vapid_key(folder / "vapid.pem")
        self.service = service
        self.forgotten: list[str] = []
        receiver = WebPushReceiver(contact=CONTACT, **settings)  # type: ignore[arg-type]
        self.sender = PushSender(client, receiver, self.key, self.phones, self._forget, URL)

    async def _forget(self, id_: str) -> None:
        self.forgotten.append(id_)

    def switched_on(self, person: str) -> tuple[Browser, str]:
        """A browser on which this person has switched notifications on, and its id."""
        browser = Browser()
        endpoint = f"{self.service.url}/{person}/{len(self.phones)}"
        phone = phone_of(person, endpoint, browser.p256dh, browser.auth, now_s(), ["127.0.0.1"])
        self.phones.add(phone)
        return browser, phone.id


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """The client as the service has it."""
    async with httpx.AsyncClient(timeout=5.0) as client:
        yield client


@pytest.fixture
def site(tmp_path: Path, receiver: HttpReceiver, client: httpx.AsyncClient) -> Site:
    """A site that says it in Hebrew."""
    return Site(tmp_path, receiver, client, language="he")


async def test_only_that_browser_can_read_it(site: Site) -> None:
    """The push service gets what it cannot read; the browser reads title, text, direction and link."""
    maya, target = site.switched_on("Maya")
    dan, _ = site.switched_on("Dan")
    notice = a_notice()
    site.service.answers.append((201, {}, b""))
    assert await site.sender.send(a_delivery(notice, target=target)) == Delivered()
    (taken,) = site.service.taken
    message = json.loads(maya.read(taken.body))
    assert message["title"] == "התראה חדשה: לקוח במתח"
    assert (message["dir"], message["alert"]) == ("rtl", notice.alert.id)
    assert message["url"] == f"{URL}/?alert={notice.alert.id}"
    with pytest.raises(http_ece.ECEException):
        dan.read(taken.body)
    assert len(taken.body) <= 4096
    headers = taken.headers
    assert (headers["content-encoding"], headers["ttl"], headers["urgency"]) == ("aes128gcm", "600", "high")


async def test_the_push_service_knows_who_sends(site: Site) -> None:
    """The request is signed with this site's key, for this push service, with a contact and an end."""
    _, target = site.switched_on("Maya")
    await site.sender.send(a_delivery(target=target))
    authorization = site.service.taken[0].headers["authorization"]
    assert Vapid02.verify(authorization)
    assert authorization.endswith(f"k={site.key.public}")
    claims = json.loads(base64.urlsafe_b64decode(authorization.split(".")[1] + "=="))
    assert (claims["aud"], claims["sub"]) == (f"http://127.0.0.1:{site.service.port}", CONTACT)
    assert 0 < claims["exp"] - now_s() <= 24 * 3600


async def test_the_largest_message_fits(site: Site) -> None:
    """Reasons without end and a title without end still make a message that push services take."""
    maya, target = site.switched_on("Maya")
    notice = a_notice(title={"he": "ש" * 5000}, queue="ת" * 5000)
    await site.sender.send(a_delivery(notice, target=target))
    body = site.service.taken[0].body
    assert len(body) <= 4096
    assert json.loads(maya.read(body))["alert"] == notice.alert.id


@pytest.mark.parametrize("status", [404, 410])
async def test_a_phone_that_is_gone_is_forgotten(site: Site, status: int) -> None:
    """A phone that has unsubscribed is taken off the list, and that is nobody's fault."""
    _, target = site.switched_on("Maya")
    site.service.answers.append((status, {}, b""))
    assert await site.sender.send(a_delivery(target=target)) == GiveUp("the phone has unsubscribed", is_trouble=False)
    assert site.forgotten == [target]


async def test_trouble_of_the_push_service(site: Site) -> None:
    """A busy push service is tried again; a phone switched off meanwhile is not called any more."""
    _, target = site.switched_on("Maya")
    site.service.answers.append((429, {"retry-after": "3"}, b""))
    outcome = await site.sender.send(a_delivery(target=target))
    assert isinstance(outcome, TryAgain)
    assert outcome.after_s == 3.0
    site.phones.drop(target)
    outcome = await site.sender.send(a_delivery(target=target))
    assert isinstance(outcome, GiveUp)
    assert not outcome.is_trouble
    assert len(site.service.taken) == 1


async def test_a_dead_push_service_delays_no_other(site: Site, store: Store) -> None:
    """While one push service does not answer, the phones of another ring."""
    async with http_receiver() as other:
        site.switched_on("Maya")
        site.service.let_go.clear()
        dan = Browser()
        endpoint = f"http://localhost:{other.port}/dan"
        site.phones.add(phone_of("Dan", endpoint, dan.p256dh, dan.auth, now_s(), ["localhost"]))
        settings = settings_for({"phones": WebPushReceiver(contact=CONTACT)})
        notifications = Notifications(settings, store, {"phones": site.sender}, site.phones)
        await notifications.start()
        notifications.notify(a_notice())
        await other.has(1)
        await site.service.has(1)
        assert notifications.health[0].delivered <= 1
        site.service.let_go.set()
        await eventually(lambda: notifications.health[0].delivered == 2)
        await notifications.stop()


def meant_for(*people: str) -> Notice:
    """A notice for these people."""
    return a_notice(to=people)


async def test_whose_phone_rings(site: Site, tmp_path: Path, client: httpx.AsyncClient) -> None:
    """What is meant for a person rings on that person's phones; what is meant for a role, on everybody's."""
    _, maya = site.switched_on("Maya")
    _, dan = site.switched_on("Dan")
    assert site.sender.targets(meant_for("floor supervisor")) == [maya, dan]
    assert site.sender.targets(meant_for("Dan")) == [dan]
    assert site.sender.targets(meant_for("Ruth", "Dan", "Maya")) == [maya, dan]
    assert site.sender.targets(meant_for("Ruth")) == [maya, dan]
    only = Site(tmp_path, site.service, client, people=("Dan",))
    _, maya = only.switched_on("Maya")
    _, dan = only.switched_on("Dan")
    assert only.sender.targets(meant_for("Maya")) == [dan]


def test_the_key_is_made_once_and_kept(tmp_path: Path) -> None:
    """The second start has the first one's key, readable by the service alone; a spoilt file is named."""
    path = tmp_path / "data" / "vapid.pem"
    first = load_vapid_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_vapid_key(path).public == first.public
    assert len(base64.urlsafe_b64decode(first.public + "=")) == 65
    path.write_text("-----BEGIN PRIVATE KEY-----\nno\n-----END PRIVATE KEY-----\n")
    with pytest.raises(OSError, match=r"vapid\.pem"):
        load_vapid_key(path)
