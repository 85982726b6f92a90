"""What a person hears at the desk, in a real browser."""

import time

from tests.console.conftest import Desk


def test_listen_is_heard_under_a_second_behind(desk: Desk) -> None:
    """Listen plays both voices less than a second behind live, is logged with the name, and stops on a click."""
    desk.sign_in("Maya Cohen")
    desk.do("call", call_id="c-90", queue="Billing")
    desk.do("alert", call_id="c-90")
    desk.do("sound", call_id="c-90", seconds=60, background=True)
    desk.click(".alert button.primary")
    desk.until("Number(document.querySelector('.listen')?.dataset.played) > 8000 * 2")
    for _ in range(4):
        time.sleep(0.3)
        behind_s = desk.until("Number(document.querySelector('.listen').dataset.behind)")
        assert 0.05 < behind_s < 1.0
    counted = desk.js("({...document.querySelector('.listen').dataset})")
    assert int(counted["received"]) >= int(counted["played"]) > 8000 * 2
    assert (counted["state"], counted["gaps"]) == ("playing", "0")
    widths = "[...document.querySelectorAll('.meter .bar i')].map((bar) => 100 * bar.style.getPropertyValue('--share'))"
    desk.until(f"Math.min(...{widths}) > 20")
    desk.until("document.querySelector('.call .ears')?.innerText.includes('Maya Cohen')")
    audit = "SELECT person, action, call_id FROM audit WHERE call_id = 'c-90' ORDER BY id"
    assert desk.rows(audit) == [("Maya Cohen", "listen.start", "c-90")]
    desk.click(".listen .stop")
    desk.until("!document.querySelector('.listen') && !document.querySelector('.call .ears')")
    assert desk.rows(audit)[1:] == [("Maya Cohen", "listen.stop", "c-90")]
    assert desk.complaints() == []


def test_hear_why(desk: Desk) -> None:
    """One click on an alert plays what was said before it, once, logged with the name; from there one goes on live."""
    desk.do("call", call_id="c-91", queue="Billing")
    desk.do("was_heard", call_id="c-91", seconds=20)
    alert = desk.do("alert", call_id="c-91")
    desk.do("sound", call_id="c-91", seconds=60, background=True)
    desk.sign_in("Maya Cohen")
    desk.click(".alert button.why")
    desk.until("Number(document.querySelector('.listen')?.dataset.played) > 4000")
    bar = desk.js("document.querySelector('.listen').innerText")
    assert "Before the alert" in bar
    assert "of 0:08" in bar
    widths = "[...document.querySelectorAll('.meter .bar i')].map((bar) => 100 * bar.style.getPropertyValue('--share'))"
    desk.until(f"Math.min(...{widths}) > 20")
    audit = "SELECT person, action, alert_id FROM audit WHERE call_id = 'c-91' ORDER BY id"
    assert desk.rows(audit) == [("Maya Cohen", "listen.cause", alert["id"])]
    assert desk.js("document.querySelector('.listen').dataset.cause") == alert["id"]
    desk.click(".listen button.live")
    desk.until("Number(document.querySelector('.listen')?.dataset.received) > 0")
    assert desk.rows(audit)[1:] == [("Maya Cohen", "listen.start", None)]
    assert desk.complaints() == []


def test_hear_why_after_the_call(desk: Desk) -> None:
    """The cause of an alert can be heard when its call is over; what is no longer kept says so."""
    desk.do("call", call_id="c-92", queue="Billing")
    desk.do("was_heard", call_id="c-92", seconds=1.2)
    alert = desk.do("alert", call_id="c-92")
    desk.do("hang_up", call_id="c-92")
    desk.sign_in("Maya Cohen")
    desk.click(".alert button.why")
    desk.until("document.querySelector('.listen')?.dataset.state === 'ended'")
    assert int(desk.js("document.querySelector('.listen').dataset.played")) == 5 * 1920
    assert desk.js("document.querySelector('.listen button.live')") is None
    desk.do("forget", call_id="c-92")
    desk.click(".listen button.again")
    desk.until("document.querySelector('.listen').innerText.includes('not kept')")
    assert desk.rows("SELECT count(*) FROM audit WHERE alert_id = ?", alert["id"]) == [(1,)]
