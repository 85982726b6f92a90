"""Prometheus metrics of call control, in the default registry. No label names a person or a call."""

from prometheus_client import Counter, Gauge, Histogram

actions = Counter(
    "voicerisk_control_actions_total", "What supervisors asked of a switch.", ["gateway", "action", "result"]
)
action_seconds = Histogram(
    "voicerisk_control_action_seconds",
    "From the order to the switch's answer, a ringing phone included.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 40),
)
sessions = Gauge("voicerisk_control_sessions", "Supervisors on a call now.")
link_up = Gauge("voicerisk_control_link_up", "Whether the standing connection to the switch stands.", ["gateway"])
events = Counter(
    "voicerisk_control_events_total", "What switches told of calls that are live here.", ["gateway", "kind"]
)
