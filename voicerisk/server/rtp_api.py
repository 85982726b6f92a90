"""`/api/v1/rtp`: a UDP port for one party's RTP, asked for before it is sent and given back when the party is gone."""

from typing import Any, Final

from fastapi import APIRouter, HTTPException
from pydantic import IPvAnyAddress
from starlette.responses import Response

from voicerisk.gateways.codec import CodecError
from voicerisk.gateways.rtp import RtpOptions
from voicerisk.server.access import Permission, needs
from voicerisk.server.answers import gives, json_answer, refuses
from voicerisk.server.registered_party import Party
from voicerisk.server.rtp import NoPortError, RtpServer
from voicerisk.server.rtp_port import RtpPort

_TEXT: Final = {"type": "string"}
_COUNT: Final = {"type": "integer"}
_PORT: Final = {
    "type": "object",
    "properties": {
        **dict.fromkeys(("id", "call_id", "role", "sender"), _TEXT),
        **dict.fromkeys(("port", "packets", "lost"), _COUNT),
        "ignored": {"type": "object", "additionalProperties": _COUNT},
    },
}
_PORTS: Final = {"type": "array", "items": _PORT}
_OPENED: Final = {"id": _TEXT, "host": _TEXT, "port": _COUNT, "address": _TEXT, "start_within_s": {"type": "number"}}
_REFUSALS: Final = refuses(_409="rtp is not enabled", _422="a field is wrong", _503="no port is free")


class RtpParty(Party):
    """A party, and how its RTP is written. `source` is the IP address from which alone it is taken."""

    format: str = "ulaw"
    payload_type: int | None = None
    dtmf_payload_type: int = 101
    source: IPvAnyAddress | None = None

    def options(self) -> RtpOptions:
        """The same for the codec. Raises `ValueError` that names the field."""
        for name in ("payload_type", "dtmf_payload_type"):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= 127:
                raise ValueError(f"{name}: 0 to 127 is wanted")
        return RtpOptions(format=self.format, payload_type=self.payload_type, dtmf_payload_type=self.dtmf_payload_type)


def rtp_router(server: RtpServer) -> APIRouter:
    """The three routes."""
    router = APIRouter(prefix="/api/v1", tags=["voicerisk"], dependencies=[needs(Permission.CONNECT)])

    @router.post("/rtp", summary="A UDP port for one party's RTP", responses=gives(**_OPENED) | _REFUSALS)
    async def open_port(party: RtpParty) -> Response:
        if not server.settings.enabled:
            raise HTTPException(409, "rtp is not enabled; set rtp.enabled = true")
        source = None if party.source is None else str(party.source)
        if source is None and server.settings.needs_source:
            raise HTTPException(422, "source: the sender's IP address is wanted, unless rtp.any_source = true")
        try:
            port = await server.open(party.registered(), party.options(), source)
        except NoPortError as error:
            raise HTTPException(503, str(error)) from None
        except (CodecError, ValueError) as error:
            raise HTTPException(422, str(error)) from None
        host = server.settings.shown_host
        address = f"[{host}]:{port.number}" if ":" in host else f"{host}:{port.number}"
        return json_answer(
            id=port.id,
            host=host,
            port=port.number,
            address=address,
            start_within_s=server.settings.start_within_s,
        )

    @router.get("/rtp", summary="The ports that are given out", responses=gives(ports=_PORTS))
    async def ports() -> Response:
        return json_answer(ports=[_view(port) for port in server.ports])

    @router.delete(
        "/rtp/{port_id}", summary="The party is gone: its stream ends and the port is given back",
        responses=gives(id=_TEXT) | refuses(_404="there is no such port"),
    )  # fmt: skip
    async def release(port_id: str) -> Response:
        if not server.release(port_id):
            raise HTTPException(404, f"there is no port {port_id[:100]!r} (any more)")
        return json_answer(id=port_id)

    return router


def _view(port: RtpPort) -> dict[str, Any]:
    return {
        "id": port.id,
        "call_id": port.call.call_id,
        "role": port.call.role,
        "port": port.number,
        "sender": port.sender,
        "packets": port.n_packets,
        "lost": port.n_lost,
        "ignored": dict(port.ignored),
    }
