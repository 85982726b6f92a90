"""Asterisk 22's ARI, as its documentation and channels.json describe it: channels, bridges, snoops, Stasis events."""

import asyncio
import base64
import json
from collections.abc import Set
from typing import Any

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from tests.control.fakes.rig import SECRET
from tests.control.fakes.web import Refusal, Seen, Trouble, WebFake

AGENT, CUSTOMER = "1795301324.2", "1795301324.1"
AGENT_NAME, CUSTOMER_NAME = "PJSIP/2001-00000012", "PJSIP/trunk-00000011"
LOGIN = "Basic " + base64.b64encode(f"voicerisk:{SECRET}".encode()).decode()

_HEARD = {
    "qES": set(), "qwES": {"agent"}, "qBES": {"agent", "customer"},
    "none": set(), "out": {"agent"}, "in": {"customer"}, "both": {"agent", "customer"},
}  # fmt: skip
"""Who hears what is whispered: measured with ChanSpy and snoop on the agent's channel."""


def _refusal(trouble: Trouble) -> Refusal:
    return {
        Trouble.REFUSED: Refusal(403, {"message": "Forbidden"}),
        Trouble.GONE: Refusal(404, {"message": "Channel not found"}),
    }[trouble]


class FakeAri:
    """One call of a customer and an agent; phones answer at once, unless `rings` gives a cause or all is `silent`."""

    def __init__(self, *, stasis_bridge: bool = True) -> None:
        self.web = WebFake(self._answer, _refusal)
        self.channels: dict[str, dict[str, Any]] = {
            AGENT: {"id": AGENT, "name": AGENT_NAME},
            CUSTOMER: {"id": CUSTOMER, "name": CUSTOMER_NAME},
        }
        kind = "stasis" if stasis_bridge else "basic"
        self.bridges: dict[str, dict[str, Any]] = {
            "the-call": {"id": "the-call", "bridge_class": kind, "channels": [CUSTOMER, AGENT]}
        }
        self.rings: int | None = None
        self.silent = False
        self.knows_phone = True
        self.has_context = True
        self.whispers: dict[str, Set[str]] = {}
        self.filter: list[str] = []
        self.connections: list[WebSocket] = []

    trouble = property(lambda self: self.web.trouble, lambda self, value: setattr(self.web, "trouble", value))

    @property
    def route(self) -> WebSocketRoute:
        """The websocket of events."""
        return WebSocketRoute("/ari/events", self._events)

    def heard_by(self) -> Set[str]:
        """By the bridges: what the supervisor's channel shares a bridge with."""
        heard: set[str] = set()
        for bridge in self.bridges.values():
            if any(channel.endswith("-supervisor") for channel in bridge["channels"]):
                for channel in bridge["channels"]:
                    heard |= set(self.whispers.get(channel, ()))
                    heard |= {"agent"} if channel == AGENT else {"customer"} if channel == CUSTOMER else set()
        return heard

    def is_on(self) -> bool:
        """The supervisor's channel exists."""
        return any(channel.endswith("-supervisor") for channel in self.channels)

    def has_agent(self) -> bool:
        """The agent's channel exists."""
        return AGENT in self.channels

    async def tell(self, kind: str, **fields: Any) -> None:
        """An event for every application."""
        for socket in list(self.connections):
            await socket.send_text(json.dumps({"type": kind, "application": "voicerisk-control", **fields}))

    async def destroy(self, channel: str, cause: int = 16) -> None:
        """A channel hangs up."""
        gone = self.channels.pop(channel)
        for bridge in self.bridges.values():
            if channel in bridge["channels"]:
                bridge["channels"].remove(channel)
        await self.tell("ChannelDestroyed", channel=gone, cause=cause, cause_txt="Normal Clearing")

    async def _events(self, socket: WebSocket) -> None:
        if socket.headers.get("authorization") != LOGIN or socket.query_params["app"] != "voicerisk-control":
            await socket.close(4401)
            return
        await socket.accept()
        self.connections.append(socket)
        try:
            while True:
                await socket.receive_text()
        except WebSocketDisconnect:
            self.connections.remove(socket)

    async def _answer(self, seen: Seen) -> Any:
        if seen.headers.get("authorization") != LOGIN:
            raise Refusal(401, {"message": "Authentication required"})
        parts = seen.path.removeprefix("/ari/").split("/")
        match (seen.method, *parts):
            case ("PUT", "applications", _, "eventFilter"):
                self.filter = [each["type"] for each in seen.json["allowed"]]
                return {}
            case ("GET", "channels"):
                return list(self.channels.values())
            case ("GET", "channels", id_):
                return self._known(self.channels, id_)
            case ("POST", "channels"):
                return self._originate(seen.json)
            case ("POST", "channels", id_, "snoop"):
                self._known(self.channels, id_)
                self.whispers[seen.json["snoopId"]] = _HEARD[seen.json["whisper"]] if id_ == AGENT else {"?"}
                return self._new(seen.json["snoopId"], f"Snoop/{id_}-1")
            case ("DELETE", "channels", id_):
                self._known(self.channels, id_)
                await self.destroy(id_)
                return None
            case ("GET", "bridges"):
                return list(self.bridges.values())
            case ("POST", "bridges"):
                id_ = seen.json["bridgeId"]
                self.bridges.setdefault(id_, {"id": id_, "bridge_class": "stasis", "channels": []})
                return self.bridges[id_]
            case ("DELETE", "bridges", id_):
                self._known(self.bridges, id_)
                del self.bridges[id_]
                return None
            case ("POST", "bridges", id_, "addChannel"):
                self._known(self.channels, seen.json["channel"])
                self._known(self.bridges, id_)["channels"].append(seen.json["channel"])
                return None
            case ("POST", "bridges", id_, "removeChannel"):
                self._known(self.bridges, id_)["channels"].remove(seen.json["channel"])
                return None
        raise Refusal(404, {"message": "Resource not found"})

    def _originate(self, body: dict[str, Any]) -> Any:
        if body["endpoint"].startswith("Local/"):
            if body["endpoint"] != "Local/spy@voicerisk-spy/n" or not self.has_context:
                return self._new(body["channelId"], "Local/spy@voicerisk-spy-1;1", cause=0)
            variables = body["variables"]
            is_agent = variables["VOICERISK_CHANNEL"] == AGENT_NAME
            self.whispers[body["channelId"]] = _HEARD[variables["VOICERISK_OPTIONS"]] if is_agent else {"?"}
            return self._new(body["channelId"], "Local/spy@voicerisk-spy-1;1")
        if not self.knows_phone:
            raise Refusal(500, {"error": "Allocation failed"})
        return self._new(body["channelId"], "PJSIP/3001-00000013", cause=self.rings)

    def _new(self, id_: str, name: str, cause: int | None = None) -> Any:
        if id_ in self.channels:
            raise Refusal(409, {"message": "Channel with given unique ID already exists."})
        channel = self.channels[id_] = {"id": id_, "name": name}
        if self.silent:
            return channel

        async def arrive() -> None:
            await asyncio.sleep(0.01)
            if cause is None:
                await self.tell("StasisStart", channel=channel, args=[])
            else:
                await self.destroy(id_, cause)

        self._arriving = asyncio.get_running_loop().create_task(arrive())
        return channel

    @staticmethod
    def _known(things: dict[str, dict[str, Any]], id_: str) -> dict[str, Any]:
        if id_ not in things:
            raise Refusal(404, {"message": "Not found"})
        return things[id_]
