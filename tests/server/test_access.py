import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, APIWebSocketRoute
from websockets.exceptions import InvalidStatus

from tests.server.office_served import serving_office
from tests.server.served import Served, serving
from voicerisk.server.access import GRANTS, AccessRole, Needs, Permission
from voicerisk.server.auth import OPEN_PATHS
from voicerisk.server.http_settings import HttpSettings, TokenSettings

SITE = "the token that opens everything"
TOKENS = {role.value: TokenSettings(role=role, token=f"the token of {role.value}, long enough") for role in AccessRole}
SETTINGS = HttpSettings(port=0, token=SITE, tokens=TOKENS)


def _as(role: AccessRole) -> dict[str, str]:
    return {"Authorization": f"Bearer {TOKENS[role.value].token}"}


def _needed(dependant: Dependant) -> Iterator[Permission]:
    for each in dependant.dependencies:
        if isinstance(each.call, Needs):
            yield each.call.permission
        yield from _needed(each)


def routes_of(app: FastAPI) -> list[APIRoute | APIWebSocketRoute]:
    """Every route of ours, also those of the routers that were put in."""
    routes = []
    for part in app.routes:
        inner = part.original_router.routes if hasattr(part, "original_router") else [part]
        routes += [route for route in inner if isinstance(route, APIRoute | APIWebSocketRoute)]
    return routes


def needed_by(route: APIRoute | APIWebSocketRoute) -> Permission | None:
    """What a route needs beyond what its router needs; None where it declares nothing."""
    found = list(_needed(route.dependant))
    return found[-1] if found else None


async def test_every_route_declares_what_it_needs(tmp_path: Path) -> None:
    """No route of the API is without a permission, but for the few that anybody may ask."""
    async with serving_office(tmp_path, SETTINGS) as served:
        routes = routes_of(served.app)
        bare = {route.path for route in routes if needed_by(route) is None}
    assert len(routes) > 45
    assert bare == {"/healthz", "/readyz", "/sign-in", "/sign-out"}
    assert bare - {"/sign-out"} <= OPEN_PATHS


async def test_each_role_gets_in_where_it_may_and_nowhere_else(tmp_path: Path) -> None:
    """Every route, asked with the token of every role: 403 exactly where the role lacks what the route needs."""
    async with serving_office(tmp_path, SETTINGS) as served:
        for route in routes_of(served.app):
            if not isinstance(route, APIRoute) or (permission := needed_by(route)) is None:
                continue
            wanted = list(_needed(route.dependant))
            for role in AccessRole:
                for method in route.methods:
                    path = re.sub("{[^}]*}", "1", route.path)
                    answer = await served.http.request(method, path, headers=_as(role))
                    allowed = all(each in GRANTS[role] for each in wanted)
                    assert (answer.status_code != 403) == allowed, (method, path, role, answer.text)
                    if not allowed:
                        assert permission.value in answer.text or any(each.value in answer.text for each in wanted)


async def test_websockets_are_guarded_too(tmp_path: Path) -> None:
    """A CRM may not follow the feed, other departments may; only who may listen hears a call."""
    async with serving(tmp_path, SETTINGS) as served:
        await _refused(served, "/api/v1/feed", AccessRole.CRM)
        await _refused(served, "/api/v1/calls/c/listen", AccessRole.WATCHER)
        async with served.connect("/api/v1/feed", **_as(AccessRole.WATCHER)) as feed:
            assert await feed.recv()


async def _refused(served: Served, path: str, role: AccessRole) -> None:
    with pytest.raises(InvalidStatus) as caught:
        async with served.connect(path, **_as(role)):
            pass
    assert caught.value.response.status_code == 403


async def test_a_flood_from_one_token_costs_no_other_anything(tmp_path: Path) -> None:
    """Who asks too much is told so and when to come back; everybody else is answered as ever."""
    limited = HttpSettings(port=0, token=SITE, tokens=TOKENS, requests_per_s=1.0, requests_burst=5)
    async with serving(tmp_path, limited) as served:
        flood = [served.http.get("/api/v1/calls", headers=_as(AccessRole.QA)) for _ in range(30)]
        answers = await asyncio.gather(*flood)
        refused = [answer for answer in answers if answer.status_code == 429]
        assert len(refused) >= 20
        assert refused[0].headers["Retry-After"] == "1"
        assert (await served.http.get("/api/v1/calls", headers=_as(AccessRole.SUPERVISOR))).status_code == 200


@pytest.mark.parametrize(
    ("token", "said"),
    [
        (TokenSettings(role=AccessRole.CRM, token="short"), "http.tokens.crm: token must hold at least 16"),
        (TokenSettings(role=AccessRole.CRM, token_env="NO_SUCH_VARIABLE"), "environment variable NO_SUCH_VARIABLE"),
    ],
)
def test_a_token_that_cannot_be_used_is_named(token: TokenSettings, said: str) -> None:
    """A token that is missing or can be guessed is refused at the start, by its name."""
    with pytest.raises(ValueError, match=said):
        HttpSettings(tokens={"crm": token})


def test_a_token_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the named variable holds is the token."""
    monkeypatch.setenv("A_TOKEN", "sixteen characters and more")
    assert TokenSettings(role=AccessRole.CRM, token_env="A_TOKEN").secret() == "sixteen characters and more"
