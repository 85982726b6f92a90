"""`/drain`, asked for over HTTP of the whole service: who is let in meanwhile, what is said of it, and the way back."""

import asyncio

from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.conftest import StartService
from tests.eventually import eventually
from tests.service_process import ServiceProcess

SITE = "the-token-that-opens-everything"
ADMIN = "the-token-of-the-roll-out"
WATCHER = "the-token-of-a-wall-screen"
SETTINGS = (
    f'http.token = "{SITE}"',
    f'http.tokens.rollout = {{role = "admin", token = "{ADMIN}"}}',
    f'http.tokens.wall = {{role = "watcher", token = "{WATCHER}"}}',
    "audiosocket.enabled = true",
    "audiosocket.port = 0",
)


def bearer(token: str) -> dict[str, str]:
    """What opens the API."""
    return {"Authorization": f"Bearer {token}"}


async def status_of(service: ServiceProcess) -> int:
    """101 where a new call would get in."""
    try:
        async with connect(service.gateway("/fork")):
            return 101
    except InvalidStatus as refusal:
        return refusal.response.status_code


async def test_drain_and_back(start_service: StartService) -> None:
    """While drained, live calls go on, new ones get 503 at every door and /readyz says why; undone, all is as ever."""
    service = await start_service(*SETTINGS)
    async with service.client() as http:
        assert (await http.post("/drain")).status_code == 401
        assert (await http.post("/drain", headers=bearer(WATCHER))).status_code == 403
        async with connect(service.gateway("/fork")) as live:
            await live.send('{"callId":"c"}')
            await eventually(lambda: service.said("connection opened"))

            async def is_counted() -> bool:
                state = await http.get("/drain", headers=bearer(ADMIN))
                return bool(state.json() == {"draining": False, "calls": 1})

            await eventually(is_counted)
            drained = await http.post("/drain", headers=bearer(ADMIN))
            assert drained.json() == {"draining": True, "calls": 1}
            ready = await http.get("/readyz")
            assert (ready.status_code, ready.json()["reasons"]) == (
                503,
                ["the server is drained: new calls go elsewhere"],
            )
            assert await status_of(service) == 503
            reader, writer = await asyncio.open_connection("127.0.0.1", service.said("ready")[0]["audiosocket_port"])
            assert await asyncio.wait_for(reader.read(), 5.0) == b""
            writer.close()
            await live.send(bytes(4000))
            await (await live.ping())
            back = await http.delete("/drain", headers=bearer(ADMIN))
            assert back.json() == {"draining": False, "calls": 1}
            assert await status_of(service) == 101
            assert (await http.get("/readyz")).status_code == 200
        audit = (await http.get("/api/v1/audit", headers=bearer(ADMIN))).json()["audit"]
    assert [(line["action"], line["person"]) for line in audit[:2]] == [
        ("undrain", "the token rollout"),
        ("drain", "the token rollout"),
    ]


async def test_a_stop_cannot_be_undone(start_service: StartService) -> None:
    """After SIGTERM `DELETE /drain` is refused, also where the service had been drained before."""
    service = await start_service()
    async with service.client() as http, connect(service.gateway("/fork")) as live:
        await live.send('{"callId":"c"}')
        assert (await http.post("/drain")).status_code == 200
        service.terminate()
        await eventually(lambda: service.said("ingest draining"))
        refused = await http.delete("/drain")
        assert (refused.status_code, refused.json()) == (409, {"detail": "the service is stopping"})
        assert await status_of(service) == 503
    assert await service.exit_code() == 0


async def test_sighup_without_certificates_is_harmless(start_service: StartService) -> None:
    """What some send to every daemon does not end the service."""
    service = await start_service()
    service.hang_up()
    await asyncio.sleep(0.1)
    async with service.client() as http:
        assert (await http.get("/healthz")).status_code == 200
