"""The meters of notifications. The label `receiver` is a name from the configuration, never an address."""

from prometheus_client import Counter, Gauge, Histogram

delivered = Counter("voicerisk_notify_delivered_total", "Notifications that a receiver has taken.", ["receiver"])
failed_tries = Counter("voicerisk_notify_failed_tries_total", "Tries that failed and are made again.", ["receiver"])
given_up = Counter("voicerisk_notify_given_up_total", "Notifications that were given up.", ["receiver"])
waiting = Gauge("voicerisk_notify_waiting", "Notifications in memory that wait for a receiver.", ["receiver"])
put_off = Counter(
    "voicerisk_notify_put_off_total", "Notifications left in the store because too many waited already.", ["receiver"]
)
unrouted = Counter("voicerisk_notify_unrouted_total", "Notifications that the configuration sends to nobody.")
dropped = Counter("voicerisk_notify_dropped_total", "Notifications let go because far too many came at once.")
delay_seconds = Histogram(
    "voicerisk_notify_delay_seconds",
    "From the making of a notification to its delivery.",
    ["receiver"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0, 600.0, 3600.0),
)
