"""The shipped configuration as a site reads and writes it."""

import msgspec

from voicerisk.risk.config import RiskConfig


def test_the_shipped_configuration_survives_being_written_down() -> None:
    """To plain tables and back it is the same: what a site can write in TOML is all there is."""
    assert msgspec.convert(msgspec.to_builtins(RiskConfig()), RiskConfig) == RiskConfig()
