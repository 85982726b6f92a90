import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from tests.server.served import Served, serving
from voicerisk.store.curve import pack


async def _described(served: Served, method: str, path: str, url: str, **more: Any) -> Any:
    """The answer, once it has been held against what the API's own description says of it."""
    document = (await served.http.get("/api/v1/openapi.json")).json()
    answer = await served.http.request(method, url, **more)
    described = document["paths"][path][method]["responses"][str(answer.status_code)]
    schema = {**described["content"]["application/json"]["schema"], "components": document["components"]}
    Draft202012Validator(schema).validate(answer.json())
    return answer.json()


async def test_answers_are_as_described(tmp_path: Path) -> None:
    """Every JSON route answers what its OpenAPI description says, live and past, and refuses as it says."""
    async with serving(tmp_path) as served:
        await served.floor.busy(6)
        await served.floor.call("c-1", "Billing")
        served.floor.level("c-1", 10.0, 0.7)
        await served.store.save_curve("c-1", 0, pack([0.5, None]))
        alert = await served.floor.alert("c-1")
        api, who = "/api/v1", {"json": {"person": "Maya"}}
        seen = [
            await _described(served, "get", f"{api}/status", f"{api}/status"),
            await _described(served, "get", f"{api}/calls", f"{api}/calls"),
            await _described(served, "get", f"{api}/calls/{{call_id}}", f"{api}/calls/c-1"),
            await _described(served, "get", f"{api}/calls/{{call_id}}/curve", f"{api}/calls/c-1/curve"),
            await _described(served, "get", f"{api}/alerts", f"{api}/alerts"),
            await _described(served, "post", f"{api}/calls/{{call_id}}/opt-out", f"{api}/calls/c-1/opt-out", **who),
            await _described(served, "get", f"{api}/alerts/{{alert_id}}", f"{api}/alerts/{alert.id}"),
        ]
        for deed in ("acknowledge", "resolve"):
            path = f"{api}/alerts/{{alert_id}}/{deed}"
            seen.append(await _described(served, "post", path, f"{api}/alerts/{alert.id}/{deed}", **who))
        served.board.call_ended("c-1")
        seen += [
            await _described(served, "get", f"{api}/calls/past", f"{api}/calls/past"),
            await _described(served, "get", f"{api}/calls/{{call_id}}", f"{api}/calls/c-1"),
            await _described(served, "get", f"{api}/alerts", f"{api}/alerts?state=resolved"),
        ]
        assert all(seen)
        assert (await _described(served, "get", f"{api}/calls/{{call_id}}", f"{api}/calls/nobody"))["detail"]
        again = await _described(
            served, "post", f"{api}/alerts/{{alert_id}}/acknowledge", f"{api}/alerts/{alert.id}/acknowledge", **who
        )
        assert "resolved" in again["detail"]


async def test_description_is_whole(tmp_path: Path) -> None:
    """Every route says what it answers, and every schema that the description names is in it."""
    async with serving(tmp_path) as served:
        document = (await served.http.get("/api/v1/openapi.json")).json()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if path.startswith("/api/"):
                (content,) = operation["responses"]["200"]["content"].values()
                assert content["schema"], (method, path)
    text = json.dumps(document)
    named = {piece.split('"')[0] for piece in text.split("#/components/schemas/")[1:]}
    assert {"AlertView", "CallView", "Reason"} <= named
    assert named <= set(document["components"]["schemas"])
