"""Tests of voicerisk.notify.smtp, against a real SMTP server on the loopback interface."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from typing import Any

import msgspec
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.notify.made import URL, a_delivery
from voicerisk.notify.outcome import Delivered, GiveUp, Outcome, TryAgain
from voicerisk.notify.settings import EmailReceiver
from voicerisk.notify.smtp import EmailSender

MAYA, DAN = "maya@example.com", "dan@example.com"


class Post:
    """Takes mail, refuses the addresses it is told to, and knows one password."""

    def __init__(self) -> None:
        self.taken: list[Envelope] = []
        self.refused: dict[str, str] = {}
        self.answer = "250 taken"

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """An address."""
        if address in self.refused:
            return f"{self.refused[address]} {address} is not known here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        """A mail."""
        self.taken.append(envelope)
        return self.answer


def right_password(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: Any) -> AuthResult:
    """Whether that is the password."""
    right = isinstance(given, LoginPassword) and (given.login, given.password) == (b"alerts", b"right")
    return AuthResult(success=right, handled=False)


@contextmanager
def post_office(post: Post, **settings: Any) -> Iterator[int]:
    """A running server; its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    controller = Controller(post, hostname="127.0.0.1", port=port, **settings)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


async def sent(port: int, password: str = "", **changes: Any) -> Outcome:
    """What comes of a mail to Maya and Dan."""
    receiver = EmailReceiver(
        to=(MAYA, DAN), sender="voicerisk <alerts@example.com>", host="127.0.0.1", port=port, tls="none"
    )
    sender = EmailSender(msgspec.structs.replace(receiver, **changes), password, URL, 5.0)
    return await sender.send(a_delivery())


async def test_the_mail_arrives_whole() -> None:
    """The server gets one mail for both, with a plain and an HTML part that can be read."""
    post = Post()
    with post_office(post) as port:
        assert await sent(port, languages=("en", "he")) == Delivered()
    (envelope,) = post.taken
    assert envelope.rcpt_tos == [MAYA, DAN]
    assert isinstance(envelope.content, bytes)
    mail = message_from_bytes(envelope.content, policy=policy.default)
    assert [part.get_content_type() for part in mail.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    assert "לקוח במתח" in mail.get_payload(1).get_content()  # type: ignore[union-attr]


async def test_one_refused_address_is_counted() -> None:
    """A mail that one of two gets is delivered; that one was refused is said, not which."""
    post = Post()
    post.refused = {DAN: "550"}
    with post_office(post) as port:
        assert await sent(port) == Delivered("1 of 2 addresses refused")
    assert post.taken[0].rcpt_tos == [MAYA]


@pytest.mark.parametrize(("code", "verdict"), [("550", GiveUp), ("451", TryAgain)])
async def test_all_refused(code: str, verdict: type) -> None:
    """Refused for good is given up, refused for now is tried again; neither reason names an address."""
    post = Post()
    post.refused = {MAYA: code, DAN: code}
    with post_office(post) as port:
        outcome = await sent(port)
    assert isinstance(outcome, verdict)
    assert "example.com" not in repr(outcome)
    assert code in repr(outcome)


@pytest.mark.parametrize(("answer", "verdict"), [("554 no", GiveUp), ("452 full", TryAgain)])
async def test_a_refused_mail(answer: str, verdict: type) -> None:
    """A mail refused for good is given up; a full mailbox is tried again."""
    post = Post()
    post.answer = answer
    with post_office(post) as port:
        assert isinstance(await sent(port), verdict)


async def test_the_password() -> None:
    """With the right password the mail goes; a wrong one can be mended while the mail waits."""
    post = Post()
    auth = {"authenticator": right_password, "auth_require_tls": False}
    with post_office(post, **auth) as port:
        assert await sent(port, "right", username="alerts") == Delivered()
        outcome = await sent(port, "wrong", username="alerts")
    assert isinstance(outcome, TryAgain)
    assert "refuses the password" in outcome.why
    assert len(post.taken) == 1


async def test_never_in_the_clear_by_accident() -> None:
    """Where TLS is wanted and the server offers none, nothing is sent."""
    post = Post()
    with post_office(post) as port:
        outcome = await sent(port, tls="starttls")
    assert isinstance(outcome, TryAgain)
    assert "STARTTLS" in outcome.why
    assert post.taken == []


async def test_a_dead_server() -> None:
    """Nobody there is tried again, and the reason says where."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
        assert await sent(port) == TryAgain(f"127.0.0.1:{port} cannot be used: no connection")
