"""Whole calls of speakers never trained on, simulated and sent through the very chain that serves, file by file."""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import soundfile

from voicerisk.config import Config
from voicerisk.events import Role
from voicerisk.floor import FloorSettings
from voicerisk.replay import replay
from voicerisk.scoring.contract import CHUNK_S, RATE_HZ
from voicerisk.scoring.model import load_model
from voicerisk.training import callsounds, channel
from voicerisk.training.corpora import read_audio
from voicerisk.training.corpora.clip import Audio
from voicerisk.training.simulate import Mood, Plan, Truth, Voice, simulate, write_call

CORPORA: Final = ("ased", "emodb", "korean", "nemo", "savee", "turev")
"""Corpora whose speakers can play a customer who gets angry: speech, calm and angry, by known speakers."""
CALM_ONLY: Final = ("emospeech", "speechocean762")
"""Corpora whose speakers play only customers who never get angry: speechocean762 has no anger, and emospeech's labels
are too noisy to say from when on a call is one that escalates."""
TOGETHER: Final = 24
READ_CLIPS: Final = 2048
"""Clips that a process keeps in memory, about 75 kB each: a voice's clips come again in its next call."""

Advance = Callable[[int], None]
"""Gets how many calls have been done since the last time."""


class Window(msgspec.Struct, frozen=True):
    """What the chain said at one moment: the tension level, after so many more seconds of judged speech."""

    at_s: float
    level: float
    evidence_s: float


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """One call: what was true, when it alerted, and the level all along; times in media seconds.

    `onset_s` is when the caller became tense, None if never. `calm` are the stretches in which an alert is a false
    alarm: all of a calm call, the stretches that a reviewer marked calm, none of a simulated call that escalates.
    """

    name: str
    speaker: str
    group: str
    duration_s: float
    onset_s: float | None
    calm: tuple[tuple[float, float], ...]
    alerts_s: tuple[float, ...] = ()
    windows: tuple[Window, ...] = ()


@dataclass(frozen=True, slots=True)
class Spec:
    """A call to simulate."""

    customer: Voice
    agent: Voice
    plan: Plan
    seed: int


def specs(voices: Sequence[Voice], *, escalating: int, calm: int, seed: int) -> list[Spec]:
    """Return calls to simulate: so many with an onset, so many without, every speaker as often as any other.

    A third of the calm calls have a lively customer where the corpus has such clips. The same voices and seed give the
    same calls.
    """
    agents = [voice for voice in voices if voice.corpus in CORPORA]
    angry = [voice for voice in agents if voice.has("tense")]
    quiet = [voice for voice in voices if voice.corpus in CORPORA + CALM_ONLY]
    made: list[Spec] = []
    for wanted, pool, escalates in ((escalating, angry, True), (calm, quiet, False)):
        for index in range(wanted if pool else 0):
            customer = pool[index % len(pool)]
            random = np.random.default_rng([seed, int(escalates), index])
            others = [voice for voice in agents if voice.speaker != customer.speaker]
            # An agent of the same recordings where there is one, so that the microphone does not give away who speaks.
            near = [voice for voice in others if voice.corpus == customer.corpus] or others
            if not near:
                continue
            lively: Mood = "lively" if not escalates and index % 3 == 2 and _is_lively(customer) else "calm"
            plan = _plan(random, escalates=escalates, mood=lively)
            made.append(Spec(customer, near[int(random.integers(len(near)))], plan, int(random.integers(2**31))))
    return made


def degraded(spec: Spec) -> Spec:
    """Return the same call, word for word, on a bad line: quiet, noise 8 dB below the speech, 3 % of packets lost."""
    plan = msgspec.structs.replace(spec.plan, customer_level_db=-34.0, snr_db=8.0, loss=0.03)
    return replace(spec, plan=plan)


def _is_lively(voice: Voice) -> bool:
    return voice.corpus in CORPORA and voice.has("lively")


def _plan(random: np.random.Generator, *, escalates: bool, mood: Mood) -> Plan:
    onset_s = float(random.uniform(20, 35))
    kinds: tuple[callsounds.NoiseKind, ...] = ("pink", "car", "hum", "white")
    return Plan(
        duration_s=onset_s + 40 if escalates else 90.0,
        onset_s=onset_s if escalates else None,
        mood=mood,
        ringback_s=float(random.choice([0.0, 0.0, 4.0])),
        hold_at_s=10.0 if random.random() < 0.3 else None,
        keys="1" if random.random() < 0.2 else "",
        customer_level_db=float(random.uniform(-32, -18)),
        noise=kinds[int(random.integers(len(kinds)))],
        snr_db=float(random.uniform(15, 35)),
        echo_db=-35.0 if random.random() < 0.3 else None,
        law="alaw" if random.random() < 0.5 else "ulaw",
    )


def shipped_settings(model_folder: Path) -> FloorSettings:
    """Return the settings of a site that configures nothing: red begins where the model's folder suggests."""
    return Config().floor_with(load_model(model_folder))


def with_every_window(settings: FloorSettings) -> FloorSettings:
    """Return the settings with a window event at every block, so that trying settings on the levels is exact."""
    tension = msgspec.structs.replace(settings.tension, window_every=1)
    return msgspec.structs.replace(settings, tension=tension)


def run_calls(
    model_folder: Path,
    settings: FloorSettings,
    wanted: Sequence[Spec],
    *,
    workers: int = 1,
    advance: Advance | None = None,
) -> list[Outcome]:
    """Return the outcome of each call, in order; with several workers each runs the whole chain in its own process."""
    batches = [list(wanted[first : first + TOGETHER]) for first in range(0, len(wanted), TOGETHER)]
    if workers < 2:
        done = (_run_batch(model_folder, settings, batch) for batch in batches)
        return list(_flattened(done, advance))
    # A forked onnxruntime may hang on the parent's threads; a spawned one starts clean.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        jobs = pool.map(_run_batch, [model_folder] * len(batches), [settings] * len(batches), batches)
        return list(_flattened(jobs, advance))


def _flattened(batches: Iterable[list[Outcome]], advance: Advance | None) -> Iterator[Outcome]:
    for batch in batches:
        if advance is not None:
            advance(len(batch))
        yield from batch


_read = lru_cache(maxsize=READ_CLIPS)(read_audio)


def _run_batch(model_folder: Path, settings: FloorSettings, batch: Sequence[Spec]) -> list[Outcome]:
    with tempfile.TemporaryDirectory(prefix="voicerisk-calls-") as folder:
        files: dict[Path, Truth] = {}
        for index, spec in enumerate(batch):
            call = simulate(spec.customer, spec.agent, spec.plan, spec.seed, read=_read)
            file = Path(folder) / f"call{index:04d}.wav"
            write_call(call, file)
            files[file] = call.truth
        return outcomes(model_folder, settings, files)


def outcomes(model_folder: Path, settings: FloorSettings, files: dict[Path, Truth]) -> list[Outcome]:
    """Return what the chain made of simulated calls; file to truth, in that order."""
    return replayed(model_folder, settings, {file: _expected(file.stem, truth) for file, truth in files.items()})


def _expected(name: str, truth: Truth) -> Outcome:
    return Outcome(
        name=name,
        speaker=truth.customer,
        group=truth.corpus if truth.plan.mood == "calm" else f"{truth.corpus} in high spirits",
        duration_s=truth.duration_s,
        onset_s=truth.onset_s,
        calm=((0.0, truth.duration_s),) if truth.onset_s is None else (),
    )


def no_speech(minutes: float, seed: int = 0) -> dict[str, Audio]:
    """Return what a line carries where nobody speaks, by name: half of it music, the rest ringing, keys and noise."""
    random = np.random.default_rng(seed)
    pieces = max(1, round(minutes / 2))
    each_s = minutes * 30 / pieces
    music = [callsounds.hold_music(each_s, random) for _ in range(pieces)]
    part_s = minutes * 60 / 6
    keys = callsounds.dtmf("".join(random.choice(list("0123456789*#"), size=round(part_s / 0.22))))
    return {
        "hold music": channel.telephone_band(np.concatenate(music)),
        "ringback": np.concatenate([callsounds.ringback(part_s / 2, "eu"), callsounds.ringback(part_s / 2, "us")]),
        "keys": keys,
        "noise": channel.telephone_band(
            np.concatenate([callsounds.noise(kind, part_s / 4, random) for kind in ("white", "pink", "car", "hum")])
        ),
    }


def run_sounds(model_folder: Path, settings: FloorSettings, sounds: dict[str, Audio]) -> list[Outcome]:
    """Return what the chain made of sounds without a caller, each on a customer's channel of its own."""
    with tempfile.TemporaryDirectory(prefix="voicerisk-sounds-") as folder:
        files: dict[Path, Outcome] = {}
        for name, audio in sounds.items():
            file = Path(folder) / f"{name.replace(' ', '-')}.wav"
            soundfile.write(file, channel.g711(audio), RATE_HZ, subtype="PCM_16")
            length_s = len(audio) / RATE_HZ
            calm = ((0.0, length_s),)
            files[file] = Outcome(name=name, speaker=name, group="sounds", duration_s=length_s, onset_s=None, calm=calm)
        return replayed(model_folder, settings, files)


def replayed(
    model_folder: Path,
    settings: FloorSettings,
    files: dict[Path, Outcome],
    *,
    roles: Sequence[Role] | None = None,
) -> list[Outcome]:
    """Return what is known of each file together with what the chain made of it, in that order.

    `roles` says whose voice the files' channels carry, as for `replay`. Raises RuntimeError where the model fails.
    """
    alerts: dict[str, list[float]] = {file.stem: [] for file in files}
    windows: dict[str, list[Window]] = {file.stem: [] for file in files}
    model = load_model(model_folder)
    for item in replay(list(files), model, settings, roles=roles, packet_s=CHUNK_S):
        if item["type"] == "alert":
            alerts[item["call"]].append(float(item["at_s"]))
        elif item["type"] == "tension.window":
            windows[item["call"]].append(Window(item["at_s"], item["level"], item["evidence_s"]))
        elif item["type"] == "call.error":
            raise RuntimeError(f"{item['call']}: {item['why']}")
    return [
        msgspec.structs.replace(known, alerts_s=tuple(alerts[file.stem]), windows=tuple(windows[file.stem]))
        for file, known in files.items()
    ]
