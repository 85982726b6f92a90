"""The text to paste for one way in: its template, filled from the configuration."""

import json
import re
from collections.abc import Mapping
from importlib import resources
from typing import Final

from voicerisk.config import Config
from voicerisk.gateways_help.ways import WayIn, shown_host
from voicerisk.server.ingest_settings import GatewaySettings

_PLACE: Final = re.compile(r"\{\{(\w+)\}\}")
_SHARED: Final = {"signalwire": "twilio"}
"""Protocols whose configuration reads like another's."""


def render(way: WayIn, config: Config) -> str:
    """What to paste into the switch. Secrets stand as placeholders in angle brackets."""
    name = _SHARED.get(way.protocol, way.protocol)
    template = resources.files(__package__).joinpath("templates", f"{name}.txt").read_text(encoding="utf-8")
    values = _values(way, config)
    return _PLACE.sub(lambda place: values[place[1]], template)


def _values(way: WayIn, config: Config) -> Mapping[str, str]:
    proofs = _proofs(way, way.gateway) if way.gateway is not None else {}
    return {
        **proofs,
        "near_url": way.near_url,
        "far_url": way.far_url,
        "http_url": f"http{'s' if config.http.tls else ''}://{shown_host(config.http.host)}:{config.http.port}",
        "http_auth": " -H 'Authorization: Bearer <HTTP-TOKEN>'" if config.http.token else "",
        "socket_address": way.near_url,
        "rtp_address": way.near_url,
        "rtp_inactivity_s": f"{config.rtp.inactivity_s:g}",
    }


def _proofs(way: WayIn, gateway: GatewaySettings) -> Mapping[str, str]:
    """How each switch is told what to show."""
    user = next(iter(gateway.auth.basic), None)
    login = (user, "<PASSWORD>") if user else ("voicerisk", "<TOKEN>") if gateway.tokens else None
    login_of = {"username": user, "password": "<PASSWORD>"}
    is_signed = gateway.auth.audiohook_signature is not None
    fork_auth = _set(f"MOD_AUDIO_BASIC_AUTH_USERNAME={user}") + _set("MOD_AUDIO_BASIC_AUTH_PASSWORD=<PASSWORD>")
    stream_auth = _set('STREAM_EXTRA_HEADERS={"Authorization":"Basic <BASE64 OF USER:PASSWORD>"}')
    tls = "tls_enabled = yes\nca_list_file = /etc/ssl/certs/ca-certificates.crt\n"
    return {
        # Asterisk shows the token as a password, so that it is in no log of URLs.
        "asterisk_url": way.address,
        "asterisk_auth": f"username = {login[0]}\npassword = {login[1]}\n" if login else "",
        "asterisk_tls": (tls if way.address.startswith("wss:") else "")
        + ("cert_file = <CERTIFICATE>\npriv_key_file = <KEY>\n" if gateway.auth.client_certificate else ""),
        "call_variable": str(gateway.options.get("call_variable", "CALL")),
        "role_variable": str(gateway.options.get("role_variable", "ROLE")),
        "freeswitch_auth": fork_auth if user else "",
        "stream_auth": stream_auth if user else "",
        "jambonz_auth": f'"wsAuth": {json.dumps(login_of)},\n            ' if user else "",
        "api_key": "<API-KEY>, a key of audiohook_signature.client_secrets" if is_signed else "<anything>",
        "client_secret": "<CLIENT-SECRET> of that key, in base64" if is_signed else "(leave it empty)",
    }


def _set(assignment: str) -> str:
    """A line of a FreeSWITCH dialplan."""
    return f"<action application=\"set\" data='{assignment}'/>\n"
