"""What ships, as tables for docs/risk.md: written from the library, so that they cannot say anything else."""

from typing import Final

from voicerisk.risk import library
from voicerisk.risk.conditions import written
from voicerisk.risk.gauges import GaugeConfig, Pick, Quotient, Strain
from voicerisk.risk.procedures import KNOWN_ACTIONS, Procedure, Reach, Step, StepKind
from voicerisk.risk.rules import RuleConfig, condition_of

BEGIN: Final = "<!-- what ships: written by scripts/write_risk_tables.py -->"
END: Final = "<!-- end of what ships -->"

_WINDOWS: Final = {"local_day": "today", "local_week": "this week", "local_hour": "this hour"}


def tables() -> str:
    """Gauges, rules with their procedures, and actions, as Markdown between `BEGIN` and `END`."""
    gauges = [
        "| gauge | what it shows | from | one for each | amber | red |",
        "|---|---|---|---|---|---|",
        *(_gauge_row(name, gauge) for name, gauge in library.gauges().items()),
    ]
    rules = [
        "| rule | when | alert | owner, and who is next | procedure |",
        "|---|---|---|---|---|",
        *(_rule_row(name, rule) for name, rule in library.rules().items()),
    ]
    reaches = {Reach.STAFF: "staff", Reach.CUSTOMER: "**customers**", Reach.CALL: "**the call**"}
    actions = [
        "| action of a `do` step | touches |",
        "|---|---|",
        *(
            f"| `{name}`: {action.title['en'].lower()} | {reaches[action.reach]} |"
            for name, action in KNOWN_ACTIONS.items()
        ),
    ]
    return "\n\n".join((BEGIN, "\n".join(gauges), "\n".join(rules), "\n".join(actions), END))


def in_document(text: str) -> str:
    """The document with the tables in the place that it keeps for them. Raises ValueError where it keeps none."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the document has no {BEGIN!r} ... {END!r}")
    return before + tables() + after


def _gauge_row(name: str, gauge: GaugeConfig) -> str:
    amber = red = "as the ear says" if name == "call_tension" else "-"
    if gauge.zones is not None:
        sign = "≤ " if gauge.worse == "low" else ""
        amber, red = (f"{sign}{_value(edge.enter, gauge)}" for edge in (gauge.zones.amber, gauge.zones.red))
    return f"| `{name}` | {gauge.title['en']} | {_source(gauge)} | {gauge.key.value} | {amber} | {red} |"


def _value(value: float, gauge: GaugeConfig) -> str:
    if gauge.unit == "s" and abs(value) >= 60.0:
        return f"{value / 3600:g} h" if abs(value) >= 3600.0 else f"{value / 60:g} min"
    if gauge.kind == "ratio":
        return f"{value:.0%}"
    unit = gauge.unit if value != 1.0 or gauge.unit == "s" else gauge.unit.removesuffix("s")
    return f"{value:g} {unit}".rstrip()


def _source(gauge: GaugeConfig) -> str:
    match gauge.formula:
        case Quotient(of=of, by=by):
            return f"`{of}` / `{by}`"
        case Strain(gauges=names):
            return ", ".join(f"`{name}`" for name in names)
        case _:
            window = _WINDOWS.get(gauge.window, gauge.window)
            return f"{gauge.kind.value}: {_events(gauge)}" + (f", {window}" if window else "")


def _events(gauge: GaugeConfig) -> str:
    if gauge.opens is not None:
        return f"{_names(gauge.opens)} until {_names(gauge.closes)}"
    if gauge.lacking is not None:
        return f"{_names(gauge.among)} without {_names(gauge.lacking)}"
    return _names(gauge.of) + (f" / {_names(gauge.among)}" if gauge.among is not None else "")


def _names(pick: Pick | None) -> str:
    return " ".join(pick.events) if pick is not None else ""


def _rule_row(name: str, rule: RuleConfig) -> str:
    procedure = library.procedures()[rule.procedure]
    chain = "".join(f" → {link.to} after {_time(link.after_s)}" for link in rule.escalate)
    when = written(condition_of(rule))
    alert = f"{rule.title['en']} ({rule.severity.value})"
    return f"| `{name}` | `{when}` | {alert} | {rule.owner}{chain} | `{rule.procedure}`: {_steps(procedure)} |"


def _steps(procedure: Procedure) -> str:
    return " · ".join(_step(step, procedure) for step in procedure.steps)


def _step(step: Step, procedure: Procedure) -> str:
    limit = "" if step.limit_s is None else f" {_time(step.limit_s)}"
    match step.kind:
        case StepKind.DO:
            return f"do {step.action} ({procedure.auto_of(step).value})"
        case StepKind.NOTIFY | StepKind.ESCALATE:
            return f"{step.kind.value} {step.to}"
        case StepKind.TASK:
            return f"task for {step.to}" + (f", within{limit}" if limit else "")
        case _:
            return f"{step.kind.value}{limit}"


def _time(seconds: float) -> str:
    for unit, length in (("d", 86_400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= length:
            return f"{seconds / length:g} {unit}"
    return f"{seconds:g} s"
