"""FreeSWITCH through its event socket: the supervisor's phone is called into `eavesdrop` on the agent's leg.

The mode changes by an event to the eavesdropping session (`eavesdrop`); to take over, the customer's leg is bridged
with the supervisor's, and the agent's hung up.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final

import msgspec

from voicerisk.control import eavesdrop
from voicerisk.control.esl_codec import EslCodec, EslError, EslMessage, encode_command
from voicerisk.control.esl_events import WANTED, Bridges, read_event
from voicerisk.control.link import Link
from voicerisk.control.modes import Mode
from voicerisk.control.place import ForkedLegs, Place, wanted
from voicerisk.control.problems import Problem, SwitchError, quoted
from voicerisk.control.secret import from_env
from voicerisk.control.switch import Seat, SeatGone, Tell

_READ_BYTES: Final = 65_536
_LOG_IN_WITHIN_S: Final = 10.0
_PING_S: Final = 20.0


class EslControl(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="esl"):
    """A FreeSWITCH's event socket (event_socket.conf.xml)."""

    host: str
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 8021
    password_env: str
    """Environment variable with the event socket's password."""

    caller_id: Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9_.-]{1,40}$")] = "voicerisk"
    """What the supervisor's phone shows."""

    ring_s: Annotated[float, msgspec.Meta(gt=0, le=120)] = 25.0
    legs: ForkedLegs = ForkedLegs()
    """Channel UUIDs. A fork names its call by the UUID of its leg, as a rule the customer's. Where the agent's is not
    told, it is whoever the customer's is bridged with."""


class EslSwitch:
    """See `switch.Switch`."""

    def __init__(self, settings: EslControl, link: Link) -> None:
        self._settings = settings
        self.link = link
        self.ring_s = settings.ring_s
        self.cannot: Mapping[Mode, str] = {}
        self._writer: asyncio.StreamWriter | None = None
        self._replies: deque[asyncio.Future[EslMessage]] = deque()  # replies come in the order of the commands
        self._jobs: dict[str, asyncio.Future[str]] = {}
        self._bridges = Bridges()
        self._seats: set[str] = set()

    async def enter(self, mode: Mode, at: Place, seat: Seat | None) -> Seat:
        """The supervisor's leg: eavesdropping on the agent's, or bridged with the customer's."""
        told = at.legs.agent and wanted(at.legs.agent, "agent's leg", eavesdrop.UUID)
        needs_customer = mode is Mode.TAKE_OVER or not told
        customer = wanted(at.legs.customer, "customer's leg", eavesdrop.UUID) if needs_customer else ""
        await self.link.must_be_up()
        agent = told or await self._partner(customer)
        if seat is None:
            await self._must_exist(agent)
            await self._call_phone(at, agent)  # unheard at first
        else:
            await self._must_exist(seat.leg, Problem.GONE, "Your phone has hung up.")
        if mode is Mode.TAKE_OVER:
            await self._api(f"uuid_bridge {customer} {at.key}")
            await self._hang_up(agent)
        elif mode is not Mode.LISTEN or seat is not None:
            _check(await self._command(*eavesdrop.session_event(at.key, eavesdrop.EARS[mode])))
        return Seat(leg=at.key)

    async def leave(self, at: Place, seat: Seat | None) -> str:
        """Hangs up the supervisor's leg, by the id that we gave it."""
        await self.link.must_be_up()
        await self._hang_up(at.key)
        return ""

    async def follow(self, tell: Tell) -> None:
        """Holds the connection, over which commands go and events come."""
        await self.link.keep(lambda: self._serve(tell))

    async def close(self) -> None:
        """Lets the connection go."""
        if self._writer is not None:
            self._writer.close()

    # Commands

    async def _must_exist(
        self,
        leg: str,
        problem: Problem = Problem.NO_SUCH_CHANNEL,
        words: str = "FreeSWITCH has no such channel for the agent's leg (any more).",
    ) -> None:
        if await self._api(f"uuid_exists {leg}") != "true":
            raise SwitchError(problem, words)

    async def _partner(self, customer: str) -> str:
        """The leg that the customer's is bridged with."""
        partner = await self._api(f"uuid_getvar {customer} bridge_uuid")
        if not eavesdrop.UUID.fullmatch(partner):
            words = "FreeSWITCH shows nobody bridged with the customer (any more)."
            raise SwitchError(Problem.NO_SUCH_CHANNEL, words)
        return partner

    async def _call_phone(self, at: Place, agent: str) -> None:
        """Returns once the supervisor has picked up. As a job, for FreeSWITCH answers nothing else while it rings."""
        settings = self._settings
        line = eavesdrop.originate(at.key, at.endpoint, agent, settings.ring_s, settings.caller_id)
        self._seats.add(at.key)
        outcome = self._jobs[at.key] = asyncio.get_running_loop().create_future()
        try:
            _check(await self._command(f"bgapi {line}", {"Job-UUID": at.key}))
            answer = await outcome
        finally:
            self._jobs.pop(at.key, None)
        if not answer.startswith("+OK"):
            self._seats.discard(at.key)
            raise eavesdrop.not_answered(answer)

    async def _hang_up(self, leg: str) -> None:
        try:
            await self._api(f"uuid_kill {leg}")
        except SwitchError as error:
            if error.problem is not Problem.NO_SUCH_CHANNEL:
                raise

    async def _api(self, line: str) -> str:
        """What FreeSWITCH answers to an API command. Raises `SwitchError` for "-ERR"."""
        reply = await self._command(f"api {line}")
        return _check(reply)

    async def _command(self, line: str, headers: Mapping[str, str] | None = None) -> EslMessage:
        writer = self._writer
        if writer is None:
            raise SwitchError(Problem.UNREACHABLE, "The connection to FreeSWITCH is down; nothing was done.")
        try:
            encoded = encode_command(line, headers)
        except ValueError:
            words = "Something in the settings cannot be said to FreeSWITCH."
            raise SwitchError(Problem.NOT_POSSIBLE, words) from None
        reply: asyncio.Future[EslMessage] = asyncio.get_running_loop().create_future()
        self._replies.append(reply)
        writer.write(encoded)
        return await reply

    # The connection

    async def _serve(self, tell: Tell) -> None:
        settings = self._settings
        async with asyncio.timeout(_LOG_IN_WITHIN_S):
            reader, writer = await asyncio.open_connection(settings.host, settings.port)
        self._writer, codec = writer, EslCodec()
        keeping = asyncio.get_running_loop().create_task(self._keep())
        try:
            while data := await reader.read(_READ_BYTES):
                for message in codec.receive(data):
                    self._take(message, tell)
                if keeping.done():
                    break
            if keeping.done():
                keeping.result()
        except EslError as error:
            raise SwitchError(Problem.REFUSED, f"What answers is not FreeSWITCH's event socket: {error}.") from None
        finally:
            keeping.cancel()
            self._writer = None
            writer.close()
            _fail(self._replies)
            _fail(self._jobs.values())
            self._replies.clear()

    async def _keep(self) -> None:
        """Logs in, asks for the events, and then now and then whether FreeSWITCH is still there."""
        try:
            async with asyncio.timeout(_LOG_IN_WITHIN_S):
                greeting = asyncio.get_running_loop().create_future()
                self._replies.append(greeting)
                await greeting
                answer = await self._command(f"auth {from_env(self._settings.password_env)}")
                if not answer.headers.get("reply-text", "").startswith("+OK"):
                    raise SwitchError(Problem.FORBIDDEN, "FreeSWITCH did not accept the event socket's password.")
                _check(await self._command("event json " + " ".join(WANTED)))
            self.link.up()
            while True:
                await asyncio.sleep(_PING_S)
                async with asyncio.timeout(_LOG_IN_WITHIN_S):
                    await self._api("uuid_exists 00000000-0000-0000-0000-000000000000")
        finally:
            if self._writer is not None:
                self._writer.transport.abort()

    def _take(self, message: EslMessage, tell: Tell) -> None:
        match message.kind:
            case "auth/request" | "command/reply" | "api/response":
                if self._replies and not (reply := self._replies.popleft()).done():
                    reply.set_result(message)
            case "text/event-json":
                event = read_event(message.body)
                if event is not None:
                    self._happened(event, tell)
            case "text/rude-rejection":
                raise SwitchError(Problem.FORBIDDEN, "FreeSWITCH lets nobody in from this address (its access list).")
            case _:
                pass

    def _happened(self, event: Mapping[str, str], tell: Tell) -> None:
        if event.get("Event-Name") == "BACKGROUND_JOB":
            outcome = self._jobs.get(event.get("Job-UUID", ""))
            if outcome is not None and not outcome.done():
                outcome.set_result(event.get("_body", ""))
            return
        if event.get("Event-Name") == "CHANNEL_HANGUP_COMPLETE":
            leg = event.get("Unique-ID", "")
            self._seats.discard(leg)
            tell(SeatGone(leg, "Your phone has hung up."))
        facts = self._bridges.facts_in(event)
        # A customer who is bridged with one of our supervisors was not transferred.
        if not self._seats.intersection(event.values()) or event.get("Event-Name") != "CHANNEL_BRIDGE":
            for fact in facts:
                tell(fact)


def _fail(waiting: Iterable[asyncio.Future[Any]]) -> None:
    for one in waiting:
        if not one.done():
            words = "The connection to FreeSWITCH broke; it is not known whether it was done."
            one.set_exception(SwitchError(Problem.TIMEOUT, words))
            one.exception()  # whoever waited for it may have gone


def _check(reply: EslMessage) -> str:
    """What was answered. Raises `SwitchError` for a refusal."""
    said = (reply.body.decode(errors="replace") or reply.headers.get("reply-text", "")).strip()
    if not said.startswith("-ERR"):
        return said
    lowered = said.lower()
    if "no such channel" in lowered or "cannot locate" in lowered or "invalid uuid" in lowered:
        raise SwitchError(Problem.NO_SUCH_CHANNEL, "FreeSWITCH has no such channel (any more).")
    if "permission" in lowered or "not allowed" in lowered or "invalid" in lowered:
        raise SwitchError(Problem.FORBIDDEN, f"FreeSWITCH does not allow it: {quoted(said)}")
    raise SwitchError(Problem.REFUSED, f"FreeSWITCH refused: {quoted(said)}")
