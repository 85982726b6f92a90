import sqlite3
from pathlib import Path

from tests.server.served import serving


async def test_alive(tmp_path: Path) -> None:
    """A live process says so."""
    async with serving(tmp_path) as served:
        answer = await served.http.get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok\n")


async def test_ready_or_why_not(tmp_path: Path) -> None:
    """Ready is 200; what stands against new calls, in the service or the store, is a 503 with every reason."""
    async with serving(tmp_path) as served:
        answer = await served.http.get("/readyz")
        assert (answer.status_code, answer.json()) == (200, {"ready": True, "reasons": []})
        served.floor.unready.append("the model is not loaded")
        lock = sqlite3.connect(tmp_path / "x.db", isolation_level=None)
        lock.execute("BEGIN IMMEDIATE")
        answer = await served.http.get("/readyz")
        lock.execute("ROLLBACK")
        lock.close()
        assert answer.status_code == 503
        model, store = answer.json()["reasons"]
        assert model == "the model is not loaded"
        assert "does not take writes" in store
        assert "locked" in store
        served.floor.unready.clear()
        assert (await served.http.get("/readyz")).status_code == 200


async def test_metrics(tmp_path: Path) -> None:
    """The meters are in Prometheus' text form and move: a call that comes in is counted, and named nowhere."""
    async with serving(tmp_path) as served:
        await served.floor.call("secret-call-id", "Billing")
        answer = await served.http.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert "voicerisk_live_calls 1.0" in answer.text.splitlines()
    assert "voicerisk_store_commit_seconds_count" in answer.text
    assert "secret-call-id" not in answer.text
