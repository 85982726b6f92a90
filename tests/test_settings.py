"""Tests of voicerisk.settings."""

from enum import StrEnum
from typing import Annotated, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicerisk.settings import SettingsError, describe, parse


class Colour(StrEnum):
    """A choice."""

    RED = "red"
    BLUE = "blue"


class Inner(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table."""

    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 80
    colour: Colour = Colour.RED


class Item(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of a list of tables."""

    name: str
    mode: Literal["a", "b"] = "a"


class Cat(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="cat"):
    """One kind of animal."""

    lives: int = 9


class Dog(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="dog"):
    """The other kind."""

    owner: str


class Outer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file."""

    title: str = "t"
    inner: Inner = Inner()
    item: tuple[Item, ...] = ()
    pets: dict[str, Cat | Dog] = {}
    rooms: dict[str, Inner] = {}
    low: float = 0.0
    high: float = 1.0

    def __post_init__(self) -> None:
        """Refuses a range that is upside down."""
        if self.low > self.high:
            raise ValueError("low is above high")


def problems_of(text: str) -> list[str]:
    """The messages that the text earns."""
    with pytest.raises(SettingsError) as caught:
        parse(text, Outer, "f.toml")
    return [str(problem) for problem in caught.value.problems]


def test_good_text_gives_the_typed_value() -> None:
    """Tables, lists of tables, enums and defaults all arrive typed."""
    outer = parse('title = "x"\n[inner]\ncolour = "blue"\n[[item]]\nname = "one"\n', Outer, "f.toml")
    assert outer == Outer(title="x", inner=Inner(colour=Colour.BLUE), item=(Item(name="one"),))


def test_every_mistake_is_named_at_once_with_its_line() -> None:
    """Three mistakes in one file give three messages, each with line, key and what would be right."""
    text = 'titel = "x"\n\n[inner]\nport = "80"\n\n[[item]]\nname = "one"\n\n[[item]]\nname = "two"\nmode = "c"\n'
    assert problems_of(text) == [
        "f.toml:1: titel: there is no such key. Did you mean 'title'?",
        "f.toml:4: inner.port: '80' will not do: expected `int`, got `str`. "
        "It must be a whole number (at least 0, at most 65535).",
        "f.toml:11: item[1].mode: 'c' will not do: invalid enum value 'c'. It must be one of 'a', 'b'.",
    ]


def test_tables_by_name_are_checked_key_by_key() -> None:
    """In a table of tables each mistake is named at its own key, and the good ones arrive typed."""
    outer = parse("[pets.tom]\nkind = 'cat'\n[pets.rex]\nkind = 'dog'\nowner = 'Noa'\n[rooms.a]\n", Outer, "f.toml")
    assert outer.pets == {"tom": Cat(), "rex": Dog(owner="Noa")}
    assert outer.rooms == {"a": Inner()}
    text = "[pets.tom]\nkind = 'cow'\n[pets.rex]\nkind = 'dog'\n[pets.leo]\nlives = 3\n[rooms.a]\nprot = 1\n"
    assert problems_of(text) == [
        "f.toml:2: pets.tom.kind: 'cow' will not do. It must be one of 'cat', 'dog'.",
        "f.toml:3: pets.rex.owner: is missing. It must be text.",
        "f.toml:5: pets.leo.kind: is missing. It must be one of 'cat', 'dog'.",
        "f.toml:8: rooms.a.prot: there is no such key. Did you mean 'port'?",
    ]


def test_a_missing_key_says_what_it_must_be() -> None:
    """A required key that is absent is named with its type."""
    assert problems_of("[[item]]\nmode = 'a'\n") == ["f.toml:1: item[0].name: is missing. It must be text."]


def test_what_only_the_whole_can_tell_is_told() -> None:
    """A struct's own check becomes a problem, not a traceback."""
    assert problems_of("low = 2.0\n") == ["f.toml: the file: low is above high. Change one of the values named."]


def test_what_the_text_does_not_say_holds_as_it_is_under_it() -> None:
    """Tables are laid over each other key by key, at any depth; lists and values are taken whole."""
    under = {"title": "t0", "inner": {"port": 1, "colour": "blue"}, "item": [{"name": "a"}, {"name": "b"}]}
    outer = parse('[inner]\nport = 2\n[[item]]\nname = "c"\n', Outer, "f.toml", under)
    assert outer == Outer(title="t0", inner=Inner(port=2, colour=Colour.BLUE), item=(Item(name="c"),))
    assert parse("", Outer, "f.toml", under).inner == Inner(port=1, colour=Colour.BLUE)
    assert under["inner"] == {"port": 1, "colour": "blue"}


def test_text_that_is_not_toml_names_the_place() -> None:
    """A syntax error tells line and column."""
    assert "line 2" in problems_of('title = "x"\nport = = 3\n')[0]


def test_text_is_no_boolean_and_a_boolean_no_number() -> None:
    """Nothing is coerced: "False" is not false, true is not 1."""

    class Flags(msgspec.Struct, forbid_unknown_fields=True):
        on: bool = False
        many: int = 0

    for text in ('on = "False"', "many = true"):
        with pytest.raises(SettingsError):
            parse(text, Flags, "f.toml")


@given(st.text())
def test_arbitrary_text_is_a_value_or_a_settings_error(text: str) -> None:
    """No text makes anything but a value or a SettingsError."""
    problems = None
    try:
        parse(text, Outer, "f.toml")
    except SettingsError as error:
        problems = error.problems
    assert problems is None or problems


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (int, "a whole number"),
        (float | None, "a number"),
        (tuple[str, ...], "a list, each item text"),
        (dict[str, str], "a table"),
        (Colour, "one of 'red', 'blue'"),
        (Annotated[float, msgspec.Meta(gt=0)], "a number (more than 0)"),
    ],
)
def test_types_are_described_in_words(kind: object, words: str) -> None:
    """A reader of the message needs no Python."""
    assert describe(kind) == words
