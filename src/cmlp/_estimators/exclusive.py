"""A lock against concurrent fits: two calls that train the same estimator would overwrite each other's results."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from cmlp._model.attributes import LOCK

if TYPE_CHECKING:
    from types import FrameType, TracebackType
    from typing import TypeAlias

    Mark: TypeAlias = tuple[int, FrameType]


class Exclusively:
    """Context manager that locks an estimator for training; RuntimeError if another call is training it.

    The lock is an attribute of the estimator that contains the process id and the frame of the call. It is valid only
    while that frame is executing, so a call cannot leave the estimator locked, even if Ctrl-C interrupts this module
    between two bytecodes. A lock of another process is ignored, because a fork copies the lock, but not the thread that
    owns it.
    """

    def __init__(self, estimator: object) -> None:
        self.estimator = estimator

    def __enter__(self) -> None:
        mark: Mark = (os.getpid(), sys._getframe(1))
        attributes = vars(self.estimator)
        present: Mark = attributes.setdefault(LOCK, mark)  # atomic
        if present is mark:
            return
        if present[0] == mark[0] and _is_executing(present[1]):
            raise RuntimeError(
                f"This {type(self.estimator).__name__} instance is being fitted by another call; "
                "fit a copy of it instead."
            )
        attributes[LOCK] = mark

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        vars(self.estimator).pop(LOCK, None)


def _is_executing(frame: FrameType) -> bool:
    try:
        frame.clear()  # raises RuntimeError if and only if the frame is executing
    except RuntimeError:
        return True
    return False
