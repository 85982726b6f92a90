"""Tests of voicerisk.notify.chat_message."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.notify.made import URL, a_notice
from voicerisk.notify.chat_message import slack_message, teams_message
from voicerisk.notify.words import words_of


def test_slack_has_blocks_and_plain_text() -> None:
    """Slack gets blocks with a link; `text` alone says enough for programs that know no blocks."""
    notice = a_notice()
    message = slack_message(words_of(notice, "en", URL), "critical")
    assert message["text"] == f"[critical] New alert: Tense customer {URL}/?alert={notice.alert.id}"
    shown = [block["text"]["text"] for block in message["blocks"]]
    assert shown[0] == ":red_circle: *New alert: Tense customer*"
    assert "Queue: Billing" in shown[1]
    assert shown[2] == f"<{URL}/?alert={notice.alert.id}|Open it in the console>"


@settings(max_examples=30)
@given(st.text(max_size=5000))
def test_no_text_becomes_markup(text: str) -> None:
    """A title cannot make a link or call everybody in the channel, and no section is longer than Slack takes."""
    notice = a_notice(title={"en": text}, queue=text)
    message = slack_message(words_of(notice, "en", ""), "info")
    assert "<" not in json.dumps(message)
    assert len(message["blocks"][1]["text"]["text"]) <= 3000


def test_teams_reads_from_right_to_left() -> None:
    """Teams gets one adaptive card with the facts and a button; in Hebrew it runs from right to left."""
    message = teams_message(words_of(a_notice(), "he", URL), "critical")
    (attachment,) = message["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    card = attachment["content"]
    assert card["rtl"] is True
    assert card["body"][0]["text"] == "התראה חדשה: לקוח במתח"
    assert {"title": "תור", "value": "Billing"} in card["body"][1]["facts"]
    assert card["actions"][0]["url"].startswith(URL)
    assert "actions" not in teams_message(words_of(a_notice(), "en", ""), "critical")["attachments"][0]["content"]
