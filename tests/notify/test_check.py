"""Tests of voicerisk.notify.check."""

from typing import Any

import pytest

from tests.notify.made import OWNER, SECRET, SECRET_ENV, a_webhook
from voicerisk.notify.check import notify_problems
from voicerisk.notify.settings import (
    ChatReceiver,
    EmailReceiver,
    NotifySettings,
    Receiver,
    Route,
    SmsReceiver,
    WebPushReceiver,
)
from voicerisk.risk.config import RiskConfig
from voicerisk.risk.oncall import Shift

ENVIRON = {SECRET_ENV: SECRET, "TOKEN": "t", "HOOK": "https://hooks.example/secret-path", "EMPTY": " ", "POOR": "x"}
NUMBER = "0501234567"


def email(**changes: Any) -> EmailReceiver:
    """A good receiver of mail, but for the changes."""
    good: dict[str, Any] = {"to": ("maya@example.com",), "sender": "v <a@example.com>", "host": "mail.example.com"}
    return EmailReceiver(**(good | changes))


def sms(**changes: Any) -> SmsReceiver:
    """A good receiver of SMS, but for the changes."""
    good = {"to": "+972501234567", "sender": "+15550100", "account": "AC1", "token_env": "TOKEN"}
    return SmsReceiver(**(good | changes))


def problems_of(receiver: Receiver, **settings: Any) -> dict[str, str]:
    """What is wrong, by its key."""
    routed = {"receivers": {"r": receiver}, "routes": (Route(receivers=("r",)),)} | settings
    found = notify_problems(NotifySettings(**routed), RiskConfig(), ENVIRON)
    assert all(problem.mend for problem in found)
    return {problem.where: problem.wrong for problem in found}


@pytest.mark.parametrize(
    "receiver",
    [
        a_webhook(),
        a_webhook("http://127.0.0.1:9/x"),
        email(),
        email(sender="a@example.com", username="u", password_env="TOKEN"),
        email(host="127.0.0.1", tls="none"),
        WebPushReceiver(contact="mailto:it@example.com"),
        ChatReceiver(style="teams", url_env="HOOK"),
        sms(),
    ],
)
def test_good_ones_pass(receiver: Receiver) -> None:
    """A good receiver of each kind earns no complaint."""
    assert problems_of(receiver) == {}


@pytest.mark.parametrize(
    ("receiver", "key", "wrong"),
    [
        (a_webhook("http://crm.example/x"), "url", "http, so anybody"),
        (a_webhook("crm.example"), "url", "not an address"),
        (a_webhook("https://x:99999/"), "url", "not an address"),
        (ChatReceiver(style="slack", url_env="NONE"), "url_env", "'NONE' is not set"),
        (ChatReceiver(style="slack", url_env="EMPTY"), "url_env", "'EMPTY' is not set"),
        (ChatReceiver(style="slack", url_env="POOR"), "url_env", "the address in it"),
        (email(to=("maya@example.com", "dan")), "to[1]", "not a mail address"),
        (email(sender="me\r\nBcc: you@example.com"), "sender", "not a mail address"),
        (email(tls="none"), "tls", "in the clear"),
        (email(username="u"), "password_env", "go together"),
        (email(username="u", password_env="NONE"), "password_env", "'NONE' is not set"),
        (WebPushReceiver(contact="it@example.com"), "contact", "neither mailto:"),
        (sms(to=NUMBER), "to", "international form"),
        (sms(account="AC1/../x"), "account", "not an account id"),
        (sms(sender=" "), "sender", "empty"),
        (sms(api_url="http://x.example"), "api_url", "http, so anybody"),
        (sms(token_env="NONE"), "token_env", "'NONE' is not set"),
        (a_webhook(give_up_after_s=1e9), "give_up_after_s", "longer than notify.keep_days"),
    ],
)
def test_each_mistake_is_named_at_its_key(receiver: Receiver, key: str, wrong: str) -> None:
    """Each mistake is named where it stands, with what is wrong."""
    found = problems_of(receiver)
    assert list(found) == [f"receivers.r.{key}"]
    assert wrong in found[f"receivers.r.{key}"]


def test_what_sends_nothing_needs_no_secret() -> None:
    """A replay or a listing of the gateways works where the secrets are not: they are not asked for."""
    receivers: dict[str, Receiver] = {
        "crm": a_webhook(),
        "chat": ChatReceiver(style="slack", url_env="NONE"),
        "sms": sms(),
    }
    settings = NotifySettings(receivers=receivers, routes=(Route(receivers=tuple(receivers)),))
    assert notify_problems(settings, RiskConfig(), None) == []
    assert len(notify_problems(settings, RiskConfig(), {})) == 3


def test_a_poor_secret_is_named_unspoken() -> None:
    """A signing secret that is none is refused without being repeated, and the mend says how to make one."""
    settings = NotifySettings(receivers={"r": a_webhook()}, routes=(Route(receivers=("r",)),))
    (problem,) = notify_problems(settings, RiskConfig(), {SECRET_ENV: "hunter2hunter2!"})
    assert "hunter2" not in f"{problem.wrong} {problem.mend}"
    assert "openssl rand" in problem.mend


def test_no_address_and_no_number_is_repeated() -> None:
    """What is wrong with an address or a number is said without repeating it: such lines end up in logs."""
    said = repr(problems_of(sms(to=NUMBER)) | problems_of(email(to=("maya-at-example.com",))))
    assert NUMBER not in said
    assert "maya" not in said


def test_routes_must_lead_somewhere() -> None:
    """Names that nobody has, a condition that nothing fits, and a receiver that nothing reaches are named."""
    routes = (
        Route(receivers=("r", "x")),
        Route(receivers=("r",), rules=("tens_call",), owners=("nobody",)),
        Route(receivers=("r",), to=("Maya",), follow=True),
    )
    assert problems_of(a_webhook(), routes=routes) == {
        "routes[0].receivers": "there is no 'x'",
        "routes[1].rules": "there is no 'tens_call'",
        "routes[1].owners": "there is no 'nobody'",
        "routes[2].to": "is set together with follow, so nothing would fit",
    }
    assert list(problems_of(a_webhook(), routes=())) == ["receivers.r"]
    assert problems_of(a_webhook(), routes=(Route(receivers=("r",), owners=(OWNER,)),)) == {}


def test_names_on_the_roster() -> None:
    """A role with shifts is told by its persons' names: a route for the role is refused, one for a person is right."""
    risk = RiskConfig(duty=(Shift(role=OWNER, who=("Maya", "Dan")),))
    receivers: dict[str, Receiver] = {"Dan": a_webhook(), "crm": a_webhook()}

    def problems(to: str) -> list[str]:
        routes = (Route(receivers=("crm",), to=(to,)),)
        settings = NotifySettings(receivers=receivers, routes=routes)
        return [problem.mend for problem in notify_problems(settings, risk, ENVIRON)]

    assert problems("Maya") == []
    assert problems(OWNER) == ["Name them (Dan, Maya), or leave `to` out."]


def test_the_rest_of_the_table() -> None:
    """The public address and the pauses are looked at too."""
    assert list(problems_of(a_webhook(), public_url="desk", first_retry_s=9.0, longest_retry_s=1.0)) == [
        "public_url",
        "longest_retry_s",
    ]
