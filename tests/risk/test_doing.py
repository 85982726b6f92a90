"""Deeds, done."""

import pytest

from tests.plays.play import T0
from tests.risk.days import CUSTOMERS, happens
from tests.risk.test_deeds import ONE_OF_EACH
from voicerisk.events import CallQueued, Incident, IncidentContact
from voicerisk.risk import deeds
from voicerisk.risk.actions import IncidentChanged, OutageChanged, SilenceChanged
from voicerisk.risk.config import RiskConfig
from voicerisk.risk.engine import Engine


@pytest.mark.parametrize("deed", ONE_OF_EACH, ids=lambda deed: type(deed).__name__)
def test_every_deed_reaches_its_book(deed: deeds.Deed) -> None:
    """What there is not is an error that names it; silences and outages need nothing that is there already."""
    engine = Engine(RiskConfig())
    if isinstance(deed, deeds.MakeSilence | deeds.SetOutage):
        expected = SilenceChanged if isinstance(deed, deeds.MakeSilence) else OutageChanged
        assert isinstance(engine.do(deed, 1_999_999_000.0)[0], expected)
        return
    thing = next(getattr(deed, name) for name in ("alert", "silence", "run", "task", "incident") if hasattr(deed, name))
    with pytest.raises(LookupError, match=thing):
        engine.do(deed, T0)


def test_a_person_leads_an_alert_from_the_first_ring_to_the_last_note() -> None:
    """Taken, given on, a step confirmed, a note, closed: each is one more line in its record."""
    engine = Engine(RiskConfig())
    happens(lambda at, id_: CallQueued(id=id_, at=at, call="c-1", queue="billing"))(engine, T0, 0)
    engine.tick(T0 + 40.0)
    (alert,) = engine.alerts()
    run = engine.desk.run_of(alert.id)
    assert run is not None
    for n, deed in enumerate(
        (
            deeds.Acknowledge(person="dana", alert=alert.id),
            deeds.Assign(person="dana", alert=alert.id, to="yoav"),
            deeds.ConfirmStep(person="yoav", run=run.id, step=3, note="two came in"),
            deeds.AddNote(person="yoav", alert=alert.id, note="the queue is short again"),
            deeds.Resolve(person="yoav", alert=alert.id, note="rain"),
        )
    ):
        assert engine.do(deed, T0 + 41.0 + n)
    steps = [(step.what.value, step.person) for step in engine.alert(alert.id).history if step.person]
    assert steps == [
        ("acknowledged", "dana"),
        ("assigned", "dana"),
        ("noted", "yoav"),
        ("resolved_by_person", "yoav"),
    ]


def test_an_incident_gets_its_one_person() -> None:
    """By name, and nobody's alert changes by it."""
    engine = Engine(RiskConfig())
    contact = happens(
        lambda at, id_: IncidentContact(id=id_, at=at, customer=CUSTOMERS[0], data=Incident(incident="i-1"))
    )
    contact(engine, T0, 0)
    told = engine.do(deeds.AssignIncident(person="dana", incident="i-1", to="noa"), T0 + 1.0)
    assert [type(action) for action in told] == [IncidentChanged]
