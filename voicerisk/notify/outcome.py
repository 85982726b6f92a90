"""How one try to deliver went. The texts name hosts and codes, never an address, a number or a secret."""

import msgspec


class Delivered(msgspec.Struct, frozen=True):
    """The receiver has it; `note` says what was less than perfect."""

    note: str = ""


class TryAgain(msgspec.Struct, frozen=True):
    """It may work later; the receiver asked for a pause of `after_s`, or for none in particular."""

    why: str
    after_s: float | None = None


class GiveUp(msgspec.Struct, frozen=True):
    """This message will never be taken. `is_trouble` is False where that is nobody's fault."""

    why: str
    is_trouble: bool = True


Outcome = Delivered | TryAgain | GiveUp
