"""Typed settings from TOML text: every mistake at once, each with its place, what is wrong and what would be right."""

import difflib
import tomllib
import types
import typing
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any, TypeVar

import msgspec

from voicerisk.toml_places import Path, Places

T = TypeVar("T", bound=msgspec.Struct)


class Problem(msgspec.Struct, frozen=True):
    """One mistake: `where` is file, line and key, `wrong` says what it is, `mend` what would be right."""

    where: str
    wrong: str
    mend: str

    def __str__(self) -> str:
        """The mistake in one line."""
        return f"{self.where}: {self.wrong}. {self.mend}"


class SettingsError(ValueError):
    """The settings cannot be used; `problems` has every mistake that was found."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


def parse(text: str, kind: type[T], source: str, under: Mapping[str, Any] | None = None) -> T:
    """The settings in `text` as a `kind`; `source` is the file's name for the messages. Raises `SettingsError`.

    `under` has tables that the text's are laid over: what the text does not say holds as it is there.
    """
    try:
        data = laid_over(under or {}, tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError([Problem(source, f"not TOML: {error}", "Mend the line named there.")]) from None
    places = Places(text, source)
    problems = [Problem(places.of(path), wrong, mend) for path, wrong, mend in _mistakes(data, kind, ())]
    if problems:
        raise SettingsError(problems)
    return msgspec.convert(data, kind)


def laid_over(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Both as one: where both have a table of a name these are laid over each other, else what is over counts."""
    merged = {key: value for key, value in under.items() if key not in over}
    for key, value in over.items():
        below = under.get(key)
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            value = laid_over(below, value)
        merged[key] = value
    return merged


_Mistake = tuple[Path, str, str]


def _mistakes(value: Any, kind: Any, path: Path) -> Iterator[_Mistake]:
    struct = _struct_in(kind)
    if struct is not None and isinstance(value, dict):
        yield from _struct_mistakes(value, struct, path)
        return
    kinds = _tagged_structs_in(kind)
    if kinds and isinstance(value, dict):
        yield from _tagged_mistakes(value, kinds, path)
        return
    item = _item_in_table(kind)
    if item is not None and isinstance(value, dict):
        for name, entry in value.items():
            yield from _mistakes(entry, item, (*path, name))
        return
    item = _struct_in_list(kind)
    if item is not None and isinstance(value, list):
        for number, entry in enumerate(value):
            yield from _mistakes(entry, item, (*path, number))
        return
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        yield path, f"{value!r} will not do: {_short(error)}", f"It must be {describe(kind)}."


def _struct_mistakes(value: Mapping[str, Any], struct: type[msgspec.Struct], path: Path) -> Iterator[_Mistake]:
    fields = {field.encode_name: field for field in msgspec.structs.fields(struct)}
    clean = True
    for key, entry in value.items():
        if key == struct.__struct_config__.tag_field:
            continue
        if key not in fields:
            clean = False
            close = difflib.get_close_matches(key, fields, n=1)
            hint = f"Did you mean {close[0]!r}?" if close else f"Known here: {', '.join(sorted(fields))}."
            yield (*path, key), "there is no such key", hint
            continue
        for mistake in _mistakes(entry, fields[key].type, (*path, key)):
            clean = False
            yield mistake
    for name, field in fields.items():
        if field.required and name not in value:
            clean = False
            yield (*path, name), "is missing", f"It must be {describe(field.type)}."
    if clean:
        # What only the whole can tell: the struct's own __post_init__.
        try:
            msgspec.convert(value, struct)
        except msgspec.ValidationError as error:
            yield path, _short(error), "Change one of the values named."


def _tagged_mistakes(
    value: Mapping[str, Any], structs: Mapping[str, type[msgspec.Struct]], path: Path
) -> Iterator[_Mistake]:
    """The mistakes of a table whose one key says which of several kinds it is."""
    tag_field = str(next(iter(structs.values())).__struct_config__.tag_field)
    wanted = "It must be one of " + ", ".join(repr(tag) for tag in structs) + "."
    tag = value.get(tag_field)
    if tag is None:
        yield (*path, tag_field), "is missing", wanted
    elif not isinstance(tag, str) or tag not in structs:
        yield (*path, tag_field), f"{tag!r} will not do", wanted
    else:
        yield from _struct_mistakes(value, structs[tag], path)


def describe(kind: Any) -> str:
    """A type in words for a person who writes TOML, e.g. "a number", "one of 'a', 'b'"."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Annotated:
        return f"{describe(arguments[0])}{_bounds(arguments[1:])}"
    if origin is typing.Literal:
        return "one of " + ", ".join(repr(argument) for argument in arguments)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(describe(argument) for argument in arguments if argument is not type(None))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return "one of " + ", ".join(repr(member.value) for member in kind)
    words = {bool: "true or false", int: "a whole number", float: "a number", str: "text", type(None): "absent"}
    if kind in words:
        return words[kind]
    if origin in (list, tuple) or (isinstance(origin, type) and issubclass(origin, (list, tuple))):
        return f"a list, each item {describe(arguments[0])}" if arguments else "a list"
    if _struct_in(kind) is not None or origin is not None:
        return "a table"
    return getattr(kind, "__name__", str(kind))


def _bounds(extras: tuple[Any, ...]) -> str:
    words = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
    said = [
        f"{word} {getattr(extra, name)}"
        for extra in extras
        if isinstance(extra, msgspec.Meta)
        for name, word in words.items()
        if getattr(extra, name) is not None
    ]
    return f" ({', '.join(said)})" if said else ""


def _struct_in(kind: Any) -> type[msgspec.Struct] | None:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return kind
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        found = [struct for argument in typing.get_args(kind) if (struct := _struct_in(argument))]
        return found[0] if len(found) == 1 else None
    return None


def _tagged_structs_in(kind: Any) -> dict[str, type[msgspec.Struct]]:
    """The structs of a union that a tag tells apart, by their tags; empty where it is none."""
    if typing.get_origin(kind) not in (typing.Union, types.UnionType):
        return {}
    structs = [one for one in typing.get_args(kind) if isinstance(one, type) and issubclass(one, msgspec.Struct)]
    return {str(one.__struct_config__.tag): one for one in structs if one.__struct_config__.tag is not None}


def _item_in_table(kind: Any) -> Any:
    """What stands under each name of a table of tables; None where it is none."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if isinstance(origin, type) and issubclass(origin, Mapping) and len(arguments) == 2:
        item = arguments[1]
        return item if _struct_in(item) is not None or _tagged_structs_in(item) else None
    return None


def _struct_in_list(kind: Any) -> type[msgspec.Struct] | None:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (list, tuple) and arguments:
        return _struct_in(arguments[0])
    return None


def _short(error: msgspec.ValidationError) -> str:
    text = str(error).split(" - at `$", maxsplit=1)[0]
    return (text[:1].lower() + text[1:]).rstrip(".")
