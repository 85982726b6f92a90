"""FreeSWITCH 1.10's event socket, after mod_event_socket.c and switch_ivr_eavesdrop_session in switch_ivr_async.c."""

import asyncio
import json
import re
from collections.abc import Set

from tests.control.fakes.rig import SECRET
from tests.control.fakes.web import Trouble

AGENT = "11111111-2222-4333-8444-555555555555"
CUSTOMER = "99999999-8888-4777-8666-555555555555"
_ORIGINATE = re.compile(r"\{(.*)\}(\S+) &eavesdrop\((\S+)\)")
_HEARD: dict[str, Set[str]] = {"0": set(), "1": {"customer"}, "2": {"agent"}, "3": {"agent", "customer"}}


class FakeFreeswitch:
    """One call between a customer and an agent; phones answer at once, unless `rings` gives a hang-up cause."""

    def __init__(self) -> None:
        self.trouble: Trouble | None = None
        self.rings: str | None = None
        self.legs = {AGENT, CUSTOMER}
        self.seat = ""
        self.eavesdrops = ""
        self.digit = "0"
        self.with_customer = False
        self.keys_work = True
        self.seen: list[str] = []
        self.writers: list[asyncio.StreamWriter] = []

    def heard_by(self) -> Set[str]:
        """By the eavesdropping session's last command, or by the bridge."""
        if self.seat not in self.legs:
            return set()
        return {"customer"} if self.with_customer else _HEARD[self.digit] if self.eavesdrops == AGENT else set()

    def is_on(self) -> bool:
        """The supervisor's leg exists."""
        return self.seat in self.legs

    def has_agent(self) -> bool:
        """The agent's leg exists."""
        return AGENT in self.legs

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.writers.append(writer)
        writer.write(b"Content-Type: auth/request\n\n")
        lets_in = False
        while text := (await reader.readuntil(b"\n\n")).decode().strip():
            line, *rest = text.split("\n")
            headers = dict(each.split(": ", 1) for each in rest)
            self.seen.append(text)
            if line.startswith("auth "):
                lets_in = line == f"auth {SECRET}"
                _reply(writer, "+OK accepted" if lets_in else "-ERR invalid")
            elif not lets_in:
                _reply(writer, "-ERR command not found")
            elif self.trouble is Trouble.TIMEOUT:
                continue
            elif line.startswith("api "):
                _response(writer, self._api(line.removeprefix("api ")))
            elif line.startswith("bgapi originate "):
                self._originate(writer, line, headers["Job-UUID"])
            elif line.startswith("sendevent "):
                _reply(writer, self._send_event(headers))
            elif line.startswith("event json "):
                _reply(writer, "+OK event listener enabled json")
            else:
                _reply(writer, "-ERR command not found")

    def tell(self, name: str, **fields: str) -> None:
        """An event for everybody who is connected."""
        body = json.dumps({"Event-Name": name, **{_header(key): value for key, value in fields.items()}})
        for writer in self.writers:
            data = body.encode()
            writer.write(b"Content-Length: %d\nContent-Type: text/event-json\n\n%b" % (len(data), data))

    def hang_up(self, leg: str) -> None:
        """A leg is gone."""
        self.legs.discard(leg)
        self.tell("CHANNEL_HANGUP_COMPLETE", Unique_ID=leg, Hangup_Cause="NORMAL_CLEARING")

    def _api(self, line: str) -> str:
        command, *arguments = line.split(" ")
        if self.trouble is Trouble.REFUSED and command != "uuid_exists":
            return "-ERR Operation not permitted\n"
        gone = self.trouble is Trouble.GONE
        match command:
            case "uuid_exists":
                return "false" if gone or arguments[0] not in self.legs else "true"
            case "uuid_getvar" if arguments == [CUSTOMER, "bridge_uuid"] and not gone:
                return AGENT if AGENT in self.legs else "_undef_"
            case "uuid_kill" if arguments[0] in self.legs:
                self.hang_up(arguments[0])
                return "+OK\n"
            case "uuid_bridge" if set(arguments) <= self.legs and not gone:
                self.with_customer = arguments == [CUSTOMER, self.seat]
                return f"+OK {arguments[1]}\n"
            case "uuid_kill" | "uuid_bridge" | "uuid_getvar":
                return "-ERR No such channel!\n"
            case _:
                return f"-ERR {command} Command not found!\n"

    def _originate(self, writer: asyncio.StreamWriter, line: str, job: str) -> None:
        if self.trouble is Trouble.REFUSED:
            _reply(writer, "-ERR Operation not permitted")
            return
        _reply(writer, f"+OK Job-UUID: {job}")
        match = _ORIGINATE.fullmatch(line.removeprefix("bgapi originate "))
        assert match is not None
        variables = dict(each.split("=") for each in match[1].split(","))
        answer = f"-ERR {self.rings}\n"
        if self.rings is None:
            self.seat, self.eavesdrops, self.digit = variables["origination_uuid"], match[3], "0"
            self.keys_work = variables["eavesdrop_enable_dtmf"] == "true"
            self.legs.add(self.seat)
            answer = f"+OK {self.seat}\n"
        self.tell("BACKGROUND_JOB", Job_UUID=job, **{"_body": answer})

    def _send_event(self, headers: dict[str, str]) -> str:
        if self.trouble is Trouble.REFUSED:
            return "-ERR Operation not permitted"
        if headers["unique-id"] == self.seat:
            self.digit = headers["eavesdrop-command"]
        return "+OK 0a1b2c3d"


def _reply(writer: asyncio.StreamWriter, text: str) -> None:
    writer.write(f"Content-Type: command/reply\nReply-Text: {text}\n\n".encode())


def _response(writer: asyncio.StreamWriter, text: str) -> None:
    writer.write(f"Content-Type: api/response\nContent-Length: {len(text)}\n\n{text}".encode())


def _header(name: str) -> str:
    return name if name.startswith("_") else name.replace("_", "-")
