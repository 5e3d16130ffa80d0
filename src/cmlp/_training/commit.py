"""Changes that belong together, although Ctrl-C can come at any time."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def commit(*changes: Callable[[], object]) -> None:
    """Make several changes in one step: Ctrl-C takes effect before the first or after the last of them.

    Python handles signals between two bytecodes only, and here C code makes all calls. So the changes are functions
    without Python code, for example `functools.partial` of the method `update` of a dict.
    """
    list(map(operator.call, changes))
