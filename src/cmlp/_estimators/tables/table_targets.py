"""What a fit of a table is asked for and trains on: options, rows with their weights, and what y becomes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp._data.frame_reader import FrameReader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cmlp._data.labels import Labels
    from cmlp._data.weights import ClassWeight
    from cmlp._model.model import TableTarget, TrainedModel
    from cmlp._train.job import Objective

_NEGLIGIBLE = 1e-30  # the weight of a row beside one of 1


class TableOptions(NamedTuple):
    """The parameters of an estimator for tables, validated and converted; the last three exist in one of the two."""

    n_estimators: int
    hidden_layer_sizes: tuple[int, ...]
    max_time: float | None
    date_parts: bool
    learning_rate_init: float
    dropout: float | tuple[float, ...]
    n_epochs: int | None  # None: the recipe's number of epochs
    early_stopping: bool  # whether rows are held out
    warm_start: bool
    random_state: int | np.random.RandomState | None
    n_threads: int | None
    verbose: bool | int | str
    callbacks: Sequence[Any] | None
    keep_background: int
    provenance: bool
    class_weight: ClassWeight = None
    loss: str = ""
    quantile: float | tuple[float, ...] = 0.5
    interval_width: str = ""


class UserTargets(NamedTuple):
    """Targets that the user passed to fit, for training or validation, with the number of rows and the weights."""

    y: Any
    n_rows: int
    weight: NDArray[np.float64] | None


class TableRows(NamedTuple):
    """The rows of a fit: raw columns, of which the last `n_validation` rows are the user's validation data."""

    raw: NDArray[np.float64]
    targets: NDArray[Any]
    weight: NDArray[np.float64] | None
    groups: NDArray[Any] | None  # classes of the other rows; the held-out rows have them in the same proportions
    n_validation: int


class NetworkSpec(NamedTuple):
    """The layers of the networks of a bag after the input, and their loss."""

    hidden: tuple[int, ...]
    n_outputs: int
    output: str
    loss: str
    loss_parameter: float | tuple[float, ...]


class TableTargets(NamedTuple):
    """What y means to the networks of a table; other estimators have those of `cmlp._estimators.targets`."""

    values: NDArray[Any]  # of the rows that count as the core reads them, first of y, then of y_val
    objective: Objective
    spec: NetworkSpec
    rows: NDArray[np.intp]  # of y that count, and below of y_val
    weight: NDArray[np.float64] | None
    validation_rows: NDArray[np.intp]
    validation_weight: NDArray[np.float64] | None
    groups: NDArray[Any] | None  # the classes of the rows of y; None for numbers and for several labels
    truth: NDArray[Any]  # as `scores_of` compares it with outputs, in the rows of `values`: y itself if it is numbers
    labels: Labels | None = None
    target: TableTarget | None = None


def counted(weight: NDArray[np.float64] | None, n_rows: int) -> tuple[NDArray[np.intp], NDArray[np.float64] | None]:
    """Return the rows that count, and their weights; None for equal weights, which count as none.

    Weights are divided by a power of 2 that changes no bit of the results, so that they are at most 1: the networks
    need normal numbers of float32. Rows whose weights are negligible beside the largest one do not count.
    """
    if weight is None:
        return np.arange(n_rows), None
    weight = np.ldexp(weight, -int(np.frexp(weight.max())[1]))
    rows = np.flatnonzero(weight >= _NEGLIGIBLE)
    weight = weight[rows]
    return rows, None if (weight == weight[0]).all() else weight


def frame_reader_of(model: TrainedModel) -> FrameReader:
    """Return the reader by which a model reads its tables."""
    assert model.encoder is not None
    return FrameReader(model.names, model.encoder.codes, model.encoder.column_types)
