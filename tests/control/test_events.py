"""What switches tell, read from whatever they send: nothing that is no event can break the connection."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicerisk.control.ami_events import facts_in
from voicerisk.control.ari_events import WANTED
from voicerisk.control.ari_events import read_event as read_ari
from voicerisk.control.esl_events import WANTED as WANTED_OF_FREESWITCH
from voicerisk.control.esl_events import Bridges
from voicerisk.control.esl_events import read_event as read_esl
from voicerisk.control.switch import LegGone, LegMoved

_NAMES = (
    "channel", "transferee", "transferer_first_leg", "transfer_target", "exten", "result", "cause", "cause_txt", "id",
    "name", "dialplan", "Unique-ID", "Bridge-A-Unique-ID", "Bridge-B-Unique-ID", "Other-Leg-Destination-Number",
)  # fmt: skip
_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just("Success"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=4),
    max_leaves=8,
)
_OBJECTS = st.dictionaries(st.sampled_from(_NAMES), _VALUES, max_size=8)


@settings(max_examples=150, deadline=None)
@given(kind=st.sampled_from(WANTED), event=_OBJECTS, noise=st.binary(max_size=40))
def test_ari(kind: str, event: dict[str, Any], noise: bytes) -> None:
    """Whatever Asterisk's events hold, they are read without an error, and every leg told has a name."""
    read_ari(noise)
    read = read_ari(json.dumps({**event, "type": kind}))
    assert read is not None
    for fact in read.facts:
        assert all(isinstance(name, str) and name for name in getattr(fact, "names", ("x",)))


@settings(max_examples=150, deadline=None)
@given(kind=st.sampled_from(WANTED_OF_FREESWITCH), event=_OBJECTS, noise=st.binary(max_size=40))
def test_esl(kind: str, event: dict[str, Any], noise: bytes) -> None:
    """Whatever FreeSWITCH's events hold, they are read without an error, and every leg told has a name."""
    read_esl(noise)
    read = read_esl(json.dumps({**event, "Event-Name": kind}).encode())
    assert read is not None
    for fact in Bridges().facts_in(read):
        assert all(getattr(fact, "names", ("x",)))


@settings(max_examples=100, deadline=None)
@given(
    event=st.dictionaries(st.sampled_from(["event", "uniqueid", "channel", "result", "extension"]), st.text(max_size=8))
)
def test_ami(event: dict[str, str]) -> None:
    """Whatever a manager event holds, it is read without an error."""
    for kind in ("Hangup", "Hold", "Unhold", "BlindTransfer", "AttendedTransfer"):
        for fact in facts_in({**event, "event": kind}):
            assert all(getattr(fact, "names", ("x",)))


@pytest.mark.parametrize("number", ["+4930123456789", "00493012345678", "030 1234 567"])
def test_no_number_of_a_transfer_is_kept(number: str) -> None:
    """A transfer to a telephone number is one to "outside", on every switch."""
    channel = {"id": "1", "name": "PJSIP/1"}
    ari = read_ari(
        json.dumps({"type": "BridgeBlindTransfer", "result": "Success", "channel": channel, "exten": number})
    )
    ami = facts_in({"event": "BlindTransfer", "result": "Success", "transfereruniqueid": "1", "extension": number})
    bridges = Bridges()
    bridges.facts_in({"Event-Name": "CHANNEL_BRIDGE", "Bridge-A-Unique-ID": "a", "Bridge-B-Unique-ID": "b"})
    esl = bridges.facts_in(
        {"Event-Name": "CHANNEL_BRIDGE", "Bridge-A-Unique-ID": "a", "Bridge-B-Unique-ID": "c",
         "Other-Leg-Destination-Number": number}
    )  # fmt: skip
    assert ari is not None
    told = [*ari.facts, *ami, *esl]
    assert [fact.to for fact in told if isinstance(fact, LegMoved)] == ["outside"] * 3


def test_a_leg_that_is_gone_is_forgotten() -> None:
    """Who was bridged with whom is not kept beyond the leg's end: the same id later is a new leg."""
    bridges = Bridges()
    bridges.facts_in({"Event-Name": "CHANNEL_BRIDGE", "Bridge-A-Unique-ID": "a", "Bridge-B-Unique-ID": "b"})
    gone = {"Event-Name": "CHANNEL_HANGUP_COMPLETE", "Unique-ID": "a", "Hangup-Cause": "NORMAL_CLEARING"}
    assert bridges.facts_in(gone) == (LegGone(("a",), "NORMAL_CLEARING"),)
    again = {"Event-Name": "CHANNEL_BRIDGE", "Bridge-A-Unique-ID": "a", "Bridge-B-Unique-ID": "c"}
    assert list(bridges.facts_in(again)) == []
