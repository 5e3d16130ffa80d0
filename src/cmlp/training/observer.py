"""What a training tells while it runs."""

from __future__ import annotations

from typing import Protocol


class Observer(Protocol):
    """An object that a training calls before and after each epoch."""

    def epoch_begins(self) -> None:
        """Called before each epoch."""

    def epoch_ends(self) -> bool:
        """Called after each epoch; returns whether training stops."""
