"""A stretch of a call centre's day as events, the same for the same seed, for tests of what must survive a crash."""

import random
from collections.abc import Iterator

from voicerisk.events import Event, decode_event

START_S = 1_732_270_000.0


def some_events(seed: int, n_calls: int) -> Iterator[Event]:
    """Calls that wait, are answered, transferred, promised something, abandoned; told roughly in order."""
    chance = random.Random(seed)
    at_s = START_S
    number = 0
    for call in range(n_calls):
        at_s += chance.uniform(0.5, 20.0)
        about = {
            "call": f"c-{seed}-{call}",
            "customer": f"h:k1:{chance.randrange(6):032x}",
            "queue": chance.choice(["billing", "tech"]),
        }
        steps: list[tuple[str, dict[str, object]]] = [("call.started", {}), ("call.queued", {})]
        if chance.random() < 0.2:
            steps.append(("call.abandoned", {}))
        else:
            steps.append(("call.answered", {}))
            if chance.random() < 0.4:
                steps.append(("call.transferred", {"to": "tech", "topic": "bill"}))
            if chance.random() < 0.3:
                due = at_s + chance.uniform(60.0, 900.0)
                steps.append(("promise.made", {"promise": f"p-{call}", "due_at": due, "what": "call back"}))
            if chance.random() < 0.3:
                steps.append(("feedback.received", {"score": float(chance.randint(1, 5))}))
            steps.append(("call.ended", {"reason": "hung up"}))
        when = at_s
        for kind, data in steps:
            when += chance.uniform(0.0, 25.0)
            number += 1
            fields = {"id": f"e-{seed}-{number}", "at": round(when, 3), "type": kind, **about, "data": data}
            yield decode_event(fields)
