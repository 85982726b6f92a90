"""The small language in which rules say when: reads text, makes a tree, runs nothing.

    any    = all { "or" all }
    all    = one { "and" one }
    one    = "not" one | "(" any ")" | leaf
    leaf   = gauge order ( "green" | "amber" | "red" )
           | gauge ".value" order number
           | label ( "==" | "!=" ) text | label [ "not" ] "in" "(" text { "," text } ")"
    label  = "call" | "customer" | "incident" | "queue" | "reason" | "label" "." name
    order  = ">=" | ">" | "==" | "!=" | "<=" | "<"

Gauges and names are letters, digits, "_" and "-"; text stands in single or double quotes, where a backslash makes the
next character plain.
"""

import difflib
import math
import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple, NoReturn

from voicerisk.events import Zone
from voicerisk.risk.conditions import PLAIN_LABELS, AllOf, AnyOf, Condition, LabelIs, Not, Order, ValueIs, ZoneIs

MAX_LENGTH: Final = 4000
MAX_DEPTH: Final = 40
NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
RESERVED: Final = frozenset({"and", "or", "not", "in", "label", *PLAIN_LABELS, *(zone.value for zone in Zone)})
"""Words that no gauge may be called by."""

_TOKEN: Final = re.compile(
    rf"""\s*(?: (?P<name>{NAME.pattern})
              | (?P<number>[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)
              | (?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
              | (?P<sign>>=|<=|==|!=|[<>().,]) )""",
    re.VERBOSE | re.DOTALL,
)


class ConditionError(ValueError):
    """The text is no condition: `column` (from 1) is where, `wrong` what is wrong there, `mend` what would be right."""

    def __init__(self, column: int, wrong: str, mend: str) -> None:
        super().__init__(f"column {column}: {wrong}. {mend}")
        self.column = column
        self.wrong = wrong
        self.mend = mend


class _Token(NamedTuple):
    kind: str
    text: str
    column: int

    def __str__(self) -> str:
        return "the end" if self.kind == "end" else repr(self.text[:40])


def parse_condition(text: str) -> Condition:
    """The condition that the text describes. Raises ConditionError."""
    if len(text) > MAX_LENGTH:
        raise ConditionError(MAX_LENGTH + 1, f"is {len(text)} characters long", f"At most {MAX_LENGTH}.")
    return _Parser(list(_tokens(text))).whole()


def _tokens(text: str) -> Iterator[_Token]:
    end = len(text.rstrip())
    position = 0
    while position < end:
        found = _TOKEN.match(text, position)
        if found is None or found.lastgroup is None:
            column = position + len(text[position:]) - len(text[position:].lstrip())
            wrong = f"{text[column]!r} begins nothing that is known here"
            mend = "Close the quotes." if text[column] in "'\"" else "Take it out, or put text in quotes."
            raise ConditionError(column + 1, wrong, mend)
        yield _Token(found.lastgroup, found[found.lastgroup], found.start(found.lastgroup) + 1)
        position = found.end()
    yield _Token("end", "", end + 1)


class _Parser:
    """Recursive descent, one method for each line of the grammar."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._next = 0
        self._depth = 0

    def whole(self) -> Condition:
        condition = self._any()
        if self._peek().kind != "end":
            self._fail(f"{self._peek()} is not expected here", "Join comparisons with 'and' or 'or'.")
        return condition

    def _any(self) -> Condition:
        parts = [self._all()]
        while self._accept("name", "or"):
            parts.append(self._all())
        return any_of(parts)

    def _all(self) -> Condition:
        parts = [self._one()]
        while self._accept("name", "and"):
            parts.append(self._one())
        return all_of(parts)

    def _one(self) -> Condition:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self._fail("is nested too deep", f"At most {MAX_DEPTH} levels.")
        if self._accept("name", "not"):
            condition: Condition = Not(part=self._one())
        elif self._accept("sign", "("):
            condition = self._any()
            self._expect(")", "Close the bracket with ')'.")
        else:
            condition = self._leaf()
        self._depth -= 1
        return condition

    def _leaf(self) -> Condition:
        token = self._peek()
        if token.kind != "name" or (token.text in RESERVED and token.text not in ("label", *PLAIN_LABELS)):
            self._fail(f"{token} is not a gauge or a label", "Write e.g. wait_s >= red, or queue == 'billing'.")
        self._next += 1
        if token.text == "label":
            self._expect(".", "Write label.<name>, e.g. label.vip.")
            return self._label(f"label.{self._name('the name of a label')}")
        if token.text in PLAIN_LABELS:
            return self._label(token.text)
        if self._accept("sign", "."):
            if not self._accept("name", "value"):
                self._fail(f"a gauge has no {self._peek()}", f"Write {token.text}.value, or the zone alone.")
            return ValueIs(gauge=token.text, order=self._order(), number=self._number())
        return ZoneIs(gauge=token.text, order=self._order(), zone=self._zone(token.text))

    def _label(self, label: str) -> Condition:
        if self._accept("name", "in"):
            return LabelIs(label=label, values=self._list())
        if self._accept("name", "not"):
            if not self._accept("name", "in"):
                self._fail(f"{self._peek()} follows 'not'", "Write not in ('a', 'b').")
            return Not(part=LabelIs(label=label, values=self._list()))
        if self._accept("sign", "=="):
            return LabelIs(label=label, values=(self._text(),))
        if self._accept("sign", "!="):
            return Not(part=LabelIs(label=label, values=(self._text(),)))
        self._fail(f"{self._peek()} cannot follow the label {label}", "Labels know ==, !=, in and not in.")

    def _list(self) -> tuple[str, ...]:
        self._expect("(", "Write the values in brackets: ('a', 'b').")
        values = [self._text()]
        while self._accept("sign", ","):
            values.append(self._text())
        self._expect(")", "Close the list with ')'.")
        return tuple(values)

    def _order(self) -> Order:
        token = self._peek()
        if token.kind != "sign" or token.text not in list(Order):
            self._fail(f"{token} is no comparison", f"Use one of {' '.join(Order)}.")
        self._next += 1
        return Order(token.text)

    def _zone(self, gauge: str) -> Zone:
        token = self._peek()
        if token.kind == "name" and token.text in list(Zone):
            self._next += 1
            return Zone(token.text)
        if token.kind == "number":
            self._fail(f"{token} is not a zone", f"For the number write {gauge}.value.")
        if token.kind == "text":
            self._fail(f"{gauge} is a gauge, and {token} is text", f"If it is a label, write label.{gauge}.")
        close = difflib.get_close_matches(token.text, list(Zone), n=1)
        mend = f"Did you mean {close[0]}?" if close else "Zones are green, amber and red."
        self._fail(f"{token} is not a zone", mend)

    def _number(self) -> float:
        token = self._peek()
        if token.kind != "number" or not math.isfinite(float(token.text)):
            self._fail(f"{token} is not a number", "Write e.g. 3 or 0.5.")
        self._next += 1
        return float(token.text)

    def _text(self) -> str:
        token = self._peek()
        if token.kind != "text":
            self._fail(f"{token} is not text", "Put it in quotes.")
        self._next += 1
        return re.sub(r"\\(.)", r"\1", token.text[1:-1], flags=re.DOTALL)

    def _name(self, what: str) -> str:
        token = self._peek()
        if token.kind != "name":
            self._fail(f"{token} is not {what}", "Names are letters, digits, _ and -.")
        self._next += 1
        return token.text

    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _accept(self, kind: str, text: str) -> bool:
        token = self._peek()
        if (token.kind, token.text) != (kind, text):
            return False
        self._next += 1
        return True

    def _expect(self, sign: str, mend: str) -> None:
        if not self._accept("sign", sign):
            self._fail(f"{self._peek()} stands where {sign!r} should", mend)

    def _fail(self, wrong: str, mend: str) -> NoReturn:
        raise ConditionError(self._peek().column, wrong, mend)


def all_of(parts: Iterable[Condition]) -> Condition:
    """All the parts as one condition: flat, and a single part as it is."""
    flat = [inner for part in parts for inner in (part.parts if isinstance(part, AllOf) else (part,))]
    return flat[0] if len(flat) == 1 else AllOf(parts=tuple(flat))


def any_of(parts: Iterable[Condition]) -> Condition:
    """Any of the parts as one condition: flat, and a single part as it is."""
    flat = [inner for part in parts for inner in (part.parts if isinstance(part, AnyOf) else (part,))]
    return flat[0] if len(flat) == 1 else AnyOf(parts=tuple(flat))
