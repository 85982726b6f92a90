"""The console's settings."""

import msgspec


class ConsoleSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The `[console]` table of the configuration."""

    enabled: bool = True
    """Serve the supervisor's pages. Without them the process needs about 100 MB less; the API and the feed stay."""
