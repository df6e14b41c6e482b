"""Names come from messages, so they are hostile input to a terminal."""

from __future__ import annotations

from rich.text import Text

LOST = "\N{REPLACEMENT CHARACTER}"


def printable(text: str, keep: str = "") -> str:
    """The text without a terminal's control codes, but for the characters in `keep`."""
    return "".join(c if c.isprintable() or c in keep else LOST for c in text)


def plain(text: str, keep: str = "") -> Text:
    """The same for a table, where rich's markup does not come through either."""
    return Text(printable(text, keep))
