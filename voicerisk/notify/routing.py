"""Who is told: a notice and the configuration in, deliveries out. Pure."""

from voicerisk.notify.notice import Delivery, Notice
from voicerisk.notify.settings import NotifySettings, Route


def deliveries(notice: Notice, settings: NotifySettings) -> list[Delivery]:
    """One delivery for each receiver that the notice goes to, in the order of the configuration.

    A notice that is meant for somebody takes the routes that do not follow, and reaches a receiver named in its `to`
    without any. One that is meant for nobody takes the routes that follow. Nobody gets the same notice twice.
    """
    routed = (name for route in settings.routes if _fits(route, notice) for name in route.receivers)
    names = {*routed, *notice.to}
    return [Delivery(receiver=name, notice=notice) for name in settings.receivers if name in names]


def _fits(route: Route, notice: Notice) -> bool:
    alert = notice.alert
    return (
        route.follow is not bool(notice.to)
        and (not route.severities or alert.severity in route.severities)
        and (not route.rules or alert.rule in route.rules)
        and (not route.owners or alert.owner in route.owners)
        and (not route.queues or alert.queue in route.queues)
        and (not route.to or not set(route.to).isdisjoint(notice.to))
    )
