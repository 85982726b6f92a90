"""How long to wait before the next try. Pure."""

from typing import Final

SPREAD: Final = 0.2
"""Pauses differ by up to this share, so that many messages do not all come back in the same moment."""


def pause_s(tries: int, first_s: float, longest_s: float, dice: float) -> float:
    """Seconds until the next try after `tries` failed ones (1 or more): doubling, at most `longest_s`.

    `dice` is a random number in 0..1 that shortens the pause by up to `SPREAD` of it.
    """
    # Beyond 2**60 any pause is the longest; an exponent without bound would overflow.
    doubled: float = first_s * 2 ** min(tries - 1, 60)
    return min(doubled, longest_s) * (1.0 - SPREAD * dice)
