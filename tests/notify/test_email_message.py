"""Tests of voicerisk.notify.email_message."""

from email import message_from_bytes, policy
from email.message import EmailMessage

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.notify.made import URL, a_delivery, a_notice
from voicerisk.notify.email_message import email_message
from voicerisk.notify.notice import Delivery
from voicerisk.notify.settings import EmailReceiver

RECEIVER = EmailReceiver(
    to=("maya@example.com",), sender="voicerisk <alerts@example.com>", host="mail", languages=("en", "he")
)


def as_read(delivery: Delivery) -> EmailMessage:
    """The mail as its reader's program takes it from the wire."""
    sent = email_message(delivery, RECEIVER, URL).as_bytes(policy=policy.SMTP)
    read = message_from_bytes(sent, policy=policy.default)
    assert isinstance(read, EmailMessage)
    return read


def content(mail: EmailMessage, kind: str) -> str:
    """The text of one of the two parts."""
    part = mail.get_body((kind,))
    assert part is not None
    text: str = part.get_content()
    return text


def test_both_languages_in_both_parts() -> None:
    """Plain part and HTML part say the same in both languages; in HTML each runs in its own direction."""
    mail = as_read(a_delivery())
    assert mail["subject"] == "[critical] New alert: Tense customer"
    for kind in ("plain", "html"):
        text = content(mail, kind)
        assert "New alert: Tense customer" in text
        assert "התראה חדשה: לקוח במתח" in text
        assert "Talked over the agent 4 times in 30 s" in text
        assert f"{URL}/?alert=" in text
    html = content(mail, "html")
    assert '<div dir="ltr" lang="en"' in html
    assert '<div dir="rtl" lang="he" style="text-align:right' in html


def test_a_repetition_is_known_by_its_id() -> None:
    """Two tries of one delivery are the same mail; mails of one alert hang together."""
    notice = a_notice()
    first, again, later = (
        as_read(a_delivery(one)) for one in (notice, notice, a_notice(what="escalated", id=notice.alert.id))
    )
    assert first["message-id"] == again["message-id"] != later["message-id"]
    assert first["references"] == later["references"]
    assert first["auto-submitted"] == "auto-generated"


@settings(max_examples=30)
@given(st.text(max_size=300))
def test_no_text_breaks_out(text: str) -> None:
    """Whatever stands in a title or a queue's name: no other header, no tag, and the mail can be read."""
    text = text.encode("utf-8", "ignore").decode()
    mail = as_read(a_delivery(a_notice(title={"en": f"a\r\nBcc: x@y.example {text}<b>"}, queue=f"<i>{text}")))
    assert mail["bcc"] is None
    assert "<b>" not in content(mail, "html")
    assert "<i>" not in content(mail, "html")
