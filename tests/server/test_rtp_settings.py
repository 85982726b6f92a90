"""What may be set for RTP, and the one form of an address that is compared."""

import pytest

from voicerisk.server.ingest_settings import GatewaySettings
from voicerisk.server.rtp_port import _plain
from voicerisk.server.rtp_settings import RtpSettings


@pytest.mark.parametrize(
    ("shown", "plain"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::1"),
        ("2001:DB8::1", "2001:db8::1"),
    ],
)
def test_one_address_has_one_form(shown: str, plain: str) -> None:
    """An address that a socket shows in a form of its own is still the one that was registered."""
    assert _plain(shown) == plain


def test_rtp_is_no_websocket() -> None:
    """A gateway of the websocket ingest cannot speak it, and is told where it belongs."""
    with pytest.raises(ValueError, match=r"it has the table \[rtp\]"):
        GatewaySettings(path="/rtp", protocol="rtp")


def test_the_range_is_checked() -> None:
    """Ports that may not be had, or a range upside down, are refused in words."""
    for first, last in ((80, 1000), (30_000, 20_000)):
        with pytest.raises(ValueError, match="1024 to last_port is wanted"):
            RtpSettings(first_port=first, last_port=last)


@pytest.mark.parametrize(
    ("settings", "needed"),
    [
        (RtpSettings(), False),
        (RtpSettings(host="0.0.0.0"), True),
        (RtpSettings(host="0.0.0.0", any_source=True), False),
        (RtpSettings(host="::1"), False),
    ],
)
def test_who_has_to_say_who_sends(settings: RtpSettings, needed: bool) -> None:
    """Where other machines can send, the sender is to be named, unless the configuration says otherwise."""
    assert settings.needs_source is needed
