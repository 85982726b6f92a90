"""Who may do what: permissions, the roles that hold them, and the mark on a route that says which one it needs."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

import msgspec
from fastapi import Depends, HTTPException
from starlette.requests import HTTPConnection


class Permission(StrEnum):
    """What a route may need."""

    WATCH = "watch"
    """See live calls, gauges and alerts, and follow the feed."""
    LISTEN = "listen"
    """Hear a live call, and what caused an alert."""
    SUPERVISE = "supervise"
    """Take and close alerts, whisper and barge, run procedures, make silences."""
    REVIEW = "review"
    """Hear recordings and mark calls."""
    REPORT = "report"
    """Read reports and the history of gauges and events."""
    TELL = "tell"
    """Send events in."""
    CARD = "card"
    """Read a customer's card."""
    CONNECT = "connect"
    """Announce calls and get ports for them, as a switch does."""
    ADMINISTER = "administer"
    """Read the configuration and the audit log, delete recordings, look after people."""


class AccessRole(StrEnum):
    """What a person or a program is here."""

    GATEWAY = "gateway"
    CRM = "crm"
    WATCHER = "watcher"
    """Other departments: they see, and touch nothing."""
    SUPERVISOR = "supervisor"
    QA = "qa"
    ADMIN = "admin"


_P: Final = Permission
GRANTS: Final[Mapping[AccessRole, frozenset[Permission]]] = {
    AccessRole.GATEWAY: frozenset({_P.CONNECT, _P.TELL}),
    AccessRole.CRM: frozenset({_P.TELL, _P.CARD}),
    AccessRole.WATCHER: frozenset({_P.WATCH, _P.REPORT}),
    AccessRole.SUPERVISOR: frozenset({_P.WATCH, _P.LISTEN, _P.SUPERVISE, _P.REVIEW, _P.REPORT, _P.CARD}),
    AccessRole.QA: frozenset({_P.WATCH, _P.REVIEW, _P.REPORT, _P.CARD}),
    AccessRole.ADMIN: frozenset(Permission),
}
"""What each role may do."""


class Visitor(msgspec.Struct, frozen=True):
    """Who asks. `person` is None for a program, and for somebody on this machine who has not given a name.

    `token` is the name of the token that was shown, "" where it was a person's session or none was needed.
    """

    person: str | None
    role: AccessRole = AccessRole.ADMIN
    token: str = ""

    def may(self, permission: Permission) -> bool:
        """Whether the visitor's role holds the permission."""
        return permission in GRANTS[self.role]


class Needs:
    """The mark of a route: refuses with 403 who lacks the permission."""

    def __init__(self, permission: Permission) -> None:
        self.permission = permission

    def __call__(self, connection: HTTPConnection) -> None:
        """Raises a 403 that names what is missing."""
        visitor: Visitor = connection.state.visitor
        if not visitor.may(self.permission):
            raise HTTPException(403, lacks(visitor, self.permission))


def lacks(visitor: Visitor, permission: Permission) -> str:
    """What a visitor without the permission is told."""
    return f"this needs the permission {permission.value!r}; your role is {visitor.role.value}"


def needs(permission: Permission) -> Any:
    """The dependency that a route or a router declares, e.g. `dependencies=[needs(Permission.WATCH)]`."""
    return Depends(Needs(permission))
