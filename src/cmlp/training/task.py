"""What a network is trained for, and on which rows."""

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
    """What a network is trained for, and in which scale its cost is reported.

    The objective is `loss_scale` times the core's cost; the report is the objective times `report_scale`, its log loss
    taken of probabilities in ``[clip, 1 - clip]``.
    """

    targets: NDArray[Any]
    n_outputs: int
    output: str
    loss: str
    # Of (outputs, targets, weight): how good the answers are.
    score: Callable[[NDArray[Any], NDArray[Any], NDArray[Any] | None], float]
    labels: Labels | None = None  # the classes, for a classifier
    groups: NDArray[Any] | None = None  # each row's group where the validation rows are stratified
    loss_scale: float = 1.0
    report_scale: float = 1.0
    clip: float = 0.0


class Data(NamedTuple):
    """Rows with their weights, and the row numbers to train and to validate on."""

    X: NDArray[Any] | CSR
    weight: NDArray[np.float64] | None
    input_scale: float
    training: NDArray[np.int64] | None = None  # None: all rows as they stand
    validation: NDArray[np.int64] | None = None

    @property
    def n_training(self) -> int:
        """Number of training rows."""
        return len(self.X) if self.training is None else len(self.training)
