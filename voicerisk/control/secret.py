"""Secrets that stand outside the configuration: read when they are used, never kept in a setting."""

import os
from pathlib import Path

from voicerisk.control.problems import Problem, SwitchError

_MAX_CHARS = 16_384


def from_env(variable: str) -> str:
    """The value of an environment variable. Raises `SwitchError` that names the variable, where it is not set."""
    value = os.environ.get(variable, "")
    if not value:
        words = f"The environment variable {variable} is not set where voicerisk runs."
        raise SwitchError(Problem.FORBIDDEN, words)
    return value


def from_file(path: str) -> str:
    """What the file holds, without the line's end: whoever keeps it fresh may write it anew at any time.

    Raises `SwitchError` that names the file, where it cannot be read.
    """
    try:
        with Path(path).open(encoding="utf-8") as file:
            value = file.read(_MAX_CHARS).strip()
    except (OSError, UnicodeDecodeError):
        value = ""
    if not value:
        raise SwitchError(Problem.FORBIDDEN, f"The file {path} with the secret cannot be read, or is empty.")
    return value
