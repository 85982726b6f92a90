"""Tests of notifications in a real browser: the switch, the service worker, and the way from a message to its card."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.support.wait import WebDriverWait

from tests.console.conftest import Desk

MAX_REGISTRATIONS = 8
SWITCH = "document.querySelector('#push-switch')"


@pytest.fixture
def desk(shared_desk: Desk) -> Iterator[Desk]:
    """The desk, open, in a browser that may show notifications."""
    shared_desk.browser.execute_cdp_cmd(
        "Browser.grantPermissions", {"permissions": ["notifications"], "origin": shared_desk.url}
    )
    shared_desk.sign_in("Maya")
    yield shared_desk
    shared_desk.browser.execute_cdp_cmd("Browser.resetPermissions", {})
    shared_desk.clear()


def waits_for(desk: Desk, script: str) -> Any:
    """What an asynchronous piece of JavaScript gives; it calls `done`."""
    return desk.browser.execute_async_script(f"const done = arguments[arguments.length - 1]; {script}")


def test_a_push_becomes_a_notification(desk: Desk) -> None:
    """A message that the push service hands to the worker is shown: title, text, direction, one for each alert."""
    desk.until(f"{SWITCH} && !{SWITCH}.hidden", 60.0)
    assert desk.js(f"{SWITCH}.textContent") == "Notify this device"
    waits_for(desk, "navigator.serviceWorker.ready.then(() => done(true))")
    message = {
        "title": "לקוח במתח",
        "body": "תור Billing",
        "dir": "rtl",
        "lang": "he",
        "alert": "al-1",
        "url": "/?alert=al-1",
    }
    push_until_shown(desk, json.dumps(message), "תור Billing")
    push_until_shown(desk, json.dumps(message | {"body": "again"}), "again")
    assert shown_by(desk) == [["לקוח במתח", "again", "rtl", "al-1", "/?alert=al-1"]]


def test_a_push_that_says_nothing_is_shown_all_the_same(desk: Desk) -> None:
    """Browsers take the right to push from who pushes without showing: even rubbish becomes a notification."""
    waits_for(desk, "navigator.serviceWorker.ready.then(() => done(true))")
    push_until_shown(desk, "no JSON at all", "")
    assert ["voicerisk", "", "auto", "", "/"] in shown_by(desk)


def test_a_link_leads_to_its_card(desk: Desk) -> None:
    """The console that was opened from a message puts the alert's card in front and gives it the focus."""
    for number in range(12):
        desk.do("call", call_id=f"c-{number}", queue="Billing")
    alerts = [desk.do("alert", call_id=f"c-{number}", ago_s=float(number)) for number in range(12)]
    oldest = alerts[-1]["id"]
    desk.browser.get(f"{desk.url}/?alert={oldest}")
    desk.until(f"document.activeElement.dataset.alert === {json.dumps(oldest)}")


def push(desk: Desk, data: str) -> None:
    """Hands the worker a message as the browser does once a push service has brought it."""
    command = desk.browser.execute_cdp_cmd
    command("ServiceWorker.enable", {})
    # The browser numbers its registrations and does not tell this driver; for the wrong ones nothing happens.
    for number in range(MAX_REGISTRATIONS):
        order = {"origin": desk.url, "registrationId": str(number), "data": data}
        command("ServiceWorker.deliverPushMessage", order)


def shown_by(desk: Desk) -> Any:
    """The notifications that are shown now."""
    return waits_for(
        desk,
        "navigator.serviceWorker.ready.then((worker) => worker.getNotifications())"
        ".then((all) => done(all.map((one) => [one.title, one.body, one.dir, one.tag, one.data.url])))",
    )


def push_until_shown(desk: Desk, data: str, body: str) -> None:
    """Pushes until a notification with this text is shown: a browser loses what comes before its worker is ready."""

    def is_shown(_browser: Chrome) -> bool:
        push(desk, data)
        return body in [one[1] for one in shown_by(desk)]

    WebDriverWait(desk.browser, 60.0, 0.2).until(is_shown)


def test_receivers_out_of_reach_are_said(desk: Desk) -> None:
    """While notifications do not arrive the page says where and why; once they do again it stops."""
    desk.do("vitals", notify_problem="crm: crm.example answered 503")
    banner = desk.until("document.querySelector('.banner.bad')?.innerText")
    assert "Notifications do not arrive. crm: crm.example answered 503" in banner
    desk.do("vitals")
    desk.until("!document.querySelector('.banner.bad')")
