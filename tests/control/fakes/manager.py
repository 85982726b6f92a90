"""Asterisk 22's manager interface, as its documentation describes it: actions, answers by ActionID, events."""

import asyncio
from collections.abc import Set

from tests.control.fakes.asterisk import AGENT, AGENT_NAME, CUSTOMER, CUSTOMER_NAME
from tests.control.fakes.rig import SECRET
from tests.control.fakes.web import Trouble

_HEARD: dict[str, Set[str]] = {"qES": set(), "qwES": {"agent"}, "qBES": {"agent", "customer"}}


class FakeManager:
    """One call between a customer and an agent; phones answer at once, unless `rings` gives a reason why not."""

    def __init__(self) -> None:
        self.trouble: Trouble | None = None
        self.rings: str | None = None
        self.channels = {AGENT_NAME: AGENT, CUSTOMER_NAME: CUSTOMER}
        self.bridges = {AGENT_NAME: "b-1", CUSTOMER_NAME: "b-1"}
        self.spying = ""
        self.options = ""
        self.with_customer = False
        self.variables: dict[str, str] = {}
        self.seen: list[dict[str, str]] = []
        self.writers: list[asyncio.StreamWriter] = []

    def heard_by(self) -> Set[str]:
        """By ChanSpy's options, or by the bridge."""
        if self.with_customer:
            return {"customer"}
        return _HEARD[self.options] if self.is_on() and self.spying == AGENT_NAME else set()

    def is_on(self) -> bool:
        """The supervisor's channel exists."""
        return "PJSIP/3001-00000013" in self.channels

    def has_agent(self) -> bool:
        """The agent is in a bridge."""
        return AGENT_NAME in self.bridges

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.writers.append(writer)
        writer.write(b"Asterisk Call Manager/9.0.0\r\n")
        lets_in = False
        while text := (await reader.readuntil(b"\r\n\r\n")).decode():
            action = dict(line.split(": ", 1) for line in text.strip().split("\r\n") if ": " in line)
            self.seen.append(action)
            if action["Action"] == "Login":
                lets_in = (action["Username"], action["Secret"]) == ("voicerisk", SECRET)
                self._answer(writer, action, "Success" if lets_in else "Error", "Authentication failed")
            elif not lets_in:
                self._answer(writer, action, "Error", "Permission denied")
            elif self.trouble is Trouble.TIMEOUT and action["Action"] != "Ping":
                continue
            elif self.trouble is Trouble.REFUSED and action["Action"] != "CoreShowChannels":
                self._answer(writer, action, "Error", "Permission denied")
            else:
                self._do(writer, action)

    def tell(self, event: str, **fields: str) -> None:
        """An event for everybody who is connected."""
        lines = {"Event": event, "Privilege": "call,all", **fields}
        for writer in self.writers:
            writer.write("".join(f"{name}: {value}\r\n" for name, value in lines.items()).encode() + b"\r\n")

    def hang_up(self, name: str) -> None:
        """A channel is gone."""
        unique = self.channels.pop(name)
        self.bridges.pop(name, None)
        self.tell("Hangup", Channel=name, Uniqueid=unique, Cause="16", **{"Cause-txt": "Normal Clearing"})

    def _do(self, writer: asyncio.StreamWriter, action: dict[str, str]) -> None:
        match action["Action"]:
            case "CoreShowChannels":
                self._list(writer, action)
            case "Originate":
                self._originate(writer, action)
            case "Setvar" if self._name(action["Channel"]):
                self.variables[action["Variable"]] = action["Value"]
                self._answer(writer, action)
            case "Redirect" if self._name(action["Channel"]):
                is_spy = (action["Context"], action["Exten"], action["Priority"]) == ("voicerisk-spy", "spy", "1")
                if is_spy and self.trouble is None:
                    self.spying, self.options = self.variables["VOICERISK_CHANNEL"], self.variables["VOICERISK_OPTIONS"]
                    self._answer(writer, action)
                else:
                    self._answer(writer, action, "Error", "Channel does not exist: gone")
            case "Bridge" if self._name(action["Channel1"]) and self._name(action["Channel2"]):
                self.with_customer = action["Channel1"] == CUSTOMER_NAME
                self.hang_up(AGENT_NAME)
                self._answer(writer, action)
            case "Hangup" if name := self._name(action["Channel"]):
                self._answer(writer, action)
                self.hang_up(name)
            case "Ping":
                self._answer(writer, action)
            case _:
                self._answer(writer, action, "Error", "No such channel")

    def _name(self, channel: str) -> str:
        if self.trouble is Trouble.GONE:
            return ""
        return next((name for name, unique in self.channels.items() if channel in (name, unique)), "")

    def _list(self, writer: asyncio.StreamWriter, action: dict[str, str]) -> None:
        self._answer(writer, action)
        listed = {} if self.trouble is Trouble.GONE else self.channels
        for name, unique in listed.items():
            bridge = self.bridges.get(name, "")
            text = (
                f"Event: CoreShowChannel\r\nActionID: {action['ActionID']}\r\nChannel: {name}\r\n"
                f"Uniqueid: {unique}\r\nBridgeId: {bridge}\r\n\r\n"
            )
            writer.write(text.encode())
        writer.write(f"Event: CoreShowChannelsComplete\r\nActionID: {action['ActionID']}\r\n\r\n".encode())

    def _originate(self, writer: asyncio.StreamWriter, action: dict[str, str]) -> None:
        self._answer(writer, action)
        name = "PJSIP/3001-00000013"
        if self.rings is None:
            self.channels[name] = action["ChannelId"]
            self.spying, _, self.options = action["Data"].partition(",")
        result = {"Response": "Success", "Reason": "4"} if self.rings is None else {
            "Response": "Failure", "Reason": self.rings,
        }  # fmt: skip
        fields = {"Channel": name, "Uniqueid": action["ChannelId"], "ActionID": action["ActionID"], **result}
        self.tell("OriginateResponse", **fields)

    @staticmethod
    def _answer(
        writer: asyncio.StreamWriter, action: dict[str, str], response: str = "Success", said: str = "ok"
    ) -> None:
        writer.write(f"Response: {response}\r\nActionID: {action['ActionID']}\r\nMessage: {said}\r\n\r\n".encode())
