"""Tests of voicerisk.notify.http_senders, against a real server on the loopback interface."""

import base64
import json
from collections.abc import AsyncIterator
from urllib.parse import parse_qs

import httpx
import pytest

from tests.notify.http_receiver import HttpReceiver
from tests.notify.made import SECRET, URL, a_delivery, a_webhook
from voicerisk.clock import now_s
from voicerisk.notify.http_senders import ChatSender, SmsSender, WebhookSender
from voicerisk.notify.outcome import Delivered, GiveUp, TryAgain
from voicerisk.notify.settings import ChatReceiver, SmsReceiver
from voicerisk.notify.signature import SignatureError, verify
from voicerisk.notify.webhook_message import cloudevent_body, plain_body

NUMBER = "+972501234567"


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """The client as the service has it."""
    async with httpx.AsyncClient(timeout=5.0) as client:
        yield client


@pytest.mark.parametrize("format_", ["plain", "cloudevents"])
async def test_a_webhook_is_signed(client: httpx.AsyncClient, receiver: HttpReceiver, format_: str) -> None:
    """What arrives passes the receiving side's own check under the delivery's key; a byte more does not."""
    webhook = a_webhook(receiver.url, format=format_)
    delivery = a_delivery()
    assert await WebhookSender(client, webhook, SECRET, URL).send(delivery) == Delivered()
    (taken,) = receiver.taken
    assert verify(taken.headers, taken.body, SECRET, now_s()) == delivery.key
    with pytest.raises(SignatureError):
        verify(taken.headers, taken.body + b" ", SECRET, now_s())
    body, kind = {
        "plain": (plain_body, "application/json"),
        "cloudevents": (cloudevent_body, "application/cloudevents+json"),
    }[format_]
    assert taken.body == body(delivery, URL)
    assert taken.headers["content-type"] == kind


async def test_each_try_is_signed_anew_under_the_same_key(client: httpx.AsyncClient, receiver: HttpReceiver) -> None:
    """A second try is the same message with the same key, and its own time."""
    sender = WebhookSender(client, a_webhook(receiver.url), SECRET, URL)
    delivery = a_delivery()
    receiver.answers.append((503, {}, b""))
    assert isinstance(await sender.send(delivery), TryAgain)
    assert isinstance(await sender.send(delivery), Delivered)
    first, second = receiver.taken
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == delivery.key


@pytest.mark.parametrize("style", ["slack", "teams"])
async def test_a_channel_gets_its_card(client: httpx.AsyncClient, receiver: HttpReceiver, style: str) -> None:
    """A channel's webhook gets JSON in its own form."""
    chat = ChatReceiver(style=style, url_env="X", language="he")  # type: ignore[arg-type]
    assert await ChatSender(client, chat, receiver.url, URL).send(a_delivery()) == Delivered()
    card = json.loads(receiver.taken[0].body)
    assert ("blocks" in card) if style == "slack" else (card["type"] == "message")
    assert "לקוח במתח" in json.dumps(card, ensure_ascii=False)


@pytest.mark.parametrize(("sender", "field"), [("+15550100", "From"), ("MG0123456789", "MessagingServiceSid")])
async def test_an_sms_is_a_form(client: httpx.AsyncClient, receiver: HttpReceiver, sender: str, field: str) -> None:
    """The request is Twilio's: account in the path and as user, number, sender and text in a form."""
    sms = SmsReceiver(to=NUMBER, sender=sender, account="AC1", token_env="X", api_url=receiver.url, language="he")
    receiver.answers.append((201, {}, b'{"sid": "SM1"}'))
    delivery = a_delivery()
    assert await SmsSender(client, sms, "token", URL).send(delivery) == Delivered()
    (taken,) = receiver.taken
    assert taken.path == "/hook/2010-04-01/Accounts/AC1/Messages.json"
    assert taken.headers["authorization"] == "Basic " + base64.b64encode(b"AC1:token").decode()
    form = parse_qs(taken.body.decode())
    assert (form["To"], form[field]) == ([NUMBER], [sender])
    assert "לקוח במתח" in form["Body"][0]
    assert form["Body"][0].endswith(delivery.notice.alert.id)


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({"code": 21211, "message": f"The 'To' number {NUMBER} is not valid"}).encode(),
        b"\x00\xff no JSON",
        b"[]",
    ],
)
async def test_no_number_in_a_reason(client: httpx.AsyncClient, receiver: HttpReceiver, body: bytes) -> None:
    """A refusal names Twilio's code where there is one; its text, which repeats the number, is left out."""
    sms = SmsReceiver(to=NUMBER, sender="+15550100", account="AC1", token_env="X", api_url=receiver.url)
    receiver.answers.append((400, {}, body))
    outcome = await SmsSender(client, sms, "token", URL).send(a_delivery())
    assert isinstance(outcome, GiveUp)
    assert ("code 21211" in outcome.why) == (b"21211" in body)
    assert NUMBER not in outcome.why
