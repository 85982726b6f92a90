"""Tests of voicerisk.notify.signature."""

import base64
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.notify.made import SECRET
from voicerisk.notify import signature
from voicerisk.notify.signature import SignatureError, keys_in, signed_headers, verify

AT_S = 1_614_265_330.0
ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
BODY = b'{"test": 2432232314}'
OTHER = "whsec_" + base64.b64encode(b"another secret of 32 bytes......").decode()


def test_reference_vector() -> None:
    """The specification's own example gives the specification's own signature."""
    headers = signed_headers(ID, AT_S, BODY, SECRET)
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert verify(headers, BODY, SECRET, AT_S) == ID


@given(body=st.binary(max_size=200), at=st.integers(0, 100), byte=st.integers(1, 255))
def test_any_changed_byte_is_refused(body: bytes, at: int, byte: int) -> None:
    """A message of which one byte was changed on its way is refused, whichever byte."""
    body += b"."
    headers = signed_headers(ID, AT_S, body, SECRET)
    at %= len(body)
    changed = body[:at] + bytes([body[at] ^ byte]) + body[at + 1 :]
    with pytest.raises(SignatureError, match="no signature is right"):
        verify(headers, changed, SECRET, AT_S)


@pytest.mark.parametrize(("name", "value"), [("webhook-id", "msg_other"), ("webhook-timestamp", "1614265331")])
def test_id_and_time_are_signed_too(name: str, value: str) -> None:
    """Neither the idempotency key nor the time can be exchanged: an old message cannot pass for a new one."""
    headers = signed_headers(ID, AT_S, BODY, SECRET) | {name: value}
    with pytest.raises(SignatureError, match="no signature is right"):
        verify(headers, BODY, SECRET, AT_S)


def test_a_recording_played_again_is_refused() -> None:
    """A message is good for five minutes, no longer, and not before its time."""
    headers = signed_headers(ID, AT_S, BODY, SECRET)
    assert verify(headers, BODY, SECRET, AT_S + 300) == ID
    for now_s in (AT_S + 301, AT_S - 301):
        with pytest.raises(SignatureError, match="more than 300 s"):
            verify(headers, BODY, SECRET, now_s)


def test_a_secret_is_changed_without_a_gap() -> None:
    """While the sender signs with the old and the new secret, who knows either one accepts."""
    headers = signed_headers(ID, AT_S, BODY, f"{SECRET} {OTHER}")
    for known in (SECRET, OTHER):
        assert verify(headers, BODY, known, AT_S) == ID
    with pytest.raises(SignatureError, match="no signature is right"):
        verify(signed_headers(ID, AT_S, BODY, SECRET), BODY, OTHER, AT_S)


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_missing_header_is_named(name: str) -> None:
    """Without one of the three headers the message is refused, and the header named; their case does not matter."""
    headers = {key.title(): value for key, value in signed_headers(ID, AT_S, BODY, SECRET).items()}
    assert verify(headers, BODY, SECRET, AT_S) == ID
    del headers[name.title()]
    with pytest.raises(SignatureError, match=name):
        verify(headers, BODY, SECRET, AT_S)


@given(
    st.dictionaries(st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature"]), st.text()), st.binary()
)
def test_rubbish_is_refused(headers: dict[str, str], body: bytes) -> None:
    """Whatever stands in the headers, nothing but a refusal comes of it."""
    with pytest.raises(SignatureError):
        verify(headers, body, SECRET, AT_S)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_not base64!", "whsec_c2hvcnQ="])
def test_a_poor_secret_is_refused_unspoken(secret: str) -> None:
    """A secret that is short or no base64 is refused, and the message does not repeat it."""
    with pytest.raises(ValueError, match="secret") as caught:
        keys_in(secret)
    assert "c2hv" not in str(caught.value)


def test_the_file_stands_alone(tmp_path: Path) -> None:
    """The module can be copied: it works in a Python that has nothing else."""
    shutil.copy(str(signature.__file__), tmp_path / "webhook_signature.py")
    lines = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import webhook_signature as copied",
        f"headers = copied.signed_headers('m', 1.0, b'x', {SECRET!r})",
        f"print(copied.verify(headers, b'x', {SECRET!r}, 1.0))",
    )
    alone = (sys.executable, "-I", "-S", "-c", "\n".join(lines))
    done = subprocess.run(alone, capture_output=True, text=True, timeout=30)
    assert (done.stdout.strip(), done.stderr) == ("m", "")
