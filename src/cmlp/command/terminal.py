"""A terminal: what it can show, lines that are rewritten, pictures drawn with characters."""

import shutil
import sys
import textwrap
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TextIO

import numpy as np
from numpy.typing import NDArray

# Wider text than this is hard to read; pictures may use the whole width.
_TEXT_WIDTH = 79
_GAP = 2
_BLOCKS = "▀░▒▓█▁▂▃▄▅▆▇"
_BARS = "▁▂▃▄▅▆▇█"
# From nothing to full strength, for values above zero and for values below it.
_SHADES = {True: (" ░▒▓█", " .-=="), False: (" .+*#@", " .-~=")}
# Terminals that know the 256 colours without saying so in their names.
_KNOW_256 = ("xterm", "screen", "tmux", "rxvt", "linux", "alacritty", "foot", "wezterm")
# Values are drawn in this many steps of brightness: an eye sees no finer ones.
_STEPS = 32


class _Hue(NamedTuple):
    """A colour at full strength, and its numbers from black on among the 256."""

    rgb: tuple[int, int, int]
    ramp: tuple[int, ...]


_WHITE = _Hue((255, 255, 255), (16, *range(232, 256), 231))
_BLUE = _Hue((80, 160, 255), (16, 17, 18, 24, 25, 32, 33, 75))
_RED = _Hue((255, 70, 60), (16, 52, 88, 124, 160, 196, 203))


class Terminal:
    """A text stream and what it can show.

    Parameters
    ----------
    stream : text stream
        Where everything is written.
    rewrites : bool
        Whether a line can be written over: a terminal can, a pipe or a file cannot.
    colors : int
        How many colours there are: 0, 256 or 2**24.
    blocks : bool
        Whether the stream's encoding has block characters.
    """

    def __init__(self, stream: TextIO, *, rewrites: bool, colors: int, blocks: bool) -> None:
        self.stream = stream
        self.rewrites = rewrites
        self.colors = colors
        self.blocks = blocks
        self._live_length = 0

    @classmethod
    def of(cls, stream: TextIO, environ: Mapping[str, str]) -> "Terminal":
        """Find out what the stream can show."""
        is_terminal = stream.isatty() and environ.get("TERM") != "dumb"
        colors = _n_colors(stream, environ) if is_terminal else 0
        return cls(stream, rewrites=is_terminal, colors=colors, blocks=_encodes(stream, _BLOCKS))

    @property
    def width(self) -> int:
        """Columns at this moment: a window may be resized while the story runs."""
        return shutil.get_terminal_size().columns

    def say(self, text: str = "") -> None:
        """Write a paragraph, broken into lines of the terminal's width."""
        lines = textwrap.wrap(text, max(1, min(self.width, _TEXT_WIDTH))) or [""]
        self.write_lines(lines)

    def write_lines(self, lines: Sequence[str]) -> None:
        """Write lines as they are."""
        self.settle()
        self.stream.write("".join(f"{line}\n" for line in lines))
        self.stream.flush()

    def write_live(self, fields: Sequence[str]) -> None:
        """Write a line over the live line before it, or a line of its own in a pipe.

        Parameters
        ----------
        fields : sequence of str
            Parts of the line, the most important first: the last are dropped where the
            width does not allow for all, because a broken line cannot be written over.
        """
        if not self.rewrites:
            self.write_lines(["  ".join(fields)])
            return
        room = self.width - 1
        kept = list(fields)
        while len(kept) > 1 and len("  ".join(kept)) > room:
            kept.pop()
        line = "  ".join(kept)[: max(room, 1)]
        # Spaces, not an escape code, wipe what is left of a longer line.
        padded = line.ljust(min(self._live_length, room))
        # Noted first: a Ctrl-C may come while it is written.
        self._live_length = len(line)
        self.stream.write("\r" + padded)
        self.stream.flush()

    def settle(self) -> None:
        """Leave the live line as it stands and go on below it."""
        if self._live_length:
            self._live_length = 0
            self.stream.write("\n")
            self.stream.flush()

    def draw(self, values: NDArray[np.floating], *, signed: bool = False) -> list[str]:
        """Draw a picture with characters, two of its rows in each line.

        Parameters
        ----------
        values : ndarray, shape (height, width)
            0 (black) to 1 (white); with `signed`, -1 (red) to 1 (blue). Without colours,
            shades for what is above zero and dashes for what is below it.
        signed : bool
            Whether there are values below zero.

        Returns
        -------
        list of str
            Lines that take as many columns as `values` has.
        """
        values = np.pad(values, ((0, len(values) % 2), (0, 0)))
        upper, lower = values[::2], values[1::2]
        if not self.colors:
            return [self._shade(row) for row in (upper + lower) / 2]
        if not self.blocks:
            upper = lower = (upper + lower) / 2
        return [
            self._paint(above, below, _BLUE if signed else _WHITE) for above, below in zip(upper, lower, strict=True)
        ]

    def _shade(self, row: NDArray[np.floating]) -> str:
        """Draw a row of values with characters alone."""
        above, below = _SHADES[self.blocks]
        ramps = [above if value > 0 else below for value in row]
        return "".join(
            ramp[round(min(abs(value), 1) * (len(ramp) - 1))] for ramp, value in zip(ramps, row, strict=True)
        )

    def _paint(self, upper: NDArray[np.floating], lower: NDArray[np.floating], positive: _Hue) -> str:
        """Draw two rows of values in colours: the upper halves of blocks, and behind them."""
        cells = []
        last = ""
        for above, below in zip(upper.tolist(), lower.tolist(), strict=True):
            foreground = _code(above, positive, self.colors)
            background = _code(below, positive, self.colors)
            code = f"\x1b[38;{foreground};48;{background}m"
            cells.append(("" if code == last else code) + ("▀" if self.blocks else " "))
            last = code
        return "".join(cells) + "\x1b[0m"

    def write_gallery(self, pictures: Sequence[Sequence[str]], captions: Sequence[Sequence[str]], width: int) -> None:
        """Write drawn pictures with their captions, as many side by side as there is room for.

        Parameters
        ----------
        pictures : sequence of sequence of str
            What `draw` returned for each, of equal heights.
        captions : sequence of sequence of str
            Lines to write below each picture, equally many.
        width : int
            The pictures' width on the screen.
        """
        if self.width < width:
            pictures = [[] for _ in pictures]
        per_row = max(1, (self.width + _GAP) // (width + _GAP))
        for start in range(0, len(pictures), per_row):
            row = slice(start, start + per_row)
            self.write_lines([""])
            for parts in zip(*pictures[row], strict=True):
                self.write_lines([(" " * _GAP).join(parts)])
            for parts in zip(*captions[row], strict=True):
                self.write_lines([(" " * _GAP).join(part.ljust(width) for part in parts).rstrip()])
        self.write_lines([""])


def sparkline(values: Sequence[float], width: int) -> str:
    """Draw values as a row of bars that stand on zero, at most `width` of them."""
    chosen = np.asarray(values, dtype=float)
    if len(chosen) > width:
        chosen = chosen[np.linspace(0, len(chosen) - 1, width).round().astype(int)]
    heights = chosen / (chosen.max() or 1) * (len(_BARS) - 1)
    return "".join(_BARS[round(height)] for height in heights)


def _code(value: float, positive: _Hue, n_colors: int) -> str:
    """Return a value's colour as it stands in an escape code: `positive`, or red below zero."""
    hue = positive if value > 0 else _RED
    strength = round(min(abs(value), 1) * _STEPS) / _STEPS
    if n_colors > 256:
        red, green, blue = (round(strength * full) for full in hue.rgb)
        return f"2;{red};{green};{blue}"
    return f"5;{hue.ramp[round(strength * (len(hue.ramp) - 1))]}"


def _encodes(stream: TextIO, text: str) -> bool:
    try:
        text.encode(stream.encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return False
    return True


def _n_colors(stream: TextIO, environ: Mapping[str, str]) -> int:
    """Return how many colours a terminal shows: none where the user wants none."""
    if environ.get("NO_COLOR"):
        return 0
    if sys.platform == "win32":
        return 2**24 if _windows_console_obeys(stream) else 0
    name = environ.get("TERM", "")
    if environ.get("COLORTERM") in ("truecolor", "24bit") or name.endswith("-direct"):
        return 2**24
    return 256 if "256color" in name or name.startswith(_KNOW_256) else 0


def _windows_console_obeys(stream: TextIO) -> bool:
    """Ask a Windows console to obey escape codes, as others do unasked."""
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
