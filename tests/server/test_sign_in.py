from pathlib import Path

import pytest

from tests.server.served import serving
from voicerisk.server.http_settings import HttpSettings
from voicerisk.server.sign_in import _local

TOKEN = "a token of sixteen or more"


async def test_name_and_token_open_the_desk(tmp_path: Path) -> None:
    """The right password gives a session that programs in the page cannot read, and leads to the page asked for."""
    async with serving(tmp_path, HttpSettings(port=0, token=TOKEN)) as served:
        page = await served.http.get("/sign-in?next=/wall")
        assert 'name="token"' in page.text
        form = {"person": "  Maya\tCohen ", "token": TOKEN, "next": "/wall"}
        answer = await served.http.post("/sign-in", data=form)
        assert answer.status_code == 303
        assert answer.headers["location"] == "/wall"
        assert "HttpOnly" in answer.headers["set-cookie"]
        assert "SameSite=strict" in answer.headers["set-cookie"]
        alert = await served.http.post("/api/v1/alerts/nothing/acknowledge", json={})
        assert alert.status_code == 404
        out = await served.http.post("/sign-out")
        assert out.headers["location"] == "/sign-in?other=true"
        assert (await served.http.get("/api/v1/calls")).status_code == 401


@pytest.mark.parametrize("token", ["", "wrong", TOKEN + "x", "é" * 20])
async def test_wrong_password(tmp_path: Path, token: str) -> None:
    """A wrong password is told as such, and gives no session."""
    async with serving(tmp_path, HttpSettings(port=0, token=TOKEN)) as served:
        answer = await served.http.post("/sign-in", data={"person": "Maya", "token": token})
        assert answer.status_code == 403
        assert "not right" in answer.text
        assert "set-cookie" not in answer.headers


async def test_name_is_needed(tmp_path: Path) -> None:
    """Without a token it is still asked who is there, since every listen is logged."""
    async with serving(tmp_path) as served:
        page = await served.http.get("/sign-in")
        assert 'name="token"' not in page.text
        answer = await served.http.post("/sign-in", data={"person": " \n "})
        assert answer.status_code == 422
        assert "Please give your name" in answer.text


async def test_demo_asks_nothing(tmp_path: Path) -> None:
    """Where a name is set for visitors of this machine nobody is asked, except who signed out to be somebody else."""
    async with serving(tmp_path, HttpSettings(port=0, default_person="demo supervisor")) as served:
        answer = await served.http.get("/sign-in?next=/wall")
        assert (answer.status_code, answer.headers["location"]) == (303, "/wall")
        assert "session" in answer.headers["set-cookie"]
        assert 'name="person"' in (await served.http.get("/sign-in?other=true")).text


async def test_what_is_typed_is_never_markup(tmp_path: Path) -> None:
    """What came in the address comes back as text, not as part of the page."""
    async with serving(tmp_path) as served:
        page = await served.http.get("/sign-in", params={"next": '/"><script>alert(1)</script>'})
        assert "<script>" not in page.text


@pytest.mark.parametrize(
    "path", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "evil", "/a\nb", ""]
)
def test_never_leads_elsewhere(path: str) -> None:
    """After signing in nobody is sent to another site."""
    assert _local(path) == "/"


def test_leads_to_own_pages() -> None:
    """Pages of this site are kept, with their query."""
    assert _local("/wall?x=1") == "/wall?x=1"
