"""Where in a TOML file a key stands, as near as plain reading can tell."""

import re
from collections.abc import Iterator
from typing import Final

Path = tuple[str | int, ...]
"""Keys from the outside in; a number picks from a list of tables, counted from 0."""

_KEY: Final = r"""(?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+)"""
_DOTTED: Final = rf"{_KEY}(?:\s*\.\s*{_KEY})*"
_HEADER: Final = re.compile(rf"\s*(\[\[?)\s*({_DOTTED})\s*\]")
_ENTRY: Final = re.compile(rf"\s*({_DOTTED})\s*=")
_PART: Final = re.compile(_KEY)
_STEP: Final = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


class Places:
    """The lines of one file; `source` is its name for the messages."""

    def __init__(self, text: str, source: str) -> None:
        self._source = source
        self._written: dict[Path, int] = {}
        self._implied: dict[Path, int] = {}
        for number, path in _keys(text):
            self._written.setdefault(path, number)
            for length in range(1, len(path)):
                self._implied.setdefault(path[:length], number)

    def of(self, path: Path) -> str:
        """File, line and key, e.g. "v.toml:12: ingest.port"; a key that is not written stands where its table does."""
        line = self._written.get(path) or self._implied.get(path)
        for length in range(len(path) - 1, 0, -1):
            line = line or self._written.get(path[:length])
        return f"{self._source}{'' if line is None else f':{line}'}: {_dotted(path)}"

    def of_dotted(self, dotted: str) -> str:
        """The same for a path as it is written, e.g. "risk.procedures.p.steps[2].to"."""
        parts = _STEP.findall(dotted)
        return self.of(tuple(int(number) if number else name for number, name in parts))


def _keys(text: str) -> Iterator[tuple[int, Path]]:
    """Every table and key that is written, with the number of its line; keys within { } are not looked into."""
    table: Path = ()
    latest: dict[Path, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            table = ()
            for name in _names(header[2]):
                # Below a list of tables, a header means the latest of the list.
                table = (*table, latest[table], name) if table in latest else (*table, name)
            if header[1] == "[[":
                latest[table] = latest.get(table, -1) + 1
                table = (*table, latest[table])
            yield number, table
        elif entry := _ENTRY.match(line):
            yield number, (*table, *_names(entry[1]))


def _names(dotted: str) -> list[str]:
    return [name.strip("\"'") for name in _PART.findall(dotted)]


def _dotted(path: Path) -> str:
    if not path:
        return "the file"
    text = str(path[0])
    for part in path[1:]:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text
