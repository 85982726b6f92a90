"""The 24 event types; `type` in the JSON picks one."""

import msgspec

from voicerisk.events.data import (
    ContactReason,
    Crm,
    Crossing,
    Customer,
    Ended,
    EpochS,
    EventId,
    Feedback,
    Id,
    Incident,
    Label,
    Moved,
    Nothing,
    Overlap,
    Promise,
    PromiseId,
    Ready,
    Silence,
    Started,
    Waited,
    Window,
)


class _Event(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type"):
    """What every event carries; `at` is in epoch seconds."""

    id: EventId
    at: EpochS
    call: Id | None = None
    customer: Customer | None = None
    queue: Label | None = None
    agent: Label | None = None


class _CallEvent(_Event, frozen=True, kw_only=True):
    """An event that means nothing without its call."""

    call: Id


class CallStarted(_CallEvent, frozen=True, kw_only=True, tag="call.started"):
    """A call began (or is being set up)."""

    data: Started = Started()


class CallQueued(_CallEvent, frozen=True, kw_only=True, tag="call.queued"):
    """The caller waits in `queue`."""

    data: Nothing = Nothing()


class CallAnswered(_CallEvent, frozen=True, kw_only=True, tag="call.answered"):
    """An agent took the call."""

    data: Waited = Waited()


class CallHeld(_CallEvent, frozen=True, kw_only=True, tag="call.held"):
    """The caller was put on hold."""

    data: Nothing = Nothing()


class CallResumed(_CallEvent, frozen=True, kw_only=True, tag="call.resumed"):
    """The hold is over."""

    data: Nothing = Nothing()


class CallTransferred(_CallEvent, frozen=True, kw_only=True, tag="call.transferred"):
    """The caller was passed to another unit."""

    data: Moved


class CallRedirected(_CallEvent, frozen=True, kw_only=True, tag="call.redirected"):
    """The caller was told to ring somewhere else; counts as a transfer."""

    data: Moved


class CallEnded(_CallEvent, frozen=True, kw_only=True, tag="call.ended"):
    """The call is over."""

    data: Ended = Ended()


class CallAbandoned(_CallEvent, frozen=True, kw_only=True, tag="call.abandoned"):
    """The caller gave up waiting."""

    data: Waited = Waited()


class CallNoteWritten(_CallEvent, frozen=True, kw_only=True, tag="call.note_written"):
    """A note about the call was written (its text stays where it is)."""

    data: Nothing = Nothing()


class CallReason(_CallEvent, frozen=True, kw_only=True, tag="call.reason"):
    """Why the customer called."""

    data: ContactReason


class CallOffhours(_Event, frozen=True, kw_only=True, tag="call.offhours"):
    """Someone tried to reach the centre while it was closed."""

    data: Nothing = Nothing()


class TensionWindow(_CallEvent, frozen=True, kw_only=True, tag="tension.window"):
    """What was heard in the last moments; about two a second for each live call."""

    data: Window


class TensionZone(_CallEvent, frozen=True, kw_only=True, tag="tension.zone"):
    """The caller's tension crossed into another zone."""

    data: Crossing


class TalkOverlap(_CallEvent, frozen=True, kw_only=True, tag="talk.overlap"):
    """Customer and agent spoke at once."""

    data: Overlap


class TalkSilence(_CallEvent, frozen=True, kw_only=True, tag="talk.silence"):
    """Nobody spoke for a while."""

    data: Silence


class PromiseMade(_Event, frozen=True, kw_only=True, tag="promise.made"):
    """The customer was promised something by a time."""

    data: Promise


class PromiseKept(_Event, frozen=True, kw_only=True, tag="promise.kept"):
    """A promise was kept."""

    data: PromiseId


class IncidentOpened(_Event, frozen=True, kw_only=True, tag="incident.opened"):
    """A problem got its number."""

    data: Incident


class IncidentContact(_Event, frozen=True, kw_only=True, tag="incident.contact"):
    """The customer got in touch about the incident (once more)."""

    data: Incident


class IncidentClosed(_Event, frozen=True, kw_only=True, tag="incident.closed"):
    """The problem is solved."""

    data: Incident


class FeedbackReceived(_Event, frozen=True, kw_only=True, tag="feedback.received"):
    """The customer scored a contact."""

    data: Feedback


class CrmEvent(_Event, frozen=True, kw_only=True, tag="crm.event"):
    """Another system says that something happened."""

    data: Crm


class AgentsReady(_Event, frozen=True, kw_only=True, tag="agents.ready"):
    """How many agents of a queue are ready."""

    data: Ready


Event = (
    CallStarted
    | CallQueued
    | CallAnswered
    | CallHeld
    | CallResumed
    | CallTransferred
    | CallRedirected
    | CallEnded
    | CallAbandoned
    | CallNoteWritten
    | CallReason
    | CallOffhours
    | TensionWindow
    | TensionZone
    | TalkOverlap
    | TalkSilence
    | PromiseMade
    | PromiseKept
    | IncidentOpened
    | IncidentContact
    | IncidentClosed
    | FeedbackReceived
    | CrmEvent
    | AgentsReady
)
