"""The demo's calls and the tests' recordings, built anew."""

from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile

from tests.training.made import buzz
from voicerisk.training.demo import CALLS, FIXTURE_CLIPS, SHORT_CALL, main
from voicerisk.training.simulate import read_truth

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "tests" / "fixtures"
DEMO = ROOT / "streams" / "demo"


@pytest.fixture
def emodb(tmp_path: Path) -> Path:
    """A root with a made-up EmoDB that has all whom the demo's calls are made of."""
    wav = tmp_path / "corpora" / "emodb" / "wav"
    wav.mkdir(parents=True)
    speakers = sorted(
        {name[-2:] for customer, agent, *_ in (*CALLS.values(), SHORT_CALL) for name in (customer, agent)}
    )
    for speaker in speakers:
        for letter in "NFW":
            for number in range(3):
                soundfile.write(wav / f"{speaker}a0{number}{letter}a.wav", buzz(1.5, 0.1), 8000)
    for name in (name for pair in FIXTURE_CLIPS.values() for name in pair):
        soundfile.write(wav / f"{name}.wav", buzz(1.5, 0.1), 8000)
    return tmp_path / "corpora"


def test_one_command_builds_all_that_ships(
    emodb: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command writes a file for each that ships, under its name and with its channels, and names it."""
    for name, (customer, agent, seed, plan) in CALLS.items():  # as short as calls can be
        short = msgspec.structs.replace(plan, duration_s=2.0, onset_s=None, hold_at_s=None)
        monkeypatch.setitem(CALLS, name, (customer, agent, seed, short))
    main(emodb, tmp_path / "demo", tmp_path / "fixtures")
    assert len(capsys.readouterr().out.splitlines()) == len(CALLS) + 3
    for shipped, built in ((DEMO, tmp_path / "demo"), (FIXTURES, tmp_path / "fixtures")):
        sounds = {file.name for file in shipped.iterdir() if file.suffix in {".ogg", ".flac"}}
        assert {file.name for file in built.iterdir() if file.suffix != ".json"} == sounds
        for file in sounds:
            assert soundfile.info(built / file).channels == soundfile.info(shipped / file).channels
    samples, _ = soundfile.read(tmp_path / "fixtures" / "calm.flac")
    assert np.abs(samples).max() > 0.01


@pytest.mark.parametrize("name", CALLS)
def test_shipped_calls_are_the_ones_that_are_planned(name: str) -> None:
    """The truth beside each of the demo's calls is of the voices, seed and plan that the command would take."""
    truth = read_truth(DEMO / f"{name}.json")
    assert (truth.customer, truth.agent, truth.seed, truth.plan) == CALLS[name]


def test_without_the_corpus_it_says_where_to_get_it(tmp_path: Path) -> None:
    """Where EmoDB is not there the command ends with one line that names it."""
    with pytest.raises(SystemExit, match="'emodb' is not there; get it from"):
        main(tmp_path, tmp_path / "demo", tmp_path / "fixtures")
