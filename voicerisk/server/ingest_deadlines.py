"""Every deadline of one connection, as arithmetic: what is due, given the time and how much has come."""

from enum import Enum
from typing import NamedTuple

from voicerisk.server.limits import IngestLimits


class Phase(Enum):
    """How far a connection has come."""

    STARTING = "starting"
    STREAMING = "streaming"
    ENDED = "ended"
    CLOSING = "closing"


class Due(Enum):
    """What has to be done now."""

    PING = "ping"
    CLOSE = "close"
    CUT = "cut"


class Verdict(NamedTuple):
    """What is due, for a close its code, reason and cause, and the limit that was met, if one was."""

    due: Due
    code: int = 0
    reason: str = ""
    cause: str = ""
    limit: str = ""


class Deadlines:
    """Looks at one connection's deadlines. All times are monotonic seconds, passed in."""

    __slots__ = (
        "_heard_s",
        "_limits",
        "_made_s",
        "_message_s",
        "_n_bytes",
        "_n_messages",
        "_phase",
        "_phase_s",
        "_ping_s",
    )

    def __init__(self, limits: IngestLimits, now_s: float) -> None:
        self._limits = limits
        self._made_s = self._heard_s = self._message_s = self._ping_s = self._phase_s = now_s
        self._phase = Phase.STARTING
        self._n_messages = 0
        self._n_bytes = 0

    def look(self, now_s: float, phase: Phase, n_messages: int, n_bytes: int) -> Verdict | None:
        """What is due at `now_s`, or None; the counts are totals since the connection was made.

        Counts are compared from look to look, so that receiving costs no look at a clock.
        """
        limits = self._limits
        if n_bytes != self._n_bytes:
            self._n_bytes, self._heard_s = n_bytes, now_s
        if n_messages != self._n_messages:
            self._n_messages, self._message_s = n_messages, now_s
        if phase is not self._phase:
            self._phase, self._phase_s = phase, now_s
        in_phase_s = now_s - self._phase_s
        if phase is Phase.CLOSING:
            return Verdict(Due.CUT, limit="close_within_s") if in_phase_s >= limits.close_within_s else None
        if phase is Phase.STARTING:
            if now_s - self._made_s >= limits.start_within_s:
                why = f"no start within {limits.start_within_s:g} s"
                return Verdict(Due.CLOSE, 1008, why, "no_start", "start_within_s")
        elif phase is Phase.ENDED:
            if in_phase_s >= limits.linger_s:
                return Verdict(Due.CLOSE, 1000, "the stream has ended", "stream_ended", "linger_s")
        elif now_s - self._heard_s >= limits.inactivity_s:
            why = f"no sign of life for {limits.inactivity_s:g} s"
            return Verdict(Due.CLOSE, 1001, why, "inactive", "inactivity_s")
        elif now_s - self._message_s >= limits.no_message_s:
            why = f"no message for {limits.no_message_s:g} s"
            return Verdict(Due.CLOSE, 1001, why, "inactive", "no_message_s")
        elif limits.ping_every_s and now_s - self._ping_s >= limits.ping_every_s:
            self._ping_s = now_s
            return Verdict(Due.PING)
        return None
