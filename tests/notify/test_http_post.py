"""Tests of voicerisk.notify.http_post."""

import socket
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.notify.http_receiver import HttpReceiver
from voicerisk.notify.http_post import MAX_ANSWER_BYTES, Answer, host_of, judge, post
from voicerisk.notify.outcome import Delivered, GiveUp, TryAgain


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """The client as the service has it."""
    async with httpx.AsyncClient(timeout=5.0) as client:
        yield client


@pytest.mark.parametrize(
    ("status", "verdict"),
    [(200, Delivered), (202, Delivered), (204, Delivered), (400, GiveUp), (413, GiveUp), (422, GiveUp)]
    + [(status, TryAgain) for status in (301, 401, 403, 404, 408, 409, 429, 500, 502, 503)],
)
async def test_what_an_answer_means(
    client: httpx.AsyncClient, receiver: HttpReceiver, status: int, verdict: type
) -> None:
    """Taken is taken; an answer about the message ends it; whatever can be mended meanwhile is tried again."""
    receiver.answers.append((status, {"location": "http://127.0.0.1:1/"}, b""))
    assert isinstance(judge(await post(client, receiver.url, body=b"x"), receiver.url), verdict)
    assert len(receiver.taken) == 1


async def test_the_pause_that_is_asked_for(client: httpx.AsyncClient, receiver: HttpReceiver) -> None:
    """`Retry-After` in seconds is kept, up to an hour; what is no number of seconds is as if it were not there."""
    for header, pause_s in (("7", 7.0), ("999999", 3600.0), ("Wed, 21 Oct 2026 07:28:00 GMT", None), ("-1", None)):
        receiver.answers.append((429, {"retry-after": header}, b""))
        outcome = judge(await post(client, receiver.url, body=b"x"), receiver.url)
        assert isinstance(outcome, TryAgain)
        assert outcome.after_s == pause_s


async def test_an_endless_answer_is_not_read(client: httpx.AsyncClient, receiver: HttpReceiver) -> None:
    """Of a long answer only the beginning is read."""
    receiver.answers.append((200, {}, b"x" * 500_000))
    answer = await post(client, receiver.url, body=b"x")
    assert isinstance(answer, Answer)
    assert len(answer.body) <= 2 * MAX_ANSWER_BYTES


async def test_an_address_is_not_told(client: httpx.AsyncClient) -> None:
    """When nobody answers, the reason names host and port but not the path, which may be the secret."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound and not listening: refused
        port = held.getsockname()[1]
        outcome = await post(client, f"http://127.0.0.1:{port}/services/T0/SECRET?key=SECRET", body=b"x")
    assert outcome == TryAgain(f"127.0.0.1:{port} cannot be reached: no connection")
    assert host_of("https://user:pw@crm.example:8443/SECRET?SECRET") == "crm.example:8443"
    assert host_of("https://crm.example/SECRET") == "crm.example"
