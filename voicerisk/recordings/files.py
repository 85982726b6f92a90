"""The recordings' files as a whole: which were written last, and which are too old whatever the list says of them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

PART_AND_MORE_S: Final = 120.0
"""A recording that goes on writes a part at least this often."""


def last_written(folder: Path, max_s: float) -> list[Path]:
    """The files that may have been growing when the newest of them was written: a recording takes `max_s` at most."""
    written_s = dict(_files(folder))
    newest_s = max(written_s.values(), default=0.0)
    return sorted(path for path, mtime_s in written_s.items() if mtime_s >= newest_s - max_s - PART_AND_MORE_S)


def remove_older(folder: Path, before_s: float) -> int:
    """How many files were removed because nobody has written to them since `before_s` (epoch)."""
    n_removed = 0
    for path, mtime_s in _files(folder):
        if mtime_s < before_s:
            path.unlink(missing_ok=True)
            n_removed += 1
    return n_removed


def _files(folder: Path) -> Iterator[tuple[Path, float]]:
    for path in folder.glob("??/*"):
        try:
            yield path, path.stat().st_mtime
        except OSError:  # it went meanwhile
            continue
