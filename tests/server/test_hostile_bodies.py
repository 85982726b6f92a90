"""What programs send by mistake or on purpose: every answer is a clear one, and none is a failure of ours."""

import asyncio
from pathlib import Path

import pytest

from tests.server.office_served import serving_office
from voicerisk.clock import now_s
from voicerisk.events import Event
from voicerisk.risk.actions import Action
from voicerisk.server.http_settings import HttpSettings
from voicerisk.server.office import TURN

_JSON = {"content-type": "application/json"}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("marks", rb'{"verdict":"right","call":"\ud800","person":"a"}'),
        ("marks", b'{"verdict":NaN,"call":"x","person":"a"}'),
        ("silences", b'{"for_s":NaN,"why":"x","matchers":[{}],"person":"a"}'),
        ("silences", b'{"for_s":1e999,"why":"x","matchers":[{}],"person":"a"}'),
        ("silences", rb'{"for_s":5,"why":"x","matchers":[{"label":"\ud800","values":["x"]}],"person":"a"}'),
        ("silences", rb'{"for_s":5,"why":"x","matchers":[{"label":"x","values":["\ud800"]}],"person":"a"}'),
        ("silences", rb'{"for_s":5,"why":"x","matchers":[{"\ud800":"x"}],"person":"a"}'),
        ("outages", b'{"on":"0501234567 is not a switch","person":"a"}'),
    ],
)
async def test_a_body_that_cannot_be_right_is_named(tmp_path: Path, body: bytes, path: str) -> None:
    """Half a character, no number, the wrong type: 422 with the place, and nothing of what was sent."""
    async with serving_office(tmp_path) as served:
        answer = await served.http.post(f"/api/v1/{path}", content=body, headers=_JSON)
        assert answer.status_code == 422
        assert answer.json()["detail"]
        assert "0501234567" not in answer.text


def _events(n_from: int, n_to: int) -> list[dict[str, object]]:
    at = round(now_s() - 0.01, 3)
    return [{"id": f"e-{n}", "at": at, "type": "call.offhours"} for n in range(n_from, n_to)]


async def test_too_many_events_are_put_off_whole(tmp_path: Path) -> None:
    """Above the rate of one token nothing of a request is taken; the sender is told when to come again."""
    settings = HttpSettings(port=0, events_per_s=0.001, events_burst=1000)
    async with serving_office(tmp_path, settings) as served:
        assert (await served.tell(*_events(0, 900))).status_code == 202
        flood = await served.tell(*_events(900, 1100))
        assert (flood.status_code, flood.headers["Retry-After"]) == (429, "1")
        assert (await served.tell(*_events(900, 1000))).json() == {"taken": 100, "refused": []}


async def test_live_calls_have_their_turn_while_many_events_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thousand events in one request never hold the event loop for more than a few of them."""
    async with serving_office(tmp_path) as served:
        real, in_turn, longest = served.engine.handle, 0, 0

        def counted(event: Event, now: float) -> list[Action]:
            nonlocal in_turn, longest
            in_turn += 1
            longest = max(longest, in_turn)
            return real(event, now)

        async def others() -> None:
            nonlocal in_turn
            while True:
                in_turn = 0
                await asyncio.sleep(0)

        monkeypatch.setattr(served.engine, "handle", counted)
        other = asyncio.create_task(others())
        assert (await served.tell(*_events(0, 1000))).json()["taken"] == 1000
        other.cancel()
        assert longest <= TURN


async def test_an_event_that_the_engine_fails_on_costs_only_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever goes wrong within, the other events of the request are taken and kept, and the one is refused."""
    async with serving_office(tmp_path) as served:
        real = served.engine.handle

        def failing(event: Event, now: float) -> list[Action]:
            if event.id == "e-1":
                raise ZeroDivisionError
            return real(event, now)

        monkeypatch.setattr(served.engine, "handle", failing)
        told = (await served.tell(*_events(0, 3))).json()
        assert told["taken"] == 2
        assert told["refused"] == [{"id": "e-1", "field": "", "reason": "it cannot be taken here (ZeroDivisionError)"}]
