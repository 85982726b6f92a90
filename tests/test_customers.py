import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicerisk.customers import CustomerKey, name_customer, parse_keys
from voicerisk.events.data import Customer

_OLD = CustomerKey("k1", bytes(range(32)))
_NEW = CustomerKey("k2", bytes(range(1, 33)))


@pytest.mark.parametrize(
    "written",
    ["+972501234567", "050-123-4567", "0501234567", "(050) 123 4567", "tel:+972-50-123-4567", "sip:+972501234567@pbx"],
)
def test_one_number_is_one_customer_however_it_is_written(written: str) -> None:
    """With and without the country's code, with dashes, as a SIP or tel address: the same name."""
    assert name_customer(written, (_NEW,), "IL") == name_customer("+972 50 123 4567", (_NEW,), None)


def test_other_numbers_and_other_keys_give_other_names() -> None:
    """Nobody is taken for somebody else, and without the key a name says nothing."""
    names = {name_customer(raw, (key,), "IL").name for raw in ("0501234567", "0501234568") for key in (_OLD, _NEW)}
    assert len(names) == 4


def test_an_old_key_still_recognises() -> None:
    """After a change of keys the number's old name is given along, so that the two can be joined."""
    old = name_customer("0501234567", (_OLD,), "IL")
    new = name_customer("0501234567", (_NEW, _OLD), "IL")
    assert new.name != old.name
    assert new.others == (old.name,)


@given(st.text(max_size=60), st.sampled_from(["IL", "DE", "US", None]))
def test_any_text_gets_a_name_that_events_accept(raw: str, region: str | None) -> None:
    """Whatever a switch or a CRM sends becomes a valid name without the text in it."""
    name = name_customer(raw, (_NEW,), region).name
    assert msgspec.convert(name, Customer) == name
    assert name == name_customer(raw, (_NEW,), region).name


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "key 1: its id must be"),
        ("K:00", "key 1: its id must be"),
        ("k1:zz", "key 1 .k1.: what follows the colon must be hexadecimal"),
        ("k1:" + "00" * 15, "at least 16 bytes"),
        ("k1:" + "00" * 16 + ",k1:" + "11" * 16, "same id"),
    ],
)
def test_keys_that_cannot_be_used(text: str, said: str) -> None:
    """A key that is missing, short or doubled is named by its place, and the message shows no key."""
    with pytest.raises(ValueError, match=said) as caught:
        parse_keys(text)
    assert "1111" not in str(caught.value)


def test_a_key_does_not_show_itself() -> None:
    """Printing a key shows its id alone."""
    [key] = parse_keys("k9:" + "ab" * 16)
    assert "abab" not in repr(key)
