"""Supervisors on calls, end to end but for the telephone: sessions, the audit log, deadlines, what switches tell."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.control.fakes.asterisk import AGENT, CUSTOMER, FakeAri
from tests.control.fakes.rig import PHONE, SECRET
from tests.control.fakes.rigs import ENVIRONMENT
from tests.control.fakes.web import Trouble, WebFake, serving
from tests.control.fakes.webhook import FakeProgram
from tests.eventually import eventually
from voicerisk.control.ari import AriControl
from voicerisk.control.control import Control
from voicerisk.control.modes import Mode
from voicerisk.control.orders import NotConfirmedError, Order, UnknownCallError
from voicerisk.control.place import LegTemplates
from voicerisk.control.problems import Problem, SwitchError
from voicerisk.control.session import NotNowError, Session, State
from voicerisk.control.settings import ControlSettings, SwitchControl
from voicerisk.control.switches import switches_for
from voicerisk.control.watch import LiveCall
from voicerisk.control.webhook import WebhookControl
from voicerisk.events import Event, event_type
from voicerisk.store.settings import StoreSettings
from voicerisk.store.store import Store
from voicerisk.store.writer import StoreError

DANA = Order(call_id="c-1", person="Dana", alert_id="a-1")
LABELS = {"agent_leg": AGENT, "customer_leg": CUSTOMER}


class Desk:
    """A control with its store, the calls it is told of, and what it told."""

    def __init__(self, folder: Path, switch: SwitchControl, **settings: Any) -> None:
        self.store = Store.open(StoreSettings(url=f"sqlite:///{folder}/x.db", answer_within_s=5.0))
        self.calls = [LiveCall("c-1", "pbx", LABELS), LiveCall("c-2", "other", {})]
        self.happened: list[Event] = []
        self.changed: list[Session] = []
        gateways = {"pbx": switch}
        chosen = ControlSettings(
            gateways=gateways, supervisors={"Dana": PHONE, "Ruth": {"*": "PJSIP/3002"}}, **settings
        )
        self.control = Control(
            chosen, switches_for(gateways), self.store, calls=lambda: self.calls, happened=self.happened.append,
            changed=self.changed.append,
        )  # fmt: skip

    async def log(self) -> list[tuple[str, str, str]]:
        """The audit log as (person, action, result), the oldest first."""
        return [(line.person, line.action, line.result) for line in reversed(await self.store.audit_log())]


@asynccontextmanager
async def desk(folder: Path, web: WebFake, switch: SwitchControl, **settings: Any) -> AsyncIterator[Desk]:
    """A desk that follows its switch, until the block ends."""
    made = Desk(folder, switch, **settings)
    made.control.start()
    try:
        yield made
    finally:
        await made.control.stop()
        await made.store.close()


@asynccontextmanager
async def with_program(folder: Path, fake: FakeProgram, **settings: Any) -> AsyncIterator[Desk]:
    """A desk whose switch is a signed webhook."""
    async with serving(fake.web) as web:
        switch = WebhookControl(url=f"{web.url}/hook", secret_env="HOOK_SECRET", cannot=(Mode.TAKE_OVER,))
        async with desk(folder, web, switch, **settings) as made:
            yield made


@asynccontextmanager
async def with_asterisk(folder: Path, fake: FakeAri, **settings: Any) -> AsyncIterator[Desk]:
    """A desk whose switch is Asterisk."""
    async with serving(fake.web, fake.route) as web:
        switch = AriControl(url=f"{web.url}/ari", user="voicerisk", password_env="A_SECRET", way="snoop")
        async with desk(folder, web, switch, **{"settle_s": 0.05, **settings}) as made:
            await eventually(lambda: made.control.offers()["pbx"].problem is None)
            yield made


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


async def test_a_session_and_its_lines(tmp_path: Path) -> None:
    """Each action is a line before and a line after, with the person and the alert; no line holds a number."""
    fake = FakeProgram()
    async with with_program(tmp_path, fake) as made:
        session = await made.control.enter(Mode.LISTEN, DANA)
        assert (session.state, session.mode, session.person) == (State.IN, Mode.LISTEN, "Dana")
        assert made.control.sessions("c-1") == [session]
        again = await made.control.enter(Mode.LISTEN, DANA)
        assert again is session
        await made.control.enter(Mode.WHISPER, DANA)
        left = await made.control.leave(DANA)
        assert left.state is State.OVER
        assert made.control.sessions() == []
        assert await made.log() == [
            ("Dana", "control.listen", "asked"), ("Dana", "control.listen", "ok"),
            ("Dana", "control.whisper", "asked"), ("Dana", "control.whisper", "ok"),
            ("Dana", "control.leave", "asked"), ("Dana", "control.leave", "ok"),
        ]  # fmt: skip
        lines = await made.store.audit_log()
        assert {(line.call_id, line.alert_id) for line in lines} == {("c-1", "a-1")}
        assert PHONE not in repr(lines)
        states = [one.state for one in made.changed]
        assert states == [State.JOINING, State.IN, State.CHANGING, State.IN, State.LEAVING, State.OVER]


async def test_what_cannot_be_logged_does_not_happen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the store takes no line nothing is sent, the session stays what it was, and leaving still works."""
    fake = FakeProgram()
    async with with_program(tmp_path, fake) as made:
        takes = made.store.audit

        async def refuses(entry: object) -> None:
            raise StoreError("disk full")

        monkeypatch.setattr(made.store, "audit", refuses)
        with pytest.raises(StoreError):
            await made.control.enter(Mode.LISTEN, DANA)
        assert fake.web.seen == []
        assert made.control.sessions() == []
        monkeypatch.setattr(made.store, "audit", takes)
        await made.control.enter(Mode.LISTEN, DANA)
        monkeypatch.setattr(made.store, "audit", refuses)
        with pytest.raises(StoreError):
            await made.control.enter(Mode.WHISPER, DANA)
        assert fake.heard_by() == set()
        assert [session.mode for session in made.control.sessions()] == [Mode.LISTEN]
        await made.control.leave(DANA)
        assert not fake.is_on()


async def test_what_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    """An unknown call, no switch, no phone, a mode that the switch has not, no confirmation: nothing goes out."""
    fake = FakeProgram()
    async with with_program(tmp_path, fake) as made:
        control = made.control
        with pytest.raises(UnknownCallError):
            await control.enter(Mode.LISTEN, Order(call_id="x", person="Dana"))
        for mode, order, words in (
            (Mode.LISTEN, Order(call_id="c-2", person="Dana"), "No call control is set up"),
            (Mode.LISTEN, Order(call_id="c-1", person="Nobody"), "where Nobody's phone is"),
            (Mode.TAKE_OVER, Order(call_id="c-1", person="Dana", confirmed=True), "does not do this"),
        ):
            with pytest.raises(SwitchError, match=words) as refused:
                await control.enter(mode, order)
            assert refused.value.problem is Problem.NOT_POSSIBLE
        with pytest.raises(NotConfirmedError, match="customer"):
            await control.enter(Mode.BARGE, DANA)
        with pytest.raises(NotNowError):
            await control.leave(DANA)
        assert fake.web.seen == []
        assert await made.log() == []


async def test_a_switch_that_does_not_answer(tmp_path: Path) -> None:
    """After the deadline the person knows that nobody knows, the louder mode is assumed, and it can be asked again."""
    fake = FakeProgram()
    async with with_program(tmp_path, fake, deadline_s=1.0, confirm=()) as made:
        await made.control.enter(Mode.LISTEN, DANA)
        fake.trouble = Trouble.TIMEOUT
        with pytest.raises(SwitchError, match=r"within 1 s") as late:
            await made.control.enter(Mode.BARGE, DANA)
        assert late.value.problem is Problem.TIMEOUT
        (session,) = made.control.sessions()
        assert (session.mode, session.sure) == (Mode.BARGE, False)
        with pytest.raises(SwitchError):
            await made.control.leave(DANA)
        assert [one.state for one in made.control.sessions()] == [State.IN]
        fake.trouble = None
        session = await made.control.enter(Mode.BARGE, DANA)
        assert (session.mode, session.sure) == (Mode.BARGE, True)
        assert ("Dana", "control.barge", "timeout") in await made.log()


async def test_two_clicks_at_once(tmp_path: Path) -> None:
    """The second of two clicks meets a session that is busy; another supervisor is a session of their own."""
    fake = FakeProgram()
    async with with_program(tmp_path, fake, max_sessions=2) as made:
        ruth = Order(call_id="c-1", person="Ruth")
        first, second, other = await asyncio.gather(
            made.control.enter(Mode.LISTEN, DANA), made.control.enter(Mode.LISTEN, DANA),
            made.control.enter(Mode.WHISPER, ruth), return_exceptions=True,
        )  # fmt: skip
        assert isinstance(first, Session)
        assert isinstance(second, NotNowError)
        assert isinstance(other, Session)
        assert {(one.person, one.mode) for one in made.control.sessions("c-1")} == {
            ("Dana", Mode.LISTEN), ("Ruth", Mode.WHISPER),
        }  # fmt: skip
        made.calls.append(LiveCall("c-3", "pbx", LABELS))
        with pytest.raises(NotNowError, match="max_sessions"):
            await made.control.enter(Mode.LISTEN, Order(call_id="c-3", person="Ruth"))


async def test_the_end_of_a_call_where_no_switch_tells(tmp_path: Path) -> None:
    """Without events of the switch a session ends with its call."""
    async with with_program(tmp_path, FakeProgram()) as made:
        await made.control.enter(Mode.LISTEN, DANA)
        made.control.tick()
        assert len(made.control.sessions()) == 1
        made.calls.clear()
        made.control.tick()
        assert made.control.sessions() == []
        assert made.changed[-1].words == "The call is over."


async def test_leaving_while_the_phone_rings(tmp_path: Path) -> None:
    """Leaving cuts a join short: the phone stops ringing, and whoever waits for it is told."""
    fake = FakeAri()
    fake.silent = True
    async with with_asterisk(tmp_path, fake) as made:
        joining = asyncio.create_task(made.control.enter(Mode.LISTEN, DANA))
        await eventually(fake.is_on)
        assert [one.state for one in made.control.sessions()] == [State.JOINING]
        await made.control.leave(DANA)
        with pytest.raises(NotNowError, match="left meanwhile"):
            await joining
        assert not fake.is_on()


async def test_a_phone_that_hangs_up(tmp_path: Path) -> None:
    """When the supervisor's phone hangs up the session is over, said and logged, and the switch is tidied up."""
    fake = FakeAri()
    async with with_asterisk(tmp_path, fake) as made:
        await made.control.enter(Mode.LISTEN, DANA)
        seat = next(channel for channel in fake.channels if channel.endswith("-supervisor"))
        await fake.destroy(seat)
        await eventually(lambda: set(fake.channels) == {AGENT, CUSTOMER})
        assert made.control.sessions() == []
        assert made.changed[-1].words == "Your phone has hung up."

        async def is_logged() -> bool:
            return ("Dana", "control.ended", "ok") in await made.log()

        await eventually(is_logged)


async def test_what_the_switch_tells_of_a_call(tmp_path: Path) -> None:
    """Hold, transfer and the customer's hang-up become the call's events; other channels are no business of ours."""
    fake = FakeAri()
    async with with_asterisk(tmp_path, fake) as made:
        await fake.tell("ChannelHold", channel={"id": "somebody", "name": "PJSIP/9"})
        await fake.tell("ChannelHold", channel=fake.channels[AGENT])
        await fake.tell("BridgeBlindTransfer", channel=fake.channels[AGENT], exten="tier2", result="Success")
        await fake.destroy(AGENT)
        await fake.destroy(CUSTOMER)
        await eventually(lambda: len(made.happened) == 3)
        kinds = [event_type(event) for event in made.happened]
        assert kinds == ["call.held", "call.transferred", "call.ended"]
        assert {event.call for event in made.happened} == {"c-1"}
        assert "hung up on the switch" in repr(made.happened[-1])


async def test_audio_that_says_the_end_itself(tmp_path: Path) -> None:
    """A call whose own stream ends within the settling time is not ended a second time."""
    fake = FakeAri()
    async with with_asterisk(tmp_path, fake, settle_s=0.1) as made:
        await fake.destroy(CUSTOMER)
        made.calls.clear()
        await asyncio.sleep(0.25)
        assert made.happened == []


async def test_no_secret_and_no_number_is_said(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Neither logs nor the audit nor what is offered hold a secret or the supervisor's number, also after failures."""
    fake = FakeProgram()
    async with with_program(tmp_path, fake, deadline_s=0.2) as made:
        outcomes: list[object] = []
        for trouble in (None, *Trouble):
            fake.trouble = trouble
            for mode in (Mode.LISTEN, Mode.WHISPER):
                outcomes += await asyncio.gather(made.control.enter(mode, DANA), return_exceptions=True)
        assert any(isinstance(outcome, SwitchError) for outcome in outcomes)
        said = repr(outcomes) + repr((await made.store.audit_log(), made.control.offers(), made.changed, made.control))
        written = capfd.readouterr()
    for private in (PHONE, SECRET, ENVIRONMENT["HOOK_SECRET"]):
        assert private not in said + written.out + written.err


def test_settings_do_not_show_numbers() -> None:
    """The text of the settings, as a traceback has it, holds no number."""
    settings = ControlSettings(supervisors={"Dana": PHONE}, gateways={"pbx": WebhookControl(url="u", secret_env="X")})
    assert PHONE not in repr(settings)
    assert settings.endpoint_of("Dana", "pbx") == PHONE
    assert settings.endpoint_of("Ruth", "pbx") is None
    assert LegTemplates().agent == "{agent_leg}"
