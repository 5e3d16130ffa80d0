"""The web page of a network: which file it may replace, and opening it in a browser."""

from __future__ import annotations

import os
import subprocess
import sys
import webbrowser
from pathlib import Path

from cmlp._cli.options import CommandError
from cmlp._data.disk import open_regular

# The file of the page that is made without a model file.
PAGE_FILE = "cmlp.html"
# the fragment that opens the page of the story at the network, not at the first chapter
EXPLORER = "explore"
_MARK = b'<meta name="generator" content="cmlp">'  # in the first lines of each page
_BEGINNING = 1000  # bytes
_FOR_TEXT = ("www-browser", "links", "elinks", "lynx", "w3m")


def check_page_file(path: str) -> None:
    """Raise CommandError if a page would replace anything but a page of cmlp.

    This concerns pages whose file the user has not named.
    """
    if not os.path.exists(path):
        return
    try:
        with open_regular(path) as file:
            beginning = file.read(_BEGINNING)
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from error
    if _MARK not in beginning:
        raise CommandError(
            f"{path} exists and is not a page of cmlp: choose another file with cmlp page -o FILE"
        )


def open_in_browser(path: str, fragment: str = "") -> bool:
    """Open a file in the user's browser, and do not wait for it; return whether this succeeded.

    Without a display, and with a browser for text, which cannot show the page, do nothing.
    """
    has_display = sys.platform in ("win32", "darwin") or any(
        map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY"))
    )
    if not has_display and "BROWSER" not in os.environ:
        return False
    address = Path(path).resolve().as_uri()
    if fragment:
        address += f"#{fragment}"
    try:
        browser = webbrowser.get()
        if type(browser) is not webbrowser.GenericBrowser:
            return browser.open(address)
        # A command that is not known to return at once: webbrowser would wait for its end.
        command = [browser.name, *(argument.replace("%s", address) for argument in browser.args)]
        if os.path.basename(browser.name) in _FOR_TEXT:
            return False
        silent = subprocess.DEVNULL
        subprocess.Popen(
            command, stdin=silent, stdout=silent, stderr=silent, start_new_session=True
        )
    except (webbrowser.Error, OSError):
        return False
    return True
