"""The `[notify]` table: who can be reached and how, and what reaches whom. Secrets stand in environment variables."""

from typing import Annotated, Final, Literal

import msgspec

from voicerisk.risk.rules import Severity

_Seconds = Annotated[float, msgspec.Meta(gt=0)]
_Count = Annotated[int, msgspec.Meta(ge=1)]
_DAY_S: Final = 86_400.0
Language = Literal["en", "he"]

PUSH_SERVICES: Final = (
    "fcm.googleapis.com",
    "jmt17.google.com",
    "updates.push.services.mozilla.com",
    "*.push.apple.com",
    "*.notify.windows.com",
)
"""Where the browsers of Google, Mozilla, Apple and Microsoft have their push services."""


class WebhookReceiver(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="webhook"
):
    """Another program: a CRM, another department, a ticket system. Each message is signed (Standard Webhooks)."""

    url: str
    """Where to POST; https, except on this machine."""

    secret_env: str
    """Environment variable that holds the signing secret, `whsec_` and base64. While it is being changed it may hold
    two, with a space between: each signs."""

    format: Literal["plain", "cloudevents"] = "plain"
    """`plain` is {type, timestamp, data}; `cloudevents` a CloudEvents 1.0 event in structured JSON."""

    give_up_after_s: _Seconds = _DAY_S
    """How long a message is tried. A program wants all of them, however late."""


class EmailReceiver(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="email"
):
    """People's mail, over SMTP."""

    to: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    sender: str
    host: str
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 587
    tls: Literal["starttls", "tls", "none"] = "starttls"
    """`tls` from the first byte (port 465), `starttls` before anything is said, `none` only on this machine."""

    username: str = ""
    password_env: str = ""
    """Environment variable that holds the password of `username`."""

    languages: Annotated[tuple[Language, ...], msgspec.Meta(min_length=1)] = ("en",)
    """All are in the one mail, in this order; Hebrew runs from right to left."""

    give_up_after_s: _Seconds = 3600.0


class WebPushReceiver(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="webpush"
):
    """The phones and browsers on which people switched notifications on in the console."""

    contact: str
    """Whom a push service may write to when something is wrong: "mailto:..." or "https://..."."""

    people: tuple[str, ...] = ()
    """Only phones of these people, by the name they signed in with; empty: of all. What is meant for a person who
    switched notifications on goes to that person alone."""

    services: tuple[str, ...] = PUSH_SERVICES
    """Hosts that a phone's address may name ("*." for any below); else a page could make this server call anywhere."""

    language: Language = "en"
    give_up_after_s: _Seconds = 600.0


class ChatReceiver(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="chat"):
    """A channel of Slack, Microsoft Teams (Workflows), or what takes the same (Mattermost, Rocket.Chat)."""

    style: Literal["slack", "teams"]
    url_env: str
    """Environment variable that holds the incoming webhook's address, which is a secret itself."""

    language: Language = "en"
    give_up_after_s: _Seconds = 3600.0


class SmsReceiver(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="sms"):
    """One phone, by SMS, through Twilio's Messages API or one that is compatible with it."""

    to: str
    """The number, e.g. "+15550100"."""

    sender: str
    """The number or sender name that it comes from, or the id of a messaging service ("MG...")."""

    account: str
    """The account's id ("AC...")."""

    token_env: str
    """Environment variable that holds the account's auth token."""

    api_url: str = "https://api.twilio.com"
    language: Language = "en"
    give_up_after_s: _Seconds = 600.0
    """A late SMS about a call that is long over helps nobody."""


Receiver = WebhookReceiver | EmailReceiver | WebPushReceiver | ChatReceiver | SmsReceiver


class Route(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What goes where: a message that fits every condition given goes to all of `receivers`."""

    receivers: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]

    severities: tuple[Severity, ...] = ()
    rules: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()
    to: tuple[str, ...] = ()
    """Only what is meant for one of these roles or people; empty: for anybody."""

    follow: bool = False
    """For programs: everything that happens to the alert (opened, even if it was silenced; taken, back again,
    resolved), each once, in place of the messages that are meant for people."""


class NotifySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The `[notify]` table of the configuration. Without receivers nothing leaves but the console's feed."""

    public_url: str = ""
    """The console's address as people's phones reach it; each message links to its alert there. Empty: no link."""

    receivers: dict[str, Receiver] = {}
    routes: tuple[Route, ...] = ()

    timeout_s: _Seconds = 10.0
    """How long one try may take."""

    first_retry_s: _Seconds = 1.0
    """Pause after the first failure; it doubles each time, up to `longest_retry_s`."""

    longest_retry_s: _Seconds = 300.0

    max_waiting: _Count = 1000
    """Messages in memory for one receiver; more wait in the store until there is room."""

    keep_days: _Seconds = 7.0
    """How long the record of what was delivered or given up is kept."""
