"""A notice as a channel of Slack or Microsoft Teams takes it. Pure.

Sources: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks/ (blocks; `text` is what others than
Slack show), https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using
(Workflows take a message with one adaptive card).
"""

from typing import Any, Final

from voicerisk.notify.words import Words

_EMOJI: Final = {"critical": ":red_circle:", "warning": ":large_orange_circle:", "info": ":large_blue_circle:"}
_COLOUR: Final = {"critical": "attention", "warning": "warning", "info": "accent"}
MAX_LINES_CHARS: Final = 2500
"""Slack refuses a section of more than 3000 characters."""


def slack_message(words: Words, severity: str) -> dict[str, Any]:
    """A message with blocks, and its plain `text` for notifications and for programs that know no blocks."""
    head = f"{_EMOJI[severity]} *{_slack(words.headline)}*"
    blocks: list[dict[str, Any]] = [_section(head)]
    if lines := [*(f"{name}: {value}" for name, value in words.facts), *(f"• {reason}" for reason in words.reasons)]:
        blocks.append(_section(_slack("\n".join(lines))[:MAX_LINES_CHARS]))
    if words.link:
        blocks.append(_section(f"<{words.link}|{_slack(words.link_text)}>"))
    text = f"[{words.severity}] {words.headline}" + (f" {words.link}" if words.link else "")
    return {"text": _slack(text), "blocks": blocks}


def teams_message(words: Words, severity: str) -> dict[str, Any]:
    """A message with one adaptive card, read from right to left where the language is."""
    body: list[dict[str, Any]] = [
        _block(words.headline, size="Medium", weight="Bolder", color=_COLOUR[severity]),
        {"type": "FactSet", "facts": [{"title": name, "value": value} for name, value in words.facts]},
        *(_block(f"- {reason}") for reason in words.reasons),
    ]
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        # 1.5 is the first with `rtl`.
        "version": "1.5",
        "rtl": words.direction == "rtl",
        "body": body,
    }
    if words.link:
        card["actions"] = [{"type": "Action.OpenUrl", "title": words.link_text, "url": words.link}]
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def _block(text: str, **style: str) -> dict[str, Any]:
    return {"type": "TextBlock", "text": text, "wrap": True, **style}


def _slack(text: str) -> str:
    """The text with the three characters that Slack reads as its own, escaped."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
