r"""Texts of the user for terminals and notebooks, such as names of columns: control characters become escapes.

They could change the terminal or move its cursor. Marks such as U+202E and U+2066 change the order of the characters
around them, and U+2028 begins a line.
"""

from __future__ import annotations


def printable(text: str) -> str:
    r"""Return text with backslash escapes for all that is not a visible character or a space.

    A backslash becomes two, so that different texts stay different.

    Examples
    --------
    >>> printable("a\x1b[31m\\b")
    'a\\x1b[31m\\\\b'
    """
    return "".join(_escape(c) if c == "\\" or not c.isprintable() else c for c in text)


def printable_message(text: str) -> str:
    """Return a message as one line, with escapes for control characters; backslashes stay."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _escape(c) for c in text)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
