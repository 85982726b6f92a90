"""Requests to a switch's API: what is tried again, what is not, and what is said of a refusal."""

import asyncio
from typing import Any

import pytest

from tests.control.fakes.line import listening
from tests.control.fakes.rig import PHONE, SECRET
from tests.control.fakes.web import Refusal, Seen, Trouble, WebFake, serving
from voicerisk.control.problems import Problem, SwitchError
from voicerisk.control.web import Web, segment, text_in


class Fickle:
    """Refuses as many times as it is told, then does it."""

    def __init__(self, refusals: int, status: int, body: Any = None) -> None:
        self.web = WebFake(self._answer, lambda trouble: Refusal(500))
        self._left, self._status, self._body = refusals, status, body

    def _answer(self, seen: Seen) -> Any:
        if self._left:
            self._left -= 1
            raise Refusal(self._status, self._body)
        return {"done": True}


@pytest.mark.parametrize(
    ("status", "twice_is_safe", "n_tries"), [(429, False, 3), (503, True, 3), (503, False, 1), (409, True, 1)]
)
async def test_what_is_tried_again(status: int, twice_is_safe: bool, n_tries: int) -> None:
    """Being turned away unread is tried again, an error of the switch only where twice does no harm, a no never."""
    fake = Fickle(2, status)
    async with serving(fake.web) as fickle:
        web = Web("The switch", fickle.url, dict)
        asking = web.ask("POST", "/x", json={}, twice_is_safe=twice_is_safe)
        if n_tries == 3:
            assert await asking == {"done": True}
        else:
            with pytest.raises(SwitchError):
                await asking
        assert len(fickle.seen) == n_tries
        await web.close()


async def test_nobody_there() -> None:
    """A switch that is not reached at all is told apart from one that may have done it."""
    async with serving(Fickle(0, 200).web) as fake:
        url = fake.url
    web = Web("The switch", url, dict)
    with pytest.raises(SwitchError, match="nothing was done") as error:
        await web.ask("POST", "/x", json={})
    assert error.value.problem is Problem.UNREACHABLE
    await web.close()


async def test_no_answer_is_no_answer() -> None:
    """A switch that takes the request and stays silent may have done it; what may not be done twice is asked once."""
    fake = Fickle(0, 200)
    fake.web.trouble = Trouble.TIMEOUT
    async with serving(fake.web) as silent:
        web = Web("The switch", silent.url, dict, timeout_s=0.1)
        with pytest.raises(SwitchError, match="not known") as error:
            await web.ask("POST", "/x", json={})
        assert error.value.problem is Problem.TIMEOUT
        assert len(silent.seen) == 1
        await web.close()


@pytest.mark.parametrize(
    ("status", "body", "problem", "words"),
    [
        (401, {"message": "Authenticate"}, Problem.FORBIDDEN, "did not accept our credentials: Authenticate"),
        (403, {"errors": [{"detail": f"{PHONE} is blocked"}]}, Problem.FORBIDDEN, r"\(number\) is blocked"),
        (404, None, Problem.NO_SUCH_CHANNEL, "knows no such call"),
        (410, {"detail": "over"}, Problem.GONE, "over"),
        (418, {"detail": 7}, Problem.REFUSED, "answered with 418: 7"),
        (500, {"error": "x" * 500}, Problem.TIMEOUT, "not known whether"),
    ],
)
async def test_refusals_in_words(status: int, body: Any, problem: Problem, words: str) -> None:
    """Every status is a problem and a sentence, with the switch's own reason, short and without numbers."""
    async with serving(Fickle(9, status, body).web) as fake:
        web = Web("The switch", fake.url, dict)
        with pytest.raises(SwitchError, match=words) as error:
            await web.ask("POST", "/x", json={})
        assert error.value.problem is problem
        assert PHONE not in error.value.words
        assert len(error.value.words) < 300
        await web.close()


async def test_a_switch_that_says_our_secret_back() -> None:
    """Also an error that repeats the credentials is shown without them."""
    async with serving(Fickle(9, 403, {"message": f"bad token {SECRET}"}).web) as fake:
        web = Web("The switch", fake.url, lambda: {"Authorization": f"Bearer {SECRET}"})
        with pytest.raises(SwitchError, match=r"bad token \(secret\)") as error:
            await web.ask("POST", "/x", json={})
        assert SECRET not in repr(error.value)
        await web.close()


async def test_what_is_gone_may_be_left() -> None:
    """Where a missing thing is as good as done, 404 and 410 are an empty answer."""
    async with serving(Fickle(1, 404).web) as fake:
        web = Web("The switch", fake.url, dict)
        assert await web.ask("DELETE", "/x", missing_ok=True) == {}
        await web.close()


async def test_an_answer_without_end() -> None:
    """An answer that is too long is not read to its end."""

    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n")
        for _ in range(100):
            writer.write(b"x" * 65_536)
            await writer.drain()

    async with listening(endless) as port:
        web = Web("The switch", f"http://127.0.0.1:{port}", dict)
        with pytest.raises(SwitchError, match="more than can be read"):
            await web.ask("GET", "/x")
        await web.close()


async def test_a_leg_without_a_name() -> None:
    """A new leg that the switch does not name could never be taken off, so it counts as not known to be made."""
    web = Web("The switch", "http://127.0.0.1:1", dict)
    assert web.leg_in({"data": {"sid": "x"}}, "data", "sid") == "x"
    with pytest.raises(SwitchError, match="which leg") as error:
        web.leg_in({"data": {}}, "data", "sid")
    assert error.value.problem is Problem.TIMEOUT
    await web.close()


def test_a_path_has_the_segments_it_was_given() -> None:
    """What a gateway told cannot lead to another path; and no answer can break what reads it."""
    assert segment("a/../b?c#d") == "a%2F..%2Fb%3Fc%23d"
    answer = {"a": [{"b": "c"}], "n": 7, "t": True}
    assert [text_in(answer, *path) for path in (("a", 0, "b"), ("n",), ("t",), ("a", 5), ("a", "b"), ("x", "y"))] == [
        "c", "7", "", "", "", "",
    ]  # fmt: skip
