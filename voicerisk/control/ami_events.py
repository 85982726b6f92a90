"""What Asterisk's manager events mean for us. Pure.

Source: https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/AMI_Events/
"""

from collections.abc import Sequence

from voicerisk.control.ami_codec import AmiMessage
from voicerisk.control.switch import LegGone, LegHeld, LegMoved, LegResumed, SwitchEvent
from voicerisk.control.units import unit


def facts_in(event: AmiMessage) -> Sequence[SwitchEvent]:
    """What an event says about legs; nothing for most."""
    own = _names(event, "uniqueid", "channel")
    match event.get("event"):
        case "Hangup" if own:
            return (LegGone(own, event.get("cause-txt", "")[:64]),)
        case "Hold" if own:
            return (LegHeld(own),)
        case "Unhold" if own:
            return (LegResumed(own),)
        case "BlindTransfer" if event.get("result") == "Success":
            names = _names(
                event, "transfereeuniqueid", "transfereechannel", "transfereruniqueid", "transfererchannel"
            )  # fmt: skip
            return (LegMoved(names, unit(event.get("extension"))),) if names else ()
        case "AttendedTransfer" if event.get("result") == "Success":
            names = _names(
                event, "transfereeuniqueid", "transfereechannel", "origtransfereruniqueid", "origtransfererchannel"
            )  # fmt: skip
            return (LegMoved(names, unit(event.get("transfertargetexten"))),) if names else ()
        case _:
            return ()


def _names(event: AmiMessage, *fields: str) -> tuple[str, ...]:
    return tuple(event[field] for field in fields if event.get(field))
