"""Recordings of flagged calls: encrypted, with marked gaps, kept for so long and no longer."""
