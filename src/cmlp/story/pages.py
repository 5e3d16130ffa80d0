"""A long text in parts that fit the terminal, for commands whose output is read from top to bottom."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from cmlp.console.terminal import Terminal
from cmlp.story.keys import Keys
from cmlp.story.screen import Screen, opened

_QUIT_KEYS = ("q", "escape")
_BACK_KEYS = ("b", "left", "up", "backspace")


def packed(sections: Sequence[Sequence[str]], height: int) -> list[list[str]]:
    """Return sections in parts of at most `height` lines, with an empty line between two sections.

    A section that is longer than a part is divided.
    """
    parts: list[list[str]] = [[]]
    for section in sections:
        lines = list(section)
        if parts[-1] and len(parts[-1]) + 1 + len(lines) <= height:
            parts[-1] += ["", *lines]
            continue
        pieces = [lines[start : start + height] for start in range(0, len(lines), height)]
        parts = parts + pieces if parts[-1] else pieces or parts
    return parts


def show(terminal: Terminal, sections: Sequence[Sequence[str]]) -> None:
    """Write sections; on a terminal with a keyboard that is too low for all of them, first show them in parts."""
    whole = packed(sections, sum(map(len, sections)) + len(sections))[0]
    keys = Keys(sys.stdin)
    if terminal.moves_cursor and keys.available and len(whole) >= Screen(terminal).height:
        _turn_pages(terminal, sections, keys)
    terminal.write_lines(whole)


def _turn_pages(terminal: Terminal, sections: Sequence[Sequence[str]], keys: Keys) -> None:
    number = 0
    with opened(terminal, keys) as screen:

        def draw() -> None:
            parts = packed(sections, max(screen.height - 1, 1))
            shown = min(number, len(parts) - 1)
            which = f"{shown + 1}/{len(parts)}"
            screen.show(parts[shown], f"{which}   space {'more' if shown + 1 < len(parts) else 'end'}   b back   q end")

        while True:
            key = screen.ask(keys, draw)
            if key in _QUIT_KEYS:
                return
            number = max(number - 1, 0) if key in _BACK_KEYS else number + 1
            if number >= len(packed(sections, max(screen.height - 1, 1))):
                return
