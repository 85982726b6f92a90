"""Text as every database holds it."""


def without_nul(text: str) -> str:
    """The text with a mark for each NUL character, which PostgreSQL's text does not know."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")
