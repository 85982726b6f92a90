"""The vocabulary: every fact that can move a gauge, typed."""

from enum import StrEnum


class Role(StrEnum):
    """Whose voice a channel carries."""

    CUSTOMER = "customer"
    AGENT = "agent"
    MIXED = "mixed"
    UNKNOWN = "unknown"
