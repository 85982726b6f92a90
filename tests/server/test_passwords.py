import asyncio
import threading
import time
from functools import partial
from pathlib import Path

import pytest

from tests.eventually import eventually
from tests.server.served import Served, serving
from voicerisk.server import http, passwords
from voicerisk.server.access import AccessRole
from voicerisk.server.auth import COOKIE
from voicerisk.server.http_settings import HttpSettings
from voicerisk.server.passwords import TRIES_BURST, hash_password, is_password
from voicerisk.store.people import Person, remove_person, write_person
from voicerisk.store.settings import StoreSettings
from voicerisk.store.store import Store

_GUARDED = HttpSettings(port=0, token="the site's own token, long")


async def _add(served: Served, name: str, role: AccessRole, password: str) -> None:
    person = Person(name=name, role=role.value, password=hash_password(password), since_s=0.0)
    assert await served.store.save(("person", name), partial(write_person, person=person))


async def _sign_in(served: Served, name: str, password: str) -> int:
    served.http.cookies.clear()
    answer = await served.http.post("/sign-in", data={"person": name, "token": password})
    return answer.status_code


async def test_a_person_gets_the_role_of_the_person(tmp_path: Path) -> None:
    """Who signs in with a password of their own may do what their role may, and nothing more."""
    async with serving(tmp_path, _GUARDED) as served:
        await _add(served, "Noa", AccessRole.QA, "noas password")
        assert await _sign_in(served, "Noa", "noas password") == 303
        assert (await served.http.get("/api/v1/calls")).status_code == 200
        answer = await served.http.post("/api/v1/alerts/a/acknowledge", json={})
        assert answer.status_code == 403
        assert "your role is qa" in answer.json()["detail"]


async def test_wrong_names_and_passwords_are_answered_alike(tmp_path: Path) -> None:
    """Neither a wrong password nor a name that there is not gets in, and the answers do not tell which it was."""
    async with serving(tmp_path, _GUARDED) as served:
        await _add(served, "Noa", AccessRole.QA, "noas password")
        assert await _sign_in(served, "Noa", "not noas password") == 403
        assert await _sign_in(served, "Nobody", "noas password") == 403
        assert await _sign_in(served, "Somebody", "the site's own token, long") == 303


async def test_guessing_is_slowed_down_for_that_name_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After some wrong passwords the name has to wait, even with the right one; another name need not."""
    monkeypatch.setattr(passwords, "TRIES_PER_S", 1e-6)  # a slow machine must not give it time
    async with serving(tmp_path, _GUARDED) as served:
        await _add(served, "Noa", AccessRole.QA, "noas password")
        await _add(served, "Dana", AccessRole.QA, "danas password")
        tries = [await _sign_in(served, "Noa", f"guess number {n}") for n in range(TRIES_BURST)]
        assert tries == [403] * TRIES_BURST
        assert await _sign_in(served, "Noa", "noas password") == 429
        assert await _sign_in(served, "Dana", "danas password") == 303


@pytest.mark.parametrize("password", ["", "ninechars", "x" * 201])
def test_a_bad_password_is_not_taken(password: str) -> None:
    """Too short can be guessed, too long costs us more than the guesser."""
    with pytest.raises(ValueError, match="10 to 200 characters"):
        hash_password(password)


def test_a_hash_opens_to_its_password_alone() -> None:
    """The right password fits, another does not, and a broken hash fits nothing."""
    hashed = hash_password("סיסמה ארוכה מאוד")
    assert is_password(hashed, "סיסמה ארוכה מאוד")
    assert not is_password(hashed, "סיסמה ארוכה מאד")
    assert not is_password("no hash at all", "no hash at all")


async def test_who_is_removed_or_gets_another_role_is_signed_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session that a password opened ends with the password, wherever it was changed; others go on."""
    monkeypatch.setattr(http, "LOOK_EVERY_S", 0.05)
    async with serving(tmp_path, _GUARDED) as served:
        for name in ("Noa", "Dana"):
            await _add(served, name, AccessRole.QA, "a long password")
        assert await _sign_in(served, "Noa", "a long password") == 303
        noa = {"Cookie": f"{COOKIE}={served.http.cookies[COOKIE]}"}
        assert await _sign_in(served, "Dana", "a long password") == 303
        await served.store.write(partial(remove_person, name="Noa"))

        async def is_out() -> bool:
            return (await served.http.get("/api/v1/calls", headers=noa)).status_code == 401

        dana = {"Cookie": f"{COOKIE}={served.http.cookies[COOKIE]}"}
        served.http.cookies.clear()
        await eventually(is_out)
        assert (await served.http.get("/api/v1/calls", headers=dana)).status_code == 200


async def test_a_flood_of_names_cannot_take_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many names are guessed at, only a few passwords are hashed at a time and a few wait; the rest is told."""
    now, most = 0, 0
    free = threading.Lock()

    def hashing(*_: object) -> bool:
        nonlocal now, most
        with free:
            now += 1
            most = max(most, now)
        time.sleep(0.005)
        with free:
            now -= 1
        return False

    monkeypatch.setattr(passwords, "is_password", hashing)
    store = Store.open(StoreSettings(url=f"sqlite:///{tmp_path}/x.db"))
    checked = passwords.Passwords(store)
    tries = [checked.person(f"name {n}", "some password") for n in range(200)]
    answers = await asyncio.gather(*tries, return_exceptions=True)
    await store.close()
    assert most <= passwords.HASHED_AT_ONCE
    assert sum(isinstance(answer, passwords.TooManyTriesError) for answer in answers) > 0
