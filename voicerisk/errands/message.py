"""An errand as the other system takes it: a CloudEvents 1.0 event in structured JSON. Pure.

Source: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md.
"""

from datetime import UTC, datetime
from hashlib import blake2b
from typing import Final

import msgspec

from voicerisk.risk.runs import StepDue

TYPE: Final = "voicerisk.procedure.step"
CONTENT_TYPE: Final = "application/cloudevents+json"


def errand_id(due: StepDue) -> str:
    """The same for every try of the same errand, another when a person has the step done again."""
    return "er-" + blake2b(f"{due.run.id}|{due.step}|{due.at_s:.3f}".encode(), digest_size=12).hexdigest()


def errand_body(due: StepDue, limit_at_s: float) -> bytes:
    """What is to be done, for which call, customer and queue, why, and by when (times in RFC 3339).

    `customer` is the keyed hash; `person` is who had it done, None where the step runs by itself.
    """
    run = due.run
    return msgspec.json.encode(
        {
            "specversion": "1.0",
            "id": errand_id(due),
            "source": "urn:voicerisk",
            "type": TYPE,
            "subject": run.alert_id,
            "time": _rfc3339(due.at_s),
            "datacontenttype": "application/json",
            "data": {
                "action": due.definition.action,
                "text": due.definition.text,
                "alert": run.alert_id,
                "procedure": run.name,
                "run": run.id,
                "step": due.step,
                "person": due.person,
                "call": run.call_id,
                "customer": run.customer,
                "queue": run.queue,
                "not_after": _rfc3339(limit_at_s),
            },
        }
    )


def _rfc3339(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
