"""What programs read that show a card for a link: title, description and picture of a page."""

from __future__ import annotations

import html


def card_tags(title: str, description: str, base: str, page: str) -> str:
    """Return the tags of a page; addresses must be absolute, so there are none without that of the documentation."""
    tags = {"og:title": title, "og:description": description, "og:type": "website"}
    if base:
        tags |= {"og:url": f"{base}{page}", "og:image": f"{base}_static/card.png"}
    return "\n".join(
        f'<meta property="{name}" content="{html.escape(text)}">' for name, text in tags.items()
    )
