"""The adapters of a configuration, ready to be used."""

from collections.abc import Mapping

from voicerisk.control.ami import AmiControl, AmiSwitch
from voicerisk.control.ari import AriControl, AriSwitch
from voicerisk.control.connect import ConnectControl, ConnectSwitch
from voicerisk.control.esl import EslControl, EslSwitch
from voicerisk.control.genesys import GenesysControl, GenesysSwitch
from voicerisk.control.jambonz import JambonzControl, JambonzSwitch
from voicerisk.control.link import Link
from voicerisk.control.settings import SwitchControl
from voicerisk.control.switch import Switch
from voicerisk.control.telnyx import TelnyxControl, TelnyxSwitch
from voicerisk.control.twilio import TwilioControl, TwilioSwitch
from voicerisk.control.vonage import VonageControl, VonageSwitch
from voicerisk.control.webhook import WebhookControl, WebhookSwitch


def switch_for(gateway: str, settings: SwitchControl) -> Switch:
    """The adapter for one gateway's switch. Nothing is connected yet."""
    match settings:
        case AriControl():
            return AriSwitch(settings, Link(gateway))
        case AmiControl():
            return AmiSwitch(settings, Link(gateway))
        case EslControl():
            return EslSwitch(settings, Link(gateway))
        case TwilioControl():
            return TwilioSwitch(settings)
        case GenesysControl():
            return GenesysSwitch(settings)
        case ConnectControl():
            return ConnectSwitch(settings)
        case TelnyxControl():
            return TelnyxSwitch(settings)
        case VonageControl():
            return VonageSwitch(settings)
        case JambonzControl():
            return JambonzSwitch(settings)
        case WebhookControl():
            return WebhookSwitch(settings)


def switches_for(gateways: Mapping[str, SwitchControl]) -> Mapping[str, Switch]:
    """The adapters by the name of their gateway."""
    return {gateway: switch_for(gateway, settings) for gateway, settings in gateways.items()}
