"""Procedures: what to do when a needle enters the red, written before it is needed.

A procedure is read from top to bottom. What each kind of step does, and what ends it:

    notify    tells `to`; at once
    show      puts its text on the alert's card; at once
    ask       a question to the person who has the alert; their answer, or `limit_s`
    do        an `action`, by a person's hand or by itself (see `Auto`); its result, or `limit_s`
    wait      nothing; what it waits `until`, or `limit_s`
    escalate  tells `to`, but only where the step before it ran into its limit; as the first step, always
    task      opens a task for `to`, due in `limit_s`; at once (a `wait` until "tasks_closed" waits for it)
    note      asks for a line in the alert's record; the line

So a limit that is not met leads to the next step, or, where the next step is `escalate`, to somebody else.
"""

from enum import StrEnum
from typing import Final

import msgspec

from voicerisk.risk.texts import Text


class StepKind(StrEnum):
    """What a step is."""

    NOTIFY = "notify"
    SHOW = "show"
    ASK = "ask"
    DO = "do"
    WAIT = "wait"
    ESCALATE = "escalate"
    TASK = "task"
    NOTE = "note"


class Auto(StrEnum):
    """Whether a `do` step may run without a person; the other kinds only tell, wait and write down."""

    NEVER = "never"
    """A person runs it."""
    ASK = "ask"
    """The owner is asked when its turn comes; one yes runs it."""
    ALWAYS = "always"
    """It runs when its turn comes, as far as the brakes allow."""


class Until(StrEnum):
    """What a `wait` waits for."""

    ACKNOWLEDGED = "acknowledged"
    """A person has taken the alert."""
    TASKS_CLOSED = "tasks_closed"
    """Every task that this run has opened so far is closed."""


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One step: its text per language, and for some kinds what, whom, or how long.

    Attributes:
        kind: What the step is.
        text: What it says to the person who reads it.
        action: What a `do` does: a name of `KNOWN_ACTIONS` or of the site's own `[risk.actions]`.
        to: Whom a `notify` or `escalate` reaches, and whose a `task` is: a role or a person.
        limit_s: How long the step may take, in seconds; for a `task`, when it is due. Absent: as long as it takes.
        until: What a `wait` waits for.
        auto: Whether this `do` may run by itself; absent: as the procedure says.
        at_end: Also done when the alert is resolved before its turn came; for `task` and `note`.
    """

    kind: StepKind
    text: Text
    action: str = ""
    to: str = ""
    limit_s: float | None = None
    until: Until = Until.ACKNOWLEDGED
    auto: Auto | None = None
    at_end: bool = False


class Procedure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Steps in their order. An alert carries the procedure as it stood when the alert opened."""

    title: Text
    steps: tuple[Step, ...]
    auto: Auto = Auto.NEVER

    def auto_of(self, step: Step) -> Auto:
        """Whether this step may run without a person."""
        return step.auto or self.auto


class Reach(StrEnum):
    """Whom an action touches: what decides whether it may ever run by itself."""

    STAFF = "staff"
    """People and systems of the centre."""
    CUSTOMER = "customer"
    """It writes to a customer."""
    CALL = "call"
    """It puts somebody's ear or voice into a call."""


class ActionConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something a `do` step can have done: how it is called on its button, and whom it touches."""

    title: Text
    reach: Reach


KNOWN_ACTIONS: Final = {
    "listen": ActionConfig(title={"en": "Listen in", "he": "האזנה לשיחה"}, reach=Reach.CALL),
    "whisper": ActionConfig(title={"en": "Whisper to the agent", "he": "לחישה לנציג"}, reach=Reach.CALL),
    "barge": ActionConfig(title={"en": "Join the call", "he": "הצטרפות לשיחה"}, reach=Reach.CALL),
    "take_over": ActionConfig(title={"en": "Take the call over", "he": "קבלת השיחה במקום הנציג"}, reach=Reach.CALL),
    "log_in_reserve": ActionConfig(
        title={"en": "Call in the reserve agents", "he": "הכנסת נציגי כוננות"}, reach=Reach.STAFF
    ),
    "ask_other_centre": ActionConfig(
        title={"en": "Ask the other centre for help", "he": "בקשת סיוע ממוקד אחר"}, reach=Reach.STAFF
    ),
    "announce_wait": ActionConfig(
        title={"en": "Announce the wait in the queue", "he": "השמעת זמן ההמתנה לממתינים"}, reach=Reach.STAFF
    ),
    "offer_callback": ActionConfig(
        title={"en": "Offer a call-back in the queue", "he": "הצעת שיחה חוזרת לממתינים"}, reach=Reach.STAFF
    ),
    "pause_outbound": ActionConfig(title={"en": "Pause outbound calls", "he": "עצירת שיחות יוצאות"}, reach=Reach.STAFF),
    "move_breaks": ActionConfig(title={"en": "Move the breaks", "he": "דחיית הפסקות"}, reach=Reach.STAFF),
    "keep_call": ActionConfig(title={"en": "Block further transfers", "he": "חסימת העברות נוספות"}, reach=Reach.STAFF),
    "show_card": ActionConfig(
        title={"en": "Show the customer's card to the agent", "he": "הצגת כרטיס הלקוח לנציג"}, reach=Reach.STAFF
    ),
    "remind_agent": ActionConfig(title={"en": "Remind the agent", "he": "תזכורת לנציג"}, reach=Reach.STAFF),
    "assign_incident": ActionConfig(
        title={"en": "Give the incident to one person", "he": "שיוך האירוע לאדם אחד"}, reach=Reach.STAFF
    ),
    "tell_department": ActionConfig(
        title={"en": "Tell the department concerned", "he": "עדכון המחלקה האחראית"}, reach=Reach.STAFF
    ),
    "outage_on": ActionConfig(title={"en": "Switch on outage mode", "he": "הפעלת מצב תקלה"}, reach=Reach.STAFF),
    "pick_reviews": ActionConfig(
        title={"en": "Add calls to the review list", "he": "הוספת שיחות לרשימת ההאזנה"}, reach=Reach.STAFF
    ),
    "write_to_customer": ActionConfig(
        title={"en": "Write to the customer", "he": "שליחת הודעה ללקוח"}, reach=Reach.CUSTOMER
    ),
    "notify_customers": ActionConfig(
        title={"en": "Send a notice to the customers", "he": "שליחת עדכון ללקוחות"}, reach=Reach.CUSTOMER
    ),
}
"""What ships. A site adds its own under `[risk.actions]`; the shell hands each to whoever can do it."""

IN_THE_CALL: Final = frozenset(name for name, action in KNOWN_ACTIONS.items() if action.reach is Reach.CALL)
"""Actions that put somebody's ear or voice into a call."""
