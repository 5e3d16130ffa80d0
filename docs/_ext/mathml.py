"""Formulas as MathML, which browsers show without a script."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx


def inline(visitor: Any, node: nodes.math) -> None:
    """Write a formula within a line."""
    visitor.body.append(convert(node.astext()))
    raise nodes.SkipNode


def block(visitor: Any, node: nodes.math_block) -> None:
    """Write a formula on a line of its own."""
    visitor.body.append(convert(node.astext(), display="block"))
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the extension to Sphinx."""
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
