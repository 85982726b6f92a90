"""What only those see who look after the service: its configuration, without secrets, and the audit log."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Query
from starlette.responses import Response

from voicerisk.server.access import Permission, needs
from voicerisk.server.answers import from_store, gives, json_answer, refuses
from voicerisk.store.store import Store

_OBJECT: Final = {"type": "object"}
_SECRET_PARTS: Final = ("token", "password", "secret", "key", "credential")
MASK: Final = "***"


def admin_router(config: msgspec.Struct, store: Store) -> APIRouter:
    """The routes for administrators."""
    router = APIRouter(prefix="/api/v1", tags=["administration"], dependencies=[needs(Permission.ADMINISTER)])

    @router.get("/configuration", summary="The running configuration", responses=gives(configuration=_OBJECT))
    async def configuration() -> Response:
        return json_answer(configuration=without_secrets(msgspec.to_builtins(config)))

    @router.get(
        "/audit", summary="Who did what, the newest first",
        responses=gives(audit={"type": "array", "items": _OBJECT}) | refuses(_503="the store cannot be read"),
    )  # fmt: skip
    async def audit(limit: Annotated[int, Query(ge=1, le=10_000)] = 100) -> Response:
        return json_answer(audit=await from_store(store.audit_log(limit)))

    return router


def without_secrets(value: Any, name: str = "") -> Any:
    """The configuration as it may be shown: what is named like a secret is masked, and passwords in addresses too.

    Names of environment variables (`..._env`) are shown: they are no secrets, and one looks for them.
    """
    if isinstance(value, Mapping):
        return {key: without_secrets(inner, str(key)) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [without_secrets(inner, name) for inner in value]
    hidden = any(part in name.lower() for part in _SECRET_PARTS) and not name.lower().endswith("_env")
    if isinstance(value, str) and value and (hidden or ("://" in value and "@" in value)):
        return MASK
    return value
