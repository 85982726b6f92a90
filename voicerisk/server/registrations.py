"""Calls made known before their audio comes, for protocols that say nothing but an id."""

from voicerisk.gateways.registered_call import RegisteredCall


class RegistrationsFullError(Exception):
    """No more can be registered until some expire."""


class Registrations:
    """What is registered under which UUID (lower case, with hyphens), each for a while. Times are monotonic seconds."""

    def __init__(self, max_registrations: int, held_s: float) -> None:
        self._max = max_registrations
        self.held_s = held_s
        # In the order in which they expire, because all are held for the same time.
        self._calls: dict[str, tuple[float, RegisteredCall]] = {}

    def __len__(self) -> int:
        return len(self._calls)

    def add(self, uuid: str, call: RegisteredCall, now_s: float) -> None:
        """Registers a call, in the place of what was known under its UUID. Raises `RegistrationsFullError`."""
        self._calls.pop(uuid, None)
        self._forget_expired(now_s)
        if len(self._calls) >= self._max:
            raise RegistrationsFullError(f"{self._max} calls are registered; no more until some expire")
        self._calls[uuid] = (now_s + self.held_s, call)

    def find(self, uuid: str, now_s: float) -> RegisteredCall | None:
        """What is registered under the UUID; it stays, since a broken connection may come again."""
        self._forget_expired(now_s)
        found = self._calls.get(uuid)
        return found[1] if found is not None else None

    def _forget_expired(self, now_s: float) -> None:
        while self._calls:
            uuid, (until_s, _) = next(iter(self._calls.items()))
            if until_s > now_s:
                return
            del self._calls[uuid]
