"""Every Prometheus metric of the server, in the default registry; nothing here names a person, a call or a token.

Labels come from closed sets (gateway names of the configuration, causes of this code), never from a peer.
"""

from prometheus_client import Counter, Gauge, Histogram

# --- ingest -----------------------------------------------------------------------------------------------------------

ingest_connections = Gauge(
    "voicerisk_ingest_connections", "Gateway connections open now, upgraded or not.", ["gateway"]
)
ingest_refused = Counter(
    "voicerisk_ingest_refused_total", "Connections refused at the door or at the start, by cause.", ["gateway", "cause"]
)
ingest_limits = Counter(
    "voicerisk_ingest_limits_total", "Times a limit was met, by its name in [ingest.limits].", ["gateway", "limit"]
)
ingest_ended = Counter("voicerisk_ingest_ended_total", "Gateway connections ended, by cause.", ["gateway", "cause"])
ingest_messages = Counter("voicerisk_ingest_messages_total", "Messages received from gateways.", ["gateway"])
ingest_bytes = Counter("voicerisk_ingest_bytes_total", "Bytes received from gateways, framing included.", ["gateway"])
ingest_deferred = Counter(
    "voicerisk_ingest_deferred_total", "Times a peer sent more at once than one turn takes and had to wait."
)
tls_expires = Gauge("voicerisk_tls_certificate_expires_timestamp_seconds", "When a port's certificate ends.", ["port"])
tls_failed = Counter("voicerisk_tls_failed_total", "TLS handshakes that failed.")
rtp_lost = Counter("voicerisk_rtp_lost_packets_total", "RTP packets that were sent and never came.")
rtp_ignored = Counter("voicerisk_rtp_ignored_total", "Datagrams left aside on RTP ports, by why.", ["cause"])

# --- calls and scoring ------------------------------------------------------------------------------------------------

live_calls = Gauge("voicerisk_live_calls", "Calls going on now.")
scored_channels = Gauge("voicerisk_scored_channels", "Customer channels that hold a place in the scoring engine.")
score_batch_size = Histogram(
    "voicerisk_score_batch_size",
    "Channels scored in one run of the model.",
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000),
)
score_run_seconds = Histogram(
    "voicerisk_score_run_seconds",
    "Time of one run of the model.",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0),
)
score_delay_seconds = Histogram(
    "voicerisk_score_delay_seconds",
    "From the arrival of a chunk's last sample to its score.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0),
)
score_failures = Counter(
    "voicerisk_score_failures_total", "Runs of the model that failed; they ended their calls' scoring."
)
score_backlog_chunks = Gauge("voicerisk_score_backlog_chunks", "Chunks waiting for the model.")
score_lag_seconds = Gauge("voicerisk_score_lag_seconds", "How long the chunk that waits longest has been ready.")
score_stretched_chunks = Counter(
    "voicerisk_score_stretched_chunks_total", "Chunks whose pooled scores were left out because the model was behind."
)
score_hop_stretch = Gauge("voicerisk_score_hop_stretch", "1 = a score for every chunk, 2 = every second one ...")

# --- alerts, screens (the store, which must not import the server, has its own) ---------------------------------------

alerts_opened = Counter("voicerisk_alerts_opened_total", "Alerts opened.", ["rule", "severity"])
alerts_open = Gauge("voicerisk_alerts_open", "Alerts that nobody has resolved yet.")
feed_clients = Gauge("voicerisk_feed_clients", "Clients of the event feed connected now.")
feed_dropped = Counter("voicerisk_feed_dropped_total", "Feed clients cut because they did not keep up.")
listeners = Gauge("voicerisk_listeners", "Supervisors listening to a live call now.")
feed_resyncs = Counter("voicerisk_feed_resyncs_total", "Times a feed client fell behind and got a fresh snapshot.")
listen_dropped_seconds = Counter(
    "voicerisk_listen_dropped_seconds_total", "Seconds of audio left out for listeners whose connection was too slow."
)
alert_delay_seconds = Histogram(
    "voicerisk_alert_delay_seconds",
    "From the arrival of the audio that caused an alert until it was saved and given to the screens.",
    buckets=(0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0),
)
