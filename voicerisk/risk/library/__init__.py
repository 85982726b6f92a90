"""What ships: gauges, their zones, rules and procedures for everything that is known to make customers unhappy.

The library is written in the very form in which a site writes its own configuration, so that any table of it can be
copied into `voicerisk.toml` and changed there. A site's tables are laid over these by name, key by key; a new name
adds, and `enabled = false` takes a gauge or a rule out of action.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any, Final, TypeVar

import msgspec

from voicerisk.risk.gauges import GaugeConfig
from voicerisk.risk.procedures import Procedure
from voicerisk.risk.rules import RuleConfig

FILES: Final = ("tone", "waiting", "contacts", "promises", "service")
"""One file for each matter: its gauges, rules and procedures together."""

T = TypeVar("T")


@cache
def tables() -> Mapping[str, Mapping[str, Any]]:
    """The whole library as plain tables: "gauges", "rules" and "procedures", each by name. Not to be changed."""
    merged: dict[str, dict[str, Any]] = {}
    for file in FILES:
        text = resources.files(__name__).joinpath(f"{file}.toml").read_text(encoding="utf-8")
        for kind, entries in tomllib.loads(text)["risk"].items():
            known = merged.setdefault(kind, {})
            if twice := known.keys() & entries.keys():
                raise ValueError(f"{file}.toml: {kind} of this name ship already: {', '.join(sorted(twice))}")
            known.update(entries)
    return merged


def gauges() -> dict[str, GaugeConfig]:
    """Every gauge that ships, by its name."""
    return dict(_typed("gauges", GaugeConfig))


def rules() -> dict[str, RuleConfig]:
    """Every rule that ships, by its name."""
    return dict(_typed("rules", RuleConfig))


def procedures() -> dict[str, Procedure]:
    """Every procedure that ships, by its name."""
    return dict(_typed("procedures", Procedure))


@cache
def _typed(kind: str, type_: type[T]) -> dict[str, T]:
    return msgspec.convert(tables()[kind], dict[str, type_])  # type: ignore[valid-type]
