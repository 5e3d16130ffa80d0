"""Whether the user has asked the system for less motion on the screen."""

from __future__ import annotations

import subprocess
import sys

_SECONDS = 1.0
# Where the setting is kept: the command that prints it, and what it prints if there should be no motion.
_COMMANDS = {
    "darwin": (("defaults", "read", "com.apple.universalaccess", "reduceMotion"), "1"),
    "linux": (("gsettings", "get", "org.gnome.desktop.interface", "enable-animations"), "false"),
}


def wants_no_motion() -> bool:
    """Return whether the system's setting is to reduce motion; False where there is no such setting."""
    if sys.platform == "win32":
        return _windows_wants_none()
    command, answer = _COMMANDS.get(sys.platform, ((), ""))
    if not command:
        return False
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.stdout.strip() == answer


def _windows_wants_none() -> bool:
    if sys.platform != "win32":
        return False
    import ctypes

    get_client_area_animation = 0x1042
    shown = ctypes.c_int(1)
    ctypes.windll.user32.SystemParametersInfoW(get_client_area_animation, 0, ctypes.byref(shown), 0)
    return not shown.value
