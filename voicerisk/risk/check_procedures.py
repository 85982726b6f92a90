"""What is wrong with procedures, actions and brakes, in plain words."""

import difflib
from collections.abc import Iterator, Mapping

from voicerisk.risk.brakes import SENTENCES, BrakesConfig
from voicerisk.risk.procedures import KNOWN_ACTIONS, ActionConfig, Auto, Procedure, Step, StepKind, Until
from voicerisk.risk.texts import Text
from voicerisk.settings import Problem

REACHES = (StepKind.NOTIFY, StepKind.ESCALATE, StepKind.TASK)
CAN_GO_UNMET = (StepKind.ASK, StepKind.WAIT, StepKind.NOTE)


def procedure_problems(
    procedures: Mapping[str, Procedure], own_actions: Mapping[str, ActionConfig], brakes: BrakesConfig
) -> Iterator[Problem]:
    """Every mistake in these, each at its key below `[risk]`."""
    for name, action in own_actions.items():
        yield from text_problems(f"actions.{name}.title", action.title)
        if name in KNOWN_ACTIONS:
            yield Problem(f"actions.{name}", "is an action that ships, and stays what it is", "Choose another name.")
    for number, sentence in enumerate(brakes.allow_automatic):
        if sentence not in SENTENCES.values():
            nearest = difflib.get_close_matches(sentence, SENTENCES.values(), n=1, cutoff=0.0)[0]
            mend = f'Write it out, letter for letter: "{nearest}" Or leave it out.'
            yield Problem(f"brakes.allow_automatic[{number}]", "allows nothing: no brake knows this sentence", mend)
    actions = {**own_actions, **KNOWN_ACTIONS}
    for name, procedure in procedures.items():
        path = f"procedures.{name}"
        yield from text_problems(f"{path}.title", procedure.title)
        if not procedure.steps:
            yield Problem(f"{path}.steps", "has no steps", "Write at least one.")
        for number, step in enumerate(procedure.steps):
            here = f"{path}.steps[{number}]"
            yield from text_problems(f"{here}.text", step.text)
            yield from _fields(here, step)
            yield from _place(here, procedure, number)
            if step.kind is StepKind.DO:
                yield from _action(here, procedure.auto_of(step), step.action, actions, brakes)


def text_problems(path: str, text: Text) -> Iterator[Problem]:
    """What is wrong with a text for people."""
    if not text:
        yield Problem(path, "is missing", 'Write it in at least one language: {en = "..."}.')
    for language, words in text.items():
        if not words.strip():
            yield Problem(f"{path}.{language}", "is empty", "Write the text, or remove the language.")


def _fields(here: str, step: Step) -> Iterator[Problem]:
    """What the step's kind needs, and what would have no effect in it."""
    kind = step.kind.value
    if step.kind in REACHES and not step.to.strip():
        yield Problem(f"{here}.to", f"is missing in a {kind!r} step", "Say whom it reaches, e.g. 'shift manager'.")
    if step.limit_s is None:
        if step.kind is StepKind.WAIT:
            yield Problem(f"{here}.limit_s", "is missing in a 'wait' step", "Say for how many seconds, e.g. 20.")
    elif not 0.0 < step.limit_s < float("inf"):
        yield Problem(f"{here}.limit_s", f"is {step.limit_s:g} seconds", "It must be more than 0.")
    for key, used, wanted in (
        ("action", bool(step.action), (StepKind.DO,)),
        ("auto", step.auto is not None, (StepKind.DO,)),
        ("until", step.until is not Until.ACKNOWLEDGED, (StepKind.WAIT,)),
        ("at_end", step.at_end, (StepKind.TASK, StepKind.NOTE)),
    ):
        if used and step.kind not in wanted:
            kinds = " or ".join(repr(kind.value) for kind in wanted)
            yield Problem(
                f"{here}.{key}", f"means nothing in a step of kind {kind!r}", f"Leave it out: it is for {kinds}."
            )


def _place(here: str, procedure: Procedure, number: int) -> Iterator[Problem]:
    """Steps that would never have their turn where they stand."""
    step, before = procedure.steps[number], procedure.steps[:number]
    if step.kind is StepKind.WAIT and step.until is Until.TASKS_CLOSED:
        if not any(earlier.kind is StepKind.TASK for earlier in before):
            yield Problem(f"{here}.until", "waits for tasks that no step before it opens", "Put a 'task' before it.")
    elif step.kind is StepKind.ESCALATE and before and before[-1].kind is not StepKind.DO:
        last = before[-1]
        if last.kind not in CAN_GO_UNMET:
            wrong = f"would never be needed: a {last.kind.value!r} step is always met"
            yield Problem(f"{here}.kind", wrong, "Put a 'wait', an 'ask' or a 'do' before it, or use 'notify'.")
        elif last.limit_s is None:
            wrong = f"would never be needed: the {last.kind.value!r} before it has no limit"
            yield Problem(f"{here}.kind", wrong, f"Give steps[{number - 1}] a limit_s.")


def _action(
    here: str, auto: Auto, action: str, actions: Mapping[str, ActionConfig], brakes: BrakesConfig
) -> Iterator[Problem]:
    """What a `do` step would have done: whether it is known, and whether it may be done by itself."""
    if not action:
        yield Problem(f"{here}.action", "is missing in a 'do' step", "Say what is done, e.g. 'listen'.")
    elif (known := actions.get(action)) is None:
        close = difflib.get_close_matches(action, actions, n=1)
        hint = f"Did you mean {close[0]!r}?" if close else f"Known: {', '.join(sorted(actions))}."
        mend = f"{hint} Or describe it in [risk.actions.{action}] with title and reach."
        yield Problem(f"{here}.action", f"there is no action {action!r}", mend)
    elif auto is Auto.ALWAYS and not brakes.allows(known.reach):
        wrong = f"would {action} without a person"
        mend = f"Set auto = 'ask', or write in [risk.brakes]: allow_automatic = [\"{SENTENCES[known.reach]}\"]"
        yield Problem(f"{here}.action", wrong, mend)
