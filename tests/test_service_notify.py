"""Tests of notifications by the whole service as a real process: from a customer's voice to somebody else's server."""

import json
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from tests.conftest import StartService
from tests.eventually import eventually
from tests.notify.http_receiver import HttpReceiver, http_receiver
from tests.notify.made import SECRET, SECRET_ENV
from tests.test_service import LONG_S, has_alerted, send, without_stop
from voicerisk.clock import now_s
from voicerisk.notify.signature import verify
from voicerisk.simulate.call import SimulatedCall
from voicerisk.simulate.l16 import l16


def receivers(crm: str, people: str) -> list[str]:
    """The lines of configuration for a CRM that follows, and for people."""
    kinds = {"crm": (crm, "cloudevents"), "people": (people, "plain")}
    tables = [
        f'notify.receivers.{name} = {{kind = "webhook", url = "{url}", format = "{form}", secret_env = "{SECRET_ENV}"}}'
        for name, (url, form) in kinds.items()
    ]
    return [*tables, 'notify.routes = [{receivers = ["crm"], follow = true}, {receivers = ["people"]}]']


async def test_a_tense_call_reaches_people_and_the_crm(
    start_service: StartService, escalating: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An alert of a real call is told to people once, and to the CRM with how it ended; each is signed."""
    monkeypatch.setenv(SECRET_ENV, SECRET)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    async with http_receiver() as crm, http_receiver() as people:
        service = await start_service("call.grace_s = 0.0", *receivers(crm.url, people.url))
        async with connect(service.gateway("/fork")) as gateway:
            await send(gateway, without_stop(l16(SimulatedCall(path=escalating, call_id="c"))))
            alert = await has_alerted(service, "c")
            await told(people, "voicerisk.alert.opened")
            await told(crm, "voicerisk.alert.opened")
        await told(crm, "voicerisk.alert.call_ended")
        for taken in (*crm.taken, *people.taken):
            verify(taken.headers, taken.body, SECRET, now_s())
            assert json.loads(taken.body)["data"]["alert"] == alert["id"]
        assert len({taken.headers["webhook-id"] for taken in people.taken}) == len(people.taken)
        rows = (await service.api(f"notifications/sent?alert={alert['id']}"))["notifications"]
        assert {row["receiver"] for row in rows} == {"crm", "people"}
        assert SECRET not in service.log.read_text()


async def told(receiver: HttpReceiver, what: str) -> None:
    """Returns once the receiver has been told this."""
    await eventually(lambda: what in [json.loads(taken.body)["type"] for taken in receiver.taken], LONG_S)
