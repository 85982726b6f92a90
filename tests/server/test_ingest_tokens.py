"""Who is let in by which token."""

import base64

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.datastructures import Headers
from websockets.http11 import Request

from voicerisk.gateways.codec import Handshake
from voicerisk.server.ingest_handshake import handshake_of
from voicerisk.server.ingest_settings import GatewaySettings, IngestSettings
from voicerisk.server.tokens import MAX_CANDIDATES, TokenBook, shown_tokens

TOKENS = ("first-token-of-the-site", "second-token-of-the-site")


@given(st.text())
def test_only_the_very_token_matches(candidate: str) -> None:
    """Whatever a peer shows is either one of the tokens or matches nothing; no text makes the comparison fail."""
    assert (TokenBook(TOKENS).match([candidate]) is not None) == (candidate in TOKENS)


@pytest.mark.parametrize("token", TOKENS)
def test_every_token_opens_and_is_told_apart(token: str) -> None:
    """Each of several tokens opens, beside wrong ones too, and stands for its own key."""
    book = TokenBook(TOKENS)
    assert book.match(["wrong", token, "wrong"]) == book.match([token]) is not None
    assert book.match([TOKENS[0]]) != book.match([TOKENS[1]])


@pytest.mark.parametrize(
    "handshake",
    [
        Handshake(path="/twilio/s3cret"),
        Handshake(path="/twilio/media/s3cret"),
        Handshake(path="/twilio/s3cret/media"),
        Handshake(path="/twilio/s%33cret/"),
        Handshake(path="/twilio", query={"token": "s3cret"}),
        Handshake(path="/twilio", headers={"authorization": "Bearer s3cret"}),
        Handshake(path="/twilio", headers={"authorization": "bearer  s3cret "}),
        Handshake(path="/twilio", headers={"authorization": "Basic " + base64.b64encode(b"user:s3cret").decode()}),
    ],
)
def test_a_token_is_found_wherever_it_may_stand(handshake: Handshake) -> None:
    """Path segment, query, Bearer and Basic all show the same token."""
    assert shown_tokens(handshake, "/twilio") == ("s3cret",)


@pytest.mark.parametrize("path", ["/twilio", "/twilio/", "/twilio/media", "/twilio/media/"])
def test_a_plain_address_shows_no_token(path: str) -> None:
    """An address without a credential leaves the peer free to show one in its start message."""
    assert shown_tokens(Handshake(path=path), "/twilio") == ()


def test_a_flood_of_credentials_is_not_compared() -> None:
    """A path of thousands of segments costs no more comparisons than a few."""
    assert len(shown_tokens(Handshake(path="/twilio" + "/a" * 5000), "/twilio")) <= MAX_CANDIDATES


@given(st.text(max_size=200), st.text(max_size=200), st.lists(st.text(max_size=50), max_size=3))
def test_any_request_is_read(path: str, authorization: str, protocols: list[str]) -> None:
    """No path, query or header makes the reading of a request, or the search for credentials in it, fail."""
    headers = Headers()
    headers.set_insecure("Authorization", authorization)
    for name in protocols:
        headers.set_insecure("Sec-WebSocket-Protocol", name)
    handshake = handshake_of(Request("/x/" + path, headers))
    assert len(shown_tokens(handshake, "/x")) <= MAX_CANDIDATES


def test_a_request_is_read_as_codecs_see_it() -> None:
    """Path and query are apart, header names lower-case, and of what was said twice nothing is guessed."""
    headers = Headers([("X-Call", "a"), ("x-call", "b"), ("Sec-WebSocket-Protocol", "media, audio.drachtio.org")])
    handshake = handshake_of(Request("/fork/x?call=1&call=2&empty=&name=J%C3%BCrgen", headers))
    assert handshake.path == "/fork/x"
    assert handshake.query == {"call": "2", "name": "Jürgen"}
    assert handshake.headers["x-call"] == "a, b"
    assert handshake.subprotocols == ("media", "audio.drachtio.org")


def test_an_open_gateway_must_stay_on_loopback() -> None:
    """Listening for other machines without a token is refused at the settings, in words that say what to do."""
    gateways = (GatewaySettings(path="/twilio", protocol="twilio"),)
    for host in ("127.0.0.1", "::1", "localhost", "127.8.8.8"):
        assert IngestSettings(host=host, gateways=gateways).host == host
    for host in ("0.0.0.0", "::", "10.0.0.5", "voice.example.com"):
        with pytest.raises(ValueError, match=r"'/twilio' asks for no token.*give it tokens, or listen on 127\.0\.0\.1"):
            IngestSettings(host=host, gateways=gateways)
        closed = msgspec.structs.replace(gateways[0], tokens=TOKENS)
        assert IngestSettings(host=host, gateways=(closed,)).host == host


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"tokens": ("short",)}, "shorter than 16 characters"),
        ({"path": "twilio"}, "must start with /"),
        ({"path": "/"}, "must start with /"),
        ({"protocol": "morse"}, "protocol 'morse' is not known"),
        ({"options": {"trakcs": {}}}, "options of protocol 'twilio'"),
    ],
)
def test_a_gateway_that_cannot_work_is_refused_in_words(change: dict[str, object], words: str) -> None:
    """Each mistake in a gateway's settings is named; a token that is too short is not repeated."""
    with pytest.raises(ValueError, match=words) as refused:
        GatewaySettings(**{"path": "/twilio", "protocol": "twilio", **change})  # type: ignore[arg-type]
    assert "'short'" not in str(refused.value)


def test_two_gateways_cannot_share_a_path() -> None:
    """One path picks one gateway."""
    gateway = GatewaySettings(path="/twilio", protocol="twilio")
    with pytest.raises(ValueError, match="more than one gateway has the path '/twilio'"):
        IngestSettings(gateways=(gateway, gateway))


def test_tokens_do_not_show_in_logs() -> None:
    """Neither the settings nor the book print a token."""
    settings = IngestSettings(gateways=(GatewaySettings(path="/twilio", protocol="twilio", tokens=TOKENS),))
    printed = f"{settings!r} {settings} {TokenBook(TOKENS)!r} {vars(TokenBook(TOKENS))}"
    assert not any(token in printed for token in TOKENS)
