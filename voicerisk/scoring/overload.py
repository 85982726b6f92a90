"""What gives when the model cannot keep up: first the hop of the pooled scores is stretched, then the door closes.

Audio is never dropped: the encoder hears every chunk of every call, so its states stay true, and only the heads (the
pooled scores) are computed for every 2nd or 4th chunk of a call. `now_s` and `lag_s` are arguments; nothing here
reads a clock.
"""

from typing import Final

import msgspec

MAX_STRETCH: Final = 4


class OverloadSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When to give way. Lag is how long the chunk that waits longest has been ready for the model, in seconds."""

    stretch_lag_s: float = 0.15
    """Above this lag every 2nd chunk of a call gets pooled scores, above twice this lag every 4th."""

    relax_after_s: float = 2.0
    """How long the lag must have stayed below half of `stretch_lag_s` before the hop is shortened by one step."""

    door_lag_s: float = 1.0
    """At this lag no new call is taken (HTTP 503, websocket close 1013); live calls go on."""


class Hop(msgspec.Struct, frozen=True):
    """Pooled scores come with every `stretch`-th chunk of a call; `busy_at_s`: when lag was last too high to relax."""

    stretch: int = 1
    busy_at_s: float = 0.0

    def has_heads(self, chunk_index: int) -> bool:
        """Whether the call's chunk of that number (0, 1, 2 ...) gets pooled scores."""
        return chunk_index % self.stretch == 0


def next_hop(hop: Hop, lag_s: float, now_s: float, settings: OverloadSettings) -> Hop:
    """The hop from now on. It stretches at once and relaxes one step at a time, so that it does not flutter."""
    wanted = 1
    while wanted < MAX_STRETCH and lag_s > settings.stretch_lag_s * wanted:
        wanted *= 2
    if wanted > hop.stretch:
        return Hop(wanted, now_s)
    if lag_s > settings.stretch_lag_s / 2:
        return Hop(hop.stretch, now_s)
    if hop.stretch > 1 and now_s - hop.busy_at_s >= settings.relax_after_s:
        return Hop(hop.stretch // 2, now_s)
    return hop
