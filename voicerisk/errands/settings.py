"""Who does what a procedure's step asks for."""

from typing import Annotated

import msgspec
from msgspec import Meta


class WorkerSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A system that does things: workforce management, the routing of calls, the CRM. Each message to it is signed."""

    url: str
    """Where to POST; https, except on this machine."""

    secret_env: str
    """Environment variable that holds the signing secret, `whsec_` and base64; see `[notify]`."""

    actions: Annotated[tuple[str, ...], Meta(min_length=1)]
    """What it does: names of actions as procedures have them; no two workers do the same."""


class ErrandSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who carries out the `do` steps of procedures."""

    workers: dict[str, WorkerSettings] = {}
    """By a name of yours. What nobody does is reported to the step as failed."""

    timeout_s: Annotated[float, Meta(gt=0.0, le=60.0)] = 10.0
    """How long one try may take; tries are made again until the step's own limit."""

    first_retry_s: Annotated[float, Meta(gt=0.0)] = 1.0
    """The pause before the second try; each further one is twice as long, up to half a minute."""

    max_at_once: Annotated[int, Meta(ge=1)] = 200
    """Errands under way at the same time; further ones fail at once."""
