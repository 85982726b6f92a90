"""One pure codec per wire protocol: a message in, what it means out; no socket, no clock, no await."""
