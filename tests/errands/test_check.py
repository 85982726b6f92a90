"""What the check refuses in `[errands]`."""

import pytest

from tests.errands.made import ENVIRON, SECRET_ENV, workers
from voicerisk.errands.check import errand_problems
from voicerisk.errands.settings import ErrandSettings, WorkerSettings
from voicerisk.risk.config import RiskConfig

URL = "https://wfm.example/hook"


@pytest.mark.parametrize(
    ("settings", "where", "wrong"),
    [
        (workers("http://wfm.example/hook"), "workers.wfm.url", "is http"),
        (workers(URL, "log_in_reserves"), "workers.wfm.actions[0]", "no action 'log_in_reserves'"),
        (workers(URL, "barge"), "workers.wfm.actions[0]", "done by voicerisk itself"),
        (workers(URL, "outage_on"), "workers.wfm.actions[0]", "done by voicerisk itself"),
        (workers(URL, "move_breaks", "move_breaks"), "workers.wfm.actions[1]", "'wfm' does 'move_breaks' already"),
    ],
)
def test_each_mistake_is_named(settings: ErrandSettings, where: str, wrong: str) -> None:
    """One mistake, one problem, at its key."""
    (problem,) = errand_problems(settings, RiskConfig(), ENVIRON)
    assert problem.where == where
    assert wrong in problem.wrong


def test_a_secret_that_is_not_set_is_named_and_never_shown() -> None:
    """By its variable; without an environment to look at it is not asked for."""
    (problem,) = errand_problems(workers(URL), RiskConfig(), {})
    assert SECRET_ENV in problem.wrong
    assert list(errand_problems(workers(URL), RiskConfig(), None)) == []


def test_what_is_right_is_left_alone() -> None:
    """Two workers with different actions, one of them the site's own."""
    one = WorkerSettings(url=URL, secret_env=SECRET_ENV, actions=("log_in_reserve",))
    other = WorkerSettings(url="http://127.0.0.1:1/x", secret_env=SECRET_ENV, actions=("announce_wait",))
    settings = ErrandSettings(workers={"one": one, "other": other})
    assert list(errand_problems(settings, RiskConfig(), ENVIRON)) == []
