"""Procedures: what to do when a needle enters the red, written before it is needed."""

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
    """Whether steps may run without a person."""

    NEVER = "never"
    ASK = "ask"
    ALWAYS = "always"


IN_THE_CALL: Final = frozenset({"listen", "whisper", "barge", "take_over"})
"""Actions that put somebody's ear or voice into a call: only ever by a person's hand."""


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One step: its text per language, and for some kinds what, whom, or how long.

    `action` is what a `do` does, `to` whom a `notify` or `escalate` reaches, `limit_s` how long a `wait` waits.
    """

    kind: StepKind
    text: Text
    action: str = ""
    to: str = ""
    limit_s: float | None = None


class Procedure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Steps in their order. An alert carries the procedure as it stood when the alert opened."""

    title: Text
    steps: tuple[Step, ...]
    auto: Auto = Auto.NEVER


BARGE_IN: Final = Procedure(
    title={"en": "A customer's voice has turned tense", "he": "קולו של הלקוח נעשה מתוח"},
    steps=(
        Step(
            kind=StepKind.NOTIFY,
            to="supervisor",
            text={"en": "The alert goes to the supervisor on the floor.", "he": "ההתראה נשלחת למנהל המשמרת."},
        ),
        Step(
            kind=StepKind.WAIT,
            limit_s=20.0,
            text={
                "en": "Acknowledge within 20 seconds: the call is yours.",
                "he": "יש לאשר קבלה תוך 20 שניות: השיחה באחריותך.",
            },
        ),
        Step(
            kind=StepKind.ESCALATE,
            to="next supervisor",
            text={
                "en": "Nobody acknowledged: the next supervisor is called.",
                "he": "איש לא אישר: ההתראה עוברת למנהל הבא בתור.",
            },
        ),
        Step(
            kind=StepKind.SHOW,
            text={
                "en": "Read the reasons: what moved in this voice, and by how much.",
                "he": "לקרוא את הסיבות: מה השתנה בקול הזה, ובכמה.",
            },
        ),
        Step(
            kind=StepKind.DO,
            action="listen",
            text={
                "en": "Listen in. Is the customer upset, or is it a bad line or a loud voice?",
                "he": "להאזין לשיחה. האם הלקוח נסער, או שזה קו רועש או קול חזק מטבעו?",
            },
        ),
        Step(
            kind=StepKind.ASK,
            text={
                "en": "Choose: leave it to the agent, whisper a way out to the agent, or join the call.",
                "he": "לבחור: להשאיר לנציג, ללחוש לנציג דרך לפתרון, או להצטרף לשיחה.",
            },
        ),
        Step(
            kind=StepKind.DO,
            action="barge",
            text={
                "en": "When you join: say who you are, let the customer finish, name one thing you will do now.",
                "he": "בהצטרפות: להציג את עצמך, לתת ללקוח לסיים, ולומר דבר אחד שייעשה עכשיו.",
            },
        ),
        Step(
            kind=StepKind.NOTE,
            text={
                "en": "Resolve with a note: what was it about, and was the alert right?",
                "he": "לסגור עם הערה: במה היה מדובר, והאם ההתראה הייתה נכונה?",
            },
        ),
    ),
)
