import sqlite3
import time
from pathlib import Path

from selenium.webdriver.common.by import By

from tests.console.conftest import Desk


def _rows(folder: Path, query: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(folder / "desk.db")
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def test_alert_arrives_on_the_open_page(desk: Desk) -> None:
    """On a page that is open already a new call and then its alert appear by themselves, with who and why."""
    desk.sign_in("Maya Cohen")
    assert "All calm." in desk.js("document.querySelector('.alerts').innerText")
    desk.browser.execute_script("window.neverReloaded = true")
    desk.do("call", call_id="c-81", queue="Billing")
    desk.do("level", call_id="c-81", at_s=40.0, level=0.91)
    desk.until("document.querySelector('.call[data-call=\"c-81\"] .number')?.innerText === '91'")
    began = time.monotonic()
    alert = desk.do("alert", call_id="c-81")
    card = desk.until(f"document.querySelector('.alert[data-alert=\"{alert['id']}\"]')?.innerText")
    assert time.monotonic() - began < 2
    for text in ("Billing", "Louder than this caller's own start: +9 dB", "0:0", "Not taken yet"):
        assert text in card
    assert desk.browser.title == "(1) voicerisk"
    assert "New critical alert" in desk.js("document.querySelector('[aria-live]').innerText")
    assert desk.js("window.neverReloaded") is True
    assert desk.complaints() == []


def test_acknowledge_and_resolve_by_click(desk: Desk) -> None:
    """A click takes the alert, another with a note closes it: on every screen, and in the store with the name."""
    desk.sign_in("Maya Cohen")
    desk.do("call", call_id="c-81", queue="Billing")
    alert = desk.do("alert", call_id="c-81")
    desk.click(".alert button.acknowledge")
    desk.until("document.querySelector('.alert').dataset.state === 'acknowledged'")
    assert "Taken by Maya Cohen" in desk.js("document.querySelector('.alert').innerText")
    assert _rows(desk.folder, "SELECT id, state FROM alerts") == [(alert["id"], "acknowledged")]
    desk.click(".alert button.resolve")
    desk.until("document.querySelector('.resolve-card textarea')")
    desk.browser.find_element(By.CSS_SELECTOR, ".resolve-card textarea").send_keys("A wrong bill; put right")
    time.sleep(0.5)  # the dialog slides in; a person cannot hit it earlier either
    desk.click(".resolve-now")
    desk.until("!document.querySelector('.alert')")
    assert _rows(desk.folder, "SELECT state FROM alerts") == [("resolved",)]
    history = _rows(desk.folder, "SELECT what, person, note FROM alert_history ORDER BY n")
    assert history[1:] == [
        ("acknowledged", "Maya Cohen", ""),
        ("resolved_by_person", "Maya Cohen", "A wrong bill; put right"),
    ]
    assert desk.complaints() == []


def test_listen_is_heard_under_a_second_behind(desk: Desk) -> None:
    """Listen plays both voices less than a second behind live, is logged with the name, and stops on a click."""
    desk.sign_in("Maya Cohen")
    desk.do("call", call_id="c-81", queue="Billing")
    desk.do("alert", call_id="c-81")
    desk.do("sound", call_id="c-81", seconds=60, background=True)
    desk.click(".alert button.primary")
    desk.until("Number(document.querySelector('.listen')?.dataset.played) > 8000 * 3")
    for _ in range(5):
        time.sleep(0.4)
        behind_s = desk.until("Number(document.querySelector('.listen').dataset.behind)")
        assert 0.05 < behind_s < 1.0
    counted = desk.js("({...document.querySelector('.listen').dataset})")
    assert int(counted["received"]) >= int(counted["played"]) > 8000 * 3
    assert (counted["state"], counted["gaps"]) == ("playing", "0")
    widths = "[...document.querySelectorAll('.meter .bar i')].map((bar) => parseFloat(bar.style.width))"
    desk.until(f"Math.min(...{widths}) > 20")
    desk.until("document.querySelector('.call .ears')?.innerText.includes('Maya Cohen')")
    audit = "SELECT person, action, call_id FROM audit ORDER BY id"
    assert _rows(desk.folder, audit) == [("Maya Cohen", "listen.start", "c-81")]
    desk.click(".listen .stop")
    desk.until("!document.querySelector('.listen') && !document.querySelector('.call .ears')")
    assert _rows(desk.folder, audit)[1:] == [("Maya Cohen", "listen.stop", "c-81")]
    assert desk.complaints() == []


def test_hebrew_procedure_reads_from_the_right(desk: Desk) -> None:
    """The procedure can be read in Hebrew, from right to left, and in English from left to right."""
    desk.sign_in("Maya Cohen")
    desk.do("call", call_id="c-81", queue="הזמנות")
    desk.do("alert", call_id="c-81")
    desk.click(".alert button.steps")
    first_step = "document.querySelector('.procedure li')"
    side = f"getComputedStyle({first_step}).direction"
    desk.click('.languages button[lang="he"]')
    desk.until(f"{side} === 'rtl'")
    assert "ההתראה" in desk.js(f"{first_step}.innerText")
    # It does not only say so: the text stands at the right edge.
    gap = "((box, text) => [text.left - box.left, box.right - text.right])"
    text_box = f"(() => {{ const r = document.createRange(); r.selectNodeContents({first_step}); return r; }})()"
    left, right = desk.js(f"{gap}({first_step}.getBoundingClientRect(), {text_box}.getBoundingClientRect())")
    assert right < 5 < left
    desk.click('.languages button[lang="en"]')
    desk.until(f"{side} === 'ltr'")
    assert "supervisor" in desk.js(f"{first_step}.innerText")


def test_wall_shows_and_does_nothing(desk: Desk) -> None:
    """The wall view shows alerts and calls, and has nothing to press on them."""
    desk.do("busy", n_calls=6)
    desk.sign_in("Wall", "/wall")
    desk.until("document.querySelectorAll('.alert').length === 3")
    assert desk.js("document.querySelectorAll('.desk button').length") == 0


def test_three_hundred_calls_stay_light(desk: Desk) -> None:
    """With 300 calls moving four times a second the page draws 40 rows, keeps up, and shows the rest when asked."""
    desk.do("busy", n_calls=300)
    desk.do("stir", per_s=4, background=True)
    desk.sign_in("Maya Cohen")
    assert desk.js("document.querySelectorAll('.call').length") == 40
    levels = [desk.js("document.querySelector('.calls').innerText") for _ in range(2) if time.sleep(1.5) is None]
    assert levels[0] != levels[1]
    busy_share = desk.browser.execute_async_script(
        "const done = arguments[0]; let ticks = 0; const began = performance.now();"
        "const timer = setInterval(() => { ticks += 1; if (performance.now() - began > 3000) {"
        "clearInterval(timer); done(1 - ticks * 20 / (performance.now() - began)); } }, 20);"
    )
    assert busy_share < 0.7
    desk.click(".more")
    desk.until("document.querySelectorAll('.call').length === 300")


def test_phone_has_one_column(desk: Desk) -> None:
    """On a phone everything stands in one column, nothing sticks out, and the buttons are big enough for a thumb."""
    desk.do("busy", n_calls=6)
    metrics = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    desk.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        desk.sign_in("Maya Cohen")
        desk.until("document.querySelectorAll('.call').length === 6")
        assert desk.js("document.documentElement.scrollWidth") <= 390
        heights = desk.js("[...document.querySelectorAll('.alert footer button')].map((b) => b.offsetHeight)")
        assert min(heights) >= 44
    finally:
        desk.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_trouble_is_said(desk: Desk) -> None:
    """When nothing scores the page says that tone alerts are off, and why; when all is well again it stops."""
    desk.sign_in("Maya Cohen")
    desk.do("vitals", tone_ok=False, tone_problem="The model failed.")
    banner = desk.until("document.querySelector('.banner.bad')?.innerText")
    assert "Tone alerts are off." in banner
    assert "The model failed." in banner
    desk.do("vitals", tone_ok=True)
    desk.until("!document.querySelector('.banner.bad')")
    assert "Hears tone, not words" in desk.js("document.querySelector('.strip').innerText")


def test_lost_server_is_seen(desk: Desk) -> None:
    """When the server goes away the page says that what it shows is old, instead of looking calm."""
    desk.sign_in("Maya Cohen")
    desk.do("call", call_id="c-81", queue="Billing")
    desk.until("document.querySelector('.call')")
    desk.close()
    desk.until("document.querySelector('.banner.bad')?.innerText.includes('what you see is old')")


def test_page_asks_who_is_there(desk: Desk) -> None:
    """Nobody reaches the desk without giving a name, and signing out ends it."""
    desk.forget_sessions()
    desk.browser.get(desk.url)
    assert "/sign-in" in desk.browser.current_url
    desk.sign_in("דנה לוי")
    assert desk.js("document.querySelector('.person').innerText") == "דנה לוי"
    desk.browser.find_element(By.CSS_SELECTOR, ".top form button").click()
    desk.until("location.pathname === '/sign-in'")
    desk.browser.get(desk.url)
    assert "/sign-in" in desk.browser.current_url


def test_everything_comes_from_here(desk: Desk) -> None:
    """The page loads nothing from anywhere else: a call centre's network may have no way out."""
    desk.sign_in("Maya Cohen")
    names = desk.js("performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert len(names) > 10
    assert all(name.startswith((desk.url, desk.url.replace("http", "ws"), "data:", "blob:")) for name in names)
