"""Every way in for calls, opened, closed and counted as one: websockets, AudioSocket, RTP."""

import asyncio

from fastapi import APIRouter

from voicerisk.server.audiosocket import AudioSocketServer
from voicerisk.server.audiosocket_settings import AudioSocketSettings
from voicerisk.server.ingest import IngestServer
from voicerisk.server.ingest_settings import IngestSettings
from voicerisk.server.registrations import Registrations
from voicerisk.server.registrations_api import registrations_router
from voicerisk.server.rtp import RtpServer
from voicerisk.server.rtp_api import rtp_router
from voicerisk.server.rtp_settings import RtpSettings
from voicerisk.server.switchboard import Switchboard


class Gates:
    """The ports that gateways connect to."""

    def __init__(
        self, ingest: IngestSettings, audiosocket: AudioSocketSettings, rtp: RtpSettings, switchboard: Switchboard
    ) -> None:
        self.ingest = IngestServer(ingest, switchboard)
        self._registrations = Registrations(audiosocket.max_registrations, audiosocket.registered_for_s)
        self._audiosocket = AudioSocketServer(audiosocket, switchboard, self._registrations)
        self._audiosocket_enabled = audiosocket.enabled
        self._rtp = RtpServer(rtp, switchboard)

    @property
    def routers(self) -> list[APIRouter]:
        """The routes by which a switch announces calls and asks for ports."""
        return [registrations_router(self._registrations, enabled=self._audiosocket_enabled), rtp_router(self._rtp)]

    @property
    def n_streams(self) -> int:
        """Connections that carry a call now."""
        return self.ingest.n_calls + self._audiosocket.n_connections + self._rtp.n_streams

    async def start(self) -> dict[str, int]:
        """The ports that are open now, by name. Raises `OSError` when one is taken."""
        await self.ingest.start()
        ports = {"ingest_port": self.ingest.port}
        if self._audiosocket_enabled:
            ports["audiosocket_port"] = await self._audiosocket.start()
        return ports

    async def drain(self, timeout_s: float) -> None:
        """Lets nobody in any more, and returns once all streams have ended, or after `timeout_s` were cut."""
        await asyncio.gather(
            self.ingest.drain(timeout_s), self._audiosocket.drain(timeout_s), self._rtp.drain(timeout_s)
        )

    async def stop(self) -> None:
        """Cuts all streams now."""
        await asyncio.gather(self.ingest.stop(), self._audiosocket.stop(), self._rtp.stop())
