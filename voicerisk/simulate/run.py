"""One simulated call over any protocol, from its first word to its end, and what became of it."""

import asyncio
import os
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit
from uuid import uuid4

import msgspec
from websockets.exceptions import InvalidHandshake, InvalidURI

from voicerisk import clock
from voicerisk.events import Role
from voicerisk.simulate import asterisk
from voicerisk.simulate.api import Api, ApiError
from voicerisk.simulate.audiohook import AudioHookClient
from voicerisk.simulate.call import SimulatedCall
from voicerisk.simulate.dialogue import PeerError
from voicerisk.simulate.line import delayed
from voicerisk.simulate.play import Progress, play, play_tcp, play_udp
from voicerisk.simulate.proof import SecretError, signed
from voicerisk.simulate.protocols import WAYS

INGEST: Final = "127.0.0.1:8765"
AUDIOSOCKET: Final = "tcp://127.0.0.1:9092"
API: Final = "http://127.0.0.1:8080"

_Result = TypeVar("_Result")
_GOOD_CODE: Final = "1000"
_RECEIVED_WITHIN_S: Final = 3.0


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Where calls are played to. `url` None means this machine and the protocol's usual port and path."""

    url: str | None = None
    api: Api = Api(API)
    secret: str = ""
    """What the gateway signs its request with; see `proof.signed`."""
    speed: float = 1.0
    """Times real time; 0 is as fast as the server takes it, which UDP cannot tell."""


class Played(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one call. `problem` is None if the server took it whole."""

    call_id: str
    sent_s: float
    """Media seconds that were sent."""
    took_s: float
    problem: str | None = None
    note: str = ""


def where(protocol: str, target: Target) -> str:
    """The address to which a call of this protocol goes."""
    way = WAYS[protocol]
    if way.transport == "udp":
        return "the port that the API gives out"
    return target.url or (AUDIOSOCKET if way.transport == "tcp" else f"ws://{INGEST}{way.path}")


def place(protocol: str, target: Target) -> str:
    """The same without the path, which may hold a token, and without a password."""
    address = where(protocol, target)
    return urlsplit(address).netloc.rpartition("@")[2] or address


async def play_call(protocol: str, call: SimulatedCall, target: Target, progress: Progress | None = None) -> Played:
    """Plays one call to its end; what hinders it is told in the answer. Raises `AudioFileError` for the file alone."""
    way, began_s, sent_s = WAYS[protocol], clock.monotonic_s(), 0.0
    call.known_roles()  # a file that cannot be used is told before anything is sent

    def told(at_s: float) -> None:
        nonlocal sent_s
        sent_s = max(sent_s, at_s)
        if progress is not None:
            progress(at_s)

    call_id, note, problem = call.call_id, "", None
    try:
        if protocol == "audiohook":
            call_id, problem = await _audiohook(call, target, told)
        elif way.transport == "tcp":
            problem = await _audiosocket(call, where(protocol, target), target, told)
        elif way.transport == "udp":
            note, problem = await _rtp(call, target, told)
        else:
            problem = await _websocket(protocol, call, target, told)
    except OSError as error:
        what = os.strerror(error.errno) if error.errno else str(error)
        problem = f"{place(protocol, target)}: {what}; is the server running?"
    except (InvalidHandshake, InvalidURI, ApiError, SecretError) as error:
        problem = str(error)
    except PeerError as error:
        problem = f"the server broke the protocol: {error}"
    took_s = clock.monotonic_s() - began_s
    return Played(call_id=call_id, sent_s=sent_s, took_s=took_s, problem=problem, note=note)


def _headers(protocol: str, url: str, target: Target, headers: Mapping[str, str]) -> Mapping[str, str]:
    return signed(protocol, url, headers, target.secret, clock.now_s()) if target.secret else headers


async def _websocket(protocol: str, call: SimulatedCall, target: Target, told: Progress) -> str | None:
    way, url = WAYS[protocol], where(protocol, target)
    if way.source is not None:
        sources = [way.source(call)]
    elif way.party_source is not None:
        sources = [way.party_source(call, party) for party in range(len(call.known_roles()))]
    else:
        raise ValueError("a way in without a source")
    endings = await _all(
        [
            play(
                url,
                source if way.overtakes else delayed(source, call.line, call.length_s, call.call_id),
                speed=target.speed,
                progress=told,
                headers=_headers(protocol, url, target, {}),
                subprotocols=way.subprotocols,
                abrupt=call.line.abrupt,
            )
            for source in sources
        ]
    )
    return _problem(endings, call)


async def _audiohook(call: SimulatedCall, target: Target, told: Progress) -> tuple[str, str | None]:
    client, url = AudioHookClient(call), where("audiohook", target)
    ending = await play(
        url,
        delayed(client.turns(), call.line, call.length_s, call.call_id),
        speed=target.speed,
        progress=told,
        headers=_headers("audiohook", url, target, client.headers),
        dialogue=client,
        abrupt=call.line.abrupt,
    )
    return client.conversation_id, _problem([ending], call)


async def _audiosocket(call: SimulatedCall, url: str, target: Target, told: Progress) -> str | None:
    parts = urlsplit(url if "://" in url else f"tcp://{url}")
    host, port = parts.hostname, parts.port
    if host is None or port is None:
        raise OSError(f"{url}: host and port are wanted, as in {AUDIOSOCKET}")

    async def one(party: int, role: Role) -> str | None:
        uuid = str(uuid4())
        await target.api.ask("POST", "calls/registrations", {"uuid": uuid, **_party(call, role)})
        messages = delayed(asterisk.audiosocket(call, party, uuid), call.line, call.length_s, call.call_id)
        return await play_tcp(host, port, messages, speed=target.speed, progress=told, abrupt=call.line.abrupt)

    return await _first_problem(call, one)


async def _rtp(call: SimulatedCall, target: Target, told: Progress) -> tuple[str, str | None]:
    notes: list[str] = []

    async def one(party: int, role: Role) -> str | None:
        port = await target.api.ask("POST", "rtp", {**_party(call, role), "format": "ulaw"})
        try:
            messages = asterisk.rtp(call, party)
            speed = target.speed or 1.0
            n_sent = await play_udp(port["host"], port["port"], messages, speed=speed, progress=told)
            received = await _received(target.api, port["id"], n_sent)
            notes.append(f"{role}: {received} of {n_sent} packets received")
            return None if received or not n_sent else "no packet was received; is the port reached through a firewall?"
        finally:
            if not call.line.abrupt:
                with suppress(ApiError):
                    await target.api.ask("DELETE", f"rtp/{port['id']}")

    problem = await _first_problem(call, one)
    return "; ".join(notes), problem


async def _received(api: Api, port_id: str, n_sent: int) -> int:
    """How many packets have come, once it is all of them or no more are to be expected."""
    until_s, n_received = clock.monotonic_s() + _RECEIVED_WITHIN_S, 0
    while clock.monotonic_s() < until_s:
        ports: list[dict[str, Any]] = (await api.ask("GET", "rtp"))["ports"]
        n_received = next((port["packets"] for port in ports if port["id"] == port_id), n_received)
        if n_received >= n_sent:
            break
        await asyncio.sleep(0.1)
    return n_received


async def _all(connections: Sequence[Coroutine[Any, Any, _Result]]) -> list[_Result]:
    """What each connection gave, once all have ended. Raises what the first one raised that did."""
    results = await asyncio.gather(*connections, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return [result for result in results if not isinstance(result, BaseException)]


async def _first_problem(
    call: SimulatedCall, one: Callable[[int, Role], Coroutine[Any, Any, str | None]]
) -> str | None:
    problems = await _all([one(party, role) for party, role in enumerate(call.known_roles())])
    return next((problem for problem in problems if problem), None)


def _party(call: SimulatedCall, role: Role) -> dict[str, Any]:
    return {"call_id": call.call_id, "role": str(role), "labels": dict(call.labels)}


def _problem(endings: list[str], call: SimulatedCall) -> str | None:
    if call.line.abrupt:
        return None
    return next((ending for ending in endings if not ending.startswith(_GOOD_CODE)), None)
