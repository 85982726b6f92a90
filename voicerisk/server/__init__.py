"""The running service: websocket ingest, the scoring thread, and the HTTP side."""
