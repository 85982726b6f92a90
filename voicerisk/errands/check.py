"""What is wrong with an `[errands]` table, in plain words."""

import difflib
from collections.abc import Iterator, Mapping

from voicerisk.errands.settings import ErrandSettings
from voicerisk.notify.check import webhook_problems
from voicerisk.risk.config import RiskConfig
from voicerisk.risk.procedures import IN_THE_CALL, KNOWN_ACTIONS
from voicerisk.settings import Problem


def errand_problems(settings: ErrandSettings, risk: RiskConfig, environ: Mapping[str, str] | None) -> Iterator[Problem]:
    """Every mistake, each at its key below `[errands]`; without `environ` secrets are not looked at."""
    known = {*KNOWN_ACTIONS, *risk.actions}
    done_by: dict[str, str] = {}
    for name, worker in settings.workers.items():
        where = f"workers.{name}"
        yield from webhook_problems(where, worker.url, worker.secret_env, environ)
        for number, action in enumerate(worker.actions):
            here = f"{where}.actions[{number}]"
            if action in IN_THE_CALL or action == "outage_on":
                yield Problem(here, f"{action!r} is done by voicerisk itself", "Leave it out; see [control].")
            elif action not in known:
                close = difflib.get_close_matches(action, known, n=1)
                hint = f"Did you mean {close[0]!r}?" if close else f"Or describe it in [risk.actions.{action}]."
                yield Problem(here, f"there is no action {action!r}", hint)
            elif action in done_by:
                yield Problem(here, f"{done_by[action]!r} does {action!r} already", "Let one of the two do it.")
            else:
                done_by[action] = name
