import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.review.floor_story import tense_call
from voicerisk.cli_report import app
from voicerisk.risk.config import RiskConfig

RUN = CliRunner()
LIFTED = (
    "[risk.gauges.call_tension.zones]\namber = { enter = 0.95, leave = 0.9 }\nred = { enter = 0.97, leave = 0.95 }\n"
)


@pytest.fixture
async def kept(tmp_path: Path) -> tuple[Path, str]:
    """A configuration whose store holds one tense call, and that call's alert."""
    settings, alert = await tense_call(tmp_path, RiskConfig())
    config = tmp_path / "v.toml"
    config.write_text(f'[store]\nurl = "{settings.url}"\n')
    return config, alert


async def test_each_report_can_be_had_as_json_and_as_a_page(kept: tuple[Path, str], tmp_path: Path) -> None:
    """On standard output, or in a file that it names."""
    config, alert = kept
    with_config = ["--config", str(config)]
    day = RUN.invoke(app, ["report", "day", "--date", "2024-11-22", "--json", *with_config])
    assert json.loads(day.stdout)["contacts"]["unhappy"] == {"calls": 1, "customers": 1, "share": 1.0}
    week = RUN.invoke(app, ["report", "week", "--date", "2024-11-22", "--json", *with_config])
    assert len(json.loads(week.stdout)["days"]) == 7
    one = RUN.invoke(app, ["report", "incident", alert, "--json", *with_config])
    assert json.loads(one.stdout)["alerts"][0]["id"] == alert
    page = tmp_path / "day.html"
    said = RUN.invoke(app, ["report", "day", "--date", "2024-11-22", "-o", str(page), "--language", "he", *with_config])
    assert "Written to" in said.stdout
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    printed = RUN.invoke(app, ["report", "incident", "i-9", "-o", "-", *with_config])
    assert printed.stdout.rstrip().endswith("</html>")


async def test_a_dry_run_compares_two_configurations(kept: tuple[Path, str], tmp_path: Path) -> None:
    """In tables, and as JSON."""
    config, alert = kept
    rules = tmp_path / "new.toml"
    rules.write_text(LIFTED)
    ask = ["dry-run", "--rules", str(rules), "--from", "2024-11-22T07:00", "--to", "2024-11-22T09:00"]
    tables = RUN.invoke(app, [*ask, "--config", str(config)])
    assert tables.exit_code == 0, tables.output
    assert "Would not have rung: 2" in tables.stdout
    found = json.loads(RUN.invoke(app, [*ask, "--json", "--config", str(config)]).stdout)
    assert alert in [one["id"] for one in found["gone"]]


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (["report", "day", "--date", "yesterday"], "'yesterday' is no date; write it as 2024-11-22"),
        (["report", "day", "--language", "tlh"], "reports speak en, he"),
        (["report", "incident", "al-none"], "neither an alert nor an incident 'al-none'"),
        (["dry-run", "--rules", "RULES", "--from", "2024-11-22", "--to", "2024-11-21"], "--to must come after --from"),
        (["dry-run", "--rules", "RULES", "--from", "noon", "--to", "2024-11-21"], "'noon' is no moment"),
        (["dry-run", "--rules", "RULES", "--from", "2023-01-01", "--to", "2023-01-02"], "Nothing is stored between"),
        (["dry-run", "--rules", "/none.toml", "--from", "2023-01-01", "--to", "2023-01-02"], "/none.toml"),
    ],
)
async def test_a_mistake_is_one_plain_message(kept: tuple[Path, str], ask: list[str], said: str) -> None:
    """Exit code 1, and what was wrong."""
    config, _ = kept
    result = RUN.invoke(app, [str(config) if word == "RULES" else word for word in ask] + ["--config", str(config)])
    assert result.exit_code == 1
    assert said in result.stderr.replace("\n", " ")


def test_where_nothing_is_stored_nothing_is_made(tmp_path: Path) -> None:
    """A report does not leave an empty database behind."""
    config = tmp_path / "v.toml"
    config.write_text(f'data_dir = "{tmp_path}/data"\n')
    result = RUN.invoke(app, ["report", "day", "--config", str(config)])
    assert result.exit_code == 1
    assert "there is no record" in result.stderr
    assert not (tmp_path / "data").exists()
