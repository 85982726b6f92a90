"""The place of an alert: the call, customer, queue ... that a rule holds for, and what is known of it."""

from typing import Any

import msgspec

from voicerisk.risk.gauges import GaugeKey


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """What an alert is about. `name` is the needle's key: a call's id, a queue's name; "site" for the whole site."""

    key: GaugeKey
    name: str
    call: str | None = None
    customer: str | None = None
    queue: str | None = None
    incident: str | None = None
    agent: str | None = None
    group: str | None = None
    reason: str | None = None
    labels: dict[str, str] = {}

    def label(self, name: str) -> str | None:
        """The value of a label as rules name them: `queue`, or `label.vip`; None where there is none."""
        if name.startswith("label."):
            return self.labels.get(name.removeprefix("label."))
        value: str | None = getattr(self, name)
        return value


def place_of(key: GaugeKey, name: str) -> Place:
    """The place of a needle that is not a call's: of a queue, a customer, an hour ..."""
    known: dict[str, Any] = {}
    if key in (GaugeKey.CUSTOMER, GaugeKey.QUEUE, GaugeKey.INCIDENT, GaugeKey.REASON, GaugeKey.GROUP):
        known = {key.value: name}
    elif key is GaugeKey.HOUR:
        known = {"labels": {"hour": name}}
    return Place(key=key, name=name, **known)
