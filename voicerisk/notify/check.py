"""What is wrong with a `[notify]` table, in plain words, before anything has to be sent."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Final
from urllib.parse import urlsplit

from voicerisk.notify.settings import (
    ChatReceiver,
    EmailReceiver,
    NotifySettings,
    Receiver,
    SmsReceiver,
    WebhookReceiver,
    WebPushReceiver,
)
from voicerisk.notify.signature import keys_in
from voicerisk.risk.config import RiskConfig
from voicerisk.server.http_settings import is_loopback
from voicerisk.settings import Problem

MAX_NAME_CHARS: Final = 64
_ADDRESS: Final = re.compile(r"[^@\s<>,]+@[^@\s<>,]+")
_SENDER: Final = re.compile(r"[^<>\r\n]*<[^@\s<>,]+@[^@\s<>,]+>|[^@\s<>,]+@[^@\s<>,]+")
_NUMBER: Final = re.compile(r"\+[1-9][0-9]{5,14}")
_ACCOUNT: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_DAY_S: Final = 86_400.0
_Environ = Mapping[str, str] | None


def notify_problems(settings: NotifySettings, risk: RiskConfig, environ: _Environ) -> list[Problem]:
    """Every mistake, each at its key below `[notify]`. Addresses, numbers and secrets are never repeated in it.

    `environ` None: nothing is going to be sent, so that the secrets need not be there.
    """
    problems: list[Problem] = []
    if settings.public_url and (wrong := _url_problem(settings.public_url)):
        problems.append(Problem("public_url", wrong, 'E.g. "https://voicerisk.example.com".'))
    if settings.longest_retry_s < settings.first_retry_s:
        problems.append(Problem("longest_retry_s", "is less than first_retry_s", "Make it at least as long."))
    for name, receiver in settings.receivers.items():
        where = f"receivers.{name}"
        if not name or len(name) > MAX_NAME_CHARS:
            problems.append(Problem(where, "has no usable name", f"Name it in 1 to {MAX_NAME_CHARS} characters."))
        problems += _receiver(where, receiver, environ)
        if receiver.give_up_after_s > settings.keep_days * _DAY_S:
            mend = "Raise notify.keep_days, or give up sooner."
            problems.append(Problem(f"{where}.give_up_after_s", "is longer than notify.keep_days", mend))
    problems += _routes(settings, risk)
    return problems


def _receiver(where: str, receiver: Receiver, environ: _Environ) -> Iterator[Problem]:
    match receiver:
        case WebhookReceiver():
            yield from webhook_problems(where, receiver.url, receiver.secret_env, environ)
        case EmailReceiver():
            yield from _email(where, receiver, environ)
        case WebPushReceiver():
            is_mail = receiver.contact.startswith("mailto:") and _ADDRESS.fullmatch(receiver.contact[7:])
            if not is_mail and not receiver.contact.startswith("https://"):
                mend = 'Say whom a push service may ask, e.g. "mailto:it@example.com".'
                yield Problem(f"{where}.contact", "is neither mailto: nor https:", mend)
        case ChatReceiver():
            yield from _secret(f"{where}.url_env", receiver.url_env, environ)
            url = _value(receiver.url_env, environ)
            if url and (wrong := _url_problem(url)):
                mend = f"Set {receiver.url_env} to the incoming webhook's address."
                yield Problem(f"{where}.url_env", f"the address in it {wrong}", mend)
        case SmsReceiver():
            yield from _sms(where, receiver, environ)


def webhook_problems(where: str, url: str, secret_env: str, environ: Mapping[str, str] | None) -> Iterator[Problem]:
    """What is wrong with a webhook's address and signing secret; without `environ` secrets are not looked at."""
    if wrong := _url_problem(url):
        yield Problem(f"{where}.url", wrong, 'E.g. "https://crm.example.com/hooks/voicerisk".')
    yield from _secret(f"{where}.secret_env", secret_env, environ)
    if secret := _value(secret_env, environ):
        try:
            keys_in(secret)
        except ValueError as error:
            mend = f'Make one: echo "whsec_$(openssl rand -base64 32)", and set {secret_env} to it.'
            yield Problem(f"{where}.secret_env", str(error), mend)


def _email(where: str, receiver: EmailReceiver, environ: _Environ) -> Iterator[Problem]:
    for number, address in enumerate(receiver.to):
        if not _ADDRESS.fullmatch(address):
            yield Problem(f"{where}.to[{number}]", "is not a mail address", 'E.g. "floor@example.com".')
    if not _SENDER.fullmatch(receiver.sender):
        yield Problem(f"{where}.sender", "is not a mail address", 'E.g. "voicerisk <alerts@example.com>".')
    if receiver.tls == "none" and not is_loopback(receiver.host):
        yield Problem(f"{where}.tls", "is none, so the mail would travel in the clear", 'Set "starttls" or "tls".')
    if bool(receiver.username) != bool(receiver.password_env):
        mend = "Give both username and password_env, or neither."
        yield Problem(f"{where}.password_env", "username and password_env go together", mend)
    elif receiver.password_env:
        yield from _secret(f"{where}.password_env", receiver.password_env, environ)


def _sms(where: str, receiver: SmsReceiver, environ: _Environ) -> Iterator[Problem]:
    if not _NUMBER.fullmatch(receiver.to):
        yield Problem(f"{where}.to", "is not a number in international form", 'E.g. "+15550100".')
    if not _ACCOUNT.fullmatch(receiver.account):
        yield Problem(f"{where}.account", "is not an account id", 'It begins with "AC", see the provider\'s console.')
    if not receiver.sender.strip():
        yield Problem(f"{where}.sender", "is empty", "Name the number or service that it comes from.")
    if wrong := _url_problem(receiver.api_url):
        yield Problem(f"{where}.api_url", wrong, 'E.g. "https://api.twilio.com".')
    yield from _secret(f"{where}.token_env", receiver.token_env, environ)


def _routes(settings: NotifySettings, risk: RiskConfig) -> Iterator[Problem]:
    known = {"rules": set(risk.rules), "owners": {rule.owner for rule in risk.rules.values()}}
    for number, route in enumerate(settings.routes):
        where = f"routes[{number}]"
        yield from _unknown(f"{where}.receivers", route.receivers, settings.receivers)
        yield from _unknown(f"{where}.rules", route.rules, known["rules"])
        yield from _unknown(f"{where}.owners", route.owners, known["owners"])
        for role in sorted({shift.role for shift in risk.duty} & set(route.to)):
            who = ", ".join(sorted({person for shift in risk.duty if shift.role == role for person in shift.who}))
            wrong = f"{role!r} is on the roster, so that the persons on duty are told by their names"
            yield Problem(f"{where}.to", wrong, f"Name them ({who}), or leave `to` out.")
        if route.follow and route.to:
            mend = "Take one of the two away: what is followed is meant for nobody in particular."
            yield Problem(f"{where}.to", "is set together with follow, so nothing would fit", mend)
    named = {name for route in settings.routes for name in route.receivers}
    meant = _meant(risk)
    for name in settings.receivers:
        if name not in named | meant:
            mend = f'Add [[notify.routes]] with receivers = ["{name}"], or remove it.'
            yield Problem(f"receivers.{name}", "is never reached: no route, rule or procedure names it", mend)


def _meant(risk: RiskConfig) -> set[str]:
    """Every name by which the engine may tell somebody."""
    names = {step.to for procedure in risk.procedures.values() for step in procedure.steps}
    for rule in risk.rules.values():
        names |= {rule.owner, *rule.notify, *(link.to for link in rule.escalate)}
    return names.union(*(shift.who for shift in risk.duty))


def _unknown(where: str, names: Collection[str], known: Collection[str]) -> Iterator[Problem]:
    for name in names:
        if name not in known:
            listed = ", ".join(sorted(known)) or "none"
            yield Problem(where, f"there is no {name!r}", f"Known here: {listed}.")


def _value(variable: str, environ: _Environ) -> str:
    return "" if environ is None else environ.get(variable, "").strip()


def _secret(where: str, variable: str, environ: _Environ) -> Iterator[Problem]:
    if environ is not None and not _value(variable, environ):
        mend = f"Set it before the start, e.g. with EnvironmentFile= in the service's unit: {variable}=..."
        yield Problem(where, f"the environment variable {variable!r} is not set", mend)


def _url_problem(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return "is not an address"
    if not host or parts.scheme not in ("http", "https"):
        return "is not an address that begins with https://"
    if parts.scheme == "http" and not is_loopback(host):
        return "is http, so anybody on the way could read it; use https"
    return None
