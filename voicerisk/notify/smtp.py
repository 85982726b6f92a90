"""Mail over SMTP."""

from collections.abc import Sequence
from typing import Final

import aiosmtplib

from voicerisk.notify.email_message import email_message
from voicerisk.notify.notice import Delivery, Notice
from voicerisk.notify.outcome import Delivered, GiveUp, Outcome, TryAgain
from voicerisk.notify.settings import EmailReceiver

PERMANENT: Final = 500


class EmailSender:
    """One mail to all of a receiver's addresses."""

    kind: Final = "email"
    width: Final = 1

    def __init__(self, receiver: EmailReceiver, password: str, public_url: str, timeout_s: float) -> None:
        self._receiver = receiver
        self._password = password
        self._public_url = public_url
        self._timeout_s = timeout_s
        self.give_up_after_s = receiver.give_up_after_s

    def targets(self, notice: Notice) -> Sequence[str]:
        """One mail, whoever is on its list."""
        return ("",)

    async def send(self, delivery: Delivery) -> Outcome:
        """Delivered once the server has taken it for at least one address; the ones it refuses are only counted."""
        receiver = self._receiver
        message = email_message(delivery, receiver, self._public_url)
        where = f"{receiver.host}:{receiver.port}"
        try:
            refused, _said = await aiosmtplib.send(
                message,
                recipients=receiver.to,
                hostname=receiver.host,
                port=receiver.port,
                username=receiver.username or None,
                password=self._password or None,
                use_tls=receiver.tls == "tls",
                # False, not None: "none" must mean none, and "starttls" must not fall back to plain text.
                start_tls=receiver.tls == "starttls",
                timeout=self._timeout_s,
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            codes = [one.code for one in error.recipients]
            why = f"{where} refuses every address, with {', '.join(map(str, sorted(set(codes))))}"
            return GiveUp(why) if min(codes, default=0) >= PERMANENT else TryAgain(why)
        except (aiosmtplib.SMTPSenderRefused, aiosmtplib.SMTPDataError) as error:
            why = f"{where} refuses the mail, with {error.code}"
            return GiveUp(why) if error.code >= PERMANENT else TryAgain(why)
        except aiosmtplib.SMTPAuthenticationError as error:
            return TryAgain(f"{where} refuses the password, with {error.code}")
        except (aiosmtplib.SMTPException, OSError) as error:
            # Only the kind of error: a server's own words often repeat the address.
            return TryAgain(f"{where} cannot be used: {_named(error)}")
        return Delivered(f"{len(refused)} of {len(receiver.to)} addresses refused" if refused else "")


def _named(error: Exception) -> str:
    if isinstance(error, aiosmtplib.SMTPConnectError):
        return "no connection"
    # The bare class says what the library itself found, e.g. that the server offers no TLS.
    return error.message.rstrip(".") if type(error) is aiosmtplib.SMTPException else type(error).__name__
