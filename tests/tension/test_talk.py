"""Turn-taking."""

from voicerisk.events import Role
from voicerisk.tension.talk import TalkStep, TalkTracker


def run(blocks: str) -> list[TalkStep]:
    """Steps for a script of blocks: c customer, a agent, b both, - nobody, x lost."""
    tracker = TalkTracker(window_s=2.4, silence_s=1.2)
    return [
        tracker.step(i, customer=b in "cb", agent=b in "ab", talk_over=1.0 if b == "b" else 0.0, missing=b == "x")
        for i, b in enumerate(blocks)
    ]


def overlaps(blocks: str) -> list[tuple[int, int, Role]]:
    """The overlaps of a script."""
    return [step.overlap for step in run(blocks) if step.overlap]


def test_customer_comes_in_over_the_agent() -> None:
    """Who spoke last and alone is the one who was talked over."""
    assert overlaps("aabbcc") == [(2, 4, Role.CUSTOMER)]
    assert overlaps("ccbbaa") == [(2, 4, Role.AGENT)]
    assert overlaps("--bb--") == [(2, 4, Role.UNKNOWN)]


def test_only_the_customers_own_talk_over_is_counted() -> None:
    """Being interrupted by the agent is not held against the customer."""
    assert run("ab-ab-ccba")[-1].talk_overs == 2


def test_talk_over_is_forgotten_after_the_window() -> None:
    """After ten blocks (2.4 s) a talk-over no longer counts."""
    counts = [step.talk_overs for step in run("ab" + "c" * 12)]
    assert counts[1:11] == [1] * 10
    assert counts[11:] == [0, 0, 0]


def test_silence_is_told_once_when_it_gets_long() -> None:
    """Five silent blocks make one event, and the rest of the same silence none."""
    silences = [step.silence for step in run("c------------c-----") if step.silence]
    assert silences == [(1, 6), (14, 19)]


def test_lost_audio_is_no_silence() -> None:
    """What was not heard is not known to be silent."""
    assert not [step.silence for step in run("c---x---x---x") if step.silence]
