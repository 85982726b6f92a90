"""Errands: what a procedure's step has done outside, by another system or on the switch, and how it went."""
