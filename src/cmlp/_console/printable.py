"""Text from files and arguments for a terminal: no control characters."""


def printable(text: str) -> str:
    r"""Return text with backslash escapes for everything that is not a visible character or a space.

    Control characters could change the terminal or move its cursor, and right-to-left marks change the order of the
    characters. A backslash becomes two, so that different texts stay different.

    Examples
    --------
    >>> printable("a\x1b[31m\\b")
    'a\\x1b[31m\\\\b'
    """
    return "".join(_escaped(c) if c == "\\" or not c.isprintable() else c for c in text)


def printable_message(text: str) -> str:
    """Return a message as one line, with escapes for control characters; backslashes stay."""
    return "".join(c if c.isprintable() else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
