"""The words of the command: its options instead of Python's parameters, and the word nearest to a mistyped one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_LEAST_BEGINNING = 3  # letters from which on the beginning of a word suggests the whole word
_VALUE = r"'[^']*'|\"[^\"]*\"|\([^()]*\)|\[[^\[\]]*\]|[^\s,;:()]*[^\s,;:().]"


def nearest(word: str, words: Iterable[str]) -> str | None:
    """Return the word that was probably meant, or None.

    Examples
    --------
    >>> nearest("--max-itr", ["--max-iter", "--alpha"])
    '--max-iter'
    >>> nearest("--hidden", ["--hidden-layer-sizes", "--header"])
    '--hidden-layer-sizes'
    """
    import difflib

    plain: dict[str, str] = {}
    for candidate in words:
        plain.setdefault(_plain(candidate), candidate)  # "--max-iter" rather than "--max_iter", which comes later
    meant = _plain(word)
    longer = [candidate for candidate in plain if candidate.startswith(meant)] if len(meant) >= _LEAST_BEGINNING else []
    found = sorted(longer, key=len) or difflib.get_close_matches(meant, plain, 1)
    return plain[found[0]] if found else None


def _plain(word: str) -> str:
    return word.lstrip("-").replace("_", "-").lower()


def in_options(message: str, words: Mapping[str, str]) -> str:
    """Return a message of the library in the words of the command.

    Examples
    --------
    >>> in_options("pass dtype='float32' to round", {"dtype": "--dtype"})
    'pass --dtype float32 to round'
    """
    names = {word for word in words if word.isidentifier()}
    for phrase in sorted({*words} - names, key=len, reverse=True):
        message = message.replace(phrase, words[phrase])
    if not names:
        return message
    any_name = "|".join(sorted(names, key=len, reverse=True))
    # A word without an underscore, such as "loss", is a parameter only before "=" and "must".
    alone = "|".join(sorted((f"{name}(?= must|$)" if "_" not in name else name for name in names), key=len)[::-1])
    for pattern in (rf"The '({any_name})' parameter of \w+", rf"`({any_name})`", rf"(?<!column )'({any_name})'"):
        message = re.sub(pattern, lambda match: words[match[1]], message)
    assigned, bare = rf"(?<![\w.-])({any_name})=({_VALUE})", rf"(?<![\w.'-])({alone})(?![\w'=-])"
    message = re.sub(assigned, lambda match: f"{words[match[1]]} {_as_argument(match[2])}", message)
    return re.sub(bare, lambda match: words[match[1]], message)


def _as_argument(value: str) -> str:
    """Return a value of Python as the command takes it: text without quotes, a list with commas."""
    inner = re.sub(r"^(\((.*?),?\)|\[(.*)\])$", lambda match: match[2] or match[3] or "", value)
    return inner.replace("'", "").replace('"', "").replace(", ", ",")
