import json
import time

from selenium.webdriver.common.by import By

from tests.console.conftest import Desk


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
    desk.do("call", call_id="c-82", queue="Billing")
    alert = desk.do("alert", call_id="c-82")
    desk.click(".alert button.acknowledge")
    desk.until("document.querySelector('.alert').dataset.state === 'acknowledged'")
    assert "Taken by Maya Cohen" in desk.js("document.querySelector('.alert').innerText")
    state = "SELECT state FROM alerts WHERE id = ?"
    assert desk.rows(state, alert["id"]) == [("acknowledged",)]
    desk.click(".alert button.resolve")
    desk.until("document.querySelector('.resolve-card textarea')")
    desk.browser.find_element(By.CSS_SELECTOR, ".resolve-card textarea").send_keys("A wrong bill; put right")
    # The dialog slides in; a person cannot hit it earlier either.
    desk.until("document.querySelector('.q-dialog__inner').getAnimations({subtree: true}).length === 0")
    desk.click(".resolve-now")
    desk.until("!document.querySelector('.alert')")
    assert desk.rows(state, alert["id"]) == [("resolved",)]
    history = desk.rows("SELECT what, person, note FROM alert_history WHERE alert_id = ? ORDER BY n", alert["id"])
    assert history[1:] == [
        ("acknowledged", "Maya Cohen", ""),
        ("resolved_by_person", "Maya Cohen", "A wrong bill; put right"),
    ]
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
    assert "הסיבות" in desk.js(f"{first_step}.innerText")
    # It does not only say so: the text stands at the right edge, behind its number.
    gap = "((box, text) => [text.left - box.left, box.right - text.right])"
    text = f"{first_step}.querySelector('.step-text')"
    text_box = f"(() => {{ const r = document.createRange(); r.selectNodeContents({text}); return r; }})()"
    left, right = desk.js(f"{gap}({first_step}.getBoundingClientRect(), {text_box}.getBoundingClientRect())")
    assert right < 60 < left
    desk.click('.languages button[lang="en"]')
    desk.until(f"{side} === 'ltr'")
    assert "reasons" in desk.js(f"{first_step}.innerText")


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
    shown = desk.js("document.querySelector('.calls').innerText")
    desk.until(f"document.querySelector('.calls').innerText !== {json.dumps(shown)}")
    assert desk.busy_share(2.0) < 0.5
    desk.click(".more")
    desk.until("document.querySelectorAll('.call').length === 300")


def test_phone_has_one_column(phone: Desk) -> None:
    """On a phone everything stands in one column, nothing sticks out, and the buttons are big enough for a thumb."""
    phone.do("busy", n_calls=6)
    phone.do("call", call_id="a-call-id-that-is-long-as-those-of-some-gateways-are", queue="Orders", roles=["mixed"])
    phone.sign_in("Maya Cohen")
    phone.until("document.querySelectorAll('.call').length === 7")
    assert phone.js("document.documentElement.scrollWidth") <= 390
    heights = phone.js("[...document.querySelectorAll('.alert footer button')].map((b) => b.offsetHeight)")
    assert min(heights) >= 44
    sides = phone.js("[...document.querySelectorAll('.call button')].map((b) => b.getBoundingClientRect().right)")
    assert max(sides) <= 390


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


def test_lost_server_is_seen(own_desk: Desk) -> None:
    """When the server goes away the page says that what it shows is old, instead of looking calm."""
    desk = own_desk
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


def test_long_ids_have_the_room_there_is(desk: Desk) -> None:
    """A call id is shown whole where it fits, cut at its end where not, and always whole to who points at it."""
    long_id = "a-call-id-" + "0123456789" * 12
    desk.do("call", call_id="escalates-third-call-c5d2", queue="Billing")
    desk.do("call", call_id=long_id, queue="Billing")
    desk.do("alert", call_id=long_id)
    desk.sign_in("Maya Cohen")
    is_cut = "((id) => id.scrollWidth > id.clientWidth)(document.querySelector('.call[data-call=\"{}\"] .call-id'))"
    desk.until("document.querySelectorAll('.call').length === 2")
    assert desk.js(is_cut.format("escalates-third-call-c5d2")) is False
    assert desk.js(is_cut.format(long_id)) is True
    titles = desk.js("[...document.querySelectorAll('.call-id, .alert .call-parts span')].map((e) => e.title)")
    assert {"escalates-third-call-c5d2", long_id} <= set(titles)
    assert desk.js("document.documentElement.scrollWidth <= innerWidth") is True


def test_whose_voice_it_is_stands_on_row_and_card(desk: Desk) -> None:
    """A channel for both voices says so on row and card; a call that nobody can judge says why, with no figure."""
    for call_id, roles in (("mixed", ["mixed"]), ("nobody", ["unknown", "agent"]), ("both", ["customer", "agent"])):
        desk.do("call", call_id=call_id, queue="Billing", roles=roles)
        desk.do("level", call_id=call_id, at_s=20.0, level=0.5)
    desk.do("alert", call_id="mixed")
    desk.sign_in("Maya Cohen")
    desk.until("document.querySelectorAll('.call').length === 3")
    row = "document.querySelector('.call[data-call=\"{}\"]').innerText"
    assert "one channel for both: hears whoever is loudest" in desk.js(row.format("mixed"))
    assert "one channel for both: hears whoever is loudest" in desk.js("document.querySelector('.alert').innerText")
    assert "not scored: nobody said whose voice this is" in desk.js(row.format("nobody"))
    assert "50" not in desk.js(row.format("nobody"))
    assert "50" in desk.js(row.format("both"))
    assert not any(word in desk.js(row.format("both")) for word in ("channel", "scored"))


def test_opt_out_by_click(desk: Desk) -> None:
    """Two clicks on a row stop the scoring of its call, logged with the name; the row says so and shows no figure."""
    desk.do("call", call_id="c-83", queue="Billing")
    desk.do("level", call_id="c-83", at_s=20.0, level=0.7)
    desk.sign_in("Maya Cohen")
    desk.click(".call button.dots")
    desk.click(".call button.opt-out")
    desk.until("document.querySelector('.call').innerText.includes('opted out, not scored')")
    assert desk.js("document.querySelector('.call .number').innerText") == "–"
    assert desk.js("document.querySelector('.call button.dots')") is None
    audit = "SELECT person, action FROM audit WHERE call_id = 'c-83'"
    assert desk.rows(audit) == [("Maya Cohen", "opt_out")]
    assert desk.complaints() == []


def test_alerts_that_are_over(desk: Desk) -> None:
    """The list of today's alerts that are over says what, which call, how it ended and by whom, and grows by itself."""
    desk.do("call", call_id="c-84", queue="Billing")
    desk.do("call", call_id="c-85", queue="Orders")
    first, second = desk.do("alert", call_id="c-84"), desk.do("alert", call_id="c-85")
    desk.do("acknowledge", alert_id=first["id"], person="Dana Levi", note="")
    desk.do("resolve", alert_id=first["id"], person="Maya Cohen", note="a wrong bill")
    desk.sign_in("Maya Cohen")
    desk.click(".past-toggle")
    row = "document.querySelector('.past li[data-alert=\"{}\"]')?.innerText"
    text = desk.until(row.format(first["id"]))
    for said in ("Tense customer", "Billing", "c-84", "closed by Maya Cohen", "taken by Dana Levi", "a wrong bill"):
        assert said in text
    assert desk.js(row.format(second["id"])) is None
    desk.do("resolve", alert_id=second["id"], person="Maya Cohen", note="")
    assert "c-85" in desk.until(row.format(second["id"]))
    assert "c-85" in desk.js("document.querySelector('.past li').innerText")
    assert desk.complaints() == []
