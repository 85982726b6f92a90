"""Between codec and sink: one end for every start, whatever happens in whatever order."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from voicerisk.events import Role
from voicerisk.gateways.codec import (
    Audio,
    Channel,
    CodecError,
    Dtmf,
    GatewayEvent,
    Ignored,
    Message,
    Paused,
    StreamEnded,
    StreamStarted,
)
from voicerisk.server.ingest_sink import Refused
from voicerisk.server.ingest_stream import IngestStream

STARTED = StreamStarted("call", "stream", (Channel(Role.CUSTOMER, 8000),))
AUDIO = Audio(0, np.zeros(160, np.int16))
EVENTS: list[GatewayEvent] = [STARTED, AUDIO, Dtmf("1"), Paused(), Ignored("x"), StreamEnded("stop")]


class ScriptedCodec:
    """Gives out what the script says, message by message; an exception in the script is raised."""

    subprotocol = None
    tick_s = None

    def __init__(self, script: Sequence[Sequence[GatewayEvent] | CodecError], at_end: Sequence[GatewayEvent]) -> None:
        self._script = list(script)
        self._at_end = at_end

    def receive(self, message: Message) -> Sequence[GatewayEvent]:
        """The next line of the script."""
        return self.tick(0.0)

    def tick(self, now_s: float) -> Sequence[GatewayEvent]:
        """The next line of the script."""
        events = self._script.pop(0)
        if isinstance(events, CodecError):
            raise events
        return events

    def receive_end(self, *, clean: bool) -> Sequence[GatewayEvent]:
        """What the script has for the end."""
        return self._at_end

    def drain(self) -> None:
        """Nothing."""

    def messages_to_send(self) -> Sequence[Message]:
        """Nothing."""
        return ()


class RecordingStream:
    """Writes down what it is told, and fails when it is told to."""

    def __init__(self, fails_at: int | None) -> None:
        self.told: list[GatewayEvent] = []
        self._fails_at = fails_at

    def receive(self, event: GatewayEvent) -> None:
        """Keeps the event, and may fail."""
        self.told.append(event)
        if len(self.told) == self._fails_at:
            raise RuntimeError("a fault behind the ingest")

    def end(self, ended: StreamEnded) -> None:
        """Keeps the end, and may fail."""
        self.receive(ended)


lines = st.one_of(st.lists(st.sampled_from(EVENTS), max_size=4), st.just(CodecError("broken")))


@given(
    st.lists(lines, max_size=8),
    st.lists(st.sampled_from(EVENTS), max_size=3),
    st.one_of(st.none(), st.integers(1, 6)),
    st.booleans(),
)
def test_every_start_has_one_end_and_nothing_after_it(
    script: list[Sequence[GatewayEvent] | CodecError], at_end: list[GatewayEvent], fails_at: int | None, refuses: bool
) -> None:
    """For any events, with faults in codec or sink at any point, the sink hears one end, and it is the last."""
    opened: list[RecordingStream] = []

    def admit(started: StreamStarted) -> RecordingStream:
        if refuses:
            raise Refused(1008, "no")
        opened.append(RecordingStream(fails_at))
        return opened[-1]

    stream = IngestStream(ScriptedCodec(script, at_end), admit)
    with capture_logs():
        for number in range(len(script)):
            try:
                if number % 2:
                    stream.tick(0.0)
                else:
                    stream.receive("")
            except (CodecError, Refused, RuntimeError):
                break
        stream.finish("gone", clean=False)
        stream.finish("gone twice", clean=True)
    assert len(opened) <= 1
    for sink in opened:
        ends = [isinstance(event, StreamEnded) for event in sink.told]
        assert ends == [False] * (len(ends) - 1) + [True]
        assert not any(isinstance(event, StreamStarted | Ignored) for event in sink.told)


def test_what_a_codec_still_holds_comes_before_the_end() -> None:
    """At the end of the transport the codec's last audio reaches the sink, and the end bears the transport's reason."""
    sink = RecordingStream(None)
    stream = IngestStream(
        ScriptedCodec([[STARTED]], [AUDIO, StreamEnded("codec's words", clean=False)]), lambda _: sink
    )
    stream.receive("")
    stream.finish("the connection broke", clean=False)
    assert sink.told == [AUDIO, StreamEnded("the connection broke", clean=False)]


def test_a_stream_closed_while_it_is_opened_has_its_end() -> None:
    """A runtime that closes the connection before it has returned the stream still hears the stream's end."""
    sink = RecordingStream(None)

    def admit(started: StreamStarted) -> RecordingStream:
        stream.finish("closed by the runtime", clean=False)
        return sink

    stream = IngestStream(ScriptedCodec([[STARTED, AUDIO]], []), admit)
    stream.receive("")
    stream.finish("gone", clean=False)
    assert [type(event) for event in sink.told] == [StreamEnded]


def test_a_connection_test_reaches_no_sink() -> None:
    """Where the door gives no sink, what follows the start goes nowhere and nothing fails."""
    stream = IngestStream(ScriptedCodec([[STARTED, AUDIO], [StreamEnded("stop")]], []), lambda _: None)
    stream.receive("")
    stream.receive("")
    assert (stream.started, stream.ended, stream.call_id) == (True, True, "call")


@pytest.mark.parametrize("events", [[AUDIO], [Dtmf("1")], [STARTED, STARTED]])
def test_a_codec_out_of_order_is_an_error_of_its_peer(events: list[GatewayEvent]) -> None:
    """Audio before the start, or two starts, end the connection as a broken protocol does."""
    stream = IngestStream(ScriptedCodec([events], []), lambda _: RecordingStream(None))
    with pytest.raises(CodecError, match=r"before the start|second start"):
        stream.receive("")
