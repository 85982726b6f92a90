"""What a site sets about the work that alerts, feedback and incidents leave behind."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

DAY_S: Final = 86_400.0

Share = Annotated[float, Meta(ge=0.0, le=1.0)]
Seconds = Annotated[float, Meta(gt=0.0)]
Name = Annotated[str, Meta(min_length=1)]


class DeskSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which feedback and which incidents leave a task, whose it is, and how long it may take.

    Attributes:
        feedback_share: Feedback of at most this share of the best score opens a task: 0.4 is 2 of 5.
        feedback_owner: Whose that task is: a role of the duty roster, or a person.
        feedback_due_s: By when the customer has been called.
        prevention_contacts: An incident that took at least so many contacts leaves a task when it is closed: which rule
            or process changes, so that it does not come back? So does every outage.
        prevention_owner: Whose that task is.
        prevention_due_s: By when it is answered.
        ask_again_s: No customer is asked for feedback twice within this time.
    """

    feedback_share: Share = 0.4
    feedback_owner: Name = "service recovery"
    feedback_due_s: Seconds = DAY_S
    prevention_contacts: Annotated[int, Meta(ge=1)] = 3
    prevention_owner: Name = "head of service"
    prevention_due_s: Seconds = 7 * DAY_S
    ask_again_s: Seconds = 30 * DAY_S
