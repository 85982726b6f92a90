"""Procedures, alerts and a desk for tests."""

from typing import Any

from voicerisk.risk.alerts import Alert, HistoryEntry, NotifyReason
from voicerisk.risk.brakes import BrakesConfig
from voicerisk.risk.desk import Desk, DeskAction, DeskSettings
from voicerisk.risk.procedures import KNOWN_ACTIONS, Auto, Procedure, Step, StepKind
from voicerisk.risk.rules import Severity
from voicerisk.risk.runs import Run, RunChanged, RunWhat, StepDue, StepState

T0 = 1_732_226_400.0
CUSTOMER = "h:0123456789abcdef"


def step(kind: StepKind, **more: Any) -> Step:
    """A step with a text."""
    return Step(**{"kind": kind, "text": {"en": kind.value}, **more})


def do(action: str = "log_in_reserve", **more: Any) -> Step:
    """A step that does something."""
    return step(StepKind.DO, action=action, **more)


def wait(limit_s: float = 20.0, **more: Any) -> Step:
    """A step that waits."""
    return step(StepKind.WAIT, limit_s=limit_s, **more)


def tell(kind: StepKind, to: str) -> Step:
    """A step that tells somebody."""
    return step(kind, to=to)


def alert(id_: str = "al-1", **more: Any) -> Alert:
    """An open alert about a customer's call."""
    fields: dict[str, Any] = {"call_id": "c-1", "customer": CUSTOMER, "queue": "billing", "opened_at_s": T0, **more}
    title = {"en": "Tense customer"}
    return Alert(
        id=id_, fingerprint=id_, rule="r", title=title, severity=Severity.WARNING, owner="floor supervisor", **fields
    )


def taken(id_: str = "al-1", person: str = "dana") -> Alert:
    """The alert in a person's hand."""
    return alert(id_, acknowledged_by=person)


def resolved(id_: str = "al-1", person: str | None = None, note: str = "") -> Alert:
    """The alert after its end, by itself or by a person with a note."""
    what = NotifyReason.RESOLVED_BY_PERSON if person else NotifyReason.CALMED_DOWN
    entry = HistoryEntry(at_s=T0, what=what, notify=False, person=person, note=note)
    return alert(id_, resolved_by=person, history=(entry,))


def desk(
    *steps: Step,
    auto: Auto = Auto.NEVER,
    brakes: BrakesConfig = BrakesConfig(),  # noqa: B008 -- frozen
    settings: DeskSettings = DeskSettings(),  # noqa: B008 -- frozen
) -> Desk:
    """A desk with one procedure, called "p", of these steps."""
    procedure = Procedure(title={"en": "What to do"}, steps=steps, auto=auto)
    return Desk({"p": procedure} if steps else {}, KNOWN_ACTIONS, brakes, settings)


def run_in(actions: list[DeskAction]) -> Run:
    """The run as the last of these actions has it."""
    return [action.run for action in actions if isinstance(action, RunChanged)][-1]


def states(run: Run) -> list[StepState]:
    """How far each step has come."""
    return [at.state for at in run.steps]


def told(actions: list[DeskAction]) -> list[tuple[str, str]]:
    """Whom or what the shell was given to do: kind of the step, and its `to` or `action`."""
    due = [action for action in actions if isinstance(action, StepDue)]
    return [(action.definition.kind.value, action.definition.to or action.definition.action) for action in due]


def lines(run: Run) -> list[tuple[int | None, RunWhat, str | None]]:
    """The run's log: step, what, and who."""
    return [(entry.step, entry.what, entry.person) for entry in run.log]
