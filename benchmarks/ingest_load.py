"""A load of Twilio connections from a process of its own.

    python -m benchmarks.ingest_load PORT N_CONNECTIONS N_FRAMES PACE_S

Frames are made and masked beforehand and written to plain sockets, so that the load costs little beside the server.
Prints "ready" once every connection has upgraded and started, sends when it reads a line, prints "sent", and hangs up
when it reads another.
"""

import base64
import json
import socket
import sys
import time
from collections.abc import Sequence
from typing import Final

import numpy as np
from websockets.frames import Frame, Opcode

FRAME_SAMPLES: Final = 160


def masked(message: str) -> bytes:
    """A client's text frame on the wire."""
    return Frame(Opcode.TEXT, message.encode()).serialize(mask=True)


def start_frame(number: int) -> bytes:
    """The start of a one-track fork."""
    start = {
        "accountSid": "AC" + "0" * 32,
        "streamSid": f"MZ{number:032}",
        "callSid": f"CA{number:032}",
        "tracks": ["inbound"],
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
        "customParameters": {},
    }
    return masked(
        json.dumps({"event": "start", "sequenceNumber": "1", "streamSid": start["streamSid"], "start": start})
    )


def media_frames(n_frames: int) -> list[bytes]:
    """20 ms of noise each, in Twilio's own words."""
    noise = np.random.default_rng(0).integers(0, 256, (n_frames, FRAME_SAMPLES), dtype=np.uint8)
    frames = []
    for number, audio in enumerate(noise):
        media = {
            "track": "inbound",
            "chunk": str(number + 1),
            "timestamp": str(20 * number),
            "payload": base64.b64encode(audio.tobytes()).decode(),
        }
        message = {"event": "media", "sequenceNumber": str(number + 2), "streamSid": "MZ" + "0" * 32, "media": media}
        frames.append(masked(json.dumps(message, separators=(",", ":"))))
    return frames


def connected(port: int, number: int) -> socket.socket:
    """An upgraded connection that has started its stream."""
    peer = socket.create_connection(("127.0.0.1", port))
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    key = base64.b64encode(bytes(16)).decode()
    request = (
        f"GET /twilio HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    peer.sendall(request.encode())
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += peer.recv(4096)
    if not answer.startswith(b"HTTP/1.1 101"):
        raise SystemExit(f"not upgraded: {answer.decode(errors='replace')}")
    peer.sendall(start_frame(number))
    return peer


def send(peers: Sequence[socket.socket], frames: Sequence[bytes], pace_s: float) -> None:
    """Every frame to every peer; with a pace each peer gets one per `pace_s`, peers spread evenly over it."""
    began_s = time.perf_counter()
    for number, frame in enumerate(frames):
        for order, peer in enumerate(peers):
            if pace_s:
                due_s = began_s + pace_s * (number + order / len(peers))
                if (wait_s := due_s - time.perf_counter()) > 0:
                    time.sleep(wait_s)
            peer.sendall(frame)


def main() -> None:
    """Connects, waits for the word, sends, waits again, and hangs up."""
    port, n_connections, n_frames = (int(argument) for argument in sys.argv[1:4])
    frames = media_frames(n_frames)
    peers = [connected(port, number) for number in range(n_connections)]
    print("ready", flush=True)
    sys.stdin.readline()
    send(peers, frames, float(sys.argv[4]))
    print("sent", flush=True)
    sys.stdin.readline()
    for peer in peers:
        peer.close()


if __name__ == "__main__":
    main()
