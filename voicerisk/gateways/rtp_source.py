"""One sender's numbers put in order: what came twice, what is lost, and where each packet belongs in time.

Sequence numbers tell loss, timestamps tell time: a step of the timestamp without a step of the sequence number is
silence that the sender did not send. Written after RFC 3550, appendix A.1.
"""

from typing import Final

from voicerisk.gateways.rtp_packet import RtpPacket

MAX_AHEAD: Final = 3000
"""Packets that may be missing in a row, a minute of them; a larger step is another sender's, or a restart."""
WINDOW: Final = 64
"""Packets back to which a late one is known from one that came twice."""


def sequence_step(later: int, earlier: int) -> int:
    """How many packets `later` is ahead of `earlier`, -32768 to 32767, over the wrap of 16 bits."""
    return ((later - earlier + 0x8000) & 0xFFFF) - 0x8000


def _time_step(later: int, earlier: int) -> int:
    return ((later - earlier + 0x8000_0000) & 0xFFFF_FFFF) - 0x8000_0000


class RtpSource:
    """One SSRC from its first packet on; that one's samples begin at `base` on the stream's clock."""

    __slots__ = ("_first", "_highest", "_n_ahead", "_position", "_seen", "_timestamp", "n_received", "ssrc")

    def __init__(self, first: RtpPacket, base: int) -> None:
        self.ssrc = first.ssrc
        self.n_received = 0
        self._first = self._highest = (first.sequence - 1) & 0xFFFF
        self._n_ahead = 0  # how far `_highest` is from `_first`, counted over the wraps
        self._seen = 0  # bit n: the packet n before the highest has come
        self._timestamp = first.timestamp
        self._position = base

    @property
    def n_lost(self) -> int:
        """Packets that must have been sent and have not come (yet)."""
        return max(0, self._n_ahead - self.n_received)

    def owns(self, packet: RtpPacket) -> bool:
        """Whether the packet carries on from those before."""
        if packet.ssrc != self.ssrc:
            return False
        return -WINDOW < sequence_step(packet.sequence, self._highest) <= MAX_AHEAD

    def take(self, packet: RtpPacket) -> int | None:
        """How far the owned `packet` is ahead of all before: 1 in order, less than 0 late; None if it came twice."""
        step = sequence_step(packet.sequence, self._highest)
        if step > 0:
            self._seen = ((self._seen << step) | 1) & ((1 << WINDOW) - 1)
            self._highest = packet.sequence
            self._n_ahead += step
        elif self._seen >> -step & 1:
            return None
        else:
            self._seen |= 1 << -step
        self.n_received += 1
        return step

    def position(self, packet: RtpPacket, *, newest: bool) -> int:
        """The sample on the stream's clock with which the packet begins; the `newest` one's is measured from next."""
        position = self._position + _time_step(packet.timestamp, self._timestamp)
        if newest:
            self._position, self._timestamp = position, packet.timestamp
        return position
