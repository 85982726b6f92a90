"""The API against its own description: whatever the description allows to be asked is answered as it says."""

import asyncio

import hypothesis
import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.conftest import StartService

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = 6


async def test_every_route_answers_as_described(start_service: StartService) -> None:
    """Generated requests, good and bad, to every route of the running service: only such answers as are described."""
    service = await start_service()
    wrong = await asyncio.to_thread(_try_everything, f"http://127.0.0.1:{service.http_port}")
    assert not wrong, "\n\n".join(wrong)


def _try_everything(url: str) -> list[str]:
    schema = schemathesis.openapi.from_url(f"{url}/api/v1/openapi.json")
    wrong = []
    for result in schema.get_all_operations():
        operation = result.ok()

        @hypothesis.given(case=operation.as_strategy())
        @hypothesis.settings(
            max_examples=EXAMPLES, deadline=None, database=None, derandomize=True,
            suppress_health_check=list(hypothesis.HealthCheck), phases=[hypothesis.Phase.generate],
        )  # fmt: skip
        def ask(case: schemathesis.Case) -> None:
            case.call_and_validate(base_url=url, checks=CHECKS)

        try:
            ask()
        except (FailureGroup, Exception) as error:
            wrong.append(f"{operation.label}: {error}")
    return wrong
