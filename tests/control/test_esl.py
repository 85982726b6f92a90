"""FreeSWITCH's event socket, against a fake of its commands, its eavesdropping session and its events."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.control.fakes.freeswitch import AGENT, CUSTOMER, FakeFreeswitch
from tests.control.fakes.line import listening
from tests.control.fakes.rig import SECRET, Rig
from tests.control.fakes.running import following
from tests.control.fakes.web import Trouble
from tests.eventually import eventually
from voicerisk.control import eavesdrop
from voicerisk.control.esl import EslControl, EslSwitch
from voicerisk.control.link import Link
from voicerisk.control.modes import Mode
from voicerisk.control.place import Legs
from voicerisk.control.problems import Problem, SwitchError
from voicerisk.control.switch import LegGone, LegHeld, LegMoved, SeatGone, SwitchEvent


@asynccontextmanager
async def freeswitch(
    fake: FakeFreeswitch, agent: str = AGENT, endpoint: str = "user/3001"
) -> AsyncIterator[tuple[Rig, list[SwitchEvent]]]:
    """An adapter that is logged in at the fake, and what it has told."""
    async with listening(fake.serve) as port:
        settings = EslControl(host="127.0.0.1", port=port, password_env="A_SECRET")
        switch = EslSwitch(settings, Link("fork", first_pause_s=0.01))
        rig = Rig("esl", switch, fake, Legs(call=CUSTOMER, agent=agent, customer=CUSTOMER), endpoint)
        async with following(switch) as told:
            yield rig, told


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_SECRET", SECRET)


async def test_from_mode_to_mode_and_never_1() -> None:
    """Through every change of mode the commands are 0, 2 and 3; 1, heard by the customer alone, is never sent."""
    fake = FakeFreeswitch()
    heard = {Mode.LISTEN: set(), Mode.WHISPER: {"agent"}, Mode.BARGE: {"agent", "customer"}}
    async with freeswitch(fake) as (rig, _):
        seat = None
        for mode in (Mode.LISTEN, Mode.WHISPER, Mode.LISTEN, Mode.BARGE, Mode.WHISPER, Mode.BARGE, Mode.LISTEN):
            seat = await rig.switch.enter(mode, rig.place, seat)
            assert fake.heard_by() == heard[mode]
        assert not fake.keys_work
        commands = [line for text in fake.seen for line in text.split("\n") if line.startswith("eavesdrop-command")]
        assert {line.split(": ")[1] for line in commands} == {"0", "2", "3"}
        assert sum("originate" in text for text in fake.seen) == 1
        assert not any("uuid_recv_dtmf" in text for text in fake.seen)
        assert await rig.switch.leave(rig.place, seat) == ""
        assert not fake.is_on()
        assert await rig.switch.leave(rig.place, seat) == ""


def test_there_is_no_name_for_1() -> None:
    """Nothing in the vocabulary of commands means "the other leg alone"."""
    assert {ear.value for ear in eavesdrop.Ear} == {"0", "2", "3"}
    with pytest.raises(ValueError, match="1"):
        eavesdrop.Ear("1")


async def test_joining_in_whisper_is_unheard_first() -> None:
    """A phone that is picked up listens before it whispers: the first command comes after the answer."""
    fake = FakeFreeswitch()
    async with freeswitch(fake) as (rig, _):
        await rig.switch.enter(Mode.WHISPER, rig.place, None)
        assert fake.heard_by() == {"agent"}
        kinds = [text.split(" ")[0] for text in fake.seen]
        assert kinds.index("bgapi") < kinds.index("sendevent")


async def test_taking_over() -> None:
    """The customer's leg is bridged with the supervisor's, and the agent's is hung up."""
    fake = FakeFreeswitch()
    async with freeswitch(fake) as (rig, _):
        seat = await rig.switch.enter(Mode.LISTEN, rig.place, None)
        await rig.switch.enter(Mode.TAKE_OVER, rig.place, seat)
        assert (fake.heard_by(), fake.has_agent()) == ({"customer"}, False)


async def test_taking_over_is_no_transfer() -> None:
    """That the customer is bridged with the supervisor does not count as being passed on."""
    fake = FakeFreeswitch()
    async with freeswitch(fake) as (rig, told):
        fake.tell("CHANNEL_BRIDGE", Unique_ID=CUSTOMER, Bridge_A_Unique_ID=CUSTOMER, Bridge_B_Unique_ID=AGENT)
        seat = await rig.switch.enter(Mode.TAKE_OVER, rig.place, None)
        fake.tell("CHANNEL_BRIDGE", Unique_ID=CUSTOMER, Bridge_A_Unique_ID=CUSTOMER, Bridge_B_Unique_ID=seat.leg)
        fake.tell("CHANNEL_HOLD", Unique_ID=CUSTOMER)
        await eventually(lambda: LegHeld((CUSTOMER,)) in told)
        assert not any(isinstance(event, LegMoved) for event in told)


async def test_the_agent_is_found_by_the_bridge() -> None:
    """Where the gateway told the customer's leg alone, the agent is whoever it is bridged with, or nobody."""
    fake = FakeFreeswitch()
    async with freeswitch(fake, agent="") as (rig, _):
        await rig.switch.enter(Mode.WHISPER, rig.place, None)
        assert fake.heard_by() == {"agent"}
        fake.hang_up(AGENT)
        with pytest.raises(SwitchError, match="nobody bridged") as error:
            await rig.switch.enter(Mode.LISTEN, rig.place, None)
        assert error.value.problem is Problem.NO_SUCH_CHANNEL


@pytest.mark.parametrize("agent", ["x) &system(ls", f"{AGENT} x", f"{AGENT}\n\napi shutdown"])
async def test_a_leg_cannot_smuggle_a_command(agent: str) -> None:
    """What the gateway told as the agent's leg must be a UUID, or nothing is sent."""
    fake = FakeFreeswitch()
    async with freeswitch(fake, agent) as (rig, _):
        with pytest.raises(SwitchError) as refused:
            await rig.switch.enter(Mode.LISTEN, rig.place, None)
        assert refused.value.problem is Problem.NOT_POSSIBLE
        assert not any("api" in text for text in fake.seen)


async def test_an_endpoint_is_one_phone() -> None:
    """An address that would run something else is refused."""
    fake = FakeFreeswitch()
    async with freeswitch(fake, endpoint="user/1 &system(ls)") as (rig, _):
        with pytest.raises(SwitchError, match="address of your phone"):
            await rig.switch.enter(Mode.LISTEN, rig.place, None)
        assert not fake.is_on()


@pytest.mark.parametrize(("cause", "words"), [("USER_BUSY", "busy"), ("NO_ANSWER", "not picked up"), ("ODD", "ODD")])
async def test_a_phone_that_does_not_answer(cause: str, words: str) -> None:
    """What became of the supervisor's phone is said in words."""
    fake = FakeFreeswitch()
    fake.rings = cause
    async with freeswitch(fake) as (rig, _):
        with pytest.raises(SwitchError, match=words) as error:
            await rig.switch.enter(Mode.LISTEN, rig.place, None)
        assert error.value.problem is Problem.NOT_ANSWERED


async def test_a_seat_that_is_gone() -> None:
    """To change the mode of a phone that has hung up says so."""
    fake = FakeFreeswitch()
    async with freeswitch(fake) as (rig, _):
        seat = await rig.switch.enter(Mode.LISTEN, rig.place, None)
        fake.legs.discard(seat.leg)
        with pytest.raises(SwitchError, match="has hung up") as error:
            await rig.switch.enter(Mode.BARGE, rig.place, seat)
        assert error.value.problem is Problem.GONE


async def test_what_freeswitch_tells() -> None:
    """Hang-ups, holds and transfers come as what they mean; a leg that is bridged anew was passed on."""
    fake = FakeFreeswitch()
    async with freeswitch(fake) as (rig, told):
        seat = await rig.switch.enter(Mode.LISTEN, rig.place, None)
        fake.tell("CHANNEL_BRIDGE", Unique_ID=CUSTOMER, Bridge_A_Unique_ID=CUSTOMER, Bridge_B_Unique_ID=AGENT)
        fake.tell("CHANNEL_HOLD", Unique_ID=AGENT)
        moved = {"Bridge_A_Unique_ID": CUSTOMER, "Bridge_B_Unique_ID": "other"}
        fake.tell("CHANNEL_BRIDGE", Unique_ID=CUSTOMER, Other_Leg_Destination_Number="2002", **moved)
        fake.hang_up(seat.leg)
        await eventually(lambda: len(told) == 4)
        assert told == [
            LegHeld((AGENT,)),
            LegMoved((CUSTOMER,), "2002"),
            SeatGone(rig.place.key, "Your phone has hung up."),
            LegGone((seat.leg,), "NORMAL_CLEARING"),
        ]


async def test_a_broken_connection_is_made_again() -> None:
    """What waits for an answer is told that nobody knows; afterwards the next action works."""
    fake = FakeFreeswitch()
    async with freeswitch(fake) as (rig, _):
        link = rig.switch.link
        assert link is not None
        fake.trouble = Trouble.TIMEOUT
        waiting = asyncio.create_task(rig.switch.enter(Mode.LISTEN, rig.place, None))
        await eventually(lambda: any("uuid_exists" in text for text in fake.seen))
        for writer in fake.writers:
            writer.transport.abort()
        with pytest.raises(SwitchError, match="not known") as error:
            await waiting
        assert error.value.problem is Problem.TIMEOUT
        fake.trouble = None
        await eventually(lambda: link.is_up)
        await rig.switch.enter(Mode.LISTEN, rig.place, None)
        assert fake.is_on()


async def test_a_wrong_password_is_said_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """The link says what is wrong, without the secret."""
    monkeypatch.setenv("A_SECRET", "not-the-right-one")
    async with listening(FakeFreeswitch().serve) as port:
        link = Link("fork", first_pause_s=5.0)
        switch = EslSwitch(EslControl(host="127.0.0.1", port=port, password_env="A_SECRET"), link)
        task = asyncio.create_task(switch.follow(lambda _: None))
        await eventually(lambda: "did not accept" in (link.problem or ""))
        assert "not-the-right-one" not in (link.problem or "")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
