"""`voicerisk serve` as a process of its own: real sockets on free ports, a real database, a real model."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Final, Self

import httpx

from tests.eventually import eventually

ROOT: Final = Path(__file__).parents[1]
READY_WITHIN_S: Final = 60.0
QUIET_SETTINGS: Final = (
    'data_dir = "data"',
    "drain_s = 20.0",
    "ingest.port = 0",
    "http.port = 0",
    "console.enabled = false",
    # Nor is an alert shown before it is on a disk that stands still with it.
    "store.answer_within_s = 5.0",
    # A machine that runs tests may stand still for a second; whether a full house gives way is tested elsewhere.
    "scoring.overload.stretch_lag_s = 60.0",
    "scoring.overload.door_lag_s = 120.0",
)


def environment() -> dict[str, str]:
    """The environment in which `python -m voicerisk` runs this tree from any folder."""
    return {**os.environ, "PYTHONPATH": str(ROOT)}


class ServiceProcess:
    """The process, its folder, its log, and what it says over HTTP.

    Settings are TOML lines with dotted keys ("call.grace_s = 1.0"); a key that is given replaces the usual one.
    """

    def __init__(self, folder: Path, *settings: str) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.data = folder / "data"
        self.log = folder / "service.log"
        given = {line.split("=")[0].strip() for line in settings}
        usual = [line for line in QUIET_SETTINGS if line.split("=")[0].strip() not in given]
        (folder / "voicerisk.toml").write_text("\n".join([*usual, *settings]), encoding="utf-8")
        with self.log.open("wb") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "voicerisk", "serve"],
                cwd=folder,
                env=environment(),
                stdout=subprocess.DEVNULL,
                stderr=stderr,
            )
        self.ingest_port = 0
        self.http_port = 0

    async def ready(self) -> Self:
        """Returns once the doors are open. Raises `RuntimeError` with the log where the process ended instead."""
        await eventually(lambda: self.said("ready") or self.has_ended, READY_WITHIN_S)
        if self.has_ended:
            raise RuntimeError(f"the service ended with {self.process.returncode}: {self.log.read_text()}")
        (line,) = self.said("ready")
        self.ingest_port, self.http_port = line["ingest_port"], line["http_port"]
        return self

    @property
    def has_ended(self) -> bool:
        """Whether the process is gone."""
        return self.process.poll() is not None

    def said(self, event: str) -> list[dict[str, Any]]:
        """The log's lines of that name."""
        lines = self.log.read_text(encoding="utf-8").splitlines()
        parsed = [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]
        return [line for line in parsed if line.get("event") == event]

    def gateway(self, path: str) -> str:
        """The websocket address of a way in."""
        return f"ws://127.0.0.1:{self.ingest_port}{path}"

    def client(self) -> httpx.AsyncClient:
        """A client of the HTTP side."""
        return httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.http_port}", trust_env=False, timeout=20.0)

    async def get(self, path: str) -> httpx.Response:
        """What HTTP answers there."""
        async with self.client() as client:
            return await client.get(path)

    async def api(self, path: str) -> Any:
        """What the API answers, which must be good."""
        answer = await self.get(f"/api/v1/{path}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def alerts(self) -> list[dict[str, Any]]:
        """Every alert there is, resolved or not."""
        found = [(await self.api(f"alerts{query}"))["alerts"] for query in ("", "?state=resolved")]
        return [alert for alerts in found for alert in alerts]

    async def ended_calls(self) -> set[str]:
        """Calls that are over and in the record."""
        past = (await self.api("calls/past?limit=1000"))["calls"]
        return {call["id"] for call in past if call["ended_at_s"] is not None}

    async def metric(self, name: str) -> float:
        """One metric, summed over its labels."""
        lines = (await self.get("/metrics")).text.splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.split("{")[0].split(" ")[0] == name)

    def open_files(self) -> int:
        """Files and sockets that the process has open."""
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def resident_bytes(self) -> int:
        """Memory that the process holds in RAM."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def terminate(self) -> None:
        """SIGTERM: please end."""
        self.process.send_signal(signal.SIGTERM)

    def hang_up(self) -> None:
        """SIGHUP: read your files again."""
        self.process.send_signal(signal.SIGHUP)

    async def exit_code(self, within_s: float = 60.0) -> int:
        """The exit code, once it has ended by itself. Raises `TimeoutError`."""
        await eventually(lambda: self.has_ended, within_s)
        return self.process.returncode

    def kill(self) -> None:
        """SIGKILL: no time for anything."""
        if not self.has_ended:
            self.process.kill()
        self.process.wait(20.0)
