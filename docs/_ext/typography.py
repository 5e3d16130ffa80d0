"""Text as readers expect it: citations are [1], and a number stays on one line with its spread."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.application import Sphinx


def readable(text: str) -> str:
    """Return a text with numbers instead of numpydoc's unique names of citations, and with no-break spaces around ±."""
    return re.sub(r"\bR[0-9a-f]{12}-(\d+)", r"\1", text).replace(" ± ", "\u00a0±\u00a0")


def improve(app: Sphinx, doctree: nodes.document, name: str) -> None:
    """Replace the texts of a page whose references are resolved."""
    from docutils.nodes import Text

    for node in list(doctree.findall(Text)):
        if (text := readable(node)) != node:
            node.parent.replace(node, Text(text))


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the extension to Sphinx."""
    app.connect("doctree-resolved", improve)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
