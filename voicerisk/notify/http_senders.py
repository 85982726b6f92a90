"""Receivers behind a plain POST: other programs, chat channels, SMS."""

from collections.abc import Sequence
from typing import Any, Final

import httpx
import msgspec

from voicerisk import clock
from voicerisk.notify.chat_message import slack_message, teams_message
from voicerisk.notify.http_post import Answer, host_of, judge, post
from voicerisk.notify.notice import Delivery, Notice
from voicerisk.notify.outcome import Outcome
from voicerisk.notify.settings import ChatReceiver, SmsReceiver, WebhookReceiver
from voicerisk.notify.signature import signed_headers
from voicerisk.notify.webhook_message import CLOUDEVENT, PLAIN, cloudevent_body, plain_body
from voicerisk.notify.words import short_text, words_of

MAX_SMS_CHARS: Final = 300
"""Hebrew takes 70 characters a part: five parts at the most."""


class WebhookSender:
    """A signed message to another program. The idempotency key travels as `webhook-id`, and as a CloudEvent's `id`."""

    kind: Final = "webhook"
    width: Final = 1

    def __init__(self, client: httpx.AsyncClient, receiver: WebhookReceiver, secret: str, public_url: str) -> None:
        self._client = client
        self._receiver = receiver
        self._secret = secret
        self._public_url = public_url
        self.give_up_after_s = receiver.give_up_after_s

    def targets(self, notice: Notice) -> Sequence[str]:
        """One address."""
        return ("",)

    async def send(self, delivery: Delivery) -> Outcome:
        """Signs anew at each try: the signature holds the time."""
        is_event = self._receiver.format == "cloudevents"
        body = (cloudevent_body if is_event else plain_body)(delivery, self._public_url)
        headers = signed_headers(delivery.key, clock.now_s(), body, self._secret)
        headers["content-type"] = CLOUDEVENT if is_event else PLAIN
        answer = await post(self._client, self._receiver.url, headers=headers, body=body)
        return judge(answer, self._receiver.url)


class ChatSender:
    """A message to a channel of Slack or Teams."""

    kind: Final = "chat"
    width: Final = 1

    def __init__(self, client: httpx.AsyncClient, receiver: ChatReceiver, url: str, public_url: str) -> None:
        self._client = client
        self._receiver = receiver
        self._url = url
        self._public_url = public_url
        self.give_up_after_s = receiver.give_up_after_s

    def targets(self, notice: Notice) -> Sequence[str]:
        """One channel."""
        return ("",)

    async def send(self, delivery: Delivery) -> Outcome:
        """Posts the card."""
        words = words_of(delivery.notice, self._receiver.language, self._public_url)
        message = (slack_message if self._receiver.style == "slack" else teams_message)(
            words, delivery.notice.alert.severity
        )
        headers = {"content-type": "application/json"}
        answer = await post(self._client, self._url, headers=headers, body=msgspec.json.encode(message))
        return judge(answer, self._url)


class SmsSender:
    """An SMS through Twilio's Messages API.

    Source: https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource. It has no idempotency
    key: after a crash between the answer and our note of it, the SMS comes twice.
    """

    kind: Final = "sms"
    width: Final = 1

    def __init__(self, client: httpx.AsyncClient, receiver: SmsReceiver, token: str, public_url: str) -> None:
        self._client = client
        self._receiver = receiver
        self._token = token
        self._public_url = public_url
        account = receiver.account
        self._url = f"{receiver.api_url.rstrip('/')}/2010-04-01/Accounts/{account}/Messages.json"
        self.give_up_after_s = receiver.give_up_after_s

    def targets(self, notice: Notice) -> Sequence[str]:
        """One number."""
        return ("",)

    async def send(self, delivery: Delivery) -> Outcome:
        """Sends a text of at most `MAX_SMS_CHARS`."""
        receiver = self._receiver
        words = words_of(delivery.notice, receiver.language, self._public_url)
        sender = "MessagingServiceSid" if receiver.sender.startswith("MG") else "From"
        form = {"To": receiver.to, sender: receiver.sender, "Body": short_text(words, MAX_SMS_CHARS)}
        answer = await post(self._client, self._url, form=form, auth=(receiver.account, self._token))
        outcome = judge(answer, self._url)
        if isinstance(answer, Answer) and answer.status >= 400 and (code := _code(answer.body)) is not None:
            why = f"{host_of(self._url)} answered {answer.status}, code {code}"
            return msgspec.structs.replace(outcome, why=why)
        return outcome


def _code(body: bytes) -> int | None:
    """Twilio's error code; the message beside it repeats the number, so it is not read."""
    try:
        answer: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    code = answer.get("code") if isinstance(answer, dict) else None
    return code if isinstance(code, int) and not isinstance(code, bool) else None
