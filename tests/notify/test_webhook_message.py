"""Tests of voicerisk.notify.webhook_message."""

import json

import msgspec
from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from cloudevents.core.formats.json import JSONFormat

from tests.notify.made import URL, a_delivery, a_notice
from voicerisk.notify.webhook_message import CLOUDEVENT, cloudevent_body, plain_body


def test_the_cloudevents_sdk_reads_it() -> None:
    """The specification's own SDK takes the event: key, type, subject, time and data are where they belong."""
    delivery = a_delivery(a_notice(to=()))
    message = HTTPMessage(headers={"content-type": CLOUDEVENT}, body=cloudevent_body(delivery, URL))
    event = from_http_event(message, JSONFormat())
    assert event.get_id() == delivery.key
    assert event.get_type() == "voicerisk.alert.opened"
    assert (event.get_source(), event.get_subject()) == (URL, delivery.notice.alert.id)
    time = event.get_time()
    assert time is not None
    assert abs(time.timestamp() - delivery.notice.at_s) < 0.001
    data = event.get_data()
    assert isinstance(data, dict)
    assert (data["call"], data["state"], data["severity"]) == ("c-1", "open", "critical")
    assert data["customer"] == "h:0123456789abcdef"
    assert [reason["code"] for reason in data["reasons"]] == ["level_db", "pitch_st", "talk_over"]
    assert data["url"] == f"{URL}/?alert={delivery.notice.alert.id}"


def test_plain_is_type_timestamp_data() -> None:
    """The plain form is the payload that Standard Webhooks recommend, with the same data."""
    delivery = a_delivery()
    plain, event = (json.loads(make(delivery, "")) for make in (plain_body, cloudevent_body))
    assert set(plain) == {"type", "timestamp", "data"}
    assert plain["type"] == "voicerisk.alert.opened"
    assert plain["data"] == event["data"]
    assert event["source"] == "urn:voicerisk"


def test_the_same_bytes_at_each_try() -> None:
    """A repetition, also one by another process, is the same event to the byte."""
    delivery = a_delivery()
    again = msgspec.json.decode(msgspec.json.encode(delivery), type=type(delivery))
    for make in (plain_body, cloudevent_body):
        assert make(delivery, URL) == make(again, URL)


def test_the_agent_stays_at_home() -> None:
    """No other system is told which agent had the call: nobody is to be ranked by it."""
    assert b"Noa" not in cloudevent_body(a_delivery(), URL)
