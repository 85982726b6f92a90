"""The demo's calls in `streams/demo/` and the tests' small recordings, built from EmoDB (CC0) and nothing else.

The model may have been trained on these voices, so the calls show that the plumbing works, not how well the ear hears.

`python -m voicerisk.training.demo`, run in the project's folder, builds them again: the same samples from the same
copy of EmoDB.
"""

import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Annotated, Final

import numpy as np
import soundfile
import typer

from voicerisk.scoring.contract import RATE_HZ
from voicerisk.training import channel
from voicerisk.training.corpora import ROOT_VARIABLE, load, read_audio
from voicerisk.training.corpora.clip import Audio, Clip, CorpusError
from voicerisk.training.simulate import Plan, Voice, simulate, voices, write_call

SECONDS: Final = 54.0

CALLS: Final[dict[str, tuple[str, str, int, Plan]]] = {
    # file: customer, agent, seed, plan
    "escalates-card-blocked": ("emodb_15", "emodb_13", 26, Plan(duration_s=SECONDS, onset_s=21)),
    "escalates-third-call": ("emodb_14", "emodb_11", 18, Plan(duration_s=SECONDS, onset_s=22, noise="car", law="alaw")),
    "calm-invoice": ("emodb_11", "emodb_09", 3, Plan(duration_s=SECONDS, ringback_s=2, keys="1#")),
    "calm-address": ("emodb_13", "emodb_03", 4, Plan(duration_s=SECONDS, hold_at_s=15, hold_s=7, echo_db=-35)),
    "calm-loud-and-happy": (
        "emodb_08",
        "emodb_10",
        5,
        Plan(duration_s=SECONDS, mood="lively", customer_level_db=-19, tense_gain_db=0),
    ),
    "calm-noisy-line": (
        "emodb_09",
        "emodb_15",
        6,
        Plan(duration_s=SECONDS, snr_db=15, customer_level_db=-30, law="alaw"),
    ),
}

SHORT_CALL: Final = ("emodb_16", "emodb_10", 9, Plan(duration_s=16, onset_s=6, talk_over=0.0))
FIXTURE_CLIPS: Final = {"calm": ("15b02Nd", "15b10Nb"), "angry": ("15b02Wa", "15b10Wa")}


def build_demo(corpora_root: Path | None, out: Path) -> Iterator[Path]:
    """Write the demo's calls as Ogg Opus with their truth beside them, and yield each file once it is written.

    Raises `CorpusError` where EmoDB is not below the corpora's root.
    """
    by_name = _voices(corpora_root)
    out.mkdir(parents=True, exist_ok=True)
    for name, (customer, agent, seed, plan) in CALLS.items():
        file = out / f"{name}.ogg"
        write_call(simulate(by_name[customer], by_name[agent], plan, seed), file)
        yield file


def build_fixtures(corpora_root: Path | None, out: Path) -> Iterator[Path]:
    """Write and yield `calm.flac`, `angry.flac` (one speaker, mono) and `call.flac` (short, stereo, with its truth)."""
    clips = {clip.path.stem: clip for clip in load(corpora_root, ["emodb"])}
    out.mkdir(parents=True, exist_ok=True)
    for name, parts in FIXTURE_CLIPS.items():
        audio = [channel.at_level(_line(clips[part]), -24) for part in parts]
        soundfile.write(out / f"{name}.flac", channel.g711(np.concatenate(audio)), RATE_HZ, subtype="PCM_16")
        yield out / f"{name}.flac"
    by_name = _voices(corpora_root)
    customer, agent, seed, plan = SHORT_CALL
    write_call(simulate(by_name[customer], by_name[agent], plan, seed), out / "call.flac")
    yield out / "call.flac"


def _voices(corpora_root: Path | None) -> dict[str, Voice]:
    return {voice.speaker: voice for voice in voices(load(corpora_root, ["emodb"]))}


def _line(clip: Clip) -> Audio:
    return channel.telephone_band(read_audio(clip))


def main(
    corpora: Annotated[Path | None, typer.Option(envvar=ROOT_VARIABLE, help="Folder that holds `emodb`.")] = None,
    demo: Annotated[Path, typer.Option(help="Where the demo's calls go.")] = Path("streams/demo"),
    fixtures: Annotated[Path, typer.Option(help="Where the tests' recordings go.")] = Path("tests/fixtures"),
) -> None:
    """Build the demo's calls and the tests' recordings from EmoDB."""
    try:
        for file in chain(build_fixtures(corpora, fixtures), build_demo(corpora, demo)):
            sys.stdout.write(f"{file}\n")
    except CorpusError as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    typer.run(main)
