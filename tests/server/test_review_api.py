from pathlib import Path

from tests.server.office_served import serving_office
from voicerisk.server.admin_api import MASK, without_secrets


async def test_a_mark_is_kept_with_its_reviewer(tmp_path: Path) -> None:
    """What a reviewer found is read back with name, verdict and topic."""
    async with serving_office(tmp_path) as served:
        finding = {"verdict": "wrong", "call": "c-1", "alert": "al-1", "topic": "loud line", "person": "Noa"}
        assert (await served.http.post("/api/v1/marks", json=finding)).json()["mark"]["person"] == "Noa"
        marks = (await served.http.get("/api/v1/marks", params={"call": "c-1"})).json()["marks"]
        assert [(mark["verdict"], mark["topic"]) for mark in marks] == [("wrong", "loud line")]
        for bad in (
            {"verdict": "wrong", "person": "Noa"},
            {**finding, "verdict": "bad agent"},
            {**finding, "person": ""},
        ):
            assert (await served.http.post("/api/v1/marks", json=bad)).status_code == 422


async def test_the_configuration_is_shown_without_secrets(tmp_path: Path) -> None:
    """An administrator sees the running configuration, gauges and rules included, and no secret in it."""
    async with serving_office(tmp_path) as served:
        shown = (await served.http.get("/api/v1/configuration")).json()["configuration"]
        assert "wait_s" in shown["risk"]["gauges"]
        assert shown["http"]["host"] == "127.0.0.1"


def test_secrets_are_masked_and_names_of_variables_are_not() -> None:
    """Tokens, passwords and addresses with a password are masked; what only says where a secret is, is shown."""
    shown = without_secrets(
        {
            "token": "hunter2",
            "tokens": {"crm": {"role": "crm", "token": "hunter3", "token_env": "CRM_TOKEN"}},
            "url": "postgresql://me:hunter4@db/x",
            "keys_env": "KEYS",
            "empty_password": "",
        }
    )
    assert shown == {
        "token": MASK,
        "tokens": {"crm": {"role": "crm", "token": MASK, "token_env": "CRM_TOKEN"}},
        "url": MASK,
        "keys_env": "KEYS",
        "empty_password": "",
    }
