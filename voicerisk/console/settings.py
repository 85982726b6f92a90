"""The console's settings."""

from typing import Annotated

import msgspec


class ConsoleSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The `[console]` table of the configuration."""

    enabled: bool = True
    """Serve the supervisor's pages. Without them the process needs about 100 MB less; the API and the feed stay."""

    notice: Annotated[str, msgspec.Meta(max_length=200)] = ""
    """A line at the top of every page, e.g. "Training: no real calls"."""
