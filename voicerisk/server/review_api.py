"""Marks: what reviewers found of alerts and calls. They set tomorrow's threshold, and name processes, not people."""

from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, HTTPException, Query, Request
from pydantic import BaseModel, Field, model_validator
from starlette.responses import Response

from voicerisk import clock
from voicerisk.server.access import Permission, needs
from voicerisk.server.answers import from_store, gives, json_answer, person_of, refuses
from voicerisk.store import history
from voicerisk.store.history import Mark, Verdict
from voicerisk.store.store import Store
from voicerisk.store.writer import StoreError

_READS: Final = refuses(_503="the store does not answer")


class Finding(BaseModel):
    """What a reviewer found: of an alert, or of a call (`missed`: it should have alerted)."""

    verdict: Verdict
    call: str | None = Field(None, min_length=1, max_length=256)
    alert: str | None = Field(None, min_length=1, max_length=256)
    topic: str = Field("", max_length=128, description="A process or a policy that it points to; never a person")
    note: str = Field("", max_length=2000)
    person: str | None = Field(None, max_length=200)

    @model_validator(mode="after")
    def _is_about_something(self) -> "Finding":
        if self.call is None and self.alert is None:
            raise ValueError("name the call or the alert that it is about")
        return self


def review_router(store: Store) -> APIRouter:
    """The routes under /api/v1/marks."""
    router = APIRouter(prefix="/api/v1", tags=["review"], dependencies=[needs(Permission.REVIEW)])

    @router.post(
        "/marks", summary="Mark a call or an alert", responses=gives(mark=Mark) | _READS | refuses(_422="no name")
    )
    async def mark(finding: Finding, request: Request) -> Response:
        made = Mark(
            at_s=clock.now_s(), person=person_of(request, finding.person), verdict=finding.verdict,
            call_id=finding.call, alert_id=finding.alert, topic=finding.topic, note=finding.note,
        )  # fmt: skip
        try:
            await store.write(partial(history.write_mark, mark=made))
        except StoreError as error:
            raise HTTPException(503, f"not saved: {error}") from None
        return json_answer(mark=made)

    @router.get("/marks", summary="Marks, the oldest first", responses=gives(marks=[Mark]) | _READS)
    async def marks(
        from_s: Annotated[float, Query(ge=0.0)] = 0.0, to_s: float = 1e12, call: str | None = None
    ) -> Response:
        read = partial(history.read_marks, from_s=from_s, to_s=to_s, call_id=call)
        return json_answer(marks=await from_store(store.read(read)))

    return router
