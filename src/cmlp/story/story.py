"""The command ``cmlp story``: opens the page of a learning network, which begins with a film."""

from __future__ import annotations

import argparse
import os

from cmlp import Network
from cmlp._cli import options
from cmlp._cli.story_network import SERIES, story_network
from cmlp._cli.terminal import Terminal
from cmlp._cli.web import PAGE_FILE, check_page_file, open_in_browser
from cmlp._process.printable import printable

DESCRIPTION = (
    "Show in a film of seven minutes how a neural network learns to read a digit that you draw. The "
    "film is computed while it plays: its network starts with random weights and learns in the "
    "page. The page is one file without any request to the network. The command writes it and, if "
    "the output is a terminal, opens it in the browser. It follows 3Blue1Brown's series Neural "
    "networks, chapters 1 to 4."
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help=(
            f"the page; an existing file is replaced (default: {PAGE_FILE}, which replaces only a "
            "page of cmlp)"
        ),
    )
    parser.add_argument("--no-open", action="store_true", help="do not open the page in a browser")


def run(arguments: argparse.Namespace, terminal: Terminal, program: str) -> int:
    """Write the page, and say where it is; return the exit status.

    It is opened if the output is a terminal.
    """
    with options.as_command_errors():
        path = write_page(story_network(), arguments.output)
    terminal.say(
        "The story is a web page: draw a digit, and see in seven minutes how a network learns to "
        "read it."
    )
    terminal.write_lines(["", f"  {printable(path)}", ""])
    if terminal.rewrites and not arguments.no_open and open_in_browser(path):
        terminal.say("It is open in your browser.")
    else:
        terminal.say(
            "Open this file in a browser. It needs nothing else: from a computer without a "
            "browser, copy this one file to another."
        )
    terminal.say()
    terminal.say(f"It follows 3Blue1Brown's series Neural networks, chapters 1 to 4: {SERIES}")
    terminal.write_lines(
        ["", "Its network in Python:", "", *(f"  {line}".rstrip() for line in _PROGRAM)]
    )
    return 0


_PROGRAM = (
    "from cmlp.datasets import load_digits28",
    "from cmlp.story import story_network",
    "",
    "X, y, X_test, y_test = load_digits28()",
    "net = story_network()",
    "print((net.forward(X_test).argmax(axis=1) == y_test).mean())  # 0.889",
)


def write_page(network: Network, output: str | None = None) -> str:
    """Write the page of a network, and return its whole path.

    It is in the current folder without `output`.
    """
    path = os.path.abspath(output or PAGE_FILE)
    if output is None:
        check_page_file(path)
    network.to_html(path)
    return path
