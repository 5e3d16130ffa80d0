"""The command ``cmlp page``: makes a web page from a model file, or from the network of the story."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Any

from cmlp._cli import options
from cmlp._cli.story_network import story_network
from cmlp._cli.terminal import Terminal
from cmlp._cli.web import EXPLORER, PAGE_FILE, check_page_file, open_in_browser
from cmlp._process.printable import printable
from cmlp.datasets import load_digits28, load_fashion_mnist, load_mnist

if TYPE_CHECKING:
    from cmlp._export.page.assembly import Document

DESCRIPTION = (
    "Make one self-contained HTML file from a model file: a network to draw digits for, to look "
    "into, and to train; or the model of a table, with a field for each column. Without a model "
    "file, the network of the story is trained, which takes less than a second."
)
_IMAGES = {"sample": load_digits28, "mnist": load_mnist, "fashion": load_fashion_mnist}
_OPTIONS = {name: f"--{name}" for name in ("background", "data", "target", "unit")}  # of parameters


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument(
        "model",
        metavar="MODEL",
        nargs="?",
        help=(
            "a model file, written by the method save (default: the network of the story, trained "
            "now)"
        ),
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help=(
            "the page; an existing file is replaced (default: the name of the model file, ending "
            f"in .html, or {PAGE_FILE} without a model file; of existing files, only a page of "
            "cmlp is replaced then)"
        ),
    )
    parser.add_argument(
        "--data",
        choices=tuple(_IMAGES),
        help=(
            "images for the page (default: the bundled sample of MNIST if the model reads digits, "
            "otherwise none; mnist and fashion are downloaded once, or read from the folder that "
            "the environment variable CMLP_DATA names)"
        ),
    )
    parser.add_argument(
        "--no-open",
        action="store_true",
        help="do not open the page in a browser (it is opened if the output is a terminal)",
    )
    parser.add_argument(
        "--background",
        action="store_true",
        help=(
            "put the training rows that keep_background has kept on the page of a table, to "
            "explain its answers"
        ),
    )
    parser.add_argument(
        "--target",
        metavar="NAME",
        help="the name of what the model of a table predicts, for its page",
    )
    parser.add_argument(
        "--unit", metavar="TEXT", help="the unit of the numbers that the model of a table predicts"
    )
    parser.add_argument(
        "--title", metavar="TEXT", help="the heading (default: one that describes the model)"
    )


def run(arguments: argparse.Namespace, terminal: Terminal, program: str) -> int:
    """Write the page, print its size, and open it if the output is a terminal."""
    path = arguments.model
    output = arguments.output or (
        PAGE_FILE if path is None else os.path.splitext(path)[0] + ".html"
    )
    options.check_output(output, path)
    if arguments.output is None:
        check_page_file(output)
    replaced = ", replaced" if os.path.exists(output) else ""
    with options.as_command_errors(flags=_OPTIONS):
        model = story_network() if path is None else options.loaded_model(path)
        page = _write_page(model, output, arguments)
    fragment = EXPLORER if path is None else ""
    is_open = terminal.rewrites and not arguments.no_open and open_in_browser(output, fragment)
    what_next = "It is open in your browser" if is_open else "Open it in a browser"
    size = f"{len(page.html.encode()) / 1000:,.0f} KB"
    terminal.write_lines(
        [f"{printable(output)}: {size}{replaced}. {what_next}; it needs no network access."]
    )
    return 0


def _write_page(model: Any, output: str, arguments: argparse.Namespace) -> Document:
    """Write the page of a network, an estimator or an estimator for tables."""
    from cmlp._export.page.document import page_of
    from cmlp._model.model import TableModel, model_of

    trained = model_of(model)
    if arguments.data and isinstance(trained, TableModel):
        raise ValueError(
            f"--data shows images to a network: a {trained.class_name} has fields for its columns"
        )
    data = _IMAGES[arguments.data]() if arguments.data else None
    shown = {"background": arguments.background, "target": arguments.target, "unit": arguments.unit}
    page = page_of(trained, data, arguments.title, **shown)
    page.write(output)
    return page
