"""Gauges, procedures, work and reviews on the pages of the whole service, in a real browser."""

from typing import Any

from tests.console.conftest import Office
from voicerisk.server.access import AccessRole

CUSTOMER = "h:k1:" + "5" * 32


def _card(rule: str) -> str:
    return f"document.querySelector('.alert[data-rule=\"{rule}\"]')"


def _run(office: Office, rule: str) -> dict[str, Any]:
    """The procedure's run of the one open alert of that rule."""
    [alert] = [alert for alert in office.api("alerts")["alerts"] if alert["rule"] == rule]
    [run] = office.api(f"procedures/runs?alert={alert['id']}")["runs"]
    return dict(run)


def test_a_queue_that_waits_is_red_and_its_procedure_is_worked_through(office: Office) -> None:
    """A long wait moves its needle and opens a card; its steps are run, refused with the reason, skipped, by name."""
    office.sign_in("Maya Cohen")
    office.tell("call.queued", ago_s=50.0, call="c-1", queue="billing")
    text = office.until('document.querySelector(\'.gauge[data-gauge="wait_s"][data-zone="red"]\')?.innerText')
    assert all(said in text for said in ("Red", "billing"))
    card = office.until(f"{_card('wait_too_long')}?.innerText")
    for said in ("billing", "Longest wait now", "It belongs to floor supervisor", "Not taken yet"):
        assert said in card
    assert "Listen" not in card
    office.click(".gauge[data-gauge='wait_s']")
    office.until("document.querySelector('.gauge-history rect.zone-red')")
    office.click(".gauge-history .close")
    at = ".alert[data-rule='wait_too_long']"
    office.click(f"{at} .acknowledge")
    office.until(f"{_card('wait_too_long')}.dataset.state === 'acknowledged'")
    office.click(f"{at} button.steps")
    office.click(f"{at} li[data-step='3'] .step-run")
    why = office.until(f"{_card('wait_too_long')}.querySelector('li[data-state=\"failed\"] .step-why')?.innerText")
    assert "log_in_reserve" in why
    office.click(f"{at} li[data-step='3'] .step-skip:enabled")
    office.until(f'{_card("wait_too_long")}.querySelector(\'li[data-step="3"][data-state="skipped"]\')')
    log = _run(office, "wait_too_long")["log"]
    assert ("skipped", "Maya Cohen") in [(line["what"], line["person"]) for line in log if line["step"] == 3]
    assert office.complaints() == []


def test_a_step_that_reaches_customers_is_asked_for_twice(office: Office) -> None:
    """One press on a step that writes to a customer only asks; the second one, not at once, does it."""
    office.sign_in("Maya Cohen")
    promise = {"promise": "p-1", "due_at": 1_000_000_000, "what": "call back"}
    office.tell("promise.made", customer=CUSTOMER, queue="billing", data=promise)
    at = ".alert[data-rule='broken_promise']"
    assert "Customer 55555555" in office.until(f"{_card('broken_promise')}?.innerText")
    office.click(f"{at} button.steps")
    step = f"{at} li[data-step='4'] .step-run"
    office.click(step)
    assert office.until(f'document.querySelector("{step}.sure")?.innerText') == "Sure? It goes to customers"
    assert _run(office, "broken_promise")["steps"][4]["state"] == "pending"
    office.until("performance.now() - (window.asked ??= performance.now()) > 350")
    office.click(step)
    office.until(f"{_card('broken_promise')}.querySelector('li[data-step=\"4\"]').dataset.state !== 'pending'")
    begun = [line["person"] for line in _run(office, "broken_promise")["log"] if line["what"] == "begun"]
    assert begun == ["Maya Cohen"]


def test_an_alert_is_given_away_noted_and_kept_quiet(office: Office) -> None:
    """From the card: another owner, a note, a silence with its reason; the story tells them, and /work ends it."""
    for number in range(3):
        office.tell("call.started", call=f"again-{number}", customer=CUSTOMER, queue="billing")
    office.sign_in("Maya Cohen")
    at = ".alert[data-rule='repeat_caller']"
    office.click(f"{at} .more-deeds")
    office.write(f"{at} .deeds form:nth-of-type(1) input", "Dana Levi")
    office.click(f"{at} button.assign")
    office.until(f"{_card('repeat_caller')}.querySelector('.alert-facts').innerText.includes('Dana Levi')")
    office.write(f"{at} .deeds form:nth-of-type(2) input", "she was billed twice")
    office.click(f"{at} button.note")
    office.until(f"{_card('repeat_caller')}.querySelector('.story q')?.innerText.includes('billed twice')")
    assert "told: shift manager" in office.js(f"{_card('repeat_caller')}.querySelector('.story').innerText")
    office.write(f"{at} .silence input", "we know")
    office.click(f"{at} .spans button")
    office.until(f"{_card('repeat_caller')}.querySelector('.form-note.good')?.innerText.includes('quiet')")
    [silence] = office.api("silences")["silences"]
    assert {matcher["label"] for matcher in silence["matchers"]} == {"rule", "customer"}
    office.sign_in("Maya Cohen", "/work")
    office.click("[data-list='silences'] .end-silence")
    office.until("document.querySelector('[data-list=\"silences\"] .empty')")
    assert office.api("silences")["silences"] == []


def test_work_is_taken_and_closed_and_a_fault_is_switched_on(office: Office) -> None:
    """A bad mark is a task: taken, closed with what came of it; a known fault shows on the desk until it is over."""
    office.tell("feedback.received", customer=CUSTOMER, queue="orders", data={"score": 1.0, "best": 5.0})
    office.sign_in("Maya Cohen", "/work")
    task = ".todo[data-kind='feedback']"
    office.click(f"{task} .take")
    office.until(f'document.querySelector("{task}.mine")')
    office.click(f"{task} .close")
    office.write(f"{task} textarea", "called; the parcel is found")
    office.click(f"{task} form button")
    office.until(f'!document.querySelector("{task}")')
    office.write(".outage-form .why", "the bank's side is down")
    office.click(".outage-on")
    office.until("document.querySelector('.outage-off')")
    office.sign_in("Maya Cohen")
    assert "the bank's side is down" in office.until("document.querySelector('.banner.outage')?.innerText")
    office.sign_in("Maya Cohen", "/work")
    office.click(".outage-off")
    office.until("!document.querySelector('.outage-off')")
    assert office.complaints() == []


def test_an_alert_is_marked_by_a_reviewer(office: Office) -> None:
    """A reviewer says that an alert was wrong, with a topic; the mark is kept, and the page lists it."""
    office.tell("call.queued", ago_s=40.0, call="c-2", queue="sales")
    office.come_as("Rut", AccessRole.QA, "/review")
    office.click(".case-row[data-alert]")
    office.click("[data-verdict='wrong']")
    office.write(".case .topic", "staffing at noon")
    office.click(".case .save-mark")
    shown = office.until("document.querySelector('[data-list=\"marks\"] li')?.innerText")
    assert all(said in shown for said in ("Wrong", "staffing at noon", "Rut"))
    assert [(mark["person"], mark["verdict"]) for mark in office.api("marks")["marks"]] == [("Rut", "wrong")]
    assert office.complaints() == []


def test_who_may_only_watch_has_nothing_to_press(office: Office) -> None:
    """Another department sees gauges and alerts, has no button that would be refused, and no review page."""
    office.tell("call.queued", ago_s=40.0, call="c-3", queue="orders")
    office.come_as("Other department", AccessRole.WATCHER)
    office.until("document.querySelector('.alert') && document.querySelector('.gauge')")
    deeds = ".acknowledge, .resolve, .alert .primary, .step-run, .call-acts button"
    assert office.js(f"document.querySelectorAll('{deeds}').length") == 0
    assert "Review" not in office.js("document.querySelector('.pages').innerText")
    office.browser.get(f"{office.url}/review")
    office.until("location.pathname === '/'")
    assert office.complaints() == []


def test_the_pages_speak_hebrew_from_the_right(office: Office) -> None:
    """One switch turns page, titles and the page's own words to Hebrew, and the next page remembers it."""
    office.tell("call.queued", ago_s=40.0, call="c-4", queue="vip")
    office.sign_in("Maya Cohen")
    office.click(".strip .languages button[lang='he']")
    office.until("getComputedStyle(document.querySelector('.gauge-title')).direction === 'rtl'")
    assert "ההמתנה הארוכה" in office.js("document.querySelector('.gauge[data-gauge=\"wait_s\"]').innerText")
    assert "קבלה לטיפול" in office.js("document.querySelector('.acknowledge').innerText")
    office.sign_in("Maya Cohen", "/work")
    assert office.js("getComputedStyle(document.querySelector('.desk')).direction") == "rtl"
    office.click(".strip .languages button[lang='en']")


def test_every_page_fits_a_phone(office: Office) -> None:
    """At 390 pixels nothing sticks out, on any page."""
    metrics = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    office.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    office.tell("call.queued", ago_s=40.0, call="c-5", queue="a queue with a long name")
    office.sign_in("Maya Cohen")
    office.click(".alert button.steps")
    office.click(".alert .more-deeds")
    widths = [office.js("document.documentElement.scrollWidth")]
    for path in ("/work", "/review"):
        office.sign_in("Maya Cohen", path)
        office.until("document.querySelector('.todo, .case')")
        widths.append(office.js("document.documentElement.scrollWidth"))
    office.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert widths == [390, 390, 390]
