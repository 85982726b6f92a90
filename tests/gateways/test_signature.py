"""Signed requests: the published vector, recorded ones, and every way to get it wrong."""

import hashlib
import hmac
import re
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conformance.sessions import STREAMS, whole
from voicerisk.gateways.recording import open_recording
from voicerisk.gateways.signature import REQUIRED, NonceBook, SignatureError, SignatureRules, verify_request

# The sample of the AudioHook reference implementation.
TARGET = "/api/v1/voicebiometrics/ws"
KEY = "SGVsbG8sIEkgYW0gdGhlIEFQSSBrZXkh"
SECRET = "TXlTdXBlclNlY3JldEtleVRlbGxOby0xITJAMyM0JDU="
NONCE = "VGhpc0lzQVVuaXF1ZU5vbmNl"
CREATED_S = 1641013200
HEADERS = {
    "host": "audiohook.example.com",
    "audiohook-organization-id": "d7934305-0972-4844-938e-9060eef73d05",
    "audiohook-session-id": "30b0e395-84d3-4570-ac13-9a62d8f514c0",
    "audiohook-correlation-id": "e160e428-53e2-487c-977d-96989bf5c99d",
    "x-api-key": KEY,
    "signature-input": (
        'sig1=("@request-target" "@authority" "audiohook-organization-id" "audiohook-session-id" '
        f'"audiohook-correlation-id" "x-api-key");keyid="{KEY}";nonce="{NONCE}";alg="hmac-sha256"'
        f";created={CREATED_S};expires=3282026430"
    ),
    "signature": "sig1=:NZBwyBHRRyRoeLqy1IzOa9VYBuI8TgMFt2GRDkDuJh4=:",
}


def _verify(
    headers: dict[str, str] | None = None, *, target: str = TARGET, now_s: float = CREATED_S, **changes: Any
) -> str:
    arguments: dict[str, Any] = {"client_secrets": {KEY: SECRET}, "nonces": NonceBook(), **changes}
    return verify_request(target, HEADERS if headers is None else headers, now_s=now_s, **arguments)


def _signed(base: str, secret: str = SECRET, **headers: str) -> dict[str, str]:
    """A request whose signature covers `base`, made without the code under test."""
    parts = {**HEADERS, "@request-target": TARGET, "@authority": HEADERS["host"], "@method": "GET", **headers}
    names = re.findall(r'"([^"]+)"', base[: base.index(")")])
    lines = [f'"{name}": {parts.get(name, "?")}' for name in names] + [f'"@signature-params": {base}']
    mac = hmac.new(b64decode(secret), "\n".join(lines).encode(), hashlib.sha256).digest()
    own = {"signature-input": f"sig1={base}", "signature": f"sig1=:{b64encode(mac).decode()}:"}
    return {**HEADERS, **headers, **own}


def _base(*names: str, **parameters: str) -> str:
    """What is signed: `names` in this order, and parameters as they are written."""
    given = {
        "keyid": f'"{KEY}"',
        "nonce": f'"{NONCE}"',
        "alg": '"hmac-sha256"',
        "created": str(CREATED_S),
        **parameters,
    }
    listed = " ".join(f'"{name}"' for name in names or REQUIRED)
    return f"({listed})" + "".join(f";{name}={value}" for name, value in given.items() if value)


def test_the_published_vector() -> None:
    """The sample request of the reference is accepted, and names its key."""
    assert _verify() == KEY


@pytest.mark.parametrize(
    "path",
    [
        *sorted((STREAMS / "audiohook").glob("*.gz")),
        *whole(*(f"audiohook-{name}.jsonl" for name in ("stereo", "stereo-calm", "pause", "client-pause", "probe"))),
    ],
    ids=lambda path: path.name,
)
def test_recorded_requests(path: Path) -> None:
    """What the reference client signed when the sessions were recorded is accepted once, at that time."""
    with open_recording(path) as recording:
        handshake, now_s = recording.handshake, recording.wall_s
    nonces = NonceBook()
    headers = dict(handshake.headers)
    assert _verify(headers, target=handshake.path, now_s=now_s, nonces=nonces) == KEY
    with pytest.raises(SignatureError, match="nonce has been used"):
        _verify(headers, target=handshake.path, now_s=now_s + 1, nonces=nonces)


@pytest.mark.parametrize(
    "base",
    [
        _base(),
        _base(*reversed(REQUIRED)),
        _base(*REQUIRED, "@method"),
        _base(*REQUIRED, "host"),
        _base(alg=""),
        _base(expires=str(CREATED_S + 5)),
    ],
)
def test_what_else_may_be_signed(base: str) -> None:
    """More parts, another order, no algorithm named: all that is needed is there."""
    assert _verify(_signed(base)) == KEY


@pytest.mark.parametrize(("late_s", "accepted"), [(-3, True), (-4, False), (0, True), (13, True), (14, False)])
def test_age_and_skew(late_s: float, accepted: bool) -> None:
    """A signature holds for ten seconds, and clocks may be three seconds apart."""
    if accepted:
        assert _verify(now_s=CREATED_S + late_s) == KEY
    else:
        with pytest.raises(SignatureError, match="created"):
            _verify(now_s=CREATED_S + late_s)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"x-api-key": ""}, "X-API-KEY"),
        ({"x-api-key": "other"}, "keyid"),
        ({"host": "other.example.com"}, "wrong"),
        ({"host": ""}, "does not have"),
        ({"audiohook-session-id": "30b0e395-84d3-4570-ac13-9a62d8f514c1"}, "wrong"),
        ({"audiohook-correlation-id": ""}, "does not have"),
        ({"signature": ""}, "signature"),
        ({"signature": "sig2=:NZBwyBHRRyRoeLqy1IzOa9VYBuI8TgMFt2GRDkDuJh4=:"}, "signature"),
        ({"signature": "sig1=:AAAA:"}, "wrong"),
        ({"signature": "sig1=:AAA:"}, "base64"),
        ({"signature": "sig1=:" + "A" * 5000 + ":"}, "longer"),
        ({"signature-input": ""}, "signature-input"),
        ({"signature-input": HEADERS["signature-input"] + ", sig2=()"}, "signature-input"),
        ({"signature-input": HEADERS["signature-input"].replace('" "', '"  "')}, "signature-input"),
    ],
)
def test_requests_that_were_changed(changes: dict[str, str], why: str) -> None:
    """A part that differs from what was signed, or a header that says something else, is refused with the reason."""
    with pytest.raises(SignatureError, match=why):
        _verify({**HEADERS, **changes})


@pytest.mark.parametrize("missing", REQUIRED)
def test_every_part_has_to_be_signed(missing: str) -> None:
    """A request with a right signature over too little is refused by the part that is missing."""
    base = _base(*(name for name in REQUIRED if name != missing))
    with pytest.raises(SignatureError, match=f"{missing} is not signed"):
        _verify(_signed(base))


@pytest.mark.parametrize(
    ("base", "why"),
    [
        (_base(*REQUIRED, "x-api-key"), "twice"),
        (_base(*REQUIRED, "@status"), "not supported"),
        (_base(*REQUIRED, "signature"), "not supported"),
        (_base(*REQUIRED, "x-new"), "does not have"),
        (_base(nonce='"short"'), "nonce"),
        (_base(nonce=""), "nonce"),
        (_base(created=""), "created"),
        (_base(created='"1641013200"'), "parameter"),
        (_base(keyid="12"), "parameter"),
        (_base(keyid='"other"'), "keyid"),
        (_base(alg='"rsa-v1_5-sha256"'), "alg"),
        (_base(expires=str(CREATED_S - 4)), "expires"),
        (_base(tag='"x"'), "parameter"),
        (_base() + f";created={CREATED_S}", "twice"),
    ],
)
def test_signatures_that_do_not_count(base: str, why: str) -> None:
    """A signature that is right in itself is refused if what it covers is not what we want."""
    with pytest.raises(SignatureError, match=why):
        _verify(_signed(base))


def test_the_path_is_signed() -> None:
    """Another path, or another query, is another request."""
    for target in ("/api/v1/other", TARGET + "?a=1", TARGET + "/"):
        with pytest.raises(SignatureError, match="wrong"):
            _verify(target=target)


@pytest.mark.parametrize("known", [{}, {KEY: ""}, {KEY: b64encode(b"other").decode()}, {"other": SECRET}])
def test_keys_that_do_not_fit(known: dict[str, str]) -> None:
    """An unknown key, a key without a secret and a wrong secret are refused in the same words."""
    with pytest.raises(SignatureError, match="the signature is wrong, or the key is not known"):
        _verify(client_secrets=known)
    zero = _signed(_base(), secret=b64encode(bytes(32)).decode())
    with pytest.raises(SignatureError, match="the signature is wrong, or the key is not known"):
        _verify(zero, client_secrets=known)


def test_unsigned_requests() -> None:
    """Without a signature only a key that has no secret is let in."""
    unsigned = {name: value for name, value in HEADERS.items() if not name.startswith("signature")}
    assert _verify(unsigned, client_secrets={KEY: ""}) == KEY
    for known in ({}, {KEY: SECRET}):
        with pytest.raises(SignatureError, match="not signed"):
            _verify(unsigned, client_secrets=known)


def test_a_nonce_counts_once() -> None:
    """A request shown again is refused for as long as its signature would hold, and forgotten after that."""
    nonces = NonceBook()
    _verify(nonces=nonces)
    for later_s in (0, 13):
        with pytest.raises(SignatureError, match="nonce has been used"):
            _verify(nonces=nonces, now_s=CREATED_S + later_s)
    nonces.use("other key", NONCE, CREATED_S, CREATED_S + 16)
    nonces.use(KEY, NONCE, CREATED_S + 17, CREATED_S + 33)


def test_a_refused_request_uses_up_no_nonce() -> None:
    """Who does not know the secret cannot burn the nonces of who does."""
    nonces = NonceBook()
    with pytest.raises(SignatureError):
        _verify({**HEADERS, "host": "x"}, nonces=nonces)
    assert _verify(nonces=nonces) == KEY


def test_the_book_of_nonces_is_bounded() -> None:
    """A full book refuses instead of forgetting what could come again, and has room again in time."""
    nonces = NonceBook(max_nonces=3)
    for number in range(3):
        nonces.use(KEY, f"n{number}", 0.0, 16.0)
    with pytest.raises(SignatureError, match="too many"):
        nonces.use(KEY, "n3", 1.0, 17.0)
    nonces.use(KEY, "n3", 17.0, 33.0)


def test_rules_are_configuration() -> None:
    """A site with a slow network may let signatures hold longer."""
    assert _verify(now_s=CREATED_S + 60, rules=SignatureRules(max_age_s=60)) == KEY


TEXT = st.text(max_size=30)
INPUTS = st.one_of(
    TEXT,
    st.builds(
        lambda names, parameters: f"sig1=({' '.join(names)})" + "".join(f";{n}={v}" for n, v in parameters),
        st.lists(st.sampled_from([f'"{name}"' for name in REQUIRED]) | TEXT, max_size=8),
        st.lists(st.tuples(st.sampled_from(["created", "nonce", "keyid", "alg"]) | TEXT, TEXT), max_size=5),
    ),
)


@settings(max_examples=300, deadline=None)
@given(INPUTS, TEXT | st.just(HEADERS["signature"]), TEXT, TEXT | st.just(SECRET))
def test_anything_may_come(given_input: str, signature: str, target: str, secret: str) -> None:
    """Nonsense in headers, path or configuration is refused in the function's own words, never otherwise."""
    headers = {**HEADERS, "signature-input": given_input, "signature": signature}
    with pytest.raises(SignatureError):
        _verify(headers, target=target, client_secrets={KEY: secret})
