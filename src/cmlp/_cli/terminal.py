"""Output to a terminal.

Its capabilities, live progress lines, images drawn with characters, safe text.
"""

from __future__ import annotations

import itertools
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TextIO

import numpy as np

from cmlp._data.array_types import NDArray

# Wider text is hard to read. Images can use the whole width of the terminal.
_TEXT_WIDTH = 79
_BLOCKS = "▀░▒▓█▌▁▂▃▄▅▆▇│└├─▲▼◄●○·"
# Characters from weak to strong for positive and for negative values, with and without block
# characters. No character has both signs.
_SHADES = {True: (" ░▒▓█", " .-~="), False: (" :+*#@", " .-~=")}
# Terminals that support 256 colours although TERM does not contain "256color".
_KNOW_256 = ("xterm", "screen", "tmux", "rxvt", "linux", "alacritty", "foot", "wezterm")
# Number of brightness levels; finer levels are not visible.
_STEPS = 32
_ESCAPE = re.compile(r"\x1b\[[0-9;]*m")
_PARTS = re.compile(r"(\x1b\[[0-9;]*m)")


class _Hue(NamedTuple):
    """A colour in RGB at full strength, and a ramp from black to it in the 256-colour palette."""

    rgb: tuple[int, int, int]
    ramp: tuple[int, ...]


_WHITE = _Hue((255, 255, 255), (16, *range(232, 256), 231))
BLUE = _Hue((80, 160, 255), (16, 17, 18, 24, 25, 32, 33, 75))
ORANGE = _Hue((255, 140, 40), (16, 52, 94, 130, 166, 172, 208, 214))


class Terminal:
    """A text stream and its capabilities.

    `rewrites` is whether a line can be overwritten, which is possible in a terminal, but not in a
    pipe or a file; `colors` is their number: 0, 256 or 2**24; `blocks` is whether the stream's
    encoding has block characters.
    """

    def __init__(self, stream: TextIO, *, rewrites: bool, colors: int, blocks: bool) -> None:
        self.stream = stream
        self.rewrites = rewrites
        self.colors = colors
        self.blocks = blocks
        self._live_length = 0

    @classmethod
    def from_stream(cls, stream: TextIO, environ: Mapping[str, str]) -> Terminal:
        """Return a terminal for a stream.

        Its capabilities are detected from the stream and the environment.
        """
        is_terminal = stream.isatty() and environ.get("TERM") != "dumb"
        colors = 0
        if is_terminal:
            colors = _n_colors(stream, environ)
        return cls(stream, rewrites=is_terminal, colors=colors, blocks=_can_encode(stream, _BLOCKS))

    @property
    def moves_cursor(self) -> bool:
        """Whether whole screens can be redrawn: in a terminal that understands escape codes."""
        return self.rewrites and (sys.platform != "win32" or _enable_escape_codes(self.stream))

    @property
    def width(self) -> int:
        """Current number of columns; the window can be resized at any time."""
        return shutil.get_terminal_size().columns

    @property
    def height(self) -> int:
        """Current number of lines."""
        return shutil.get_terminal_size().lines

    def say(self, text: str = "") -> None:
        """Write a paragraph, wrapped to the terminal's width."""
        self.write_lines(wrap(text, min(self.width, _TEXT_WIDTH)))

    def write_lines(self, lines: Sequence[str]) -> None:
        """Write lines without wrapping.

        Characters that the stream's encoding does not have are escaped.
        """
        self.settle()
        encoding = self.stream.encoding or "utf-8"
        text = "".join(f"{line}\n" for line in lines)
        self.stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        self.stream.flush()

    def write_live(self, fields: Sequence[str]) -> None:
        """Overwrite the live line with a new one. In a pipe or a file, append a line instead.

        If the fields are too wide together, the last ones are omitted, because a wrapped line
        cannot be overwritten.
        """
        width = self.width - self.rewrites  # writing to the last column can wrap the line
        shown = list(fields)
        while len(shown) > 1 and len("  ".join(shown)) > width:
            shown.pop()
        if not self.rewrites:
            self.write_lines(["  ".join(shown)])
            return
        line = "  ".join(shown)[: max(width, 1)]
        # Overwrite the rest of a longer previous line with spaces: not every terminal supports an
        # escape code for this.
        padded = line.ljust(min(self._live_length, width))
        # Set the length before writing, because Ctrl-C can interrupt the write.
        self._live_length = len(line)
        self.stream.write("\r" + padded)
        self.stream.flush()

    def settle(self) -> None:
        """End the live line, so that the next output starts on a new line."""
        if self._live_length:
            self._live_length = 0
            self.stream.write("\n")
            self.stream.flush()

    def draw(self, values: NDArray[np.floating], *, signed: bool = False) -> list[str]:
        """Draw an image with characters, two rows of pixels per line of text.

        Values are from 0 (black) to 1 (white); with `signed`, from -1 (orange) to 1 (blue). Without
        colours, positive values are drawn as shades and negative values as dashes.
        """
        values = np.pad(values, ((0, len(values) % 2), (0, 0)))
        upper = values[::2]
        lower = values[1::2]
        if not self.colors:
            return [self._shade(row) for row in (upper + lower) / 2]
        if not self.blocks:
            upper = lower = (upper + lower) / 2
        hue = BLUE if signed else _WHITE
        return [self._paint(above, below, hue) for above, below in zip(upper, lower, strict=True)]

    def _shade(self, row: NDArray[np.floating]) -> str:
        above, below = _SHADES[self.blocks]
        ramps = [above if value > 0 else below for value in row]
        cells = zip(ramps, np.minimum(np.abs(row), 1), strict=True)
        return "".join(ramp[round(size * (len(ramp) - 1))] for ramp, size in cells)

    def _paint(
        self, upper: NDArray[np.floating], lower: NDArray[np.floating], positive: _Hue
    ) -> str:
        """Draw two rows of values with upper half blocks.

        `upper` is the foreground colour, `lower` the background.
        """
        cells = []
        last = ""
        block = "▀" if self.blocks else " "
        for above, below in zip(upper.tolist(), lower.tolist(), strict=True):
            foreground = _color_code(above, positive, self.colors)
            background = _color_code(below, positive, self.colors)
            code = f"\x1b[38;{foreground};48;{background}m"
            if code != last:
                cells.append(code)
            cells.append(block)
            last = code
        return "".join(cells) + "\x1b[0m"


def without_codes(line: str) -> str:
    """Return a line without the escape codes of its colours."""
    return _ESCAPE.sub("", line)


def pad(line: str, width: int) -> str:
    """Return a line with spaces up to a width in columns; escape codes have no width."""
    return line + " " * (width - len(without_codes(line)))


def side_by_side(*texts: Sequence[str], gap: int = 2) -> list[str]:
    """Put texts side by side, each as wide as its widest line."""
    widths = [max((len(without_codes(line)) for line in text), default=0) for text in texts]
    rows = itertools.zip_longest(*texts, fillvalue="")
    return [(" " * gap).join(map(pad, row, widths)).rstrip(" ") for row in rows]


def clip(line: str, width: int) -> str:
    """Return a line without its end if it is wider than `width`; escape codes are kept."""
    if len(without_codes(line)) <= width:
        return line
    parts = []
    space = width
    for n, part in enumerate(_PARTS.split(line)):
        is_code = n % 2 == 1
        if is_code:
            parts.append(part)
        else:
            parts.append(part[:space])
            space -= len(parts[-1])
    return "".join(parts)


def wrap(text: str, width: int) -> list[str]:
    """Wrap a paragraph at its spaces.

    It is not wrapped within a word nor between a number and its percent sign.
    """
    unbroken = text.replace(" %", "\xa0%")
    lines = textwrap.wrap(unbroken, max(1, width), break_long_words=False, break_on_hyphens=False)
    return [line.replace("\xa0", " ") for line in lines] or [""]


def count_noun(number: int, noun: str) -> str:
    """Return a number with its noun, which gets an s unless the number is 1."""
    if number == 1:
        return f"1 {noun}"
    return f"{number:,} {noun}s"


def duration(seconds: float) -> str:
    """Return a duration as text with a unit."""
    if seconds < 0.995:
        return f"{seconds:.2f} s"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 119.5:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min"


def _color_code(value: float, positive: _Hue, n_colors: int) -> str:
    """Return the colour of a value for an escape code.

    It is a shade of `positive`, or of orange if the value is negative.
    """
    hue = positive if value > 0 else ORANGE
    strength = round(min(abs(value), 1) * _STEPS) / _STEPS
    if n_colors > 256:
        red, green, blue = (round(strength * full) for full in hue.rgb)
        return f"2;{red};{green};{blue}"
    return f"5;{hue.ramp[round(strength * (len(hue.ramp) - 1))]}"


def _can_encode(stream: TextIO, text: str) -> bool:
    try:
        text.encode(stream.encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return False
    return True


def _n_colors(stream: TextIO, environ: Mapping[str, str]) -> int:
    """Return the number of colours that a terminal supports; 0 if the user has disabled colours."""
    if environ.get("NO_COLOR"):
        return 0
    if sys.platform == "win32":
        if _enable_escape_codes(stream):
            return 2**24
        return 0
    name = environ.get("TERM", "")
    if environ.get("COLORTERM") in ("truecolor", "24bit") or name.endswith("-direct"):
        return 2**24
    if "256color" in name or name.startswith(_KNOW_256):
        return 256
    return 0


def _enable_escape_codes(stream: TextIO) -> bool:
    """Enable escape codes in a Windows console; return whether this succeeded.

    They are off by default there.
    """
    if sys.platform != "win32":
        return False
    import ctypes
    import msvcrt

    enable_virtual_terminal_processing = 4
    mode = ctypes.c_uint32()
    kernel32 = ctypes.windll.kernel32
    handle = ctypes.c_void_p(msvcrt.get_osfhandle(stream.fileno()))
    return bool(
        kernel32.GetConsoleMode(handle, ctypes.byref(mode))
        and kernel32.SetConsoleMode(handle, mode.value | enable_virtual_terminal_processing)
    )


# ------------------------------ whether the user has asked the system for less motion on the screen


_SECONDS = 1.0
# Where the setting is kept: the command that prints it, and what it prints if there should be no
# motion.
_COMMANDS = {
    "darwin": (("defaults", "read", "com.apple.universalaccess", "reduceMotion"), "1"),
    "linux": (("gsettings", "get", "org.gnome.desktop.interface", "enable-animations"), "false"),
}


def wants_no_motion() -> bool:
    """Return whether the system's setting is to reduce motion.

    It is False where there is no such setting.
    """
    if sys.platform == "win32":
        return _windows_wants_none()
    command, answer = _COMMANDS.get(sys.platform, ((), ""))
    if not command:
        return False
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.stdout.strip() == answer


def _windows_wants_none() -> bool:
    if sys.platform != "win32":
        return False
    import ctypes

    get_client_area_animation = 0x1042
    shown = ctypes.c_int(1)
    ctypes.windll.user32.SystemParametersInfoW(get_client_area_animation, 0, ctypes.byref(shown), 0)
    return not shown.value
