"""The command ``cmlp page``: makes a web page from a model file."""

from __future__ import annotations

import argparse
import os

from cmlp import datasets
from cmlp.console import options
from cmlp.console.terminal import Terminal

NAME, SUMMARY = "page", "make a web page that shows a trained model at work"
DESCRIPTION = (
    "Make one self-contained HTML file from a model file: a network to draw digits for, to look into, and to train."
)
_DATA = {"sample": datasets.load_digits28, "mnist": datasets.load_mnist, "fashion": datasets.load_fashion_mnist}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument("model", metavar="MODEL", help="a model file, written by the method save")
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="the page (default: the name of the model file, ending in .html)"
    )
    parser.add_argument(
        "--data",
        choices=tuple(_DATA),
        help="images for the page (default: the bundled sample of MNIST if the model reads digits, otherwise none; "
        "mnist and fashion are downloaded once, or read from the folder that the environment variable CMLP_DATA "
        "names)",
    )
    parser.add_argument("--title", metavar="TEXT", help="the heading (default: one that describes the model)")


def run(arguments: argparse.Namespace, terminal: Terminal, program: str) -> int:
    """Write the page and print its size."""
    from cmlp.files.models import load
    from cmlp.page.document import write_page

    output = arguments.output or os.path.splitext(arguments.model)[0] + ".html"
    with options.reported():
        if os.path.exists(output) and os.path.samefile(output, arguments.model):
            raise ValueError(f"the page would replace the model file {arguments.model}: choose another file with -o")
        model = load(arguments.model)
        data = _DATA[arguments.data]() if arguments.data else None
        page = write_page(model, output, data, arguments.title)
    print(f"{output}: {len(page.html.encode()) / 1000:,.0f} KB. Open it in a browser; it needs no network access.")
    return 0
