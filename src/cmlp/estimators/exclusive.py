"""One fit at a time: two calls that train the same estimator would overwrite each other's results."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType, TracebackType
    from typing import TypeAlias

    Mark: TypeAlias = tuple[int, FrameType]

_NAME = "_fitting"


class Exclusively:
    """Context in which no other call trains the estimator.

    The estimator carries a mark that names the process and the frame of the call. A mark holds only while its frame is
    executing, so it cannot survive its call, wherever a Ctrl-C comes: not between two bytecodes of this module either.
    The mark of another process is void, because a fork copies the mark but not the thread that has set it.

    Parameters
    ----------
    estimator : object
        The mark is one of its attributes.

    Raises
    ------
    RuntimeError
        On entering, if another call is training the estimator.
    """

    def __init__(self, estimator: object) -> None:
        self.estimator = estimator

    def __enter__(self) -> None:
        mark: Mark = (os.getpid(), sys._getframe(1))
        attributes = vars(self.estimator)
        present: Mark = attributes.setdefault(_NAME, mark)  # atomic
        if present is mark:
            return
        if present[0] == mark[0] and _is_executing(present[1]):
            raise RuntimeError(
                f"This {type(self.estimator).__name__} instance is being fitted by another call; "
                "fit a copy of it instead."
            )
        attributes[_NAME] = mark

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        vars(self.estimator).pop(_NAME, None)


def _is_executing(frame: FrameType) -> bool:
    try:
        frame.clear()  # refused exactly while the frame is executing
    except RuntimeError:
        return True
    return False


def attributes_to_copy(estimator: object) -> dict[str, object]:
    """Return the estimator's attributes without the mark, all of one moment."""
    attributes = vars(estimator).copy()  # atomic, unlike a comprehension
    attributes.pop(_NAME, None)
    return attributes
