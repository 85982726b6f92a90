"""Who gets in, who does not, and what either is told."""

import base64

import pytest
from structlog.testing import capture_logs

from tests.server.ingest_client import (
    OTHER_TOKEN,
    TOKEN,
    closed_with,
    media_bytes,
    media_messages,
    metric,
    refused,
    running,
    settings,
    start_message,
    until,
)


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        (f"/twilio/{TOKEN}", {}),
        (f"/twilio/media/{OTHER_TOKEN}", {}),
        (f"/twilio?token={TOKEN}", {}),
        ("/twilio", {"Authorization": f"Bearer {TOKEN}"}),
        ("/twilio", {"Authorization": "Basic " + base64.b64encode(f"fs:{TOKEN}".encode()).decode()}),
    ],
)
async def test_a_token_in_the_request_opens(path: str, headers: dict[str, str]) -> None:
    """A token in the path, the query or the Authorization header lets the call in."""
    async with (
        running(settings(TOKEN, OTHER_TOKEN)) as server,
        server.connect(path, additional_headers=headers) as websocket,
    ):
        await websocket.send(start_message())
        await until(lambda: len(server.sink.streams) == 1)


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/twilio/wrong", {}),
        (f"/twilio/{TOKEN}x", {}),
        (f"/twilio/media/{TOKEN[:-1]}", {}),
        ("/twilio?token=wrong", {}),
        ("/twilio", {"Authorization": "Bearer wrong"}),
        ("/twilio", {"Authorization": "Basic !!!"}),
    ],
)
async def test_a_wrong_token_is_refused_on_the_wire(path: str, headers: dict[str, str]) -> None:
    """Who shows a wrong token gets 401 at the upgrade, and it is counted."""
    before = metric("refused_total", gateway="twilio", cause="token")
    async with running(settings(TOKEN)) as server:
        refusal = await refused(server, path, additional_headers=headers)
        assert refusal.response.status_code == 401
    assert metric("refused_total", gateway="twilio", cause="token") == before + 1


async def test_a_token_in_the_start_message_opens() -> None:
    """Twilio drops the query, so its own start parameter may carry the token; the sink never sees it."""
    async with running(settings(TOKEN)) as server, server.connect("/twilio/media") as websocket:
        await websocket.send(start_message(token=TOKEN))
        await until(lambda: len(server.sink.streams) == 1)
        assert server.server.n_calls == 1
    assert TOKEN not in repr(server.sink.streams[0].started)


@pytest.mark.parametrize("parameters", [{}, {"token": "wrong"}])
async def test_a_start_without_the_right_token_is_closed(parameters: dict[str, str]) -> None:
    """With no token in the request and none, or a wrong one, at the start the connection is closed with 1008."""
    async with running(settings(TOKEN)) as server:
        async with server.connect("/twilio") as websocket:
            await websocket.send(start_message(**parameters))
            await websocket.send(next(media_messages(media_bytes(1))))
            code, reason = await closed_with(websocket)
        assert (code, server.sink.streams) == (1008, [])
        assert reason is not None
        assert "no valid token" in reason


async def test_no_token_and_no_path_gets_into_the_log() -> None:
    """Neither right nor wrong tokens show in what is logged, wherever they stood."""
    with capture_logs() as logs:
        async with running(settings(TOKEN)) as server:
            async with server.connect(f"/twilio/{TOKEN}") as websocket:
                await websocket.send(start_message("c-9"))
                await until(lambda: len(server.sink.streams) == 1)
            await refused(server, "/twilio/wrong-token-of-a-peer")
            await refused(server, "/wrong-token-of-a-peer")
            async with server.connect("/twilio") as websocket:
                await websocket.send(start_message(token="wrong-token-of-a-peer"))
                await closed_with(websocket)
    text = repr(logs)
    assert TOKEN not in text
    assert "wrong-token-of-a-peer" not in text
    closed = [entry for entry in logs if entry["event"] == "connection closed"]
    assert [entry["cause"] for entry in closed] == ["peer_closed", "token", "no_gateway", "refused"]
    assert closed[0]["call"] == "c-9"
