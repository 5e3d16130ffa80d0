"""The interface for objects that follow a training, epoch by epoch."""

from __future__ import annotations

from typing import Protocol


class Observer(Protocol):
    """An object whose methods the training loop calls."""

    def fit_begins(self) -> None:
        """Called before the first epoch of a call."""

    def epoch_begins(self) -> None:
        """Called before each epoch."""

    def epoch_ends(self) -> bool:
        """Called after each epoch; returns True to stop training."""

    def fit_ends(self) -> None:
        """Called when training is finished, and when it is paused or interrupted."""
