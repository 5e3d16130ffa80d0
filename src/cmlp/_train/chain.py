"""The chain of hashes of a fit's parameters, which another fit on the same data repeats."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._train.observer import Observer
from cmlp.exceptions import TimeLimitReached

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cmlp._train.state import TrainingState

_ROWS = 32_768  # rows that are trained between two links, at least: so a chain costs about a hundredth of a fit


class Chain(Observer):
    """Records a link, the SHA-256 of the link before and of the parameters, each `every` epochs and at the end.

    `every` is the least number of epochs with 32,768 rows. `end` is the epoch of the last link, and the batch of the
    next one if training was interrupted there.
    """

    def __init__(self, state: TrainingState, first: str, links: Sequence[str] = (), every: int = 0) -> None:
        self.state, self._first = state, first
        self.every = every or max(1, -(-_ROWS // (state.n_rows or _ROWS)))
        self._links = list(links[: state.epoch // self.every])

    @property
    def horizon(self) -> float:
        """How many epochs may pass before the next link."""
        return self.every - self.state.epoch % self.every

    def epoch_ends(self) -> bool:
        """Add a link if it is due."""
        if self.state.epoch == (len(self._links) + 1) * self.every:
            self._links.append(self._link())
        return False

    def _link(self) -> str:
        """Return the link of the current state."""
        state = self.state
        params = state.params if state.last is None else state.last
        found = sha256(bytes.fromhex(self._links[-1] if self._links else self._first))
        found.update(np.array([state.epoch, state.batch or 0], "<u8").tobytes())
        found.update(np.ascontiguousarray(params, params.dtype.newbyteorder("<")).data)
        return found.hexdigest()

    def ended(self) -> dict[str, Any]:
        """Return what a model keeps of the chain if training ends now."""
        state, links = self.state, self._links
        complete = not state.batch and state.epoch == len(links) * self.every
        end = [state.epoch, state.batch or 0]
        return {"every": self.every, "end": end, "links": [*links, *([] if complete else [self._link()])]}


class Replay(Chain):
    """Compares the links with those of an earlier training, which ends where that one ended, or at a difference.

    It can begin in the middle of the earlier training, and end at the first link after `n_epochs`. `differs` is the
    epoch of the first link that differs, `last` the last one, and `tell` is called after each.
    """

    def __init__(
        self,
        state: TrainingState,
        first: str,
        kept: dict[str, Any],
        tell: Callable[[], None],
        n_epochs: int | None = None,
    ) -> None:
        super().__init__(state, first, kept["links"], kept["every"])
        (self.last, self._batch), self._expected = kept["end"], kept["links"]
        self.begin, self.is_whole = state.epoch, True
        if n_epochs is not None:
            due = -(-(state.epoch + n_epochs) // self.every) * self.every
            if due < self.last:
                self.last, self._batch, self.is_whole = due, 0, False
        self._tell, self.differs = tell, 0
        self.intervals = frozenset({self._batch} if self._batch else ())

    @property
    def horizon(self) -> float:
        """How many epochs may pass before the next link, or the end."""
        return float(max(1, min(super().horizon, self.last - self.state.epoch)))

    def fit_begins(self) -> None:
        """Compare the link of a state in the middle; train nothing if it differs, or the earlier training has not."""
        if self._links and not self.state.batch and self.state.epoch == len(self._links) * self.every:
            del self._links[-1]
            self._links.append(self._link())
        self.state.stopped = self._compare(self._links) or self._is_over()

    def _is_over(self) -> bool:
        return self.state.epoch >= self.last and not self._batch

    def epoch_ends(self) -> bool:
        """Compare a link that is due; return whether training ends."""
        super().epoch_ends()
        self._tell()
        return self._compare(self._links) or self._is_over()

    def batches_end(self, batch: int) -> None:
        """End where the earlier training was interrupted in the middle of an epoch."""
        if self.state.epoch == self.last and batch == self._batch:
            raise TimeLimitReached

    def validation_begins(self, batch: int) -> None:
        """End where the earlier training was interrupted in the validation."""
        self.batches_end(batch)

    def fit_ends(self) -> None:
        """Compare the last link."""
        if not self.differs:
            now = self.ended()
            if not self._compare(now["links"]) and now["end"] != [self.last, self._batch]:
                self.differs = self.state.epoch + 1

    def _compare(self, links: Sequence[str]) -> bool:
        for number, (own, expected) in enumerate(zip(links, self._expected, strict=False)):
            if own != expected:
                self.differs = min((number + 1) * self.every, self.last + bool(self._batch))
                return True
        return False
