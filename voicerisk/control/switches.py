"""The adapters of a configuration, ready to be used."""

from collections.abc import Mapping

from voicerisk.control.ari import AriControl, AriSwitch
from voicerisk.control.link import Link
from voicerisk.control.settings import SwitchControl
from voicerisk.control.switch import Switch
from voicerisk.control.webhook import WebhookControl, WebhookSwitch


def switch_for(gateway: str, settings: SwitchControl) -> Switch:
    """The adapter for one gateway's switch. Nothing is connected yet."""
    match settings:
        case AriControl():
            return AriSwitch(settings, Link(gateway))
        case WebhookControl():
            return WebhookSwitch(settings)


def switches_for(gateways: Mapping[str, SwitchControl]) -> Mapping[str, Switch]:
    """The adapters by the name of their gateway."""
    return {gateway: switch_for(gateway, settings) for gateway, settings in gateways.items()}
