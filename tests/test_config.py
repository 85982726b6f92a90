"""Tests of voicerisk.config: one file, every mistake with its place, and defaults that make sense."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from voicerisk.config import Config, config_problems, load_config
from voicerisk.scoring.model import Model
from voicerisk.server.ingest_settings import IngestSettings
from voicerisk.settings import SettingsError
from voicerisk.tension.settings import DEFAULT_ZONES

USUAL = {
    "/twilio": "twilio",
    "/l16": "l16",
    "/fork": "freeswitch-audio-fork",
    "/stream": "freeswitch-audio-stream",
    "/jambonz": "jambonz",
    "/vonage": "vonage",
}


def loaded(folder: Path, text: str) -> Config:
    """The configuration in that text."""
    path = folder / "v.toml"
    path.write_text(text, encoding="utf-8")
    return load_config(path)


def mistakes(folder: Path, text: str) -> list[str]:
    """What is said about that text."""
    with pytest.raises(SettingsError) as caught:
        loaded(folder, text)
    return [str(problem).replace(str(folder), "") for problem in caught.value.problems]


def paths(settings: IngestSettings) -> dict[str, str]:
    """The ways in and what is spoken there."""
    return {gateway.path: gateway.protocol for gateway in settings.gateways}


def test_the_defaults_are_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a file, and with an empty one: loopback, 8765 and 8080, the first protocols at their paths, SQLite."""
    monkeypatch.chdir(tmp_path)
    for config in (load_config(), loaded(tmp_path, "")):
        assert config == Config()
        assert (config.ingest.host, config.ingest.port) == ("127.0.0.1", 8765)
        assert (config.http.host, config.http.port) == ("127.0.0.1", 8080)
        assert USUAL.items() <= paths(config.ingest).items()
        assert config.store_settings.url == "sqlite:///data/voicerisk.db"
        assert config_problems(config, "x") == []


def test_the_file_here_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`voicerisk.toml` in the working folder counts without being named; another one counts where it is named."""
    monkeypatch.chdir(tmp_path)
    Path("voicerisk.toml").write_text("drain_s = 1.0")
    Path("other.toml").write_text("drain_s = 2.0")
    assert load_config().drain_s == 1.0
    assert load_config(Path("other.toml")).drain_s == 2.0


@pytest.mark.parametrize(
    "text", ["[ingest]\nport = 9000", "[ingest]\nhost = '::1'", "[ingest.limits]\nmax_calls = 5", "ingest.port = 9000"]
)
def test_part_of_a_table_leaves_the_rest(tmp_path: Path, text: str) -> None:
    """Whoever sets a port, a host or a limit keeps the usual gateways."""
    assert paths(loaded(tmp_path, text).ingest) == paths(IngestSettings())


def test_given_gateways_are_the_only_ones(tmp_path: Path) -> None:
    """Whoever names gateways gets those and no others."""
    text = '[[ingest.gateways]]\npath = "/tw"\nprotocol = "twilio"\ntokens = ["0123456789abcdef"]\n'
    assert paths(loaded(tmp_path, text).ingest) == {"/tw": "twilio"}


def test_an_open_door_to_the_network_is_refused(tmp_path: Path) -> None:
    """A host that others can reach, with gateways that ask for no token: the cure is tokens or loopback."""
    (said,) = mistakes(tmp_path, '[ingest]\nhost = "0.0.0.0"')
    assert said.startswith("/v.toml:1: ingest: the gateway '/twilio' asks for no token")
    assert "'0.0.0.0' can be reached from other machines; give it tokens, or listen on 127.0.0.1" in said
    (said,) = mistakes(tmp_path, '[http]\nhost = "0.0.0.0"')
    assert "http.token must be set" in said
    config = loaded(
        tmp_path,
        '[ingest]\nhost = "0.0.0.0"\n[[ingest.gateways]]\npath = "/tw"\nprotocol = "twilio"\n'
        'tokens = ["0123456789abcdef"]\n[http]\nhost = "0.0.0.0"\ntoken = "0123456789abcdef"\n',
    )
    assert config.http.host == "0.0.0.0"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("modle = 'x'", "/v.toml:1: modle: there is no such key. Did you mean 'model'?"),
        ("drain_s = -1", "/v.toml:1: drain_s: -1 will not do"),
        ("\n[ingest]\nport = 70000", "/v.toml:3: ingest.port: 70000 will not do"),
        ("[log]\nlevel = 'loud'", "/v.toml:2: log.level: 'loud' will not do"),
        ("[[ingest.gateways]]\npath = 'tw'\nprotocol = 'twilio'", "path 'tw' must start with /"),
        ("[[ingest.gateways]]\npath = '/tw'\nprotocol = 'telegraph'", "telegraph"),
        ("[[ingest.gateways]]\npath = '/tw'\nprotocol = 'twilio'\noptions = {colour = 'red'}", "colour"),
        ("[[ingest.gateways]]\npath = '/tw'\nprotocol = 'twilio'\ntokens = ['short']", "shorter than 16"),
        (
            "[tension.zones.red]\nenter = 0.1\nleave = 0.05\n[tension.zones.amber]\nenter = 0.5\nleave = 0.4",
            "red.enter",
        ),
        ("[tension]\nwindow_every = 50", "/v.toml:2: tension.window_every: is 50"),
        ("[timeline]\nmax_skew_s = 0.1", "max_skew_s: 0.3 to 10 seconds is wanted"),
        ("[call]\ngrace_s = 'long'", "/v.toml:2: call.grace_s: 'long' will not do"),
        ("[risk.rules.r]\n", "risk.rules"),
        ("[[ingest]]\nport = 1", "ingest"),
        ("port = = 1", "not TOML"),
        ("ingest = 5", "ingest: 5 will not do"),
    ],
)
def test_each_mistake_is_named_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    """Wrong keys, values, protocols, tokens, zones and syntax: where, what, and what would be right."""
    assert said in "\n".join(mistakes(tmp_path, text))


def test_all_mistakes_come_at_once(tmp_path: Path) -> None:
    """Three mistakes, three messages."""
    assert len(mistakes(tmp_path, "modle = 'x'\ndrain_s = -1\n[http]\nport = 'x'\n")) == 3


def test_a_site_changes_what_ships_by_name(tmp_path: Path) -> None:
    """One key of one gauge, one rule switched off, one procedure more: everything else stays as it ships."""
    text = (
        "[risk.gauges.wait_s.zones.red]\nenter = 45\n[risk.rules.notes_missing]\nenabled = false\n"
        "[risk.gauges.doc_gap]\nenabled = false\n[risk.procedures.tea]\ntitle.en = 'Tea'\n"
        "[[risk.procedures.tea.steps]]\nkind = 'show'\ntext.en = 'Put the kettle on.'\n"
    )
    risk, ships = loaded(tmp_path, text).risk, Config().risk
    wait, shipped_wait = risk.gauges["wait_s"], ships.gauges["wait_s"]
    assert wait.zones is not None
    assert shipped_wait.zones is not None
    assert wait.zones.red == replace(shipped_wait.zones.red, enter=45.0)
    assert replace(wait, zones=shipped_wait.zones) == shipped_wait
    assert not risk.rules["notes_missing"].enabled
    assert risk.procedures.keys() - ships.procedures.keys() == {"tea"}
    for table in ("gauges", "rules", "procedures"):
        ours, theirs = getattr(risk, table), getattr(ships, table)
        changed = {name for name in theirs if ours[name] != theirs[name]}
        assert changed == {"gauges": {"wait_s", "doc_gap"}, "rules": {"notes_missing"}, "procedures": set()}[table]


def test_the_steps_of_a_procedure_are_taken_whole(tmp_path: Path) -> None:
    """Steps are a list: whoever writes some writes all of them, and keeps the title."""
    text = "[[risk.procedures.barge_in.steps]]\nkind = 'show'\ntext.en = 'Go there.'\n"
    ours, theirs = loaded(tmp_path, text).risk.procedures["barge_in"], Config().risk.procedures["barge_in"]
    assert [step.text["en"] for step in ours.steps] == ["Go there."]
    assert ours.title == theirs.title


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "[risk.gauges.wait_s]\nzones.red.enter = 'x'",
            "/v.toml:2: risk.gauges.wait_s.zones.red.enter: 'x' will not do",
        ),
        (
            "[risk.gauges.wait_s]\nzone = 1",
            "/v.toml:2: risk.gauges.wait_s.zone: there is no such key. Did you mean 'zones'",
        ),
        ("[risk.gauges.wait_s]\nzones.red.enter = 5", "/v.toml:2: risk.gauges.wait_s.zones.red.enter: red begins at 5"),
        ("[risk.gauges.mine]\nkind = 'count'", "/v.toml:1: risk.gauges.mine.title: is missing. It must be"),
        ("[risk.rules.tense_call]\nowner = ' '", "/v.toml:2: risk.rules.tense_call.owner: is missing"),
        ("\n[risk.rules.r]\ntitle.en = 'R'\nwhen = 'wait_s >= red'", "/v.toml:2: risk.rules.r.procedure: is missing"),
        ("[risk.rules.tense_call]\nwhen = 'call_tension > red)'", "/v.toml:2: risk.rules.tense_call.when: column"),
        ("[risk.gauges.wait_s]\nenabled = false", "risk.rules.wait_too_long.when: the gauge 'wait_s' is switched off"),
        (
            "[risk.rules.closed_when_needed]\nenabled = false",
            "risk.gauges.offhours: is collected, not used: the rule 'closed_when_needed' is switched off",
        ),
        ("[risk.brakes]\nper_site_per_hour = 0", "/v.toml:2: risk.brakes.per_site_per_hour: 0 will not do"),
        (
            "[[risk.procedures.barge_in.steps]]\nkind = 'dance'\ntext.en = 'x'",
            "/v.toml:2: risk.procedures.barge_in.steps[0]",
        ),
    ],
)
def test_a_mistake_in_a_changed_table_is_named_with_line_and_cure(tmp_path: Path, text: str, said: str) -> None:
    """What is laid over what ships is checked as one, and told where the site wrote it."""
    told = mistakes(tmp_path, text)
    assert any(said in one for one in told), told


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A missing file, a folder and bytes that are no text give one plain problem each."""
    (tmp_path / "b.toml").write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path / "missing.toml", tmp_path, tmp_path / "b.toml"):
        with pytest.raises(SettingsError, match="cannot be read"):
            load_config(path)


def test_no_token_is_shown(tmp_path: Path) -> None:
    """The settings may be printed: tokens are not in them."""
    text = '[[ingest.gateways]]\npath = "/tw"\nprotocol = "twilio"\ntokens = ["0123456789abcdef"]\n'
    assert "0123456789abcdef" not in repr(loaded(tmp_path, text))


def test_red_begins_where_the_model_says(tmp_path: Path, ear: Model) -> None:
    """Without zones in the file those that the model's folder suggests hold; with zones, the file's."""
    suggested = Config().floor_with(ear).tension.boundaries
    assert (suggested.red.enter, suggested.red.leave) == (ear.spec.thresholds.enter, ear.spec.thresholds.leave)
    edges = "".join(
        f"[tension.zones.{name}]\nenter = {edge.enter}\nleave = {edge.leave}\nhold_s = {edge.hold_s}\n"
        for name, edge in (("amber", DEFAULT_ZONES.amber), ("red", DEFAULT_ZONES.red))
    )
    own = loaded(tmp_path, edges).floor_with(ear).tension.boundaries
    assert own.red.enter == DEFAULT_ZONES.red.enter


def test_the_example_shows_what_holds_of_the_risk_engine_without_it() -> None:
    """What the example file says of [risk] are the defaults: whoever copies it changes nothing."""
    example = load_config(Path(__file__).parents[1] / "voicerisk.example.toml")
    assert example.risk == Config().risk
