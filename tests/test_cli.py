"""Tests of the command line, judged by exit code and text; what its process does besides is tested in a process."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import Result
from typer.testing import CliRunner

from tests.service_process import environment
from tests.sounds import tone, write
from voicerisk.cli import app

FIXTURES = Path(__file__).parent / "fixtures"
WITHIN_S = 120.0


def voicerisk(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """The command, run to its end."""
    command = [sys.executable, "-m", "voicerisk", *map(str, arguments)]
    return subprocess.run(
        command, cwd=cwd, env=environment(), capture_output=True, text=True, timeout=WITHIN_S, check=False
    )


def quick(*arguments: str | Path) -> Result:
    """The command in this process, for tests that try many."""
    return CliRunner().invoke(app, list(map(str, arguments)), env={"COLUMNS": "200"})


def test_replay_in_json(tmp_path: Path) -> None:
    """Every line is an object with its type, its call and media seconds; the alert has reasons; the exit code is 0."""
    done = voicerisk("replay", FIXTURES / "call.flac", "--json", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert {line["call"] for line in lines} == {"call"}
    assert all(isinstance(line["at_s"], float) for line in lines)
    windows = [line for line in lines if line["type"] == "tension.window"]
    assert len(windows) > 30
    assert all(0.0 <= window["level"] <= 1.0 for window in windows)
    for alert in (line for line in lines if line["type"] == "alert"):
        assert alert["reasons"][0]["text"]


def test_replay_for_people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without --json there is a table of calls with their lengths, and nothing of the machinery."""
    monkeypatch.chdir(tmp_path)
    done = quick("replay", FIXTURES / "call.flac", FIXTURES / "calm.flac")
    assert done.exit_code == 0
    assert "18.2 s" in done.stdout
    assert "5.0 s" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_channels_are_swapped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the customer's voice on the other side, nothing is heard on this one."""
    monkeypatch.chdir(tmp_path)
    voice, rate_hz = soundfile.read(FIXTURES / "angry.flac", dtype="int16")
    path = write(tmp_path / "c.wav", np.zeros(len(voice), np.int16), voice)
    assert rate_hz == 8000
    heard_s = {}
    for channels in ("customer,agent", "agent,customer"):
        done = quick("replay", path, "--json", "--channels", channels)
        assert done.exit_code == 0
        items = [json.loads(line) for line in done.stdout.splitlines()]
        heard_s[channels] = sum(item["evidence_s"] for item in items if item["type"] == "tension.window")
    assert heard_s["customer,agent"] == 0.0
    assert heard_s["agent,customer"] > 2.0


def test_score_in_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line per file, in the order given, with the promised keys."""
    monkeypatch.chdir(tmp_path)
    files = [FIXTURES / "angry.flac", FIXTURES / "calm.flac"]
    done = quick("score", *files, "--json")
    assert (done.exit_code, done.stderr) == (0, "")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["file"] for line in lines] == [str(path) for path in files]
    assert all(set(line) == {"file", "duration_s", "speech_s", "summary", "windows"} for line in lines)


def test_names_are_printed_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Brackets in a file's name are no markup, in a table as in a complaint."""
    monkeypatch.chdir(tmp_path)
    good, bad = write(tmp_path / "[red]a.wav", tone(1.0)), tmp_path / "[bold]b.wav"
    bad.write_text("dear customer")
    done = quick("score", good.name)
    assert "[red]a.wav" in done.stdout
    done = quick("replay", good.name)
    assert "[red]a" in done.stdout
    done = quick("score", bad.name)
    assert "[bold]b.wav: not a readable audio file" in done.stderr


@pytest.mark.parametrize(("command", "style"), [("replay", "--json"), ("score", "--json"), ("replay", None)])
def test_what_a_person_can_mend_is_said_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, style: str | None
) -> None:
    """A missing file, text instead of sound, an unknown model, wrong channels: exit code 1, one line, no traceback."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.wav").write_text("dear customer")
    write(tmp_path / "three.wav", *[tone(0.5)] * 3)
    write(tmp_path / "good.wav", tone(0.5), tone(0.5))
    for arguments, said in (
        (["missing.wav"], "missing.wav: there is no such file"),
        (["text.wav"], "text.wav: not a readable audio file"),
        (["three.wav"], "three.wav: has 3 channels"),
        (["good.wav", "--model", "nobody"], "no model named 'nobody'"),
        (["good.wav", "--channels", "left,right"], "each name must be one of customer, agent"),
        (["good.wav", "--channels", "agent"], "good.wav: has 2 channels"),
        (["good.wav", "--channels", "agent,agent"], "two of its channels are said to be agent's"),
    ):
        done = quick(command, *arguments, *([style] if style else []))
        assert done.exit_code == 1, done.stderr
        assert said in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1
        assert done.stdout == ""


def test_a_bad_recording_is_said_in_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wire session that is none: file and line are named."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.jsonl").write_text("dear customer")
    done = quick("replay", "x.jsonl")
    assert done.exit_code == 1
    assert "x.jsonl, line 1: not the header of a recorded session" in done.stderr


def test_wrong_usage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown command and a missing file name: exit code 2, as of every other program."""
    monkeypatch.chdir(tmp_path)
    assert quick("dance").exit_code == 2
    assert quick("replay").exit_code == 2
    done = quick("--help")
    assert done.exit_code == 0
    for command in ("serve", "demo", "replay", "score", "check"):
        assert command in done.stdout


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    """`voicerisk replay ... --json | head -1` gives one line and nothing about broken pipes."""
    calls = [write(tmp_path / f"{number}.wav", tone(30.0)) for number in range(6)]
    command = [sys.executable, "-m", "voicerisk", "replay", "--json", *map(str, calls)]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            assert json.loads(process.stdout.readline())["type"] == "call.started"
            process.stdout.close()
            said = process.stderr.read()
            process.wait(WITHIN_S)
        finally:
            process.kill()
    assert (process.returncode, said) == (0, b"")


def test_check_says_that_all_is_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The defaults are good; the gateways are named, and that they ask for no token."""
    monkeypatch.chdir(tmp_path)
    done = quick("check")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "The configuration is good. Gateways at /twilio" in done.stdout
    assert "ask for no token; that is safe only because they listen on this machine alone" in done.stdout
    (tmp_path / "voicerisk.toml").write_text(
        '[[ingest.gateways]]\npath = "/tw"\nprotocol = "twilio"\ntokens = ["0123456789abcdef"]\n'
    )
    done = quick("check")
    assert done.exit_code == 0
    assert "Note" not in done.stdout


@pytest.mark.parametrize("command", ["check", "serve", "replay"])
def test_a_bad_configuration_is_explained(tmp_path: Path, command: str) -> None:
    """Every command that reads it says of each mistake where it is and what would be right, and exits 1."""
    (tmp_path / "v.toml").write_text('modle = "x"\n[http]\nport = "80"\n')
    files = [str(FIXTURES / "calm.flac")] if command == "replay" else []
    done = voicerisk(command, *files, "--config", "v.toml", cwd=tmp_path)
    assert done.returncode == 1
    assert "v.toml:1: modle: there is no such key." in done.stderr
    assert "Did you mean 'model'?" in done.stderr
    assert "v.toml:3: http.port: '80' will not do" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_check_finds_a_model_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model name that leads nowhere is found before the night shift does."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "voicerisk.toml").write_text('model = "nobody"\n')
    done = quick("check")
    assert done.exit_code == 1
    assert "no model named 'nobody'" in done.stderr
    assert "tension" in done.stderr


def test_simulate_needs_somebody_to_talk_to(tmp_path: Path) -> None:
    """Without a server there is one line that says so, and exit code 1; so with an address that is none."""
    path = write(tmp_path / "c.wav", tone(0.5))
    for url in ("ws://127.0.0.1:1/twilio", "nonsense"):
        done = voicerisk("simulate", "twilio", path, "--url", url, cwd=tmp_path)
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
    assert voicerisk("simulate", "telegraph", path, cwd=tmp_path).returncode == 2
