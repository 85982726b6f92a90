"""Tests of voicerisk.notify.words."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.notify.made import OWNER, URL, a_notice
from voicerisk.notify.notice import TEST
from voicerisk.notify.words import link_to, short_text, words_of
from voicerisk.risk.alerts import NotifyReason


def test_english_and_hebrew() -> None:
    """The same notice in both languages: title and reasons from the alert, direction as the language has it."""
    notice = a_notice()
    english, hebrew = (words_of(notice, language, URL) for language in ("en", "he"))
    assert english.headline == "New alert: Tense customer"
    assert hebrew.headline == "התראה חדשה: לקוח במתח"
    assert (english.direction, hebrew.direction) == ("ltr", "rtl")
    assert english.facts == (("Queue", "Billing"), ("Call", "c-1"), ("For", OWNER))
    assert hebrew.severity == "קריטי"
    assert english.reasons[0].startswith("Louder")


def test_every_reason_has_words() -> None:
    """Whatever can happen to an alert is said in words of the language, never by the code's own name."""
    unnamed = {NotifyReason.TOO_MANY, NotifyReason.HELD_BACK}  # told to programs only, by their codes
    for what in {*NotifyReason, TEST} - unnamed:
        for language in ("en", "he"):
            assert "_" not in words_of(a_notice(what=what), language, "").headline
        assert not words_of(a_notice(what=what), "he", "").headline.isascii()
        assert words_of(a_notice(what=what), "he", "").headline.split(":")[0].isascii() is False


def test_no_agent_and_no_customer_is_named() -> None:
    """Neither the agent nor the customer's hash leaves in a message to people."""
    words = words_of(a_notice(), "en", URL)
    said = repr(words) + short_text(words, 300)
    assert "Noa" not in said
    assert "0123456789abcdef" not in said


def test_the_link_leads_to_the_card() -> None:
    """The link names the alert, whatever its id is made of; without a public address there is none."""
    assert link_to("al-1", "https://desk.example/") == "https://desk.example/?alert=al-1"
    assert link_to("a&b=c/#", URL) == f"{URL}/?alert=a%26b%3Dc%2F%23"
    assert link_to("al-1", "") == ""


@settings(max_examples=30)
@given(title=st.text(max_size=400), call=st.text(max_size=300))
def test_a_short_text_is_short_and_keeps_its_link(title: str, call: str) -> None:
    """An SMS has its limit and its link, however long title and call id are."""
    notice = a_notice(title={"en": title}, call_id=call)
    words = words_of(notice, "en", URL)
    text = short_text(words, 300)
    assert len(text) <= 300
    assert text.endswith(words.link)
    assert text.startswith("[critical] New alert")
