"""The directives ``picture`` and ``terminal``, which show what the page's own code draws and prints.

```{picture}
A caption, which is also the text for readers who do not see the picture.
```

shows matplotlib's current figure after the Python blocks above it have run. It is drawn twice, for
the light and for the dark theme.

```{terminal} cmlp info --help
```

shows what a command prints, in colour. The options ``:lines: 3-20`` and ``:last: 10`` select lines.
"""

from __future__ import annotations

import contextlib
import html
import os
import re
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any, ClassVar

from blocks import blocks_of, run
from docutils import nodes
from sphinx.util.docutils import SphinxDirective

STYLES = {
    "light": {},
    "dark": {
        "figure.facecolor": "#131416",
        "axes.facecolor": "#131416",
        "savefig.facecolor": "#131416",
    },
}
SGR = re.compile(r"\x1b\[([0-9;]*)m")
# The command in a pipe with the colours of a terminal.
IN_COLOR = """
import sys
from cmlp import __main__ as main
from cmlp._cli import terminal
terminal.Terminal.from_stream = classmethod(
    lambda cls, stream, _: cls(stream, rewrites=False, colors=2**24, blocks=True)
)
sys.exit(main.main(sys.argv[1:]))
"""
_CACHE: dict[str, list[tuple[Path, Path]]] = {}


def draw_page(path: Path, name: str, folder: Path) -> list[tuple[Path, Path]]:
    """Run the Python blocks of a page in both styles and store a figure at each picture; return the files."""
    if name in _CACHE:
        return _CACHE[name]
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    folder.mkdir(parents=True, exist_ok=True)
    blocks = blocks_of(path)
    last = max(index for index, block in enumerate(blocks) if block.language == "{picture}")
    files: dict[str, list[Path]] = {}
    for style, colors in STYLES.items():
        names: dict[str, object] = {"__name__": "page"}
        files[style] = []
        with (
            tempfile.TemporaryDirectory() as files_of_the_page,
            contextlib.chdir(files_of_the_page),
            plt.style.context(["default" if style == "light" else "dark_background", colors]),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("error")
            for block in blocks[: last + 1]:
                if block.language == "python" and block.note in ("", "needs"):
                    with (
                        open(os.devnull, "w", encoding="utf-8") as sink,
                        contextlib.redirect_stdout(sink),
                    ):
                        run(block, names, str(path))
                elif block.language == "{picture}":
                    file = folder / f"{name.replace('/', '-')}-{len(files[style]) + 1}-{style}.png"
                    plt.gcf().savefig(file, dpi=150, metadata={"Software": None})
                    plt.close("all")
                    files[style].append(file)
    _CACHE[name] = list(zip(files["light"], files["dark"], strict=True))
    return _CACHE[name]


class Picture(SphinxDirective):
    """The figure that the Python blocks above have drawn."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return a figure with an image for each theme."""
        source = Path(self.env.doc2path(self.env.docname))
        folder = Path(self.env.app.srcdir) / "_pictures"
        pictures = draw_page(source, self.env.docname, folder)
        index = self.env.temp_data.get("picture", 0)
        self.env.temp_data["picture"] = index + 1
        caption = " ".join(self.content)
        figure = nodes.figure()
        for style, file in zip(STYLES, pictures[index], strict=True):
            width = f"{_width(file)}px"
            figure += nodes.image(
                uri=f"/_pictures/{file.name}", alt=caption, classes=[f"only-{style}"], width=width
            )
        figure += nodes.caption(caption, "", *self.parse_inline(caption, lineno=self.lineno)[0])
        return [figure]


def _width(file: Path) -> int:
    """Return the width of a picture in CSS pixels: fewer than its own, for sharp lines on dense screens."""
    pixels = int.from_bytes(file.read_bytes()[16:20], "big")  # a PNG file begins with its size
    return round(pixels / 1.5)


class TerminalOutput(SphinxDirective):
    """What a command prints, in colour."""

    required_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar[dict[str, Any]] = {"lines": str, "last": int, "columns": int}

    def run(self) -> list[nodes.Node]:
        """Return the command and its output as a block of text with colours."""
        output = printed(self.arguments[0], self.options.get("columns", 80))
        lines = output.rstrip("\n").split("\n")
        if "lines" in self.options:
            first, _, last = self.options["lines"].partition("-")
            lines = lines[int(first) - 1 : int(last or first)]
        if "last" in self.options:
            lines = lines[-self.options["last"] :]
        text = "\n".join(lines)
        content = f'<span class="prompt">$ {html.escape(self.arguments[0])}</span>\n{colored(text)}'
        return [
            nodes.raw(
                "", f'<div class="terminal"><pre tabindex="0">{content}</pre></div>', format="html"
            )
        ]


def printed(command: str, columns: int = 80) -> str:
    """Return what a command of cmlp prints, in colour."""
    program, *arguments = command.split()
    if program != "cmlp":
        raise ValueError(f"only the command cmlp can be shown, got {command!r}")
    environment = {**os.environ, "COLUMNS": str(columns), "PYTHONUTF8": "1"}
    done = subprocess.run(
        [sys.executable, "-c", IN_COLOR, *arguments],
        capture_output=True,
        env=environment,
        check=False,
        timeout=300,
    )
    if done.returncode:
        raise RuntimeError(f"{command}: {done.stderr.decode()}")
    return done.stdout.decode()


def colored(text: str) -> str:
    """Return text with terminal colours as HTML."""
    out, style = [], ""
    end = 0
    for match in [*SGR.finditer(text), None]:
        part = html.escape(text[end : match.start() if match else None])
        if part:
            out.append(f'<span style="{style}">{part}</span>' if style else part)
        if match:
            style = styled(style, match[1])
            end = match.end()
    return "".join(out)


def styled(style: str, codes: str) -> str:
    """Return the CSS after a colour code: bold, dim, 256 colours and RGB, for text and background."""
    found = dict(item.split(":", 1) for item in style.split(";") if item)
    numbers = [int(code or 0) for code in codes.split(";")]
    while numbers:
        code = numbers.pop(0)
        if code == 0:
            found.clear()
        elif code in (1, 2):
            found["font-weight" if code == 1 else "opacity"] = "bold" if code == 1 else "0.7"
        elif code == 22:
            found.pop("font-weight", None), found.pop("opacity", None)
        elif code in (39, 49):
            found.pop("color" if code == 39 else "background", None)
        elif code in (38, 48) and numbers:
            kind = numbers.pop(0)
            taken = [numbers.pop(0) for _ in range(min(3 if kind == 2 else 1, len(numbers)))]
            found["color" if code == 38 else "background"] = (
                f"rgb{tuple(taken)}" if kind == 2 else xterm(*taken)
            )
    return ";".join(f"{key}:{value}" for key, value in found.items())


def xterm(index: int) -> str:
    """Return a colour of the 256-colour palette."""
    if index >= 232:
        level = 8 + 10 * (index - 232)
        return f"rgb({level}, {level}, {level})"
    levels = [0, 95, 135, 175, 215, 255]
    index -= 16
    return f"rgb({levels[index // 36]}, {levels[index // 6 % 6]}, {levels[index % 6]})"


def setup(app: Any) -> dict[str, bool]:
    """Connect the extension to Sphinx."""
    app.add_directive("picture", Picture)
    app.add_directive("terminal", TerminalOutput)
    return {"parallel_read_safe": False}
