import asyncio
import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from tests.console.browser import open_chromium
from tests.service_process import ServiceProcess
from voicerisk.clock import now_s
from voicerisk.server.access import AccessRole
from voicerisk.server.auth import COOKIE, Sessions, load_session_key
from voicerisk.server.http_settings import HttpSettings

ROOT = Path(__file__).parents[2]


class Page:
    """A browser in front of a served console."""

    def __init__(self, browser: Chrome, url: str) -> None:
        self.browser = browser
        self.url = url

    def sign_in(self, person: str, path: str = "/") -> None:
        """Signs in as that person and waits until the page shows the picture."""
        self.forget_sessions()
        self.browser.get(f"{self.url}/sign-in?other=true&next={path}")
        self.browser.find_element(By.NAME, "person").send_keys(person)
        self.browser.find_element(By.CSS_SELECTOR, "button").click()
        self.until("document.querySelector('.desk')?.dataset.link === 'live'")

    def forget_sessions(self) -> None:
        """Takes every cookie away; a browser sends those of one port to all ports of a host."""
        self.browser.execute_cdp_cmd("Network.clearBrowserCookies", {})

    def until(self, script: str, within_s: float = 20.0) -> Any:
        """What the JavaScript expression gives once it is truthy. Fails with the expression after `within_s`."""
        wait = WebDriverWait(self.browser, within_s, poll_frequency=0.05)
        return wait.until(lambda browser: browser.execute_script(f"return {script}"), f"never true: {script}")

    def js(self, script: str) -> Any:
        """What the JavaScript expression gives now."""
        return self.browser.execute_script(f"return {script}")

    def click(self, selector: str) -> None:
        """Clicks what a person would click: it must be there, visible and not covered."""
        self.until(f"document.querySelector({json.dumps(selector)})")
        element = self.browser.find_element(By.CSS_SELECTOR, selector)
        self.browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()

    def complaints(self) -> list[str]:
        """Errors that the browser logged since the last time this was asked."""
        return [entry["message"] for entry in self.browser.get_log("browser") if entry["level"] == "SEVERE"]


class Desk(Page):
    """A console without an engine (`tests/console/desk_process.py`), and the browser in front of it."""

    def __init__(self, folder: Path, browser: Chrome) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.console.desk_process", str(folder)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        super().__init__(browser, f"http://127.0.0.1:{self._answer()['port']}")

    def do(self, what: str, **arguments: Any) -> Any:
        """Lets the floor do something; gives what it answered."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": what, **arguments}) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def rows(self, query: str, *values: str) -> list[tuple[object, ...]]:
        """What the query finds in the console's store."""
        connection = sqlite3.connect(self.folder / "desk.db")
        try:
            return connection.execute(query, values).fetchall()
        finally:
            connection.close()

    def clear(self) -> None:
        """An empty floor and an empty page, for the next test. The store keeps what it has."""
        self.browser.get("about:blank")
        self.do("clear")
        self.complaints()

    def close(self) -> None:
        """Ends the served console by closing its stdin, as its owner would."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        assert self._process.wait(20) == 0

    def busy_share(self, for_s: float) -> float:
        """The share of one processor that the page's own thread uses; what else the machine does is not in it."""
        command = self.browser.execute_cdp_cmd
        command("Performance.enable", {"timeDomain": "threadTicks"})
        busy_s = []
        for pause_s in (for_s, 0.0):
            metrics = {m["name"]: m["value"] for m in command("Performance.getMetrics", {})["metrics"]}
            busy_s.append((metrics["TaskDuration"], time.monotonic()))
            time.sleep(pause_s)
        command("Performance.disable", {})
        (before, began), (after, ended) = busy_s
        return float(after - before) / (ended - began)

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())


class Office(Page):
    """The whole service as a process of its own, and the browser in front of its console."""

    def __init__(self, browser: Chrome, service: ServiceProcess) -> None:
        super().__init__(browser, f"http://127.0.0.1:{service.http_port}")
        self.service = service
        self._n_events = 0

    def tell(self, type: str, ago_s: float = 0.0, **event: Any) -> None:
        """Tells an event as another system would; it happened `ago_s` seconds ago."""
        self._n_events += 1
        told = {"id": f"told-{self._n_events}", "at": now_s() - ago_s, "type": type, **event}
        answer = httpx.post(f"{self.url}/api/v1/events", json=told, trust_env=False, timeout=20.0)
        assert answer.status_code == 202, answer.text

    def api(self, path: str) -> Any:
        """What the API answers."""
        return httpx.get(f"{self.url}/api/v1/{path}", trust_env=False, timeout=20.0).json()

    def come_as(self, person: str, role: AccessRole, path: str = "/") -> None:
        """Opens a page as a person of that role who has signed in."""
        sessions = Sessions(load_session_key(self.service.data / "session.key"), HttpSettings())
        self.forget_sessions()
        cookie = {"name": COOKIE, "value": sessions.cookie_for(person, role), "url": self.url}
        self.browser.execute_cdp_cmd("Network.setCookie", cookie)
        self.browser.get(f"{self.url}{path}")
        self.until("document.querySelector('.desk')?.dataset.link === 'live'")

    def write(self, selector: str, text: str) -> None:
        """Types into a field."""
        self.until(f"document.querySelector({json.dumps(selector)})")
        self.browser.find_element(By.CSS_SELECTOR, selector).send_keys(text)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """One Chromium for all tests of pages."""
    chromium = open_chromium(tmp_path_factory.mktemp("chromium"))
    yield chromium
    chromium.quit()


@pytest.fixture(scope="session")
def shared_desk(tmp_path_factory: pytest.TempPathFactory, browser: Chrome) -> Iterator[Desk]:
    """One served console for all tests of pages: to start one takes longer than most of the tests."""
    desk = Desk(tmp_path_factory.mktemp("desk"), browser)
    yield desk
    browser.get("about:blank")
    desk.close()


@pytest.fixture
def desk(shared_desk: Desk) -> Iterator[Desk]:
    """A console with an empty floor. Its store holds what earlier tests left: a test asks for its own calls."""
    yield shared_desk
    shared_desk.clear()


@pytest.fixture
def own_desk(tmp_path: Path, browser: Chrome) -> Iterator[Desk]:
    """A console that the test itself may end."""
    desk = Desk(tmp_path / "own", browser)
    yield desk
    browser.get("about:blank")
    desk.close()


@pytest.fixture(scope="session")
def shared_office(tmp_path_factory: pytest.TempPathFactory, browser: Chrome) -> Iterator[Office]:
    """One whole service with its console for all tests of pages that need the engine."""
    service = ServiceProcess(tmp_path_factory.mktemp("office") / "service", "console.enabled = true")
    try:
        asyncio.run(service.ready())
        yield Office(browser, service)
        browser.get("about:blank")
    finally:
        service.kill()


@pytest.fixture
def office(shared_office: Office) -> Iterator[Office]:
    """The whole service; what earlier tests told it is still there."""
    yield shared_office
    shared_office.browser.get("about:blank")
    shared_office.complaints()


@pytest.fixture
def phone(desk: Desk) -> Iterator[Desk]:
    """The console in a browser of a phone's size."""
    metrics = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    desk.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    yield desk
    desk.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
