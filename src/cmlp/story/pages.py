"""Long texts in pages that fit the terminal; keys change the page."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from cmlp._cli.terminal import Terminal, visible
from cmlp.story.keys import Keys
from cmlp.story.screen import Screen, opened

FORWARD_KEYS = (" ", "enter", "right", "down", "n")
BACK_KEYS = ("b", "left", "up", "backspace")
QUIT_KEYS = ("q", "Q", "escape")


def packed(sections: Sequence[Sequence[str]], height: int) -> list[list[str]]:
    """Return sections in parts of at most `height` lines, with an empty line between two sections.

    A section that is longer than a part is divided.
    """
    parts: list[list[str]] = [[]]
    for section in sections:
        if parts[-1] and len(parts[-1]) + 1 + len(section) <= height:
            parts[-1] += ["", *section]
            continue
        pieces = [list(section[start : start + height]) for start in range(0, len(section), height)]
        parts = parts + pieces if parts[-1] else pieces or parts
    return parts


def fitted(lines: list[str], height: int) -> list[list[str]]:
    """Return lines in parts of at most `height` lines; the last empty lines are left out if one part is then enough."""
    height = max(height, 1)
    excess = len(lines) - height
    empty = [number for number, line in enumerate(lines) if not visible(line)]
    left_out = set(empty[-excess:]) if 0 < excess <= len(empty) else set()
    kept = [line for number, line in enumerate(lines) if number not in left_out]
    return [kept[start : start + height] for start in range(0, len(kept), height)]


def show(terminal: Terminal, sections: Sequence[Sequence[str]]) -> None:
    """Write sections; on a terminal with a keyboard that is too low for all of them, first show them in parts."""
    whole = packed(sections, sum(map(len, sections)) + len(sections))[0]
    keys = Keys(sys.stdin)

    def footer(number: int, n: int) -> str:
        return f"{number + 1}/{n}   space {'more' if number + 1 < n else 'end'}   b back   q end"

    if terminal.moves_cursor and keys.available and len(whole) >= terminal.height:
        with opened(terminal, keys) as screen:
            turn_pages(screen, lambda: packed(sections, max(terminal.height - 1, 1)), footer)
    terminal.write_lines(whole)


def turn_pages(screen: Screen, parts: Callable[[], list[list[str]]], footer: Callable[[int, int], str]) -> None:
    """Show parts, each with a last line for its number and the number of parts, until a key leads out of them."""
    number = 0

    def draw() -> None:
        shown = parts()
        now = min(number, len(shown) - 1)
        screen.show(shown[now], footer(now, len(shown)))

    while number < len(parts()):
        key = screen.ask(draw)
        if key in QUIT_KEYS:
            return
        number = max(number - 1, 0) if key in BACK_KEYS else number + 1
