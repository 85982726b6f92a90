"""A notice as a mail: plain text and HTML, in one or several languages, each in its own direction. Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from html import escape
from typing import Final

from voicerisk.notify.notice import Delivery
from voicerisk.notify.settings import EmailReceiver
from voicerisk.notify.words import Words, words_of

_COLOUR: Final = {"critical": "#b3261e", "warning": "#b26a00", "info": "#1c5fa8"}


def email_message(delivery: Delivery, receiver: EmailReceiver, public_url: str) -> EmailMessage:
    """The whole mail. Its Message-ID is made from the idempotency key, so that a repetition is known as one."""
    alert = delivery.notice.alert
    said = [words_of(delivery.notice, language, public_url) for language in receiver.languages]
    domain = receiver.sender.rpartition("@")[2].strip("> ") or "localhost"
    message = EmailMessage()
    message["Subject"] = f"[{said[0].severity}] {_one_line(said[0].headline)}"
    message["From"] = receiver.sender
    message["To"] = ", ".join(receiver.to)
    message["Date"] = format_datetime(datetime.fromtimestamp(delivery.notice.at_s, UTC))
    message["Message-ID"] = f"<{delivery.key}@{domain}>"
    # All mails of one alert hang together in the reader's list.
    message["References"] = f"<{_one_line(alert.id).replace(' ', '')}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("\n\n".join(_plain(words) for words in said))
    message.add_alternative(_html(said, alert.severity), subtype="html")
    return message


def _plain(words: Words) -> str:
    lines = [f"[{words.severity}] {words.headline}", *(f"{name}: {value}" for name, value in words.facts)]
    if words.reasons:
        lines += [f"{words.why}:", *(f"- {reason}" for reason in words.reasons)]
    if words.link:
        lines.append(f"{words.link_text}: {words.link}")
    return "\n".join(lines)


def _html(said: Sequence[Words], severity: str) -> str:
    sections = "".join(_section(words, severity) for words in said)
    head = '<head><meta charset="utf-8"></head>'
    return f'<!doctype html><html lang="{said[0].language}">{head}<body>{sections}</body></html>'


def _section(words: Words, severity: str) -> str:
    align = "right" if words.direction == "rtl" else "left"
    facts = "".join(f"<p>{escape(name)}: <bdi>{escape(value)}</bdi></p>" for name, value in words.facts)
    reasons = "".join(f"<li><bdi>{escape(reason)}</bdi></li>" for reason in words.reasons)
    why = f"<p>{escape(words.why)}:</p><ul>{reasons}</ul>" if reasons else ""
    link = f'<p><a href="{escape(words.link)}">{escape(words.link_text)}</a></p>' if words.link else ""
    return (
        f'<div dir="{words.direction}" lang="{words.language}" style="text-align:{align};font-family:sans-serif">'
        f'<h2 style="color:{_COLOUR[severity]}">{escape(words.headline)}</h2>'
        f"<p><strong>{escape(words.severity)}</strong></p>{facts}{why}{link}</div>"
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())
