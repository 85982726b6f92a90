"""What is wrong with the site's settings, in plain words."""

from collections.abc import Iterator
from typing import Final

from voicerisk.risk.gauges.config import SiteSettings
from voicerisk.risk.gauges.windows import zone_of
from voicerisk.settings import Problem

SMALLEST_GROUP: Final = 3
"""Agents in a group, so that a needle of the group says nothing of one person."""


def site_problems(site: SiteSettings) -> Iterator[Problem]:
    """Every mistake, each at its key below `[risk.site]`."""
    try:
        zone_of(site)
    except ValueError as error:
        yield Problem("timezone", str(error), "Use a name such as 'Asia/Jerusalem' or 'Europe/Berlin'.")
    group_of: dict[str, str] = {}
    for group, agents in site.groups.items():
        if len(set(agents)) < SMALLEST_GROUP:
            wrong = f"has {len(set(agents))} agents: its needle would be that of a person"
            yield Problem(f"groups.{group}", wrong, f"A group has {SMALLEST_GROUP} agents or more.")
        for agent in agents:
            if group_of.setdefault(agent, group) != group:
                wrong = f"{agent!r} is in the group {group_of[agent]!r} as well"
                yield Problem(f"groups.{group}", wrong, "Each agent works in one group.")
    for key in ("lateness_s", "ahead_s"):
        if not 0.0 <= (seconds := getattr(site, key)) < float("inf"):
            yield Problem(key, f"is {seconds:g} seconds", "It must be 0 or more.")
    if site.max_ids < 2:
        yield Problem("max_ids", f"is {site.max_ids}", "It must be 2 or more.")
