"""Asterisk's manager interface, against a fake of its actions and events."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.control.fakes.asterisk import AGENT, AGENT_NAME, CUSTOMER
from tests.control.fakes.line import listening
from tests.control.fakes.manager import FakeManager
from tests.control.fakes.rig import SECRET, Rig
from tests.control.fakes.running import following
from tests.eventually import eventually
from voicerisk.control.ami import AmiControl, AmiSwitch
from voicerisk.control.link import Link
from voicerisk.control.modes import Mode
from voicerisk.control.place import Legs
from voicerisk.control.problems import Problem, SwitchError
from voicerisk.control.switch import LegGone, LegMoved, LegResumed, SeatGone, SwitchEvent


@asynccontextmanager
async def manager(
    fake: FakeManager, endpoint: str = "PJSIP/3001", customer: str = "", agent: str = AGENT
) -> AsyncIterator[tuple[Rig, list[SwitchEvent]]]:
    """An adapter that is logged in at the fake, and what it has told."""
    async with listening(fake.serve) as port:
        settings = AmiControl(host="127.0.0.1", port=port, user="voicerisk", password_env="A_SECRET")
        switch = AmiSwitch(settings, Link("asterisk", first_pause_s=0.01))
        rig = Rig("ami", switch, fake, Legs(call="c", agent=agent, customer=customer), endpoint)
        async with following(switch) as told:
            yield rig, told


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_SECRET", SECRET)


async def test_from_mode_to_mode() -> None:
    """One call to the phone; each change sets ChanSpy's options and sends the channel to the dialplan anew."""
    fake = FakeManager()
    async with manager(fake) as (rig, _):
        seat = None
        for mode, heard in (
            (Mode.WHISPER, {"agent"}), (Mode.BARGE, {"agent", "customer"}), (Mode.LISTEN, set()),
        ):  # fmt: skip
            seat = await rig.switch.enter(mode, rig.place, seat)
            assert fake.heard_by() == heard
        assert [seen["Action"] for seen in fake.seen].count("Originate") == 1
        assert await rig.switch.leave(rig.place, seat) == ""
        assert not fake.is_on()
        assert await rig.switch.leave(rig.place, seat) == ""


async def test_no_keys_of_the_phone_change_who_hears() -> None:
    """ChanSpy is never given `d`, with which the supervisor's own keys would switch to whisper or barge."""
    fake = FakeManager()
    async with manager(fake) as (rig, _):
        seat = None
        for mode in (Mode.LISTEN, Mode.WHISPER, Mode.BARGE):
            seat = await rig.switch.enter(mode, rig.place, seat)
            assert "d" not in fake.options


@pytest.mark.parametrize("customer", ["", CUSTOMER])
async def test_taking_over(customer: str) -> None:
    """The customer ends up with the supervisor and without the agent, told by the gateway or found in the bridge."""
    fake = FakeManager()
    async with manager(fake, customer=customer) as (rig, _):
        await rig.switch.enter(Mode.TAKE_OVER, rig.place, None)
        assert (fake.heard_by(), fake.has_agent()) == ({"customer"}, False)


async def test_the_agent_is_found_by_the_bridge() -> None:
    """Where the gateway told the customer's channel alone, the agent is the other one in its bridge."""
    fake = FakeManager()
    async with manager(fake, customer=CUSTOMER, agent="") as (rig, _):
        await rig.switch.enter(Mode.WHISPER, rig.place, None)
        assert fake.heard_by() == {"agent"}
    fake = FakeManager()
    fake.channels["PJSIP/2002-00000014"] = "17.3"
    fake.bridges["PJSIP/2002-00000014"] = "b-1"
    async with manager(fake, customer=CUSTOMER, agent="") as (rig, _):
        with pytest.raises(SwitchError, match="tell both channels"):
            await rig.switch.enter(Mode.LISTEN, rig.place, None)
        assert not fake.is_on()


async def test_an_endpoint_cannot_smuggle_an_action() -> None:
    """An address with a line's end in it is refused, and nothing of it is sent."""
    fake = FakeManager()
    async with manager(fake, endpoint="PJSIP/3001\r\nAction: Command") as (rig, _):
        with pytest.raises(SwitchError) as refused:
            await rig.switch.enter(Mode.LISTEN, rig.place, None)
        assert refused.value.problem is Problem.NOT_POSSIBLE
        assert not any(seen["Action"] in ("Originate", "Command") for seen in fake.seen)


@pytest.mark.parametrize(
    ("reason", "words"), [("5", "busy"), ("3", "did not answer"), ("77", "before it was picked up")]
)
async def test_a_phone_that_does_not_answer(reason: str, words: str) -> None:
    """What became of the supervisor's phone is said in words."""
    fake = FakeManager()
    fake.rings = reason
    async with manager(fake) as (rig, _):
        with pytest.raises(SwitchError, match=words) as error:
            await rig.switch.enter(Mode.LISTEN, rig.place, None)
        assert error.value.problem is Problem.NOT_ANSWERED


async def test_what_asterisk_tells() -> None:
    """Hang-ups, holds and transfers come as what they mean."""
    fake = FakeManager()
    async with manager(fake) as (rig, told):
        seat = await rig.switch.enter(Mode.LISTEN, rig.place, None)
        fake.tell("Unhold", Channel=AGENT_NAME, Uniqueid=AGENT)
        fake.tell("BlindTransfer", Result="Success", Extension="support", TransfereeChannel="PJSIP/trunk-00000011")
        fake.tell("VarSet", Channel=AGENT_NAME)
        fake.hang_up(seat.leg)
        await eventually(lambda: len(told) == 4)
        assert told == [
            LegResumed((AGENT, AGENT_NAME)),
            LegMoved(("PJSIP/trunk-00000011",), "support"),
            SeatGone(rig.place.key, "Your phone has hung up."),
            LegGone((rig.place.key, seat.leg), "Normal Clearing"),
        ]


async def test_a_broken_connection_is_made_again() -> None:
    """What was under way says that nobody knows; afterwards the next action works."""
    fake = FakeManager()
    async with manager(fake) as (rig, _):
        assert rig.switch.link is not None
        for writer in fake.writers:
            writer.transport.abort()
        await eventually(lambda: rig.switch.link and not rig.switch.link.is_up)
        await rig.switch.enter(Mode.LISTEN, rig.place, None)
        assert fake.is_on()
        assert len(fake.writers) == 2


async def test_a_switch_that_is_away() -> None:
    """While the connection is down an action says so soon, and that nothing was done."""
    link = Link("asterisk")
    link.down("connection refused")
    settings = AmiControl(host="127.0.0.1", port=1, user="voicerisk", password_env="A_SECRET")
    rig = Rig("ami", AmiSwitch(settings, link), FakeManager(), Legs(call="c", agent=AGENT), "PJSIP/3001")
    with pytest.raises(SwitchError, match="nothing was done: connection refused") as error:
        await rig.switch.enter(Mode.LISTEN, rig.place, None)
    assert error.value.problem is Problem.UNREACHABLE


async def test_a_wrong_password_is_said_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """The link says what is wrong, without the secret."""
    monkeypatch.setenv("A_SECRET", "not-the-right-one")
    async with listening(FakeManager().serve) as port:
        settings = AmiControl(host="127.0.0.1", port=port, user="voicerisk", password_env="A_SECRET")
        link = Link("asterisk", first_pause_s=5.0)
        switch = AmiSwitch(settings, link)
        task = asyncio.create_task(switch.follow(lambda _: None))
        await eventually(lambda: "did not accept" in (link.problem or ""))
        assert "not-the-right-one" not in (link.problem or "")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
