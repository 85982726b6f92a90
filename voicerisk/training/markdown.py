"""Figures and tables as Markdown, for people."""

from collections.abc import Sequence
from typing import Final

from voicerisk.training.evaluation.call_tables import Share
from voicerisk.training.metrics import Estimate

NOTHING: Final = "-"

Table = Sequence[Sequence[str]]


def figure(value: Estimate | Share | None, digits: int = 2) -> str:
    """Return a figure with its interval: `0.87 (0.82-0.91)`, or a dash where it has no meaning."""
    if value is None or value.value is None:
        return NOTHING
    if value.low is None or value.high is None:
        return f"{value.value:.{digits}f}"
    return f"{value.value:.{digits}f} ({value.low:.{digits}f}-{value.high:.{digits}f})"


def table(rows: Table) -> str:
    """Return rows as a Markdown table, the first one its head."""
    head, *body = rows
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *body))
