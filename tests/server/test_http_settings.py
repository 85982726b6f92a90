import pytest

from voicerisk.server.http_settings import HttpSettings, is_loopback
from voicerisk.settings import SettingsError, parse


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost", "[::1]"])
def test_this_machine(host: str) -> None:
    """Addresses that only this machine reaches need no token."""
    assert is_loopback(host)
    assert HttpSettings(host=host).token == ""


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.5", "desk.example", ""])
def test_network_needs_a_token(host: str) -> None:
    """An address that others reach is refused without a token, and says what to do."""
    assert not is_loopback(host)
    with pytest.raises(ValueError, match=r"http\.token must be set"):
        HttpSettings(host=host)
    assert HttpSettings(host=host, token="0123456789abcdef").host == host


def test_short_token() -> None:
    """A token that can be guessed is refused."""
    with pytest.raises(ValueError, match="too short"):
        HttpSettings(token="secret")


def test_check_says_it_in_plain_words() -> None:
    """The configuration's reader passes the refusal on to whoever wrote the file."""
    with pytest.raises(SettingsError) as error:
        parse('host = "0.0.0.0"', HttpSettings, "voicerisk.toml")
    assert "http.token must be set" in str(error.value)
