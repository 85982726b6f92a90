import msgspec

from voicerisk.events import decode_event
from voicerisk.risk.actions import Action
from voicerisk.risk.config import RiskConfig
from voicerisk.risk.deeds import Acknowledge, MakeSilence
from voicerisk.risk.engine import Engine
from voicerisk.risk.silences import Matcher
from voicerisk.server.feed import Feed
from voicerisk.server.panel import Panel
from voicerisk.server.views import encode_json

NOON_S = 1_700_000_000.0


class Watched:
    """An engine, its panel, and a screen that follows the feed; the clock stands where the test puts it."""

    def __init__(self) -> None:
        self.now = NOON_S
        self.engine = Engine(RiskConfig())
        self.feed = Feed(dict)
        self.panel = Panel(self.engine, RiskConfig(), self.feed, lambda: self.now)

    def queued(self, call: str) -> None:
        """A call joins the queue now."""
        event = {"id": f"q-{call}", "at": self.now, "type": "call.queued", "call": call, "queue": "billing"}
        self.act(self.engine.handle(decode_event(event), self.now))

    def at(self, after_s: float) -> None:
        """So much later, with what time alone brings."""
        self.now = NOON_S + after_s
        self.act(self.engine.tick(self.now))

    def act(self, actions: list[Action]) -> None:
        """What followed, told to the panel as the recorder tells it."""
        for action in actions:
            self.panel.act(action)

    async def told(self) -> list[dict[str, object]]:
        """What a screen that was there from the beginning has heard."""
        subscription = self.feed.subscribe(self.feed.id, 0)
        return [msgspec.json.decode(await subscription.next()) for _ in range(self.feed.seq)]


async def test_only_needles_that_moved_are_told_and_those_of_customers_never() -> None:
    """A queue's needle is told with its zones; at the next tick nothing is, unless something has moved."""
    watched = Watched()
    watched.queued("c-1")
    watched.panel.tick()
    watched.panel.tick()
    [message] = await watched.told()
    needles = message["gauges"]
    assert isinstance(needles, list)
    [wait] = [needle for needle in needles if needle["gauge"] == "wait_s"]
    assert (wait["key"], wait["amber"], wait["red"], wait["zone"], wait["kind"]) == (
        "billing",
        20,
        30,
        "green",
        "max_age",
    )
    assert {needle["per"] for needle in needles} <= {"queue", "site"}
    watched.at(31.0)
    watched.panel.tick()
    moved = (await watched.told())[-1]
    assert moved["type"] == "gauges"
    assert [needle["zone"] for needle in moved["gauges"] if needle["gauge"] == "wait_s"] == ["red"]  # type: ignore[attr-defined]


async def test_a_procedure_is_told_at_once_and_stands_in_the_picture() -> None:
    """Each move of a run is told with its steps; a new screen finds it, and what each action is called and touches."""
    watched = Watched()
    watched.queued("c-1")
    watched.at(31.0)
    [alert] = [alert for alert in watched.engine.alerts() if alert.rule == "wait_too_long"]
    watched.act(watched.engine.do(Acknowledge(alert=alert.id, person="Maya"), watched.now))
    runs = [message["run"] for message in await watched.told() if message["type"] == "run.changed"]
    assert [run["person"] for run in runs] == [None, "Maya"]  # type: ignore[index]
    picture = msgspec.json.decode(encode_json(watched.panel.picture()))
    assert [run["alert_id"] for run in picture["runs"]] == [alert.id]
    assert picture["actions"]["write_to_customer"]["reach"] == "customer"
    assert picture["gauge_names"]["calls_today"]["per"] == "customer"


async def test_silences_and_work_are_told_once_for_each_tick() -> None:
    """However many silences were made, the tick tells all that are in force in one message."""
    watched = Watched()
    for why in ("one", "two"):
        matcher = Matcher(label="queue", values=("billing",))
        silence = MakeSilence(person="Maya", matchers=(matcher,), until_s=NOON_S + 600.0, why=why)
        watched.act(watched.engine.do(silence, watched.now))
    watched.panel.tick()
    watched.panel.tick()
    quiet = [message for message in await watched.told() if message["type"] == "quiet"]
    assert [[silence["why"] for silence in message["silences"]] for message in quiet] == [["one", "two"]]  # type: ignore[attr-defined]
