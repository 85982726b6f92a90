"""What one peer, one token and the whole door may take, as settings and as the small counters that hold them to it."""

from collections import Counter
from typing import Annotated

import msgspec

_Seconds = Annotated[float, msgspec.Meta(gt=0)]
_Count = Annotated[int, msgspec.Meta(ge=1)]


class IngestLimits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Bounds of the websocket ingest; each time one is met, voicerisk_ingest_limits_total counts it by its name."""

    max_message_bytes: Annotated[int, msgspec.Meta(ge=1024, le=16 * 1024 * 1024)] = 64 * 1024
    """Longest text or binary message; a longer one closes its connection with 1009."""

    start_within_s: _Seconds = 10.0
    """From the TCP connection to the start of the stream, upgrade and token included."""

    inactivity_s: _Seconds = 60.0
    """Longest time without any sign of life. An answer to a ping is one: a party on hold sends no audio for minutes,
    and closing the stream of some gateways hangs up the customer."""

    no_message_s: _Seconds = 4 * 3600.0
    """Longest time in which the peer answers pings but sends no message: a gateway that forgot to say stop."""

    ping_every_s: Annotated[float, msgspec.Meta(ge=0)] = 20.0
    """How often a ping is sent; 0 sends none (some old gateways hang up on one)."""

    close_within_s: _Seconds = 0.5
    """How long the peer may take to answer a close frame before the connection is cut."""

    linger_s: _Seconds = 5.0
    """How long the connection may stay after the peer said the stream has ended."""

    max_calls: _Count = 1000
    """Connections that carry a call, in all; the next one is refused with 503."""

    max_calls_per_token: _Count = 1000
    """The same for the holder of one token, so that one gateway gone mad cannot take every place."""

    max_unproven: _Count = 512
    """Connections that have not yet upgraded, or not yet shown their token; they take no place among the calls, and one
    more of them cuts the oldest."""

    connections_per_s: Annotated[float, msgspec.Meta(gt=0)] = 100.0
    """New connections per second in the long run; the ones above are refused with 503."""

    connections_burst: _Count = 200
    """How many new connections may come at once after a quiet time."""

    retry_after_s: _Count = 5
    """What a refused peer is told in Retry-After."""

    turn_bytes: Annotated[int, msgspec.Meta(ge=1024)] = 8 * 1024
    """Bytes taken from one connection before the others have their turn; what is more waits, first in one read buffer,
    then in the kernel, then at the peer (TCP's own back-pressure)."""

    write_buffer_bytes: Annotated[int, msgspec.Meta(ge=1024)] = 32 * 1024
    """Answers waiting for a peer that does not read; above this the connection is not read either."""

    compression: bool = False
    """Accept permessage-deflate when the peer offers it. It costs more CPU than all the rest of the ingest together."""


class TokenBucket:
    """Says for each new arrival whether it still is within `rate_per_s`, with `burst` to spare after a quiet time."""

    def __init__(self, rate_per_s: float, burst: int) -> None:
        self._rate_per_s = rate_per_s
        self._burst = float(burst)
        self._left = float(burst)
        self._at_s: float | None = None

    def take(self, now_s: float, n: int = 1) -> bool:
        """True if `n` more may pass now; `now_s` is monotonic. What is refused costs nothing."""
        if self._at_s is not None:
            self._left = min(self._burst, self._left + (now_s - self._at_s) * self._rate_per_s)
        self._at_s = now_s
        if self._left < n:
            return False
        self._left -= n
        return True


class TokenBuckets:
    """A bucket for each of those who ask; beyond `max_kept` whoever has not asked for longest is forgotten."""

    def __init__(self, rate_per_s: float, burst: int, max_kept: int = 10_000) -> None:
        self._rate_per_s = rate_per_s
        self._burst = burst
        self._max_kept = max_kept
        self._buckets: dict[str, TokenBucket] = {}

    def take(self, who: str, now_s: float, n: int = 1) -> bool:
        """True if `n` more of this one may pass now; `now_s` is monotonic."""
        bucket = self._buckets.pop(who, None) or TokenBucket(self._rate_per_s, self._burst)
        self._buckets[who] = bucket
        if len(self._buckets) > self._max_kept:
            del self._buckets[next(iter(self._buckets))]
        return bucket.take(now_s, n)

    def forget(self, who: str) -> None:
        """The next one begins with a full bucket."""
        self._buckets.pop(who, None)


class Place:
    """One call's place; `give_back` may be called on every way out, it counts once."""

    __slots__ = ("_places", "_token")

    def __init__(self, places: "Places", token: bytes) -> None:
        self._places: Places | None = places
        self._token = token

    def give_back(self) -> None:
        """Frees the place; idempotent."""
        places, self._places = self._places, None
        if places is not None:
            places._free(self._token)


class Places:
    """How many calls are on, in all and per token, against their limits."""

    def __init__(self, max_calls: int, max_calls_per_token: int) -> None:
        self._max_calls = max_calls
        self._max_per_token = max_calls_per_token
        self._per_token: Counter[bytes] = Counter()
        self.n_taken = 0

    def limit_for(self, token: bytes) -> str | None:
        """The name of the limit that leaves no place for a holder of `token`, or None if there is one."""
        if self.n_taken >= self._max_calls:
            return "max_calls"
        return "max_calls_per_token" if token and self._per_token[token] >= self._max_per_token else None

    def take(self, token: bytes) -> Place | None:
        """A place for a holder of `token` (any stable key; empty where no token is asked), or None if all are taken."""
        if self.limit_for(token) is not None:
            return None
        self.n_taken += 1
        self._per_token[token] += 1
        return Place(self, token)

    def _free(self, token: bytes) -> None:
        self.n_taken -= 1
        self._per_token[token] -= 1
        if not self._per_token[token]:
            del self._per_token[token]
