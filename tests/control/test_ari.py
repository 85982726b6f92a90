"""Asterisk's ARI, against a fake of its channels, bridges and events."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs

from tests.control.fakes.asterisk import AGENT, AGENT_NAME, CUSTOMER, FakeAri
from tests.control.fakes.rig import SECRET, Rig
from tests.control.fakes.running import following
from tests.control.fakes.web import serving
from tests.eventually import eventually
from voicerisk.control.ari import AriControl, AriSwitch
from voicerisk.control.link import Link
from voicerisk.control.modes import Mode
from voicerisk.control.place import Legs
from voicerisk.control.problems import Problem, SwitchError
from voicerisk.control.switch import LegGone, LegHeld, LegMoved, SeatGone, SwitchEvent


@asynccontextmanager
async def asterisk(
    fake: FakeAri, way: str = "chanspy", agent: str = AGENT
) -> AsyncIterator[tuple[Rig, list[SwitchEvent]]]:
    """An adapter that is connected to the fake, and what it has told."""
    async with serving(fake.web, fake.route) as web:
        settings = AriControl(url=f"{web.url}/ari", user="voicerisk", password_env="A_SECRET", way=way)  # type: ignore[arg-type]
        switch = AriSwitch(settings, Link("asterisk", first_pause_s=0.01))
        rig = Rig("ari", switch, fake, Legs(call="c", agent=agent, customer=CUSTOMER), "PJSIP/3001")
        async with following(switch) as told:
            yield rig, told


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_SECRET", SECRET)


@pytest.mark.parametrize("way", ["chanspy", "snoop"])
async def test_the_phone_rings_once_and_stays(way: str) -> None:
    """From mode to mode only the channel that is listened through changes; nobody else ever hears the supervisor."""
    fake = FakeAri()
    async with asterisk(fake, way) as (rig, _):
        seat = None
        for mode, heard in (
            (Mode.LISTEN, set()), (Mode.WHISPER, {"agent"}), (Mode.BARGE, {"agent", "customer"}), (Mode.LISTEN, set()),
        ):  # fmt: skip
            seat = await rig.switch.enter(mode, rig.place, seat)
            assert fake.heard_by() == heard
        calls = [seen for seen in fake.web.seen if seen.json.get("endpoint") == "PJSIP/3001"]
        assert len(calls) == 1
        assert await rig.switch.leave(rig.place, seat) == ""
        assert set(fake.channels) == {AGENT, CUSTOMER}
        assert set(fake.bridges) == {"the-call"}


@pytest.mark.parametrize("agent", [AGENT, AGENT_NAME, "PJSIP/2001"])
async def test_the_agent_by_id_name_or_endpoint(agent: str) -> None:
    """However the gateway told the agent's channel, ChanSpy is given its whole name."""
    fake = FakeAri()
    async with asterisk(fake, agent=agent) as (rig, _):
        await rig.switch.enter(Mode.WHISPER, rig.place, None)
        assert fake.heard_by() == {"agent"}


async def test_the_agent_is_found_by_the_bridge() -> None:
    """Where the gateway told the customer's channel alone, the agent is the other one in its bridge, or nobody."""
    fake = FakeAri()
    async with asterisk(fake, agent="") as (rig, _):
        await rig.switch.enter(Mode.WHISPER, rig.place, None)
        assert fake.heard_by() == {"agent"}
    fake = FakeAri()
    fake.bridges["the-call"]["channels"].remove(AGENT)
    async with asterisk(fake, agent="") as (rig, _):
        with pytest.raises(SwitchError, match="tell both channels") as error:
            await rig.switch.enter(Mode.LISTEN, rig.place, None)
        assert error.value.problem is Problem.NO_SUCH_CHANNEL


async def test_an_endpoint_with_two_calls_is_refused() -> None:
    """Where the endpoint does not say which call, no phone rings; nor for a name that only begins alike."""
    fake = FakeAri()
    fake.channels["other"] = {"id": "other", "name": "PJSIP/2001-00000099"}
    async with asterisk(fake, agent="PJSIP/2001") as (rig, _):
        with pytest.raises(SwitchError, match="more than one call") as refused:
            await rig.switch.enter(Mode.LISTEN, rig.place, None)
        assert refused.value.problem is Problem.NOT_POSSIBLE
    async with asterisk(FakeAri(), agent="PJSIP/200") as (rig, _):
        with pytest.raises(SwitchError) as unknown:
            await rig.switch.enter(Mode.LISTEN, rig.place, None)
        assert unknown.value.problem is Problem.NO_SUCH_CHANNEL
    assert not fake.is_on()


@pytest.mark.parametrize(("cause", "words"), [(17, "busy"), (19, "not picked up"), (99, "cause 99")])
async def test_a_phone_that_does_not_answer(cause: int, words: str) -> None:
    """A phone that is busy or not picked up is said in words, and nothing stays on the switch."""
    fake = FakeAri()
    fake.rings = cause
    async with asterisk(fake) as (rig, _):
        with pytest.raises(SwitchError, match=words) as error:
            await rig.switch.enter(Mode.LISTEN, rig.place, None)
        assert error.value.problem is Problem.NOT_ANSWERED
        assert not fake.is_on()


async def test_a_phone_that_asterisk_does_not_know() -> None:
    """An endpoint without a registered phone is said as such, not as an error of Asterisk."""
    fake = FakeAri()
    fake.knows_phone = False
    async with asterisk(fake) as (rig, _):
        with pytest.raises(SwitchError, match="is it registered") as error:
            await rig.switch.enter(Mode.LISTEN, rig.place, None)
        assert error.value.problem is Problem.NOT_ANSWERED


async def test_a_missing_context_is_named() -> None:
    """Without the dialplan's lines for ChanSpy the words say which context is missing."""
    fake = FakeAri()
    fake.has_context = False
    async with asterisk(fake) as (rig, _):
        with pytest.raises(SwitchError, match=r"\[voicerisk-spy\] in extensions.conf"):
            await rig.switch.enter(Mode.LISTEN, rig.place, None)


async def test_a_call_of_the_dialplan_cannot_be_taken_over_by_ari() -> None:
    """ARI cannot move the parties of a bridge that is not its own: said before a phone rings."""
    fake = FakeAri(stasis_bridge=False)
    async with asterisk(fake) as (rig, _):
        with pytest.raises(SwitchError, match="the AMI adapter can"):
            await rig.switch.enter(Mode.TAKE_OVER, rig.place, None)
        assert not fake.is_on()
        assert fake.has_agent()


async def test_what_asterisk_tells() -> None:
    """Hang-ups, holds and transfers come as what they mean; the end of the supervisor's phone ends the seat."""
    fake = FakeAri()
    async with asterisk(fake) as (rig, told):
        seat = await rig.switch.enter(Mode.LISTEN, rig.place, None)
        assert "ChannelDestroyed" in fake.filter
        await fake.tell("ChannelHold", channel=fake.channels[AGENT])
        await fake.tell("BridgeBlindTransfer", channel=fake.channels[AGENT], exten="+4930123456789", result="Success")
        await fake.tell("Surprise", channel=7)
        for socket in fake.connections:
            await socket.send_text("{")
        await fake.destroy(CUSTOMER)
        await fake.destroy(seat.leg)
        await eventually(lambda: len(told) == 5)
        assert told == [
            LegHeld((AGENT, AGENT_NAME)),
            LegMoved((AGENT, AGENT_NAME), "outside"),
            LegGone((CUSTOMER, "PJSIP/trunk-00000011"), "Normal Clearing"),
            SeatGone(rig.place.key, "Your phone has hung up."),
            LegGone((seat.leg, "PJSIP/3001-00000013"), "Normal Clearing"),
        ]


async def test_a_broken_event_connection_is_made_again() -> None:
    """While it is down the link says why; afterwards the next action works."""
    fake = FakeAri()
    async with asterisk(fake) as (rig, _):
        link = rig.switch.link
        assert link is not None
        await fake.connections[0].close(1011)
        await eventually(lambda: not link.is_up)
        await rig.switch.enter(Mode.LISTEN, rig.place, None)
        assert fake.is_on()


async def test_another_program_under_our_name() -> None:
    """Asterisk tells only the newest program of a name: that is said, and not taken for a quiet switch."""
    fake = FakeAri()
    async with asterisk(fake):
        with capture_logs() as lines:
            await fake.tell("ApplicationReplaced")
            await eventually(lambda: any("Another program" in str(line.get("problem")) for line in lines))


async def test_a_wrong_password_is_said_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """The link says what is wrong, without the secret."""
    monkeypatch.setenv("A_SECRET", "not-the-right-one")
    fake = FakeAri()
    async with serving(fake.web, fake.route) as web:
        settings = AriControl(url=f"{web.url}/ari", user="voicerisk", password_env="A_SECRET")
        link = Link("asterisk", first_pause_s=5.0)
        switch = AriSwitch(settings, link)
        task = asyncio.create_task(switch.follow(lambda _: None))
        await eventually(lambda: "403" in (link.problem or ""))
        assert "not-the-right-one" not in (link.problem or "")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await switch.close()
