"""What the desk says to the engine, and what it remembers over a restart."""

import msgspec

from voicerisk.risk.desk.customers import CustomerBookState
from voicerisk.risk.desk.incidents import IncidentBookState, IncidentChanged
from voicerisk.risk.desk.outages import OutageBookState, OutageChanged
from voicerisk.risk.desk.promises import PromiseBookState, PromiseChanged
from voicerisk.risk.desk.runstate import RunBookState
from voicerisk.risk.desk.taskbook import TaskBookState
from voicerisk.risk.gauges.config import OwnMeasure
from voicerisk.risk.runs import RunChanged, StepDue
from voicerisk.risk.tasks import TaskChanged, TaskOpened


class Observed(msgspec.Struct, frozen=True, kw_only=True, tag="observed"):
    """A needle of the service's own has a new value: for the gauges, not for the shell. None: nothing to measure."""

    measure: OwnMeasure
    key: str
    value: float | None
    at_s: float


DeskAction = (
    RunChanged | StepDue | TaskOpened | TaskChanged | PromiseChanged | IncidentChanged | OutageChanged | Observed
)


class DeskState(msgspec.Struct, kw_only=True):
    """Everything that has to be remembered over a restart."""

    tasks: TaskBookState = msgspec.field(default_factory=TaskBookState)
    runs: RunBookState = msgspec.field(default_factory=RunBookState)
    promises: PromiseBookState = msgspec.field(default_factory=PromiseBookState)
    incidents: IncidentBookState = msgspec.field(default_factory=IncidentBookState)
    outages: OutageBookState = msgspec.field(default_factory=OutageBookState)
    customers: CustomerBookState = msgspec.field(default_factory=CustomerBookState)
