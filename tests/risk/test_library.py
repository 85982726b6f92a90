"""What ships: every row of what moves what, in two languages, with nothing left out."""

import tomllib
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from voicerisk.risk import library
from voicerisk.risk.conditions import gauges_in
from voicerisk.risk.config import RiskConfig
from voicerisk.risk.gauges import GaugeKey, GaugeKind
from voicerisk.risk.procedures import KNOWN_ACTIONS, Reach
from voicerisk.risk.rules import condition_of
from voicerisk.risk.texts import Text
from voicerisk.settings import laid_over

FILES = sorted(Path(library.__file__).parent.glob("*.toml"))


def texts() -> list[Text]:
    """Every text that ships."""
    steps = [step.text for procedure in library.procedures().values() for step in procedure.steps]
    titles = [gauge.title for gauge in library.gauges().values()] + [rule.title for rule in library.rules().values()]
    titles += [procedure.title for procedure in library.procedures().values()]
    return [*steps, *titles, *(action.title for action in KNOWN_ACTIONS.values())]


def test_every_text_is_in_english_and_hebrew() -> None:
    """Both languages everywhere, each in its own letters alone."""
    for text in texts():
        assert text.keys() == {"en", "he"}
        assert text["en"].isascii()
        assert any("א" <= letter <= "ת" for letter in text["he"])
        assert not any("a" <= letter.lower() <= "z" for letter in text["he"])


@pytest.mark.parametrize(
    ("gauge", "kind", "key", "amber", "red"),
    [
        ("wait_s", GaugeKind.MAX_AGE, GaugeKey.QUEUE, 20.0, 30.0),
        ("load", GaugeKind.LEVEL, GaugeKey.QUEUE, 1.0, 1.5),
        ("abandon_rate", GaugeKind.RATIO, GaugeKey.QUEUE, 0.05, 0.10),
        ("calls_today", GaugeKind.COUNT, GaugeKey.CUSTOMER, 2.0, 3.0),
        ("contacts_per_incident", GaugeKind.MEAN, GaugeKey.QUEUE, 1.5, 2.0),
        ("incident_contacts", GaugeKind.COUNT, GaugeKey.INCIDENT, 2.0, 3.0),
        ("transfers", GaugeKind.COUNT, GaugeKey.CALL, 1.0, 2.0),
        ("transfers_per_call", GaugeKind.MEAN, GaugeKey.QUEUE, 0.5, 1.0),
        ("promise_due", GaugeKind.MAX_AGE, GaugeKey.CUSTOMER, -900.0, 0.0),
        ("doc_gap", GaugeKind.RATIO, GaugeKey.QUEUE, 0.05, 0.10),
        ("offhours", GaugeKind.COUNT, GaugeKey.HOUR, 10.0, 30.0),
        ("last_feedback", GaugeKind.LAST, GaugeKey.CUSTOMER, 3.0, 2.0),
        ("feedback_open", GaugeKind.MAX_AGE, GaugeKey.SITE, 14_400.0, 86_400.0),
        ("reason_spike", GaugeKind.SPIKE, GaugeKey.REASON, 2.0, 3.0),
        ("unhappy_share", GaugeKind.RATIO, GaugeKey.SITE, 0.03, 0.05),
        ("floor_strain", GaugeKind.LEVEL, GaugeKey.SITE, 1.0, 2.0),
        ("unowned", GaugeKind.MAX_AGE, GaugeKey.SITE, 300.0, 900.0),
        ("scorer_lag_s", GaugeKind.LAST, GaugeKey.SITE, 1.0, 3.0),
    ],
)
def test_the_gauges_begin_where_they_are_meant_to(
    gauge: str, kind: GaugeKind, key: GaugeKey, amber: float, red: float
) -> None:
    """Kind, key and the beginnings of amber and red, as the table of what moves what has them."""
    config = library.gauges()[gauge]
    assert (config.kind, config.key) == (kind, key)
    assert config.zones is not None
    assert (config.zones.amber.enter, config.zones.red.enter) == (amber, red)


def test_every_rule_has_an_owner_a_procedure_and_a_way_on() -> None:
    """An alert belongs to a role, comes with steps, and a critical one never waits for one person for ever."""
    procedures = library.procedures()
    for name, rule in library.rules().items():
        assert rule.owner, name
        waits = any(step.kind == "escalate" for step in procedures[rule.procedure].steps)
        assert rule.severity != "critical" or rule.escalate or waits, name


def test_nobody_is_told_twice_of_the_same_silence() -> None:
    """Where the procedure itself asks for an acknowledgement, the rule's own chain goes on later and to others."""
    for name, rule in library.rules().items():
        steps = library.procedures()[rule.procedure].steps
        for before, step in pairwise(steps):
            if before.kind == "wait" and before.until == "acknowledged" and step.kind == "escalate":
                assert before.limit_s is not None
                assert all(link.to != step.to and link.after_s > before.limit_s for link in rule.escalate), name


def test_every_procedure_belongs_to_a_rule_and_ends_in_words() -> None:
    """None is written in vain, and each asks at its end what was learnt."""
    used = {rule.procedure for rule in library.rules().values()}
    assert used == library.procedures().keys()
    for name, procedure in library.procedures().items():
        assert procedure.steps[-1].kind == "note", name


def test_an_outage_hushes_its_symptoms_and_never_a_voice() -> None:
    """Waits, load and repeat callers are symptoms of a known fault; a tense customer is not, nor the fault itself."""
    hushed = {name for name, rule in library.rules().items() if "outage" in rule.inhibited_by}
    assert {"wait_too_long", "load_high", "callers_give_up", "repeat_caller", "sudden_reason"} <= hushed
    assert not {"tense_call", "outage_mode", "nobodys", "broken_promise"} & hushed


def test_what_runs_by_itself_stays_among_staff() -> None:
    """No step that ships as automatic writes to a customer or enters a call, so no sentence has to be written out."""
    for procedure in library.procedures().values():
        for step in procedure.steps:
            if step.action and procedure.auto_of(step) == "always":
                assert KNOWN_ACTIONS[step.action].reach is Reach.STAFF


def test_every_gauge_is_looked_at() -> None:
    """By a rule, or by a gauge that a rule looks at."""
    looked_at = {gauge for rule in library.rules().values() for gauge in gauges_in(condition_of(rule))}
    assert library.gauges().keys() - looked_at == {"waiting", "agents_ready", "tense_calls"}


def test_the_files_are_what_a_site_writes() -> None:
    """Any table that ships can be copied into a site's own file: laid over itself, nothing is changed."""
    assert [path.stem for path in FILES] == sorted(library.FILES)
    for path in FILES:
        written = tomllib.loads(path.read_text(encoding="utf-8"))
        assert written.keys() == {"risk"}
        both = laid_over({"risk": library.tables()}, written)
        assert msgspec.convert(both["risk"], RiskConfig) == RiskConfig()
