"""A notice as another program takes it: plain JSON, or a CloudEvents 1.0 event. Pure, the same bytes at each try.

Sources: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md (payload structure),
https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md and .../formats/json-format.md (structured mode).
"""

from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from voicerisk.notify.notice import TEST, Delivery, Notice
from voicerisk.notify.words import link_to

CLOUDEVENT: Final = "application/cloudevents+json"
PLAIN: Final = "application/json"


def event_type(notice: Notice) -> str:
    """E.g. "voicerisk.alert.opened": what happened to the alert, by its named reason."""
    return "voicerisk.test" if notice.what == TEST else f"voicerisk.alert.{notice.what}"


def plain_body(delivery: Delivery, public_url: str) -> bytes:
    """`{"type", "timestamp", "data"}`; the message's id travels in the header `webhook-id`."""
    notice = delivery.notice
    return msgspec.json.encode(
        {"type": event_type(notice), "timestamp": _rfc3339(notice.at_s), "data": _data(notice, public_url)}
    )


def cloudevent_body(delivery: Delivery, public_url: str) -> bytes:
    """A structured-mode event. `id` is the idempotency key, `subject` the alert's id."""
    notice = delivery.notice
    return msgspec.json.encode(
        {
            "specversion": "1.0",
            "id": delivery.key,
            "source": public_url or "urn:voicerisk",
            "type": event_type(notice),
            "subject": notice.alert.id,
            "time": _rfc3339(notice.at_s),
            "datacontenttype": "application/json",
            "data": _data(notice, public_url),
        }
    )


def _data(notice: Notice, public_url: str) -> dict[str, Any]:
    """What is told of the alert. `customer` is the keyed hash; the agent is left out, and so is the procedure."""
    alert = notice.alert
    return {
        "alert": alert.id,
        "what": notice.what,
        "to": notice.to,
        "state": alert.state,
        "rule": alert.rule,
        "severity": alert.severity,
        "owner": alert.owner,
        "title": alert.title,
        "call": alert.call_id,
        "customer": alert.customer,
        "queue": alert.queue,
        "gauge": alert.gauge or None,
        "value": alert.value,
        "count": alert.count,
        "reasons": alert.reasons,
        "opened_at": _rfc3339(alert.opened_at_s),
        "acknowledged_by": alert.acknowledged_by,
        "resolved_by": alert.resolved_by,
        "url": link_to(alert.id, public_url) or None,
    }


def _rfc3339(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
