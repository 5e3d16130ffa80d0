"""A lock against concurrent fits: two calls that train the same estimator would overwrite each other's results."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cmlp._estimators.fitted import LOCK
from cmlp._process.signals import DeferredSignals

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self


class Exclusively(DeferredSignals):
    """Context manager that locks an estimator for training; RuntimeError if another call is training it.

    The lock is an attribute of the estimator that contains the process id. A lock of another process is ignored,
    because a fork copies the lock, but not the thread that owns it. Signals are deferred, so that Ctrl-C leaves no
    estimator locked, and neither the loop nor the last assignment is interrupted; what comes before these, and changes
    nothing, runs within `immediate_signals`.
    """

    def __init__(self, estimator: object) -> None:
        super().__init__()
        self.estimator = estimator

    def __enter__(self) -> Self:
        super().__enter__()
        own = (os.getpid(),)
        attributes = vars(self.estimator)
        present: tuple[int] = attributes.setdefault(LOCK, own)  # atomic
        if present is not own:
            if present == own:
                super().__exit__(None, None, None)
                raise RuntimeError(
                    f"This {type(self.estimator).__name__} instance is being fitted by another call; "
                    "fit a copy of it instead."
                )
            attributes[LOCK] = own
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        vars(self.estimator).pop(LOCK, None)
        super().__exit__(kind, error, tb)
