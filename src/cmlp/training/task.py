"""The arguments of the training loop: the task (targets, loss, score) and the data."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    import numpy as np
    from numpy.typing import NDArray

    from cmlp.inputs.labels import Labels
    from cmlp.inputs.sparse import CSR


class Task(NamedTuple):
    """Targets, output activation, loss and score of a training.

    Training minimizes `loss_scale` times the core's cost. The reported loss is this objective times `report_scale`. The
    log loss is computed with probabilities clipped to ``[clip, 1 - clip]``.
    """

    targets: NDArray[Any]
    n_outputs: int
    output: str
    loss: str
    # Validation score of (outputs, targets, weight); higher is better.
    score: Callable[[NDArray[Any], NDArray[Any], NDArray[Any] | None], float]
    labels: Labels | None = None  # the classes, for a classifier
    groups: NDArray[Any] | None = None  # each row's group, for a stratified validation split
    loss_scale: float = 1.0
    report_scale: float = 1.0
    clip: float = 0.0


class Data(NamedTuple):
    """Rows with their sample weights, and the indices of the training and validation rows."""

    X: NDArray[Any] | CSR
    weight: NDArray[np.float64] | None
    input_scale: float
    training: NDArray[np.int64] | None = None  # None: all rows in their original order
    validation: NDArray[np.int64] | None = None

    @property
    def n_training(self) -> int:
        """Number of training rows."""
        return len(self.X) if self.training is None else len(self.training)
