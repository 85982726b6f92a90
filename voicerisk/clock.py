"""The only reader of the wall clock; everything else counts samples or takes ``now`` as an argument."""

import time


def now_s() -> float:
    """Seconds since the Unix epoch (UTC). May step when the machine's clock is set: never subtract two of these."""
    return time.time()


def monotonic_s() -> float:
    """Seconds on a clock that never steps back, for timeouts and for measuring how long something took."""
    return time.monotonic()


def cpu_s() -> float:
    """CPU seconds used by this process so far, for the cost metrics."""
    return time.process_time()
