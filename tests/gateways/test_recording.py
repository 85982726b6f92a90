"""Recorded wire sessions, whole and broken."""

import base64
import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicerisk.gateways.codec import Handshake
from voicerisk.gateways.recording import MAX_LINE_BYTES, Close, Recording, RecordingError, Wire, open_recording

HEADER = {
    "protocol": "l16",
    "transport": "ws",
    "path": "/fork?call=1&x=",
    "headers": {"Sec-WebSocket-Protocol": "a, b"},
    "peer": "p",
    "note": "n",
    "wall": 1.5,
}
LINES: list[dict[str, Any]] = [
    {"t": 0.1, "dir": "in", "text": "{}"},
    {"t": 0.2, "dir": "out", "text": "answer"},
    {"t": 0.3, "dir": "in", "b64": base64.b64encode(b"\x00\xff").decode()},
    {"t": 0.3, "dir": "in", "b64": ""},
    {"t": 0.5, "dir": "in", "close": 1000},
]


def _file(*lines: Any) -> bytes:
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def _read(content: bytes) -> tuple[Recording, list[Wire | Close]]:
    recording = Recording(io.BytesIO(content), "call.jsonl")
    return recording, list(recording)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_session_is_read_in_order(pack: Any) -> None:
    """Header, the gateway's messages and the close come out, plain or gzipped; what was answered does not."""
    recording, entries = _read(pack(_file(HEADER, *LINES)))
    assert (recording.protocol, recording.transport, recording.wall_s) == ("l16", "ws", 1.5)
    assert recording.handshake == Handshake(
        path="/fork",
        query={"call": "1", "x": ""},
        headers={"sec-websocket-protocol": "a, b"},
        subprotocols=("a", "b"),
    )
    assert entries == [Wire(0.1, "{}"), Wire(0.3, b"\x00\xff"), Wire(0.3, b""), Close(0.5, 1000)]


@pytest.mark.parametrize(
    ("name", "transport", "query"),
    [
        ("C-7.customer.jsonl", "tcp", {"callId": "C-7", "role": "customer"}),
        ("folder/a.b.agent.jsonl.gz", "tcp", {"callId": "a.b", "role": "agent"}),
        ("C-7.jsonl", "tcp", {}),
        ("C-7.boss.jsonl", "tcp", {}),
        (".agent.jsonl", "tcp", {}),
        ("C-7.customer.jsonl", "ws", {}),
    ],
)
def test_the_name_of_a_tcp_session(name: str, transport: str, query: dict[str, str]) -> None:
    """A TCP session's file name says whose voice it carries, since nothing on the wire does."""
    header = {"protocol": "audiosocket", "transport": transport}
    assert Recording(io.BytesIO(_file(header)), name).handshake.query == query


@pytest.mark.parametrize(("close", "code", "clean"), [(1000, 1000, True), (1006, 1006, False), ("eof", None, True)])
def test_how_it_ended(close: Any, code: int | None, clean: bool) -> None:
    """A close frame and an end of file are clean, a connection that vanished is not."""
    _, entries = _read(_file(HEADER, {"t": 1, "dir": "in", "close": close}))
    assert isinstance(entries[0], Close)
    assert (entries[0].code, entries[0].clean) == (code, clean)


def test_a_recording_that_breaks_off_ends_unclean() -> None:
    """Without a close line the end is that of a lost connection."""
    assert _read(_file(HEADER, *LINES[:1]))[1] == [Wire(0.1, "{}"), Close(0.1, 1006)]


@pytest.mark.parametrize(
    ("content", "line", "what"),
    [
        (b"", 1, "empty"),
        (b"RIFF....WAVE", 1, "not the header"),
        (_file({"path": "/x"}), 1, "protocol"),
        (_file({**HEADER, "headers": {"a": 1}}), 1, "headers"),
        (_file({**HEADER, "path": "http://[bad"}), 1, "path"),
        (_file(HEADER, LINES[0], {"dir": "in", "text": "x"}), 3, "`t`"),
        (_file(HEADER, {"t": 0.1, "dir": "up", "text": "x"}), 2, "dir"),
        (_file(HEADER, {"t": 0.1, "dir": "in"}), 2, "neither"),
        (_file(HEADER, {"t": 0.1, "dir": "in", "b64": "%"}), 2, "b64"),
        (_file(HEADER, LINES[2], LINES[0]), 3, "earlier"),
        (_file(HEADER, {"t": 1e9, "dir": "in", "text": "x"}), 2, "over a week"),
        (_file(HEADER) + b'{"t": 0.1', 2, "truncated"),
        (_file(HEADER) + b'{"x":' + b"[" * 50_000, 2, "recursion"),
        (_file(HEADER) + b"x" * (MAX_LINE_BYTES + 2), 2, "longer than"),
        (gzip.compress(_file(HEADER, *LINES))[:-20], 2, "damaged"),
    ],
)
def test_broken_files_name_file_line_and_fault(content: bytes, line: int, what: str) -> None:
    """A file that is not a recording raises its own error that says where and what."""
    with pytest.raises(RecordingError, match=what) as raised:
        _read(content)
    assert str(raised.value).startswith("call.jsonl, line ")
    if what != "damaged":  # how far a cut file can be read is the decompressor's business
        assert f"line {line}:" in str(raised.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """A missing file is named in the error."""
    with pytest.raises(RecordingError, match=r"nothing\.jsonl"), open_recording(tmp_path / "nothing.jsonl"):
        pass


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 400), st.booleans())
def test_any_damage_is_an_error_or_a_recording(junk: bytes, at: int, packed: bool) -> None:
    """Junk in any place of a file raises the recording's own error or is read past, never anything else."""
    content = _file(HEADER, *LINES)
    content = gzip.compress(content, mtime=0) if packed else content
    try:
        _, entries = _read(content[:at] + junk + content[at:])
    except RecordingError:
        return
    assert isinstance(entries[-1], Close)


def test_a_recorded_rtp_session(tmp_path: Path) -> None:
    """Datagrams can be recorded and read back, and the file's name says whose they are."""
    path = tmp_path / "c-1.customer.jsonl"
    header = {"protocol": "rtp", "transport": "udp"}
    lines = [{"t": 0.02, "dir": "in", "b64": "gIA="}, {"t": 0.5, "dir": "in", "close": "eof"}]
    path.write_text("\n".join(map(json.dumps, [header, *lines])))
    with open_recording(path) as recording:
        assert recording.handshake.query == {"callId": "c-1", "role": "customer"}
        assert list(recording) == [Wire(0.02, b"\x80\x80"), Close(0.5, None)]
