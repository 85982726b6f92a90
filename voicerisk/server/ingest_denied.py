"""How an upgrade request is refused."""


class Denied(Exception):
    """The upgrade is refused with this HTTP status and text; `cause` is the metric's label.

    `why` is for the log where the peer is told less; neither holds a secret. `challenge` is what a 401 asks for.
    `answer_after_s` is how long after the request the refusal is sent, so that the time it took tells nothing.
    """

    def __init__(
        self,
        status: int,
        text: str,
        cause: str,
        *,
        why: str | None = None,
        challenge: str = "Bearer",
        answer_after_s: float = 0.0,
    ) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.cause = cause
        self.why = why or text
        self.challenge = challenge
        self.answer_after_s = answer_after_s
