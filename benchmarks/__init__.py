"""Figures about speed, size and delay, each measured beside something well known in the same run."""
