"""The hook that PyInstaller finds by the entry point ``pyinstaller40``; nothing of cmlp imports it."""

import os


def get_hook_dirs() -> list[str]:
    """Return the folder of the hook."""
    return [os.path.dirname(__file__)]
