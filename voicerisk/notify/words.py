"""What a message says, in English and Hebrew. Pure. No customer, no agent and no number is named in it."""

from typing import Final
from urllib.parse import quote

import msgspec

from voicerisk.notify.notice import TEST, Notice
from voicerisk.risk.texts import in_language

RIGHT_TO_LEFT: Final = frozenset({"he"})

_HAPPENED: Final = {
    "en": {
        "opened": "New alert",
        "reopened": "Open again",
        "repeated": "Still open",
        "escalated": "Nobody has taken it",
        "hush_over": "Still open, no longer silenced",
        "assigned": "You are asked to take it",
        "procedure_step": "You are asked to act",
        "noted": "A note was added",
        "crossed_again": "Its cause came back",
        "crossed_again_in_hand": "Its cause came back",
        "acknowledged": "Taken",
        "taken_over": "Taken over",
        "resolved_by_person": "Resolved",
        "calmed_down": "Calmed down",
        "call_ended": "The call is over",
        "call_lost": "Nothing is heard of the call any more",
        TEST: "Test",
    },
    "he": {
        "opened": "התראה חדשה",
        "reopened": "נפתחה שוב",
        "repeated": "עדיין פתוחה",
        "escalated": "איש לא לקח אותה",
        "hush_over": "עדיין פתוחה, ההשתקה הסתיימה",
        "assigned": "התבקשת לקחת אותה",
        "procedure_step": "התבקשת לפעול",
        "noted": "נוספה הערה",
        "crossed_again": "הסיבה חזרה",
        "crossed_again_in_hand": "הסיבה חזרה",
        "acknowledged": "בטיפול",
        "taken_over": "עברה לטיפול אחר",
        "resolved_by_person": "נסגרה",
        "calmed_down": "השיחה נרגעה",
        "call_ended": "השיחה הסתיימה",
        "call_lost": "אין מידע על השיחה",
        TEST: "בדיקה",
    },
}
_SEVERITY: Final = {
    "en": {"critical": "critical", "warning": "warning", "info": "info"},
    "he": {"critical": "קריטי", "warning": "אזהרה", "info": "מידע"},
}
_LABELS: Final = {
    "en": {"queue": "Queue", "call": "Call", "to": "For", "link": "Open it in the console", "why": "Why"},
    "he": {"queue": "תור", "call": "שיחה", "to": "עבור", "link": "לפתיחה במסך הבקרה", "why": "מדוע"},
}


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """A notice in one language. `facts` are (name, value) pairs; `link` is "" where no address is configured."""

    language: str
    headline: str
    severity: str
    facts: tuple[tuple[str, str], ...]
    why: str
    reasons: tuple[str, ...]
    link: str
    link_text: str

    @property
    def direction(self) -> str:
        """`rtl` or `ltr`, as HTML has it."""
        return "rtl" if self.language in RIGHT_TO_LEFT else "ltr"


def words_of(notice: Notice, language: str, public_url: str) -> Words:
    """The notice in this language; a happening that has no words here is named by its own name."""
    alert, labels = notice.alert, _LABELS[language]
    happened = _HAPPENED[language].get(notice.what, notice.what.replace("_", " "))
    facts = ((labels["queue"], alert.queue), (labels["call"], alert.call_id), (labels["to"], ", ".join(notice.to)))
    return Words(
        language=language,
        headline=f"{happened}: {in_language(alert.title, language) or alert.rule}",
        severity=_SEVERITY[language][alert.severity],
        facts=tuple((name, value) for name, value in facts if value),
        why=labels["why"],
        reasons=tuple(reason.text or reason.code for reason in alert.reasons),
        link=link_to(alert.id, public_url),
        link_text=labels["link"],
    )


def link_to(alert_id: str, public_url: str) -> str:
    """The address of the alert's card in the console; "" without a public address."""
    return f"{public_url.rstrip('/')}/?alert={quote(alert_id, safe='')}" if public_url else ""


def short_text(words: Words, max_chars: int) -> str:
    """One message for a small screen: headline, facts, link; the headline is cut where it would be too long."""
    facts = ", ".join(f"{name} {value}" for name, value in words.facts)
    tail = "".join(f"\n{part}" for part in (facts, words.link) if part)
    if len(tail) > max_chars // 2:
        # A call id of any length must not crowd out what has happened and where to look.
        tail = f"\n{words.link}" if words.link else ""
    head = f"[{words.severity}] {words.headline}"
    room = max(max_chars - len(tail), 0)
    return (head if len(head) <= room else head[: max(room - 1, 0)] + "…") + tail
