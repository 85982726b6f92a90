"""The examples that people copy are right: each is read as TOML, typed, and checked."""

import re
from pathlib import Path

import msgspec
import pytest

from tests.notify.made import SECRET
from voicerisk.notify.check import notify_problems
from voicerisk.notify.settings import NotifySettings
from voicerisk.risk.config import RiskConfig
from voicerisk.settings import parse

ROOT = Path(__file__).parents[2]
ENVIRON = {
    "VOICERISK_CRM_SECRET": SECRET,
    "VOICERISK_MAIL_PASSWORD": "p",
    "VOICERISK_SMS_TOKEN": "t",
    "VOICERISK_CHANNEL_URL": "https://hooks.example/x",
}


class File(msgspec.Struct):
    """A file that has this table at least."""

    notify: NotifySettings


def commented_example() -> str:
    """The table of the example file, its comments taken for settings."""
    text = (ROOT / "voicerisk.example.toml").read_text(encoding="utf-8")
    ours = re.split(r"^(?:# )?\[+(?!\[?notify)", text[text.index("[notify]") :], maxsplit=1, flags=re.MULTILINE)[0]
    lines = [re.sub(r"^# (?=\[|[a-z_]+ = )", "", line) for line in ours.splitlines()]
    return "\n".join(line for line in lines if not line.startswith("# S"))


def documented_example() -> str:
    """The first block of TOML in the documentation."""
    text = (ROOT / "docs/notify.md").read_text(encoding="utf-8")
    return text.split("```toml\n", 1)[1].split("```", 1)[0]


@pytest.mark.parametrize(("example", "kinds"), [(commented_example, 5), (documented_example, 2)])
def test_the_example_is_right(example: object, kinds: int) -> None:
    """The example has receivers of so many kinds and nothing to complain about but ids that are left open."""
    assert callable(example)
    settings = parse(example(), File, "example").notify
    assert len({type(receiver) for receiver in settings.receivers.values()}) == kinds
    left_open = "receivers.manager.account"
    found = [problem for problem in notify_problems(settings, RiskConfig(), ENVIRON) if problem.where != left_open]
    assert found == []
