"""The card's buttons for the telephone, in a real browser; the switch behind them is a program of the test's own."""

from tests.console.conftest import Desk

CARD = "document.querySelector('.alert .by-phone')"


def _text(desk: Desk) -> str:
    return str(desk.js(f"{CARD}.innerText"))


def test_listen_whisper_barge_and_leave_by_click(desk: Desk) -> None:
    """One session from the card: barging in is asked for twice, each step is in the audit log with name and alert."""
    desk.sign_in("Maya Cohen")
    desk.do("call", call_id="c-phone", queue="Billing")
    alert = desk.do("alert", call_id="c-phone")
    desk.until(CARD)
    assert not desk.js("document.querySelector('.by-phone .to-leave')")
    for mode in ("listen", "whisper"):
        desk.click(f".by-phone button.to-{mode}")
        desk.until(f"document.querySelector('.by-phone button.to-{mode}.on')")
    desk.click(".by-phone button.to-barge")
    desk.until("document.querySelector('.by-phone button.to-barge.sure')")
    assert "Sure? The customer will notice" in _text(desk)
    assert desk.js("document.querySelector('.by-phone button.to-whisper.on')")
    desk.until("performance.now() - (window.asked ??= performance.now()) > 350")
    desk.click(".by-phone button.to-barge")
    desk.until("document.querySelector('.by-phone button.to-barge.on')")
    desk.click(".by-phone button.to-leave")
    desk.until("!document.querySelector('.by-phone .to-leave')")
    said = "SELECT action, result, person, alert_id FROM audit WHERE call_id = 'c-phone' ORDER BY id"
    lines = [
        (action.removeprefix("control."), result) for action, result, *_ in desk.rows(said) if isinstance(action, str)
    ]
    assert lines == [(mode, result) for mode in ("listen", "whisper", "barge", "leave") for result in ("asked", "ok")]
    assert {tuple(rest) for _, _, *rest in desk.rows(said)} == {("Maya Cohen", alert["id"])}
    assert desk.complaints() == []


def test_what_the_switch_refuses_is_on_the_card(desk: Desk) -> None:
    """A refusal stands on the card in plain words, and the buttons can be pressed again."""
    desk.sign_in("Maya Cohen")
    desk.do("call", call_id="c-refused", queue="Billing")
    desk.do("alert", call_id="c-refused")
    desk.do("switch_trouble", trouble="refused")
    desk.click(".by-phone button.to-listen")
    desk.until(f"{CARD}.innerText.includes('does not allow it')")
    desk.do("switch_trouble", trouble=None)
    desk.click(".by-phone button.to-listen")
    desk.until("document.querySelector('.by-phone button.to-listen.on')")
    desk.click(".by-phone button.to-leave")
    desk.until("!document.querySelector('.by-phone .to-leave')")


def test_a_supervisor_whose_phone_nobody_knows(desk: Desk) -> None:
    """Without a known phone the card says what has to be set up, and nobody's phone rings."""
    desk.sign_in("Dana Levi")
    desk.do("call", call_id="c-unknown", queue="Billing")
    desk.do("alert", call_id="c-unknown")
    desk.click(".by-phone button.to-listen")
    desk.until(f"{CARD}.innerText.includes('control.supervisors')")
