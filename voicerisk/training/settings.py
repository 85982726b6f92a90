"""All that a training run is told, in one typed file: `models/<name>/train.toml`."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from voicerisk.scoring.model_file import Thresholds
from voicerisk.training.augment import LineSettings
from voicerisk.training.committee import CommitteeSettings
from voicerisk.training.corpora.clip import CorpusError


class Importance(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What each head weighs in the loss."""

    tension: float = 1.0
    stress: float = 0.5
    arousal: float = 0.5
    valence: float = 0.3
    emotion: float = 0.4

    @property
    def weights(self) -> tuple[float, ...]:
        """In the order of the outputs."""
        return (self.tension, self.stress, self.arousal, self.valence, self.emotion)


class BaselineSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a caller's own baseline is made up in training.

    Attributes:
        clips: At most so many other clips of the speaker make up a baseline; how many is drawn.
        calm_share: How often these are calm clips only; otherwise any, as of a caller who is angry from the start.
    """

    clips: int = 8
    calm_share: float = 0.75


class TrainSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A training run.

    Attributes:
        name: Of the model.
        version: Of the model; raise it with every training that ships.
        about: One line for the card's head.
        corpora: Teach the tone of voice.
        speech_corpora: Teach, besides those, only what speech is.
        judged_corpora: Each is left out once, and all of it judged by what was learned from the others.
        seed: Of all that is drawn.
        copies: How often each clip is heard through a line, besides as recorded.
        balance: Weight of a group (a corpus' angry clips, its other clips) is its size to the power of one minus this.
        line: What lines do.
        tone: The committee that judges a voice as such.
        known: The committee that judges it beside the caller's own baseline.
        mood: The committee for all but tension: stress, arousal, valence, emotion.
        speech: The speech detector.
        streams: Synthetic lines that the speech detector learns from.
        importance: What each head weighs in the committees `tone` and `known`, whose word on tension counts.
        mood_importance: The same in the committee `mood`, whose word on all else counts.
        baseline: How baselines are made up.
        false_alarms_per_hour: Where red begins is placed for so many on simulated calls of speakers, and of corpora,
            that the judging ear never heard (`placing`).
        thresholds: Where red begins instead, to be taken as it is.
        device: Where the committees learn; `auto` takes an NVIDIA card where there is one.
    """

    name: str
    version: str
    about: str = ""
    corpora: tuple[str, ...]
    speech_corpora: tuple[str, ...] = ()
    judged_corpora: tuple[str, ...] = ()
    seed: int = 0
    copies: Annotated[int, msgspec.Meta(ge=0, le=20)] = 2
    balance: float = 0.5
    line: LineSettings = LineSettings()
    tone: CommitteeSettings = CommitteeSettings()
    known: CommitteeSettings = CommitteeSettings()
    mood: CommitteeSettings = CommitteeSettings(hidden=32, dropout=0.3, steps=1500, adversary=0.0)
    speech: CommitteeSettings = CommitteeSettings(members=1, hidden=24, dropout=0.1, steps=2500, batch=1024)
    streams: int = 800
    importance: Importance = Importance()
    mood_importance: Importance = Importance(tension=0.2, valence=0.5, emotion=2.0)
    baseline: BaselineSettings = BaselineSettings()
    false_alarms_per_hour: Annotated[float, msgspec.Meta(ge=0)] = 0.3
    thresholds: Thresholds | None = None
    device: Literal["auto", "cpu", "cuda"] = "auto"


def read_settings(file: Path) -> TrainSettings:
    """The settings in a file. Raises `CorpusError` that names the file and the key at fault."""
    try:
        return msgspec.toml.decode(file.read_bytes(), type=TrainSettings)
    except FileNotFoundError:
        raise CorpusError(f"{file}: no such file; models/tension/train.toml is one to copy") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CorpusError(f"{file}: {error}") from error
