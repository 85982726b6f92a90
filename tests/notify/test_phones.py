"""Tests of voicerisk.notify.phones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.notify.browser import Browser
from voicerisk.notify.phones import (
    MAX_PER_PERSON,
    MAX_PHONES,
    PhoneError,
    Phones,
    PhonesFullError,
    is_push_service,
    phone_of,
)
from voicerisk.notify.settings import PUSH_SERVICES
from voicerisk.store.outbox import PushSubscription

ADDRESS = "https://fcm.googleapis.com/fcm/send/abc"


def a_phone(number: int, person: str = "Maya") -> PushSubscription:
    """A browser of that person."""
    return PushSubscription(
        id=f"ph-{number}", person=person, endpoint=ADDRESS, p256dh="", auth="", created_at_s=float(number)
    )


@pytest.mark.parametrize(
    "endpoint",
    [ADDRESS, "https://web.push.apple.com/Q1", "https://updates.push.services.mozilla.com:443/wpush/v2/x"],
)
def test_push_services_may_be_called(endpoint: str) -> None:
    """The addresses that browsers really have are taken."""
    assert is_push_service(endpoint, PUSH_SERVICES)


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://fcm.googleapis.com/x",
        "https://fcm.googleapis.com.evil.example/x",
        "https://evil.example/fcm.googleapis.com",
        "https://evilpush.apple.com/x",
        "https://me@fcm.googleapis.com/x",
        "https://fcm.googleapis.com:8443/x",
        "https://fcm.googleapis.com:99999/x",
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://169.254.169.254/latest/meta-data",
        "https://fcm.googleapis.com\\@evil.example/x",
        "https://fcm.googleapis.com/\r\nHost: x",
        "file:///etc/passwd",
        "",
    ],
)
def test_nothing_else_may_be_called(endpoint: str) -> None:
    """A page cannot make this server call another host, a port of its choice, or this machine."""
    assert not is_push_service(endpoint, PUSH_SERVICES)


@given(st.text())
def test_any_text_is_answered(endpoint: str) -> None:
    """Whatever a page sends as an address is refused, never a crash."""
    assert not is_push_service(endpoint, PUSH_SERVICES)


def test_a_real_browser_is_taken() -> None:
    """The keys of a real key pair are taken; the same address has the same id."""
    browser = Browser()
    phone = phone_of("Maya", ADDRESS, browser.p256dh, browser.auth, 1.0, PUSH_SERVICES)
    assert phone.person == "Maya"
    other = Browser()
    assert phone_of("Dan", ADDRESS, other.p256dh, other.auth, 2.0, PUSH_SERVICES).id == phone.id


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"p256dh": "AAAA"}, "p256dh"),
        ({"p256dh": "é"}, "p256dh"),
        ({"p256dh": "B" + "A" * 86}, "p256dh"),
        ({"auth": "AAAA"}, "auth"),
        ({"auth": "!!"}, "auth"),
        ({"endpoint": "https://evil.example/x"}, "endpoint"),
    ],
)
def test_spoilt_keys_are_named(changes: dict[str, str], named: str) -> None:
    """What cannot be encrypted for is refused at once, with the name of what is wrong."""
    browser = Browser()
    given_ = {"endpoint": ADDRESS, "p256dh": browser.p256dh, "auth": browser.auth} | changes
    with pytest.raises(PhoneError, match=named):
        phone_of("Maya", given_["endpoint"], given_["p256dh"], given_["auth"], 1.0, PUSH_SERVICES)


def test_the_oldest_of_a_person_give_way() -> None:
    """A person has a few browsers; one more pushes out the oldest of the same person, nobody else's."""
    phones = Phones()
    phones.add(a_phone(1000, "Dan"))
    for number in range(MAX_PER_PERSON):
        assert phones.add(a_phone(number)) == []
    assert phones.add(a_phone(3)) == []  # known already
    assert [phone.id for phone in phones.add(a_phone(99))] == ["ph-0"]
    assert len(phones.of(["Maya"])) == MAX_PER_PERSON
    assert phones.of(["Dan"]) == ["ph-1000"]


def test_phones_are_bounded() -> None:
    """Beyond the limit a new one is refused and the known ones stay."""
    phones = Phones()
    for number in range(MAX_PHONES):
        phones.add(a_phone(number, f"person {number}"))
    with pytest.raises(PhonesFullError):
        phones.add(a_phone(MAX_PHONES, "one more"))
    assert len(phones) == MAX_PHONES
