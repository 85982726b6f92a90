"""What a corpus' folder becomes, in the owners' layout and with a manifest."""

from pathlib import Path, PurePath

import numpy as np
import pytest
import soundfile

from voicerisk.training import corpora
from voicerisk.training.corpora import CORPORA, Clip, CorpusError, labels
from voicerisk.training.corpora.manifest import COLUMNS

OFFICIAL = {
    "ased": ("a5-01-01-01-29.wav", "ased_29", "angry", "f"),
    "banglaser": ("complete/Actor - 36/03-01-07-02-05-01-36.wav", "banglaserx_36", "fearful", ""),
    "baved": ("remake/2/47-m-20-2-1-729.wav", "baved_47", "neutral", "m"),
    "emodb": ("wav/03a01Wa.wav", "emodb_03", "angry", "m"),
    "emogator": ("data/mp3/000048-24-2.wav", "emogator_0048", "sad", ""),
    "emospeech": ("Roads/no-safe-angry-20190729184204-4e520c6f923a2bc94.wav", "emospeech_4e520c6f92", "angry", ""),
    "fsdd": ("recordings/7_jackson_32.wav", "fsdd_jackson", "neutral", ""),
    "korean": ("main/nea00302.wav", "korem_nea", "angry", "f"),
    "nemo": ("samples/EB0_anger_17.wav", "nemo_EB0", "angry", "f"),
    "noise": ("_background_noise_/running_tap.wav", "noise_running_tap", "noise", ""),
    "savee": ("AudioData/DC/su01.wav", "savee_DC", "surprised", "m"),
    "speechocean762": ("WAVE/SPEAKER0024/000240116.WAV", "so762_0024", "neutral", "f"),
    "turev": ("Sound Source/Calm/1157_sk_acik.wav", "turev_1157", "calm", ""),
}


def write_tone(path: Path, *, rate_hz: int = 16000, seconds: float = 0.5, offset: float = 0.0) -> None:
    """Write a 200 Hz tone as WAV, with the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    time_s = np.arange(round(rate_hz * seconds)) / rate_hz
    soundfile.write(path, 0.3 * np.sin(2 * np.pi * 200 * time_s) + offset, rate_hz, format="WAV")


def test_every_corpus_has_an_example_here() -> None:
    """Each known corpus is covered by the layouts tested below."""
    assert OFFICIAL.keys() == CORPORA.keys()


@pytest.mark.parametrize("name", sorted(OFFICIAL))
def test_owners_layout_is_read(name: str, tmp_path: Path) -> None:
    """A file named as the owners name it gives the speaker, the emotion and the sex that its name states."""
    file, speaker, emotion, gender = OFFICIAL[name]
    write_tone(tmp_path / name / file)
    write_tone(tmp_path / name / "unrelated.wav")
    if name == "speechocean762":
        table = tmp_path / name / "train" / "spk2gender"
        table.parent.mkdir()
        table.write_text("0024 f\n0036 m\n", encoding="utf-8")
    clips = corpora.load(tmp_path, [name])
    assert [(clip.speaker, clip.emotion, clip.gender) for clip in clips] == [(speaker, emotion, gender)]
    assert clips[0].licence_class == CORPORA[name].licence_class
    assert clips[0].duration_s == pytest.approx(0.5)
    assert corpora.validate(clips) == []


def test_unknown_speakers_are_flagged() -> None:
    """A clip under the empty text's hash counts as of unknown speaker."""
    found = CORPORA["emospeech"].parse(PurePath("House/bacho-safe-calm-20190709085918-d14a028c2a3a2bc94.wav"))
    assert found is not None
    assert (found.speaker, found.flags) == ("emospeech_unknown", frozenset({"unknown_speaker"}))


def test_korean_swap_is_corrected() -> None:
    """Block 003, which the owners call sadness, is read as anger and says that it was corrected."""
    found = CORPORA["korean"].parse(PurePath("nea00302.wav"))
    assert found is not None
    assert (found.emotion, found.label_raw, found.flags) == ("angry", "sadness", {"label_order_corrected"})


def test_each_speakers_first_sentence_is_a_clip_of_its_own(tmp_path: Path) -> None:
    """SAVEE's owners name the files of all speakers alike: the folder tells them apart, in either layout the same."""
    for file in ("AudioData/DC/a01.wav", "AudioData/JE/a01.wav"):
        write_tone(tmp_path / "savee" / file)
    write_tone(tmp_path / "other" / "savee" / "ALL" / "DC_a01.wav")
    clips = corpora.load(tmp_path, ["savee"])
    assert [clip.id for clip in clips] == ["savee/DC_a01", "savee/JE_a01"]
    assert corpora.validate(clips) == []
    assert [clip.id for clip in corpora.load(tmp_path / "other")] == ["savee/DC_a01"]


def test_manifest_wins_over_the_layout(tmp_path: Path) -> None:
    """Where a manifest.csv lies in the folder, it alone says which clips there are."""
    folder = tmp_path / "emodb"
    write_tone(folder / "03a01Wa.wav")
    write_tone(folder / "08a01Na.wav")
    row = {"path": "08a01Na.wav", "speaker": "emodb_08", "gender": "f", "emotion": "neutral", "duration_s": "0.5"}
    columns = sorted(COLUMNS)
    lines = [",".join(columns), ",".join(row.get(column, "") for column in columns)]
    (folder / "manifest.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert [clip.id for clip in corpora.load(tmp_path)] == ["emodb/08a01Na"]


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("emotion", "furious", "emotion 'furious'"),
        ("gender", "x", "gender 'x'"),
        ("duration_s", "long", "duration_s 'long'"),
        ("path", "../../secret.wav", "does not lie inside"),
    ],
)
def test_manifest_fault_names_the_line(tmp_path: Path, column: str, value: str, said: str) -> None:
    """A faulty line of a manifest is refused with the file, the line and the value."""
    row = {"path": "a.wav", "speaker": "emodb_08", "gender": "f", "emotion": "neutral", "duration_s": "0.5"}
    row[column] = value
    columns = sorted(COLUMNS)
    (tmp_path / "emodb").mkdir()
    file = tmp_path / "emodb" / "manifest.csv"
    file.write_text(",".join(columns) + "\n" + ",".join(row.get(c, "") for c in columns) + "\n", encoding="utf-8")
    with pytest.raises(CorpusError, match=r"manifest\.csv: line 2") as refused:
        corpora.load(tmp_path, ["emodb"])
    assert said in str(refused.value)


def test_missing_root_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a root the error names the variable to set and the corpora that are looked for."""
    monkeypatch.delenv(corpora.ROOT_VARIABLE, raising=False)
    with pytest.raises(CorpusError, match=corpora.ROOT_VARIABLE) as refused:
        corpora.load()
    assert "emodb" in str(refused.value)


def test_root_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """VOICERISK_CORPORA names the root where no option does."""
    write_tone(tmp_path / "emodb" / "03a01Wa.wav")
    monkeypatch.setenv(corpora.ROOT_VARIABLE, str(tmp_path))
    assert len(corpora.load()) == 1


@pytest.mark.parametrize(
    ("names", "said"), [(["emodb"], "emodb"), (["nowhere"], "unknown corpus 'nowhere'"), (None, "holds none")]
)
def test_absent_corpus_is_named(tmp_path: Path, names: list[str] | None, said: str) -> None:
    """A corpus that is asked for but not there is an error that names it."""
    with pytest.raises(CorpusError, match=said):
        corpora.load(tmp_path, names)


def test_audio_comes_at_8_khz_and_mended(tmp_path: Path) -> None:
    """Reading resamples to 8 kHz, takes out SAVEE's offset and cuts ASED's padding."""
    write_tone(tmp_path / "savee" / "ALL" / "DC_a01.wav", rate_hz=44100, offset=0.04)
    padded = np.concatenate([np.zeros(8000), 0.3 * np.sin(np.arange(4000)), np.zeros(12000)])
    (tmp_path / "ased").mkdir()
    soundfile.write(tmp_path / "ased" / "a5-01-01-01-29.wav", padded, 8000)
    savee, ased = (corpora.read_audio(corpora.load(tmp_path, [name])[0]) for name in ("savee", "ased"))
    assert (savee.dtype, len(savee)) == (np.float32, 4000)
    assert abs(float(savee.mean())) < 1e-6
    assert 4000 <= len(ased) <= 4000 + 2 * 400


def test_silent_padding_is_kept_where_all_is_silent(tmp_path: Path) -> None:
    """A clip of nothing but silence keeps its length, so that nobody downstream meets an empty array."""
    (tmp_path / "ased").mkdir()
    soundfile.write(tmp_path / "ased" / "a5-01-01-01-29.wav", np.zeros(800), 8000)
    assert len(corpora.read_audio(corpora.load(tmp_path, ["ased"])[0])) == 800


def test_broken_sound_file_is_named(tmp_path: Path) -> None:
    """A file that is not sound is refused by name."""
    (tmp_path / "emodb").mkdir()
    (tmp_path / "emodb" / "03a01Wa.wav").write_bytes(b"not sound")
    with pytest.raises(CorpusError, match=r"03a01Wa\.wav"):
        corpora.load(tmp_path, ["emodb"])


def test_validate_tells_missing_files_and_contradictions(tmp_path: Path) -> None:
    """Validation names a missing file, a doubled id, an impossible length and a speaker of two sexes."""
    write_tone(tmp_path / "emodb" / "03a01Wa.wav", seconds=0.01)
    clip = corpora.load(tmp_path, ["emodb"])[0]
    other = Clip(
        corpus="emodb",
        path=tmp_path / "emodb" / "gone.wav",
        speaker="emodb_03",
        gender="f",
        emotion="angry",
        label_raw="",
        intensity="",
        language="de",
        sentence="",
        duration_s=1.0,
        licence_class="open",
    )
    said = "\n".join(corpora.validate([clip, clip, other]))
    for part in ("two clips with this id", "no file", "0.01 s long", "both f and m"):
        assert part in said


def test_labels_say_nothing_where_nobody_did() -> None:
    """BAVED's high level counts for arousal alone; EmoDB's boredom is neither tense nor stirred; calm is neutral."""

    def clip(corpus: str, file: str) -> Clip:
        found = CORPORA[corpus].parse(PurePath(file))
        assert found is not None
        return Clip(
            corpus=corpus,
            path=Path(file),
            speaker=found.speaker,
            gender=found.gender,
            emotion=found.emotion,
            label_raw=found.label_raw,
            intensity=found.intensity,
            language="",
            sentence="",
            duration_s=1.0,
            licence_class="open",
        )

    stirred = clip("baved", "47-m-20-2-2-729.wav")
    assert (labels.tension(stirred), labels.arousal(stirred), labels.emotion_class(stirred)) == (None, 1, None)
    bored = clip("emodb", "03a01La.wav")
    assert (labels.tension(bored), labels.stress(bored), labels.arousal(bored)) == (0, 0, 0)
    calm = clip("turev", "Calm/1157_sk_acik.wav")
    assert (labels.tension(calm), labels.valence(calm), labels.emotion_class(calm)) == (0, 1, 0)
    angry = clip("emodb", "03a01Wa.wav")
    assert (labels.tension(angry), labels.stress(angry), labels.arousal(angry), labels.valence(angry)) == (1, 1, 1, 0)
