"""Deeds as they are written down."""

import msgspec
import pytest

from voicerisk.risk import deeds
from voicerisk.risk.deeds import Deed
from voicerisk.risk.silences import Matcher

ONE_OF_EACH: list[Deed] = [
    deeds.Acknowledge(person="dana", alert="al-1", note="mine"),
    deeds.Assign(person="dana", alert="al-1", to="yoav"),
    deeds.Resolve(person="dana", alert="al-1"),
    deeds.AddNote(person="dana", alert="al-1", note="a bad line"),
    deeds.MakeSilence(
        person="dana", matchers=(Matcher(label="queue", values=("tech",)),), until_s=2_000_000_000.0, why="drill"
    ),
    deeds.EndSilence(person="dana", silence="si-1"),
    deeds.SetOutage(person="dana", on=True, queue="tech", why="power"),
    deeds.RunStep(person="dana", run="run-1", step=0),
    deeds.ConfirmStep(person="dana", run="run-1", step=1, note="done"),
    deeds.SkipStep(person="dana", run="run-1", step=2),
    deeds.ReportStep(run="run-1", step=3, ok=False, text="no answer"),
    deeds.TakeTask(person="dana", task="t-1"),
    deeds.CloseTask(person="dana", task="t-1", note="called"),
    deeds.AssignIncident(person="dana", incident="i-1", to="noa"),
]


def test_every_deed_survives_being_written_down() -> None:
    """To JSON and back it is the same deed, and each kind has a name of its own."""
    raw = [msgspec.json.encode(deed) for deed in ONE_OF_EACH]
    assert [msgspec.json.decode(one, type=Deed) for one in raw] == ONE_OF_EACH
    assert len({msgspec.json.decode(one)["deed"] for one in raw}) == len(ONE_OF_EACH)


@pytest.mark.parametrize(
    "raw",
    [
        '{"deed": "acknowledge", "person": "", "alert": "al-1"}',
        '{"deed": "acknowledge", "person": "dana"}',
        '{"deed": "note", "person": "dana", "alert": "al-1", "note": ""}',
        '{"deed": "silence", "person": "dana", "matchers": [], "until_s": 9.0, "why": "x"}',
        '{"deed": "silence", "person": "d", "matchers": [{"label": "queue", "values": []}], "until_s": 9, "why": "x"}',
        '{"deed": "run_step", "person": "dana", "run": "r", "step": -1}',
        '{"deed": "resolve", "person": "dana", "alert": "al-1", "more": 1}',
        '{"deed": "sing", "person": "dana"}',
        '{"deed": "resolve", "person": "dana", "alert": "al-1", "note": "' + "x" * 2001 + '"}',
    ],
)
def test_a_deed_of_nobody_or_without_what_it_needs_is_refused(raw: str) -> None:
    """Missing, empty, unknown and endless fields are errors."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(raw, type=Deed)
