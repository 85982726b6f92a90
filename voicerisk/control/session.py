"""One supervisor on one call: what may be asked when, and what holds afterwards. Pure: no clock, no switch.

    (nothing) --begin--> JOINING --done--> IN --ask--> CHANGING --done--> IN
                            |               ^             |
                            | failed        +--- failed --+          any --end--> OVER
                            v               IN, LEAVING or JOINING --leave--> LEAVING --done--> OVER
                          OVER

A change that failed leaves the old mode, unless nobody knows what became of it: then the louder of the two is assumed
and said to be uncertain, for nobody may believe themselves unheard.
"""

from enum import StrEnum

import msgspec

from voicerisk.control.modes import Mode, louder
from voicerisk.control.problems import Problem, SwitchError


class State(StrEnum):
    """Where a session stands."""

    JOINING = "joining"
    IN = "in"
    CHANGING = "changing"
    LEAVING = "leaving"
    OVER = "over"


class NotNowError(ValueError):
    """What was asked does not fit where the session stands; the text says why in plain words."""


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A supervisor on a call. `mode` holds now (while `JOINING`: will), `wanted` is what it changes to."""

    id: str
    call_id: str
    gateway: str
    person: str
    state: State
    mode: Mode
    since_s: float
    alert_id: str | None = None
    wanted: Mode | None = None
    sure: bool = True
    """False while nobody knows whether the last change was made."""
    words: str = ""
    """What the person has to know: a refusal, or what is left for them to do by hand."""


def begun(
    id_: str, call_id: str, gateway: str, person: str, mode: Mode, now_s: float, alert_id: str | None = None
) -> Session:
    """A session whose supervisor is being brought onto the call."""
    return Session(
        id=id_, call_id=call_id, gateway=gateway, person=person, state=State.JOINING, mode=mode, since_s=now_s,
        alert_id=alert_id,
    )  # fmt: skip


def asked(session: Session, mode: Mode) -> Session:
    """The session on its way to another mode. Raises `NotNowError` while something else is under way or over."""
    if session.state is State.OVER:
        raise NotNowError("You are not on this call any more.")
    if session.state is not State.IN:
        raise NotNowError("The switch is still busy with what you asked before.")
    if session.mode is Mode.TAKE_OVER:
        raise NotNowError("The call is yours already: the agent has left it.")
    return msgspec.structs.replace(session, state=State.CHANGING, wanted=mode, words="")


def done(session: Session, now_s: float, words: str = "") -> Session:
    """The session after the switch has done it; what was being left is over."""
    if session.state in (State.LEAVING, State.OVER):
        return over(session, words)
    mode = session.wanted or session.mode
    return msgspec.structs.replace(
        session, state=State.IN, mode=mode, wanted=None, sure=True, since_s=now_s, words=words
    )


def failed(session: Session, error: SwitchError) -> Session:
    """The session after the switch has not done it, or nobody knows whether it has."""
    if session.state is not State.CHANGING or error.problem is Problem.GONE:
        return over(session, error.words)
    assert session.wanted is not None
    unsure = error.problem is Problem.TIMEOUT
    mode = louder(session.mode, session.wanted) if unsure else session.mode
    return msgspec.structs.replace(
        session, state=State.IN, mode=mode, wanted=None, sure=session.sure and not unsure, words=error.words
    )


def leaving(session: Session) -> Session:
    """The session on its way out; asking twice changes nothing. Raises `NotNowError` when it is over."""
    if session.state is State.OVER:
        raise NotNowError("You are not on this call any more.")
    return msgspec.structs.replace(session, state=State.LEAVING, words="")


def over(session: Session, words: str = "") -> Session:
    """The session at its end."""
    return msgspec.structs.replace(session, state=State.OVER, wanted=None, words=words)
