"""The directive ``live-page``, which shows the web page of the story's network within a page of the documentation.

```{live-page} chain
:height: 900
```

The argument is the chapter of the page that is shown first; `lesson=N` names the chapter that has taken the place
of the N-th card of the former lesson. The build writes the page once, as network.html.
"""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

FILE = "network.html"
CARDS = ["read", "numbers", "layers", "sum", "edge", "squash", "cost", "learn", "hill", "wishes", "chain", "exam"]


class LivePage(SphinxDirective):
    """The web page in a frame, and a link that opens it alone."""

    optional_arguments = 1
    option_spec: ClassVar[dict[str, Any]] = {"height": int}

    def run(self) -> list[nodes.Node]:
        """Return a frame as wide as the text."""
        name = self.arguments[0] if self.arguments else ""
        chapter = CARDS[int(name.removeprefix("lesson=")) - 1] if name.startswith("lesson=") else name
        fragment = f"#{chapter}" if chapter else ""
        address = html.escape("../" * self.env.docname.count("/") + FILE + fragment)
        height = self.options.get("height", 900)
        frame = (
            f'<figure class="live-page"><iframe src="{address}" title="A network that reads digits" loading="lazy" '
            f'style="height: {height}px"></iframe><figcaption><a href="{address}">Open it in a tab of its own'
            "</a></figcaption></figure>"
        )
        return [nodes.raw("", frame, format="html")]


def write_network(app: Any, error: Exception | None) -> None:
    """Write the page of the story's network into the folder of the built documentation."""
    if error is None and app.builder.format == "html":
        from cmlp.story import story_network

        story_network().to_html(Path(app.outdir) / FILE)


def setup(app: Any) -> dict[str, bool]:
    """Connect the extension to Sphinx."""
    app.add_directive("live-page", LivePage)
    app.connect("build-finished", write_network)
    return {"parallel_read_safe": True}
