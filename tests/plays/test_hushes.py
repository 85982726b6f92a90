"""What keeps an alert quiet, that it is shown and written down all the same, and that it rings when that is over."""

import msgspec
import pytest

from tests.plays.play import (
    T0,
    Line,
    Play,
    acknowledges,
    alert,
    between,
    does,
    ended,
    hears_of,
    latest,
    library,
    one_rule,
    started,
)
from tests.risk.shipped import TENSE_CALL
from voicerisk.events import AgentsReady, CallAnswered, CallQueued, Crm, CrmEvent, Ready, Zone
from voicerisk.risk.actions import RunChanged
from voicerisk.risk.alerts import Hush, NotifyReason
from voicerisk.risk.config import RiskConfig
from voicerisk.risk.deeds import EndSilence, MakeSilence, Resolve, SetOutage
from voicerisk.risk.rules import Escalation, GroupBy, RuleConfig
from voicerisk.risk.silences import Matcher, SilenceError, UnknownSilenceError

RED, GREEN, AMBER = Zone.RED, Zone.GREEN, Zone.AMBER
OWNER = ("floor supervisor",)
QUIET: tuple[str, ...] = ()


def rules(**changes: object) -> RiskConfig:
    """One rule with these changes."""
    return one_rule(rules={"tense_call": msgspec.structs.replace(TENSE_CALL, **changes)})


def silence(until: float, label: str = "queue", *values: str) -> Line:
    """Dana keeps these alerts quiet until second `until`."""
    matchers = (Matcher(label=label, values=values or ("billing",)),)
    return does(MakeSilence(person="dana", matchers=matchers, until_s=T0 + until, why="a test of the line"))


def ready(queue: str, n: int) -> Line:
    """So many agents of the queue are ready."""
    return hears_of(AgentsReady, queue=queue, data=Ready(ready=n))


def resolves_rule(rule: str) -> Line:
    """Dana closes the latest alert of this rule."""
    return lambda engine, t: engine.do(
        Resolve(alert=[one.id for one in engine.alerts() if one.rule == rule][-1], person="dana"), T0 + t
    )


def test_a_silenced_alert_is_shown_and_rings_when_the_silence_ends_by_itself() -> None:
    """It opens, with the silence's id for the reason; at the silence's end it rings, if it is still open."""
    play = Play(rules(escalate=(Escalation(after_s=20.0, to="next supervisor"),)))
    play.at(0.0).push(started(queue="billing"), silence(60.0))
    play.at(5.0).hears(RED, 100.0)
    play.want(between(5.0, 5.0), alert(NotifyReason.OPENED, to=QUIET))
    play.want(between(60.0, 60.5), alert(NotifyReason.HUSH_OVER, to=OWNER))
    play.want(between(80.0, 80.5), alert(NotifyReason.ESCALATED, to=("next supervisor",)))
    play.run(100.0)
    opened = latest(play.engine).history[0]
    assert (opened.notify, opened.hushed) == (False, Hush.SILENCED)
    assert opened.by.startswith("si-")
    assert play.engine.silences() == ()


def test_a_silence_matches_by_every_matcher_and_leaves_others_alone() -> None:
    """A silence for sales leaves billing alone; one for all but the critical leaves the critical."""
    play = Play(rules())
    both = (
        Matcher(label="rule", values=("tense_call",)),
        Matcher(label="severity", values=("critical",), negated=True),
    )
    play.at(0.0).push(started(queue="billing"), silence(60.0, "queue", "sales"))
    play.at(0.0).push(does(MakeSilence(person="dana", matchers=both, until_s=T0 + 60.0, why="x")))
    play.at(5.0).hears(RED, 3.0)
    play.want(between(5.0, 5.0), alert(NotifyReason.OPENED, to=OWNER))
    play.run(20.0)


def test_an_alert_that_has_rung_is_held_back_by_a_silence_made_later() -> None:
    """The next link is not told, and the history says why; when the silence is lifted, it rings from the beginning."""
    play = Play(rules(escalate=(Escalation(after_s=20.0, to="next supervisor"),)))
    play.at(0.0).push(started(queue="billing"))
    play.at(5.0).hears(RED, 100.0)
    play.at(10.0).push(silence(300.0))
    play.at(50.0).push(lambda engine, t: engine.do(EndSilence(person="yoav", silence=engine.silences()[0].id), T0 + t))
    play.want(between(5.0, 5.0), alert(NotifyReason.OPENED, to=OWNER))
    play.want(between(25.0, 25.5), alert(NotifyReason.HELD_BACK, to=QUIET))
    play.want(between(50.0, 50.0), alert(NotifyReason.HUSH_OVER, to=OWNER))
    play.want(between(70.0, 70.5), alert(NotifyReason.ESCALATED, to=("next supervisor",)))
    play.run(90.0)


def test_a_silenced_alert_may_be_taken_and_closed_as_any_other() -> None:
    """Then nothing rings at the end of the silence."""
    play = Play(rules())
    play.at(0.0).push(started(queue="billing"), silence(60.0))
    play.at(5.0).hears(RED, 100.0)
    play.at(10.0).push(acknowledges("dana"))
    play.want(between(5.0, 5.0), alert(NotifyReason.OPENED, to=QUIET))
    play.want(between(10.0, 10.0), alert(NotifyReason.ACKNOWLEDGED, person="dana"))
    play.run(90.0)


def test_no_silence_without_an_end_a_match_or_a_being() -> None:
    """A silence that is over, lasts for ever or is unknown is refused in words."""
    play = Play(rules())
    for until, words in ((-1.0, "not before now"), (40.0 * 86400.0, "within 30 days")):
        with pytest.raises(SilenceError, match=words):
            silence(until)(play.engine, 0.0)
    with pytest.raises(UnknownSilenceError, match="si-nope"):
        does(EndSilence(person="dana", silence="si-nope"))(play.engine, 0.0)


def test_an_alert_that_another_explains_does_not_ring_until_that_one_is_closed() -> None:
    """While callers wait too long in billing, the load of billing is no news; that of tech is."""
    config = library("wait_too_long", "load_high")
    play = Play(msgspec.structs.replace(config, procedures={}))
    for n in range(2):
        for queue in ("billing", "tech"):
            play.at(0.1 * n).push(hears_of(CallQueued, call=f"{queue}-{n}", queue=queue))
    for n in range(2):
        play.at(25.0).push(hears_of(CallAnswered, call=f"tech-{n}", queue="tech"))
    play.at(40.0).push(*(ready(queue, 1) for queue in ("billing", "tech")))
    for n in range(3, 5):
        play.at(41.0).push(hears_of(CallQueued, call=f"tech-{n}", queue="tech"))
    play.want(between(30.0, 31.0), alert(NotifyReason.OPENED, "billing", "wait_too_long", to=OWNER))
    play.want(between(45.0, 46.0), alert(NotifyReason.OPENED, "billing", "load_high", to=QUIET))
    play.want(between(46.0, 47.0), alert(NotifyReason.OPENED, "tech", "load_high", to=OWNER))
    play.at(60.0).push(resolves_rule("wait_too_long"))
    play.want(between(60.0, 60.0), alert(NotifyReason.RESOLVED_BY_PERSON, "billing", "wait_too_long", person="dana"))
    play.want(between(60.0, 60.0), alert(NotifyReason.HUSH_OVER, "billing", "load_high", to=OWNER))
    play.run(65.0)


def test_an_outage_hushes_its_symptoms_and_they_group_under_it() -> None:
    """Outage mode rings; waits in its queue are shown under its incident, quietly, and ring when it is switched off."""
    config = library("outage_mode", "wait_too_long")
    play = Play(msgspec.structs.replace(config, procedures={}))
    play.at(0.0).push(does(SetOutage(person="dana", on=True, queue="billing", why="the line is down")))
    play.at(1.0).push(*(hears_of(CallQueued, call=f"{queue}-1", queue=queue) for queue in ("billing", "tech")))
    play.want(between(0.0, 0.0), alert(NotifyReason.OPENED, "site", "outage_mode", to=("shift manager",)))
    play.want(between(31.0, 31.5), alert(NotifyReason.OPENED, "billing", "wait_too_long", to=QUIET))
    play.want(between(31.0, 31.5), alert(NotifyReason.OPENED, "tech", "wait_too_long", to=OWNER))
    play.at(60.0).push(does(SetOutage(person="dana", on=False, queue="billing")))
    play.want(between(60.0, 60.0), alert(NotifyReason.CALMED_DOWN, "site", "outage_mode"))
    play.want(between(60.0, 60.0), alert(NotifyReason.HUSH_OVER, "billing", "wait_too_long", to=OWNER))
    play.run(70.0)
    hushed = latest(play.engine, "billing")
    assert (hushed.history[0].hushed, hushed.incident) == (Hush.OUTAGE, hushed.history[0].by)


def test_another_system_may_switch_outage_mode_with_a_number_of_its_own() -> None:
    """An event of the CRM's does the same, for the whole site; its incident is what the symptoms group under."""
    play = Play(msgspec.structs.replace(library("wait_too_long"), procedures={}))
    outage = Crm(subtype="outage.on", fields={"incident": "INC-7", "why": "core router"})
    play.at(0.0).push(hears_of(CrmEvent, data=outage), hears_of(CallQueued, call="c-1", queue="billing"))
    play.want(between(30.0, 30.5), alert(NotifyReason.OPENED, "billing", "wait_too_long", to=QUIET))
    play.run(40.0)
    assert latest(play.engine, "billing").incident == "INC-7"


def test_within_a_group_one_alert_rings_for_all() -> None:
    """Three tense calls of a queue are one matter: the first rings, the others are shown; another queue rings."""
    play = Play(rules(group_by=GroupBy.QUEUE))
    for n, queue in ((1, "billing"), (2, "billing"), (3, "tech")):
        play.at(0.0).push(started(f"c-{n}", queue))
        play.at(float(n)).hears(RED, 3.0, call=f"c-{n}")
    play.want(between(1.0, 1.0), alert(NotifyReason.OPENED, "c-1", to=OWNER))
    play.want(between(2.0, 2.0), alert(NotifyReason.OPENED, "c-2", to=QUIET))
    play.want(between(3.0, 3.0), alert(NotifyReason.OPENED, "c-3", to=OWNER))
    play.run(20.0)
    leader, quiet = latest(play.engine, "c-1"), latest(play.engine, "c-2").history[0]
    assert (quiet.hushed, quiet.by) == (Hush.GROUPED, leader.id)


def test_a_group_whose_speaker_is_gone_is_let_be_for_a_while_and_then_rings_again() -> None:
    """The first call ends; the second rings when five minutes have passed since the group rang, and not before."""
    play = Play(rules(group_by=GroupBy.RULE))
    play.at(1.0).hears(RED, 3.0, call="c-1")
    play.at(2.0).hears(RED, 3.0, call="c-2")
    play.at(3.0).hears(RED, 3.0, call="c-3")
    play.at(10.0).push(ended("c-1"))
    play.want(between(1.0, 1.0), alert(NotifyReason.OPENED, "c-1", to=OWNER))
    play.want(between(2.0, 2.0), alert(NotifyReason.OPENED, "c-2", to=QUIET))
    play.want(between(3.0, 3.0), alert(NotifyReason.OPENED, "c-3", to=QUIET))
    play.want(between(10.0, 10.0), alert(NotifyReason.CALL_ENDED, "c-1"))
    play.want(between(10.0, 10.0), alert(NotifyReason.HELD_BACK, "c-2", to=QUIET))
    play.want(between(10.0, 10.0), alert(NotifyReason.HELD_BACK, "c-3", to=QUIET))
    play.want(between(301.0, 302.0), alert(NotifyReason.HUSH_OVER, "c-2", to=OWNER))
    play.want(between(301.0, 302.0), alert(NotifyReason.HELD_BACK, "c-3", to=QUIET))
    play.run(320.0)


def test_nobody_is_quieter_than_what_they_stand_behind() -> None:
    """In a group a critical alert rings although a lesser one has rung already."""
    critical = msgspec.structs.replace(TENSE_CALL, group_by=GroupBy.CALL)
    warning = RuleConfig(title={"en": "Rising"}, when="call_tension >= amber", owner="dana", group_by=GroupBy.CALL)
    play = Play(one_rule(rules={"tense_call": critical, "rising": warning}))
    play.at(1.0).hears(AMBER, 3.0)
    play.at(5.0).hears(RED, 3.0)
    play.want(between(1.0, 1.0), alert(NotifyReason.OPENED, "c-1", "rising", to=("dana",)))
    play.want(between(5.0, 5.0), alert(NotifyReason.OPENED, "c-1", "tense_call", to=OWNER))
    play.run(20.0)


def test_a_procedure_does_not_begin_for_what_is_silenced() -> None:
    """It begins when the alert rings, or when somebody takes it all the same."""
    play = Play(library("wait_too_long"))
    play.at(0.0).push(silence(45.0), hears_of(CallQueued, call="c-1", queue="billing"))
    play.want(between(30.0, 30.5), alert(NotifyReason.OPENED, "billing", "wait_too_long", to=QUIET))
    play.want(between(45.0, 45.5), alert(NotifyReason.HUSH_OVER, "billing", "wait_too_long", to=OWNER))
    play.want(between(65.0, 65.5), alert(NotifyReason.ESCALATED, "billing", "wait_too_long", to=("next supervisor",)))
    play.want(between(65.0, 65.5), alert(NotifyReason.PROCEDURE_STEP, "billing", "wait_too_long", to=OWNER))
    play.run(67.0)
    assert min(t for t, action in play.seen if isinstance(action, RunChanged)) == 45.0
