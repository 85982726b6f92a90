"""What `voicerisk check` says of a configuration that is good: what it watches, and what deserves a second look."""

from collections.abc import Iterator, Mapping
from typing import Protocol

from voicerisk.config import Config
from voicerisk.risk.check import red_too_long
from voicerisk.risk.config import RiskConfig
from voicerisk.store.red_time import stored_red_shares
from voicerisk.store.writer import StoreError


class _Switched(Protocol):
    """A gauge or a rule."""

    @property
    def enabled(self) -> bool: ...


def check_notes(config: Config) -> Iterator[str]:
    """One line for each thing to know, the plain ones first; the store is read, never made or changed."""
    gateways = ", ".join(gateway.path for gateway in config.ingest.gateways)
    yield f"The configuration is good. Gateways at {gateways}; model {config.model!r}."
    yield _watched(config.risk)
    if openly := ", ".join(gateway.path for gateway in config.ingest.gateways if gateway.is_open):
        yield f"Note: {openly} ask for no token; that is safe only because they listen on this machine alone."
    for sentence in config.risk.brakes.allow_automatic:
        yield f'Note: a brake is off, because the configuration says: "{sentence}"'
    try:
        shares = stored_red_shares(config.store_settings)
    except StoreError as error:
        yield f"Note: how long gauges were red is not known: {error}."
        return
    at_work = [share for share in shares if share.gauge in config.risk.gauges]
    for problem in red_too_long(at_work):
        yield f"Warning: risk.{problem.where} {problem.wrong}. {problem.mend}"


def _watched(risk: RiskConfig) -> str:
    gauges_on, gauges_off = _split(risk.gauges)
    rules_on, rules_off = _split(risk.rules)
    off = [f"gauge {name}" for name in gauges_off] + [f"rule {name}" for name in rules_off]
    said = f"{len(gauges_on)} gauges, {len(rules_on)} rules, {len(risk.procedures)} procedures"
    return f"Watched: {said}; switched off: {', '.join(off)}." if off else f"Watched: {said}."


def _split(entries: Mapping[str, _Switched]) -> tuple[list[str], list[str]]:
    on = [name for name, entry in entries.items() if entry.enabled]
    return on, [name for name in entries if name not in on]
