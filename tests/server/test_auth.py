from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.exceptions import InvalidStatus

from tests.server.served import serving
from voicerisk.server.access import AccessRole
from voicerisk.server.auth import MAX_BODY_BYTES, Session, Sessions, clean_name, load_session_key
from voicerisk.server.http_settings import HttpSettings

TOKEN = "a token of sixteen or more"
GUARDED = HttpSettings(port=0, token=TOKEN, allowed_origins=("https://desk.example",))


async def test_routes_need_the_token(tmp_path: Path) -> None:
    """With a token set, every route but health and sign-in refuses a stranger, and a wrong token."""
    async with serving(tmp_path, GUARDED) as served:
        paths = (await served.http.get("/api/v1/openapi.json", headers={"Authorization": f"Bearer {TOKEN}"})).json()
        opened = []
        for path, operations in paths["paths"].items():
            for method in operations:
                url = path.replace("{call_id}", "c").replace("{alert_id}", "a")
                for headers in ({}, {"Authorization": "Bearer wrong"}, {"Cookie": "voicerisk_session=forged"}):
                    answer = await served.http.request(method, url, headers=headers)
                    if answer.status_code != 401:
                        opened.append(path)
        assert set(opened) == {"/healthz", "/readyz"}
        assert (await served.http.get("/metrics")).status_code == 401
        for path in ("/api/v1/feed", "/api/v1/calls/c/listen"):
            with pytest.raises(InvalidStatus) as refused:
                async with served.connect(path):
                    pass
            assert refused.value.response.status_code == 401


async def test_token_lets_a_program_in(tmp_path: Path) -> None:
    """The right bearer token opens the API and the feed."""
    async with serving(tmp_path, GUARDED) as served:
        answer = await served.http.get("/api/v1/calls", headers={"Authorization": f"Bearer {TOKEN}"})
        assert answer.json() == {"calls": []}
        async with served.connect("/api/v1/feed", Authorization=f"bearer {TOKEN}") as feed:
            assert '"snapshot"' in str(await feed.recv())


async def test_page_of_a_stranger_sends_to_sign_in(tmp_path: Path) -> None:
    """A browser that is not signed in is led to the sign-in page, and back to where it wanted to go."""
    async with serving(tmp_path, GUARDED) as served:
        answer = await served.http.get("/wall", headers={"Accept": "text/html"})
        assert answer.status_code == 303
        assert answer.headers["location"] == "/sign-in?next=/wall"


@pytest.mark.parametrize(
    ("origin", "is_let_in"), [("https://desk.example", True), ("https://evil.example", False), ("null", False)]
)
async def test_other_web_pages_cannot_use_a_session(tmp_path: Path, origin: str, is_let_in: bool) -> None:
    """A signed-in browser that visits another page lends it nothing: no websocket, no deed."""
    async with serving(tmp_path, GUARDED) as served:
        cookie = served.cookie_of("Maya")
        deed = await served.http.post(
            "/api/v1/alerts/x/acknowledge", json={}, headers={"Cookie": cookie, "Origin": origin}
        )
        assert deed.status_code == (404 if is_let_in else 403)
        if is_let_in:
            async with served.connect("/api/v1/feed", Cookie=cookie, Origin=origin):
                pass
        else:
            with pytest.raises(InvalidStatus) as refused:
                async with served.connect("/api/v1/feed", Cookie=cookie, Origin=origin):
                    pass
            assert refused.value.response.status_code == 403


async def test_own_page_may(tmp_path: Path) -> None:
    """Our own page's origin is accepted wherever it is served."""
    async with serving(tmp_path) as served:
        feed = await served.connect("/api/v1/feed", Origin=f"http://127.0.0.1:{served.port}")
        assert '"snapshot"' in str(await feed.recv())
        await feed.close()


async def test_foreign_name_is_refused_without_a_token(tmp_path: Path) -> None:
    """Without a token, a name that somebody else pointed at this machine reads nothing (DNS rebinding)."""
    async with serving(tmp_path) as served:
        answer = await served.http.get("/api/v1/calls", headers={"Host": "evil.example"})
        assert answer.status_code == 421
        assert "http.allowed_hosts" in answer.text
        assert (await served.http.get("/api/v1/calls", headers={"Host": "localhost:1"})).status_code == 200


async def test_large_bodies_are_refused(tmp_path: Path) -> None:
    """A body above the limit, or of unknown length, is refused before it is read."""
    async with serving(tmp_path) as served:
        answer = await served.http.post("/api/v1/alerts/x/acknowledge", content=b"x" * (MAX_BODY_BYTES + 1))
        assert answer.status_code == 413

        async def endless():  # type: ignore[no-untyped-def]  # noqa: ANN202
            yield b"x"

        assert (await served.http.post("/api/v1/alerts/x/resolve", content=endless())).status_code == 413


async def test_every_answer_forbids_framing(tmp_path: Path) -> None:
    """Pages cannot be put into a frame of another page, and nothing may be loaded from elsewhere."""
    async with serving(tmp_path) as served:
        policy = (await served.http.get("/sign-in")).headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "default-src 'self'" in policy


def test_sessions_end_with_key_token_and_time() -> None:
    """A session is worth nothing under another key or token, or when it was touched."""
    settings = HttpSettings(token=TOKEN)
    cookie = Sessions(b"key", settings).cookie_for("דנה לוי")
    assert Sessions(b"key", settings).session_in(cookie) == Session("דנה לוי", AccessRole.ADMIN)
    assert Sessions(b"other", settings).session_in(cookie) is None
    assert Sessions(b"key", HttpSettings(token=TOKEN + "2")).session_in(cookie) is None
    assert (
        Sessions(b"key", settings).session_in(cookie[:-9] + ("A" if cookie[-9] != "A" else "B") + cookie[-8:]) is None
    )
    assert Sessions(b"key", HttpSettings(token=TOKEN, sign_in_hours=1e-9)).max_age_s == 0


@given(st.text())
def test_any_cookie_is_just_wrong(text: str) -> None:
    """Whatever a peer sends as a session, the answer is "nobody", never an exception."""
    assert Sessions(b"key", HttpSettings()).session_in(text) is None
    assert not Sessions(b"key", HttpSettings(token=TOKEN)).is_token(text)


@given(st.text())
def test_names_are_clean(text: str) -> None:
    """A name that is accepted is one printable line of at most 64 characters."""
    try:
        name = clean_name(text)
    except ValueError:
        return
    assert 0 < len(name) <= 64
    assert name.isprintable()
    assert name == name.strip()


def test_key_is_kept_and_private(tmp_path: Path) -> None:
    """The signing key is made once, readable by its owner only, and the same at the next start."""
    key = load_session_key(tmp_path / "data" / "session.key")
    assert len(key) == 32
    assert load_session_key(tmp_path / "data" / "session.key") == key
    assert (tmp_path / "data" / "session.key").stat().st_mode & 0o777 == 0o600
