"""Deeds: what people do to alerts, silences, procedures and tasks, as data: the engine's input beside events and time.

A deed has no time of its own; `Engine.do(deed, now)` says when. Ids that are not known, and states in which it cannot
be done, are errors of the engine's. Text is limited so that no record grows without end.
"""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from voicerisk.risk.silences import Matcher

Person = Annotated[str, Meta(min_length=1, max_length=200)]
Words = Annotated[str, Meta(max_length=2000)]
Id = Annotated[str, Meta(min_length=1, max_length=400)]
StepNumber = Annotated[int, Meta(ge=0)]

MAX_MATCHERS: Final = 20


class _Deed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="deed"):
    """What every deed carries: whose it is."""

    person: Person


class Acknowledge(_Deed, frozen=True, kw_only=True, tag="acknowledge"):
    """The alert is in this person's hands."""

    alert: Id
    note: Words = ""


class Assign(_Deed, frozen=True, kw_only=True, tag="assign"):
    """The alert is to be `to`'s, who is told so."""

    alert: Id
    to: Person
    note: Words = ""


class Resolve(_Deed, frozen=True, kw_only=True, tag="resolve"):
    """The alert is closed."""

    alert: Id
    note: Words = ""


class AddNote(_Deed, frozen=True, kw_only=True, tag="note"):
    """A line is added to the alert's history, in whatever state it is."""

    alert: Id
    note: Annotated[str, Meta(min_length=1, max_length=2000)]


class MakeSilence(_Deed, frozen=True, kw_only=True, tag="silence"):
    """Alerts that match all of these do not ring until then (epoch seconds)."""

    matchers: Annotated[tuple[Matcher, ...], Meta(min_length=1, max_length=MAX_MATCHERS)]
    until_s: float
    why: Annotated[str, Meta(min_length=1, max_length=2000)]


class EndSilence(_Deed, frozen=True, kw_only=True, tag="unsilence"):
    """The silence is over before its time; what it kept quiet and is still open rings now."""

    silence: Id


class SetOutage(_Deed, frozen=True, kw_only=True, tag="outage"):
    """A known fault begins or ends: for one queue, or for the whole site where `queue` is None."""

    on: bool
    queue: Annotated[str, Meta(min_length=1, max_length=128)] | None = None
    why: Words = ""


class RunStep(_Deed, frozen=True, kw_only=True, tag="run_step"):
    """The step of a procedure's run is to be done now, by this person's hand."""

    run: Id
    step: StepNumber


class ConfirmStep(_Deed, frozen=True, kw_only=True, tag="confirm_step"):
    """The step is done, or its question answered; `note` says what came of it."""

    run: Id
    step: StepNumber
    note: Words = ""


class SkipStep(_Deed, frozen=True, kw_only=True, tag="skip_step"):
    """The step is passed over."""

    run: Id
    step: StepNumber
    note: Words = ""


class ReportStep(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="deed", tag="report"):
    """How it went with a step that was handed to the shell. Nobody's deed: the shell's own answer."""

    run: Id
    step: StepNumber
    ok: bool
    text: Words = ""


class TakeTask(_Deed, frozen=True, kw_only=True, tag="take_task"):
    """The task is this person's."""

    task: Id


class CloseTask(_Deed, frozen=True, kw_only=True, tag="close_task"):
    """The task is done; `note` says what came of it."""

    task: Id
    note: Words = ""


class AssignIncident(_Deed, frozen=True, kw_only=True, tag="assign_incident"):
    """`to` is the one person who answers for the incident."""

    incident: Id
    to: Person


Deed = (
    Acknowledge
    | Assign
    | Resolve
    | AddNote
    | MakeSilence
    | EndSilence
    | SetOutage
    | RunStep
    | ConfirmStep
    | SkipStep
    | ReportStep
    | TakeTask
    | CloseTask
    | AssignIncident
)
"""Everything that people can do; `deed` in the JSON says which."""
