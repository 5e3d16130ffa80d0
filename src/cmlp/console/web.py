"""The web page of a network: opening it in a browser."""

from __future__ import annotations

import os
import sys
import webbrowser
from pathlib import Path

# The file of the page that is made without a model file.
PAGE_FILE = "cmlp.html"


def open_in_browser(path: str) -> bool:
    """Open a file in the user's browser; return whether this succeeded. Without a display, do nothing."""
    has_display = sys.platform in ("win32", "darwin") or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY")))
    if not has_display and "BROWSER" not in os.environ:
        return False
    try:
        return webbrowser.open(Path(path).resolve().as_uri())
    except webbrowser.Error:
        return False
