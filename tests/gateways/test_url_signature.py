"""Signatures over the URL: Twilio's published way, with vectors of its own library, and Plivo's."""

import hashlib
import hmac
from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicerisk.gateways.signature import SignatureError
from voicerisk.gateways.url_signature import verify_plivo, verify_twilio

# Made with twilio-python 9.13.
URL = "wss://gw.example.com/twilio/media"
TOKEN = "12345678901234567890123456789012"
SHA1 = {"x-twilio-signature": "Z6qPoKW4mYkderija8JINS/aQcQ="}
SHA1_OF_HTTPS = {"x-twilio-signature": "oYTLit20TVHLSY+QLtuE1WPvOrk="}
SHA256 = {
    "x-twilio-signature": "9KDhwdgqMbJ2joIv8VpQKctf4bhKtM7gnkubwZQgZdU=",
    "x-twilio-webhooks-signature-settings": "key=KEY1,algorithm=HMAC_SHA256",
}


def _mac(url: str, token: str = TOKEN, algorithm: str = "sha1") -> str:
    return b64encode(hmac.new(token.encode(), url.encode(), algorithm).digest()).decode()


def test_twilio_vectors() -> None:
    """Both hashes of the library's vectors are accepted, the older with a token, the newer with a shared key."""
    verify_twilio(URL, SHA1, [TOKEN])
    verify_twilio(URL, SHA256, [], {"KEY1": TOKEN})


@pytest.mark.parametrize(
    "signed",
    [URL, "wss://gw.example.com:443/twilio/media", URL + "/", "wss://gw.example.com:443/twilio/media/"],
)
@pytest.mark.parametrize("configured", [URL, "wss://gw.example.com:443/twilio/media", URL + "/"])
def test_spellings_of_the_same_address(configured: str, signed: str) -> None:
    """The scheme's own port and a last slash are there or not, in the configuration and in what was signed."""
    verify_twilio(configured, {"x-twilio-signature": _mac(signed)}, [TOKEN])


@pytest.mark.parametrize(
    "signed",
    [
        "https://gw.example.com/twilio/media",
        "ws://gw.example.com/twilio/media",
        "wss://internal/twilio/media",
        "wss://gw.example.com:8443/twilio/media",
        "wss://gw.example.com:80/twilio/media",
        "wss://gw.example.com/twilio/other",
        "wss://gw.example.com/twilio/media//",
        "wss://gw.example.com/twilio/media?token=1",
        "wss://gw.example.com/Twilio/media",
    ],
)
def test_other_addresses(signed: str) -> None:
    """A signature over another scheme, host, port, path or query does not count."""
    with pytest.raises(SignatureError, match="another address"):
        verify_twilio(URL, {"x-twilio-signature": _mac(signed)}, [TOKEN])


def test_https_counts_where_a_site_wants_it() -> None:
    """The https spelling is refused unless the configuration allows it."""
    with pytest.raises(SignatureError):
        verify_twilio(URL, SHA1_OF_HTTPS, [TOKEN])
    verify_twilio(URL, SHA1_OF_HTTPS, [TOKEN], accept_https=True)


def test_tokens_can_be_exchanged() -> None:
    """Each of the account's tokens counts, and no other."""
    verify_twilio(URL, SHA1, ["old token", TOKEN])
    for tokens in ([], ["old token"], [TOKEN + "0"]):
        with pytest.raises(SignatureError):
            verify_twilio(URL, SHA1, tokens)


def test_an_empty_token_opens_nothing() -> None:
    """What anybody could sign, with no secret at all, does not count, whatever the configuration holds."""
    with pytest.raises(SignatureError):
        verify_twilio(URL, {"x-twilio-signature": _mac(URL, "")}, [""])
    with pytest.raises(SignatureError):
        verify_plivo(URL, _plivo(URL, token=""), [""])


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({}, "no x-twilio-signature"),
        ({"x-twilio-signature": " "}, "no x-twilio-signature"),
        ({"x-twilio-signature": "x" * 5000}, "longer"),
        ({"x-twilio-signature": "Z6qPoKW4mYkderija8JINS/aQcq="}, "wrong"),
        ({**SHA256, "x-twilio-webhooks-signature-settings": "key=KEY2,algorithm=HMAC_SHA256"}, "key"),
        ({**SHA256, "x-twilio-webhooks-signature-settings": "key=KEY1"}, "algorithm"),
        ({**SHA256, "x-twilio-webhooks-signature-settings": "key=KEY1,algorithm=HMAC_MD5"}, "algorithm"),
        ({**SHA1, "x-twilio-webhooks-signature-settings": "key=KEY1,algorithm=HMAC_SHA256"}, "wrong"),
        ({"x-twilio-signature": SHA256["x-twilio-signature"]}, "wrong"),
    ],
)
def test_requests_that_are_refused(headers: dict[str, str], why: str) -> None:
    """No signature, a wrong one, one with another key or another hash: refused with the reason, without the secret."""
    with pytest.raises(SignatureError, match=why) as raised:
        verify_twilio(URL, headers, [TOKEN], {"KEY1": TOKEN})
    assert TOKEN not in str(raised.value)


@pytest.mark.parametrize("url", ["", "gw.example.com/media", "wss:///media", "wss://gw:port/x", "wss://[bad/x"])
def test_a_public_address_that_is_none(url: str) -> None:
    """A mistake in the configuration is named as one."""
    with pytest.raises(SignatureError, match="public address"):
        verify_twilio(url, SHA1, [TOKEN])


def _plivo(signed: str, nonce: str = "n0nce", token: str = TOKEN) -> dict[str, str]:
    mac = b64encode(hmac.new(token.encode(), f"{signed}.{nonce}".encode(), hashlib.sha256).digest()).decode()
    return {"x-plivo-signature-v3": mac, "x-plivo-signature-v3-nonce": nonce}


@pytest.mark.parametrize(
    ("configured", "signed"),
    [
        ("wss://gw.example.com/plivo", "wss://gw.example.com/plivo"),
        ("wss://gw.example.com/plivo", "https://gw.example.com/plivo"),
        ("wss://gw.example.com/plivo", "http://gw.example.com/plivo"),
        ("wss://gw.example.com/plivo?b=2&a=1&a=", "wss://gw.example.com/plivo?a=&a=1&b=2"),
    ],
)
def test_plivo(configured: str, signed: str) -> None:
    """The address in any of the schemes that Plivo's libraries use, its query in order, with the nonce behind it."""
    verify_plivo(configured, _plivo(signed), [TOKEN])


@pytest.mark.parametrize(
    ("query", "signature"),
    [
        ("", "Fggt9UnO5Isnqt53DRi6auI110tv5GClABsm4NjB/Xg="),
        ("?b=2&a=1&a=", "5LonV7Sfxq9pyvaIUSbEPHX2rZJqpheRZNu6N1rprNk="),
    ],
)
def test_plivo_vectors(query: str, signature: str) -> None:
    """What plivo-python signs for the same address with https:// is accepted."""
    headers = {"x-plivo-signature-v3": signature, "x-plivo-signature-v3-nonce": "n0nce"}
    verify_plivo("wss://gw.example.com/plivo" + query, headers, [TOKEN])


def test_plivo_with_several_tokens() -> None:
    """The header may hold one signature for each token of the account."""
    ours, other = _plivo("wss://gw.example.com/plivo"), _plivo("wss://gw.example.com/plivo", token="other")
    both = other["x-plivo-signature-v3"] + ", " + ours["x-plivo-signature-v3"]
    verify_plivo("wss://gw.example.com/plivo", {**ours, "x-plivo-signature-v3": both}, [TOKEN])


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-plivo-signature-v3": "x"},
        {**_plivo("wss://gw.example.com/plivo"), "x-plivo-signature-v3-nonce": "other"},
        _plivo("wss://gw.example.com/other"),
        _plivo("wss://gw.example.com/plivo", token="other"),
        {**_plivo("wss://gw.example.com/plivo"), "x-plivo-signature-v3": ",,,"},
    ],
)
def test_plivo_requests_that_are_refused(headers: dict[str, str]) -> None:
    """Another address, nonce or token, or no signature at all."""
    with pytest.raises(SignatureError):
        verify_plivo("wss://gw.example.com/plivo", headers, [TOKEN])


VALUES = st.text(max_size=40)
NAMES = st.sampled_from(
    ["x-twilio-signature", "x-twilio-webhooks-signature-settings", "x-plivo-signature-v3", "x-plivo-signature-v3-nonce"]
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(NAMES, VALUES | st.just("key=KEY1,algorithm=HMAC_SHA256")), st.just(URL) | VALUES)
def test_anything_may_come(headers: dict[str, str], url: str) -> None:
    """Nonsense in headers or configuration is refused in the functions' own words, never otherwise."""
    arguments: dict[str, Any] = {"url": url, "headers": headers, "auth_tokens": [TOKEN]}
    with pytest.raises(SignatureError):
        verify_twilio(**arguments, shared_keys={"KEY1": TOKEN}, accept_https=True)
    with pytest.raises(SignatureError):
        verify_plivo(**arguments)
