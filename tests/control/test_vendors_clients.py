"""What we send is what the vendor's own library sends for the same wish."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from twilio.http.http_client import HttpClient
from twilio.http.response import Response
from twilio.rest import Client

from tests.control.fakes import twilio
from tests.control.fakes.rig import KEY, PHONE, SECRET
from tests.control.fakes.rigs import rig
from tests.control.fakes.web import Seen
from voicerisk.control.modes import Mode


class Recording(HttpClient):  # type: ignore[misc]
    """Keeps what Twilio's library would send, and answers like a conference."""

    def __init__(self) -> None:
        super().__init__(False, None)
        self.sent: list[tuple[str, str, dict[str, str], str]] = []

    def request(self, method: str, url: str, **how: Any) -> Response:
        """One request of the library."""
        form = {name: _text(value) for name, value in (how.get("data") or {}).items()}
        self.sent.append((method, urlsplit(url).path, form, str(how["auth"])))
        return Response(204 if method == "DELETE" else 200, '{"call_sid": "CA"}')


def _text(value: Any) -> str:
    """A value as the library puts it into a form."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _ours(seen: Seen) -> tuple[str, str, Mapping[str, str]]:
    return seen.method, seen.path, seen.form


async def test_a_twilio_call_that_nobody_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A supervisor whose joining was cut short is taken out by the label that the participant was given."""
    monkeypatch.setenv("A_SECRET", SECRET)
    async with rig("twilio", tmp_path) as made:
        await made.switch.enter(Mode.LISTEN, made.place, None)
        await made.switch.leave(made.place, None)
        assert not made.fake.is_on()


async def test_twilio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Joining, coaching, barging and leaving are the same requests as those of Twilio's Python library."""
    monkeypatch.setenv("A_SECRET", SECRET)
    async with rig("twilio", tmp_path) as made:
        seat = None
        for mode in (Mode.LISTEN, Mode.WHISPER, Mode.BARGE):
            seat = await made.switch.enter(mode, made.place, seat)
        await made.switch.leave(made.place, seat)
        ours = [_ours(seen) for seen in made.fake.web.seen if seen.method != "GET"]  # type: ignore[attr-defined]
    recording = Recording()
    conference = Client(twilio.ACCOUNT, SECRET, http_client=recording).conferences(twilio.CONFERENCE)
    conference.participants.create(
        from_="+15550100", to=PHONE, timeout=25, label=KEY, beep="false", start_conference_on_enter=False,
        end_conference_on_exit=False, muted=True, coaching=False,
    )  # fmt: skip
    me = conference.participants(twilio.SUPERVISOR)
    me.update(muted=False, coaching=True, call_sid_to_coach=twilio.AGENT)
    me.update(muted=False, coaching=False)
    me.delete()
    assert ours == [(method, path, form) for method, path, form, _ in recording.sent]
