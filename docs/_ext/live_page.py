"""The directive ``live-page``, which shows the web page of the story's network within a page of the documentation.

```{live-page} wishes ways chain
:height: 900
```

The arguments are scenes of the film or side doors. The first is shown, and links below the frame
open the others in it. The build writes the page once, as network.html.
"""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any, ClassVar

from cards import card_tags
from docutils import nodes
from sphinx.util.docutils import SphinxDirective

FILE = "network.html"


class LivePage(SphinxDirective):
    """The web page in a frame, links to its scenes and doors, and one that opens it alone."""

    optional_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar[dict[str, Any]] = {"height": int}

    def run(self) -> list[nodes.Node]:
        """Return a frame as wide as the text."""
        fragments = self.arguments[0].split() if self.arguments else [""]
        page = "../" * self.env.docname.count("/") + FILE
        addresses = [
            html.escape(f"{page}#{fragment}" if fragment else page) for fragment in fragments
        ]
        links = [
            f'<a href="{address}" target="live-page"><code>#{fragment}</code></a>'
            for address, fragment in zip(addresses, fragments, strict=True)
            if len(fragments) > 1
        ]
        links.append(f'<a href="{addresses[0]}">Open it in a tab of its own</a>')
        height = self.options.get("height", 900)
        frame = (
            f'<figure class="live-page"><iframe src="{addresses[0]}" name="live-page" loading="lazy" '
            f'title="A network that reads digits" style="height: {height}px"></iframe>'
            f"<figcaption>{' · '.join(links)}</figcaption></figure>"
        )
        return [nodes.raw("", frame, format="html")]


def write_network(app: Any, error: Exception | None) -> None:
    """Write the page of the story's network into the folder of the built documentation."""
    if error is None and app.builder.format == "html":
        from cmlp.story import story_network

        path = Path(app.outdir) / FILE
        story_network().to_html(path)
        page = path.read_text(encoding="utf-8")
        path.write_text(with_card(page, app.config.html_baseurl), encoding="utf-8")


def with_card(page: str, base: str) -> str:
    """Return a page with the tags of its card: its own title and description, and the picture of the documentation."""
    title, description = (
        html.unescape(re.search(pattern, page)[1])
        for pattern in ("<title>(.*?)</title>", '<meta name="description" content="(.*?)">')
    )
    tags = card_tags(title, description, base, FILE)
    return page.replace("</title>\n", f"</title>\n{tags}\n", 1)


def setup(app: Any) -> dict[str, bool]:
    """Connect the extension to Sphinx."""
    app.add_directive("live-page", LivePage)
    app.connect("build-finished", write_network)
    return {"parallel_read_safe": True}
