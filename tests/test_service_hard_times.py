"""A full disk, a database that is gone, a customer's number on the wire: the real service in bad company."""

import resource
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.client import connect

from tests.conftest import StartService
from tests.eventually import eventually
from tests.service_process import ServiceProcess
from tests.test_service import LONG_S, has_alerted, has_ended, has_started, send, without_stop
from voicerisk.clock import now_s
from voicerisk.simulate.call import SimulatedCall
from voicerisk.simulate.twilio import twilio


@contextmanager
def full_disk(service: ServiceProcess) -> Iterator[None]:
    """The service's files cannot grow: what the kernel says of a full disk, for this process alone."""
    biggest = max(path.stat().st_size for path in [service.log, *service.data.glob("*")])
    pid = service.process.pid
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (biggest, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


async def _tell(service: ServiceProcess, id_: str) -> httpx.Response:
    event = {"id": id_, "at": round(now_s(), 3), "type": "call.offhours", "queue": "billing"}
    async with httpx.AsyncClient(trust_env=False, timeout=20.0) as client:
        return await client.post(f"http://127.0.0.1:{service.http_port}/api/v1/events", json=event)


async def test_a_full_disk_costs_no_call_and_no_alert(start_service: StartService, escalating: Path) -> None:
    """While the disk is full calls and alerts go on, marked as not saved, and nothing is acknowledged that is not kept.

    The operator is told, and once there is room everything reaches the disk.
    """
    service = await start_service()
    messages = list(twilio(SimulatedCall(path=escalating, call_id="c")))
    taken: list[str] = []
    async with connect(service.gateway("/twilio")) as live:
        await send(live, [message for _, message in messages[:200]])
        await has_started(service, "c")
        with full_disk(service):
            for n in range(400):  # the log of the database may have room for some more
                if (await _tell(service, f"e-{n}")).status_code != 202:
                    break
                taken.append(f"e-{n}")
            refused = await _tell(service, "late")
            assert refused.status_code == 503
            await send(live, [message for _, message in messages[200:-1]])
            shown = await has_alerted_live(service, "c")
            assert not shown["durable"]
            assert (await service.get("/readyz")).status_code == 503

        async def is_saved() -> bool:
            alert = await has_alerted_live(service, "c")
            return bool(alert["durable"]) and (await service.get("/readyz")).status_code == 200

        await eventually(is_saved, LONG_S)
        assert (await _tell(service, "late")).json()["taken"] == 1
        await send(live, [messages[-1][1]])
    await has_ended(service, "c")
    kept = {event["id"] for event in (await service.api("events?type=call.offhours"))["events"]}
    assert kept >= {*taken, "late"}


async def has_alerted_live(service: ServiceProcess, call_id: str) -> dict[str, Any]:
    """The call's alert as the screens see it: the store cannot be asked now."""

    async def alert() -> Any:
        return next((each for each in (await service.api("alerts"))["alerts"] if each["call"] == call_id), None)

    found: dict[str, Any] = await eventually(alert, LONG_S)
    return found


async def test_a_flagged_call_is_recorded_and_nothing_else(
    start_service: StartService, escalating: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    """The call that alerted is on the disk, encrypted, from before its alert to its end; the calm call left nothing.

    It can be heard in pieces, by somebody whose name is in the audit log.
    """
    monkeypatch.setenv("VOICERISK_RECORDING_KEYS", "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=")
    service = await start_service()
    for call_id, part in (("calm", 0.4), ("tense", 1.0)):
        messages = list(twilio(SimulatedCall(path=escalating, call_id=call_id)))
        async with connect(service.gateway("/twilio")) as live:
            await send(live, [message for _, message in messages[: int(part * len(messages))]])
            if call_id == "tense":
                await has_alerted(service, "tense")
            else:
                await send(live, [messages[-1][1]])
        await has_ended(service, call_id)

    async def recordings() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await service.api("recordings"))["recordings"]
        return [one for one in found if one["seconds"] > 20.0]

    (recording,) = await eventually(recordings, LONG_S)
    assert (recording["call_id"], recording["kind"]) == ("tense", "alert")
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{service.http_port}/api/v1", trust_env=False) as client:
        url = f"/recordings/{recording['id']}/audio.wav?person=Noa"
        whole = (await client.get(url)).content
        piece = await client.get(url, headers={"Range": "bytes=1000-1999"})
        assert (piece.status_code, piece.content) == (206, whole[1000:2000])
        assert len(whole) == 44 + round(recording["seconds"] * 8000) * 4
        lines = (await client.get("/audit")).json()["audit"]
    assert [line["person"] for line in lines if line["action"] == "recording.hear"] == ["Noa"]
    files = [path for path in (service.data / "recordings").rglob("*") if path.is_file()]
    assert len(files) == 1
    assert b"fLaC" not in files[0].read_bytes()


async def test_a_number_on_the_wire_is_a_name_on_the_disk(start_service: StartService, escalating: Path) -> None:
    """Where a gateway tells the caller's number, the record has a keyed name, and neither it nor the log the number."""
    service = await start_service('customers.region = "IL"')
    told = {"from": "+972-50-123-4567"}
    messages = without_stop(twilio(SimulatedCall(path=escalating, call_id="c", labels=told)))[:100]
    async with connect(service.gateway("/twilio")) as live:
        await send(live, messages)
        await has_started(service, "c")
    service.terminate()
    assert await service.exit_code() == 0
    with sqlite3.connect(service.data / "voicerisk.db") as connection:
        names = {row[0] for row in connection.execute("SELECT customer FROM events WHERE type = 'call.started'")}
    connection.close()
    assert len(names) == 1
    assert str(names.pop()).startswith("h:k1:")
    written = [service.log.read_bytes(), *(path.read_bytes() for path in service.data.glob("voicerisk.db*"))]
    assert not any(b"123-4567" in content or b"1234567" in content for content in written)
