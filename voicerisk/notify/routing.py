"""Who is told: a notice and the configuration in, deliveries out. Pure."""

from voicerisk.notify.notice import Delivery, Notice
from voicerisk.notify.settings import NotifySettings, Route


def deliveries(notice: Notice, settings: NotifySettings, *, update: bool = False) -> list[Delivery]:
    """One delivery for each receiver that the notice goes to, in the order of the configuration.

    A `to` that is the name of a receiver reaches it without any route. An `update` (something for which nobody is
    woken) goes only where a route asks for updates. Nobody gets the same notice twice.
    """
    names = dict.fromkeys(
        name for route in settings.routes if _fits(route, notice, update=update) for name in route.receivers
    )
    if notice.to in settings.receivers and not update:
        names[notice.to] = None
    return [Delivery(receiver=name, notice=notice) for name in settings.receivers if name in names]


def _fits(route: Route, notice: Notice, *, update: bool) -> bool:
    alert = notice.alert
    return (
        (route.updates or not update)
        and (not route.severities or alert.severity in route.severities)
        and (not route.rules or alert.rule in route.rules)
        and (not route.owners or alert.owner in route.owners)
        and (not route.queues or alert.queue in route.queues)
        and (not route.to or notice.to in route.to)
    )
