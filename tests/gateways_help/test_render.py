"""What is printed to be pasted: the configured addresses and names, placeholders for secrets, nothing left open."""

import json
import re
from typing import Any

import msgspec
import pytest

from voicerisk.config import Config
from voicerisk.gateways.routes import PROTOCOLS
from voicerisk.gateways_help.render import render
from voicerisk.gateways_help.ways import WayIn, ways_in
from voicerisk.server.ingest_settings import IngestSettings

TOKEN = "a-real-token-of-the-site"
SECRET = "TXlTdXBlclNlY3JldEtleVRlbGxOby0xITJAMyM0JDU="
WEBSOCKETS = tuple(protocol for protocol in PROTOCOLS if protocol not in ("audiosocket", "rtp"))


def configured(protocol: str, ingest: dict[str, Any] | None = None, **gateway: Any) -> tuple[WayIn, Config]:
    """A configuration with one gateway, and its way in."""
    one = {"path": "/in/here", "protocol": protocol, **gateway}
    config = msgspec.convert({"ingest": {"port": 7654, "gateways": [one], **(ingest or {})}}, Config)
    return ways_in(config)[0], config


@pytest.mark.parametrize("protocol", WEBSOCKETS)
def test_every_protocol_has_its_text(protocol: str) -> None:
    """Each names the configured path, and port or host, with a placeholder for the token and none left unfilled."""
    way, config = configured(protocol, tokens=(TOKEN,))
    text = render(way, config)
    assert way.address == "ws://127.0.0.1:7654/in/here"
    assert "/in/here" in text
    assert "127.0.0.1:7654" in text or ("wss://<YOUR-HOST>/in/here" in text and "127.0.0.1:7654" in way.passing_on)
    assert "<TOKEN>" in text
    assert TOKEN not in text + repr(way)
    assert "{{" not in text
    assert way.asks_for == ("token",)


@pytest.mark.parametrize("protocol", WEBSOCKETS)
def test_an_open_gateway_is_told_no_token(protocol: str) -> None:
    """Where no token is asked for, none is to be pasted, and a note says what that means."""
    way, config = configured(protocol)
    assert "<TOKEN>" not in render(way, config)
    assert "asks for nothing" in " ".join(way.notes)


def test_the_usual_configuration_is_whole() -> None:
    """The built-in configuration has a text for every protocol, AudioSocket and RTP included."""
    ways = ways_in(Config())
    assert {way.protocol for way in ways} == set(PROTOCOLS)
    texts = [render(way, Config()) for way in ways]
    assert all(len(text) > 50 and "{{" not in text for text in texts)


@pytest.mark.parametrize("protocol", ["jambonz", "asterisk-websocket", "freeswitch-audio-fork"])
def test_user_and_password(protocol: str) -> None:
    """Switches that can show a user get the user's name and a placeholder for the password."""
    way, config = configured(protocol, auth={"basic": {"pbx-7": "a-real-password-of-it"}})
    text = render(way, config)
    assert "pbx-7" in text
    assert "<PASSWORD>" in text
    assert "a-real-password" not in text + repr(way)
    assert way.asks_for == ("user and password",)


def test_platforms_that_know_no_user() -> None:
    """Where the platform cannot show what the gateway asks for, a note says so."""
    way, _ = configured("twilio", auth={"basic": {"pbx-7": "a-real-password-of-it"}})
    assert "cannot show a user" in " ".join(way.notes)


def test_signatures() -> None:
    """The public address that is signed is the one to be called; keys and secrets stand as placeholders."""
    signature = {"public_url": "wss://voice.example.com/gw/", "auth_tokens": [TOKEN]}
    way, config = configured("twilio", auth={"twilio_signature": signature})
    assert 'url="wss://voice.example.com/gw/in/here"' in render(way, config)
    assert (way.asks_for, TOKEN in repr(way)) == (("Twilio's signature",), False)
    secrets = {"an-api-key-of-genesys": SECRET}
    way, config = configured("audiohook", auth={"audiohook_signature": {"client_secrets": secrets}})
    text = render(way, config)
    assert "<API-KEY>" in text
    assert "<CLIENT-SECRET>" in text
    assert SECRET not in text + repr(way)
    assert "an-api-key" not in text + repr(way)


def test_asterisk_gets_the_configured_variables() -> None:
    """The names of the channel variables are those that the gateway reads; a token goes into the password."""
    options = {"call_variable": "UCID", "role_variable": "PARTY"}
    way, config = configured("asterisk-websocket", tokens=(TOKEN,), options=options)
    text = render(way, config)
    (variables,) = re.findall(r'\{"variables": (\{.*?\})\}', text)
    told = {"UCID": "<CALL>", "PARTY": "<ROLE>", "CUSTOMER_LEG": "<CUSTOMER-CHANNEL>", "QUEUE": "billing"}
    assert json.loads(variables) == told
    assert "uri = ws://127.0.0.1:7654/in/here\n" in text
    assert "password = <TOKEN>\n" in text


def test_tls_and_other_machines() -> None:
    """With a certificate of our own the addresses are wss, nobody stands in front, and Asterisk checks it."""
    tls = {"tls": {"certificate": "c.pem", "key": "k.pem"}, "host": "voice.example.com"}
    way, config = configured("asterisk-websocket", tls, tokens=(TOKEN,))
    assert way.far_url == "wss://voice.example.com:7654/in/here/<TOKEN>"
    assert way.passing_on == ""
    assert "tls_enabled = yes" in render(way, config)
    every_address = msgspec.structs.replace(config.ingest, host="0.0.0.0")
    assert isinstance(every_address, IngestSettings)
    other = ways_in(msgspec.structs.replace(config, ingest=every_address))[0]
    assert other.address == "wss://<YOUR-HOST>:7654/in/here"


@pytest.mark.parametrize(("protocol", "start"), [("jambonz", "{"), ("sinch", "{"), ("vonage", "[")])
def test_json_is_json(protocol: str, start: str) -> None:
    """What is to be pasted as JSON can be read as such."""
    way, config = configured(protocol, tokens=(TOKEN,), auth={"basic": {'a "b"': "a-real-password-of-it"}})
    pasted = render(way, config)
    pasted = pasted[pasted.index("\n" + start) :]
    json.JSONDecoder().raw_decode(pasted.strip())


def test_audiosocket() -> None:
    """Its text has the configured ports of socket and API, and asks for the API's token where there is one."""
    socket = {"enabled": True, "port": 9123, "registered_only": True}
    settings = {"audiosocket": socket, "http": {"port": 8181, "token": TOKEN}}
    config = msgspec.convert(settings, Config)
    (way,) = (way for way in ways_in(config) if way.protocol == "audiosocket")
    text = render(way, config)
    assert "external_host=127.0.0.1:9123" in text
    assert "http://127.0.0.1:8181/api/v1/calls/registrations" in text
    assert "<HTTP-TOKEN>" in text
    assert TOKEN not in text
    assert (way.asks_for, way.notes) == (("registered UUID",), ())


def test_rtp() -> None:
    """Its text has the address that senders are told, the API's port, and asks for the API's token if there is one."""
    settings = {"rtp": {"public_host": "10.1.2.3", "inactivity_s": 45}, "http": {"port": 8181, "token": TOKEN}}
    config = msgspec.convert(settings, Config)
    (way,) = (way for way in ways_in(config) if way.protocol == "rtp")
    text = render(way, config)
    assert "external_host=10.1.2.3:<PORT>" in text
    assert "http://127.0.0.1:8181/api/v1/rtp" in text
    assert "ends 45 s after the last packet" in text
    assert "<HTTP-TOKEN>" in text
    assert TOKEN not in text
    assert (way.address, way.notes) == ("udp://10.1.2.3:20000-21999", ())
    off = msgspec.convert({"rtp": {"enabled": False}}, Config)
    assert [way.is_on for way in ways_in(off) if way.protocol == "rtp"] == [False]


def test_a_client_certificate() -> None:
    """Asterisk is told where to name its certificate, and that no proxy may stand between."""
    auth = {"client_certificate": {"authority": "/etc/ca.pem", "names": ["pbx"]}}
    ingest = {"tls": {"certificate": "/etc/a.pem", "key": "/etc/a.key"}}
    way, config = configured("asterisk-websocket", ingest, auth=auth)
    assert "cert_file = <CERTIFICATE>\npriv_key_file = <KEY>\n" in render(way, config)
    assert way.asks_for == ("a client certificate",)
    assert "has to reach this port itself" in " ".join(way.notes)


def test_the_api_behind_tls() -> None:
    """Where the HTTP side has a certificate, what is to be pasted asks it over https."""
    config = msgspec.convert({"http": {"tls": {"certificate": "/etc/a.pem", "key": "/etc/a.key"}}}, Config)
    rtp = next(way for way in ways_in(config) if way.protocol == "rtp")
    assert "https://127.0.0.1:8080" in render(rtp, config)
