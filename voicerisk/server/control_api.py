"""What supervisors do on the switches, as JSON: the offers, the sessions, and the actions themselves."""

from typing import Final, Literal

from fastapi import APIRouter, HTTPException, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from voicerisk.control.control import Control
from voicerisk.control.modes import Mode
from voicerisk.control.orders import LEAVE, NotConfirmedError, Order, UnknownCallError
from voicerisk.control.problems import Problem, SwitchError
from voicerisk.control.session import NotNowError, Session
from voicerisk.server.access import Permission, Visitor, needs
from voicerisk.server.answers import gives, json_answer, refuses
from voicerisk.store.writer import StoreError

PERMISSION: Final = Permission.SUPERVISE
"""What a person must be allowed to do for any of this."""

_OBJECT: Final = {"type": "object"}
_OBJECTS: Final = {"type": "array", "items": _OBJECT}
_TEXT: Final = {"type": "string"}
_FLAG: Final = {"type": "boolean"}

_STATUS: Final = {
    Problem.NO_SUCH_CHANNEL: 404,
    Problem.FORBIDDEN: 403,
    Problem.TIMEOUT: 504,
    Problem.GONE: 410,
    Problem.NOT_ANSWERED: 409,
    Problem.REFUSED: 409,
    Problem.UNREACHABLE: 502,
    Problem.NOT_POSSIBLE: 422,
}
_REFUSALS: Final = refuses(
    _403="not signed in, or the switch forbids it", _404="there is no such live call, or no such leg on the switch",
    _409="not now, or the switch refuses", _410="the call is over on the switch", _422="this switch cannot do it",
    _428="it has to be confirmed", _502="the switch was not reached", _503="it cannot be logged, so it is not done",
    _504="the switch did not answer in time",
)  # fmt: skip


class Action(BaseModel):
    """What to do; to listen, where nothing is said."""

    mode: Literal["listen", "whisper", "barge", "take_over", "leave"] = "listen"
    alert: str | None = Field(None, max_length=256)
    confirmed: bool = False


def control_router(control: Control) -> APIRouter:
    """The routes under /api/v1 for call control."""
    router = APIRouter(prefix="/api/v1", tags=["voicerisk"], dependencies=[needs(Permission.WATCH)])

    @router.get(
        "/control", summary="What each gateway's switch can do, and who is on which call",
        responses=gives(gateways=_OBJECT, sessions=_OBJECTS, may=_FLAG),
    )  # fmt: skip
    async def offers(request: Request) -> Response:
        visitor: Visitor = request.state.visitor
        may = visitor.person is not None and visitor.may(PERMISSION)
        return json_answer(gateways=control.offers(), sessions=control.sessions(), may=may)

    @router.get("/calls/{call_id:path}/actions", summary="Supervisors on this call", responses=gives(sessions=_OBJECTS))
    async def sessions(call_id: str) -> Response:
        return json_answer(sessions=control.sessions(call_id))

    @router.post(
        "/calls/{call_id:path}/actions", summary="Listen, whisper, barge in, take over or leave, on the switch itself",
        responses=gives(session=_OBJECT, words=_TEXT) | _REFUSALS, dependencies=[needs(PERMISSION)],
    )  # fmt: skip
    async def act(call_id: str, action: Action, request: Request) -> Response:
        person = _supervisor(request)
        order = Order(call_id=call_id, person=person, alert_id=action.alert, confirmed=action.confirmed)
        session = await _done(control, action.mode, order)
        return json_answer(session=session, words=session.words)

    return router


def _supervisor(request: Request) -> str:
    """The signed-in person: a name that somebody merely gives opens nobody's call."""
    visitor: Visitor = request.state.visitor
    if visitor.person is None:
        raise HTTPException(
            403, f"sign in first: {PERMISSION.value} is for people, and every action is logged with a name"
        )
    return visitor.person


async def _done(control: Control, mode: str, order: Order) -> Session:
    try:
        return await (control.leave(order) if mode == LEAVE else control.enter(Mode(mode), order))
    except UnknownCallError as error:
        raise HTTPException(404, str(error)) from None
    except NotConfirmedError as error:
        raise HTTPException(428, str(error)) from None
    except NotNowError as error:
        raise HTTPException(409, str(error)) from None
    except StoreError as error:
        raise HTTPException(503, f"It cannot be logged now, so it is not done: {error}") from None
    except SwitchError as error:
        raise HTTPException(_STATUS[error.problem], error.words) from None
