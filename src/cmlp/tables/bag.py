"""A bag of networks on the same encoded rows: each with its own seed and its own held-out rows."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp import _core
from cmlp.exceptions import warn
from cmlp.pool import Pool
from cmlp.record import Record
from cmlp.tables.encoder import Encoder
from cmlp.threads import available_threads
from cmlp.training.initialization import init_activations, initial_params
from cmlp.training.stopping import STOPPING_RULES
from cmlp.training.task import Data
from cmlp.training.trainer import Trainer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cmlp.training.loop import Training
    from cmlp.training.task import Task

N_FOLDS = 8
FEWEST_ROWS = 2 * N_FOLDS  # with fewer rows nothing is held out
# The recipe was chosen by its error and its log loss on the sets that benchmarks/table_sets.py calls CHOSEN.
RECIPE: dict[str, Any] = {
    "solver": "adamw",
    "learning_rate": "cosine",
    "warmup": 0.05,
    "learning_rate_init": 5e-3,
    "weight_decay": 0.02,
    "dropout": 0.1,
    "alpha": 0.0,
}
ACTIVATION = "relu"
N_STEPS, EPOCHS = 2000, (24, 96)
BATCH = (32, 256)


class Rows(NamedTuple):
    """The rows of a training.

    Attributes
    ----------
    raw : ndarray of shape (n_rows, n_columns)
        Raw columns; the last `n_validation` rows are the user's validation data.
    weight : ndarray of shape (n_rows,) or None
    groups : ndarray or None
        Class indices of all rows but the last `n_validation`; the held-out rows have the classes in the same
        proportions.
    n_validation : int
    """

    raw: NDArray[np.float64]
    weight: NDArray[np.float64] | None
    groups: NDArray[Any] | None
    n_validation: int


class Member(NamedTuple):
    """One network of a bag: its record, whether its inputs have the piecewise-linear encoding, and its curves."""

    record: Record
    bins: bool
    curves: dict[str, list[float]]


class Shape(NamedTuple):
    """The layers of the networks of a bag after the input, and their loss."""

    hidden: tuple[int, ...]
    n_outputs: int
    output: str
    loss: str
    loss_parameter: float


class Stop:
    """An observer that ends a training at a point in time."""

    def __init__(self, seconds: float | None) -> None:
        self.end = float("inf") if seconds is None else time.monotonic() + seconds

    def fit_begins(self) -> None:
        """Part of the interface of observers."""

    def fit_ends(self) -> None:
        """Part of the interface of observers."""

    def epoch_begins(self) -> None:
        """Nothing to do."""

    def epoch_ends(self) -> bool:
        """Return whether training ends."""
        return time.monotonic() >= self.end


def batch_and_epochs(n_rows: int) -> tuple[int, int]:
    """Return the batch size, a power of two, and the number of epochs for about `N_STEPS` steps."""
    batch = int(2 ** np.round(np.log2(np.clip(n_rows / 16, *BATCH))))
    return batch, int(np.clip(round(N_STEPS * batch / n_rows), *EPOCHS))


def folds_of(n_rows: int, groups: NDArray[Any] | None, rng: _core.Random) -> NDArray[np.int64]:
    """Return the fold of each row, from 0 to N_FOLDS - 1; each group is spread evenly."""
    order = rng.permutation(n_rows)
    if groups is not None:
        order = order[np.argsort(groups[order], kind="stable")]
    folds = np.empty(n_rows, np.int64)
    folds[order] = np.arange(n_rows) % N_FOLDS
    return folds


class Bag:
    """Trains the members of a bag.

    Parameters
    ----------
    rows : Rows
    task : Task
        Its score is that of the validation rows; larger is better.
    shape : Shape
    encoder : Encoder
    rng : cmlp._core.Random
    """

    def __init__(self, rows: Rows, task: Task, shape: Shape, encoder: Encoder, rng: _core.Random) -> None:
        self.rows, self.task, self.shape, self.encoder, self.rng = rows, task, shape, encoder, rng
        self.n_rows = len(rows.raw) - rows.n_validation
        self.inputs: dict[bool, NDArray[np.float32]] = {}

    def train(self, n: int, *, n_threads: int | None, max_time: float | None, verbose: bool) -> list[Member]:
        """Train `n` members side by side. The result does not depend on the number of threads.

        An exception in one member, or Ctrl-C, ends all of them.
        """
        pool = Pool(n, n_threads or available_threads())
        folds = folds_of(self.n_rows, self.rows.groups, self.rng)
        share = None if max_time is None else max_time * pool.n_workers / n
        seeds = [int(2**32 * float(self.rng.random_sample())) for _ in range(n)]
        trainings = [self._training(k, folds, seed) for k, seed in enumerate(seeds)]
        pool.run(lambda k: _train(k, trainings[k], share, verbose))
        for message, category in pool.warnings():
            warn(message, category)
        return [
            Member(Record(training.net, training.state.params, 1.0), _has_bins(k), _curves(training))
            for k, training in enumerate(trainings)
        ]

    def _encoded(self, bins: bool) -> NDArray[np.float32]:
        if bins not in self.inputs:
            self.inputs[bins] = self.encoder.encode(self.rows.raw, bins=bins)
        return self.inputs[bins]

    def _training(self, k: int, folds: NDArray[np.int64], seed: int) -> Training:
        """Return the training of member k, which has not begun."""
        X, shape, rng = self._encoded(_has_bins(k)), self.shape, _core.Random(seed)
        sizes = (X.shape[1], *shape.hidden, shape.n_outputs)
        activations = [ACTIVATION] * len(shape.hidden)
        net = _core.Net(sizes, (*activations, shape.output), shape.loss, np.float32, None, shape.loss_parameter)
        params = initial_params(net, rng, init_activations(activations, ACTIVATION))
        order, validation = self._split(k, folds)
        batch, epochs = batch_and_epochs(len(order))
        trainer = Trainer(
            Record(net, params, 1.0, 1),
            **RECIPE,
            batch_size=min(batch, len(order)),
            max_iter=epochs,
            random_state=seed,
            early_stopping=validation is not None,
        )
        state = trainer.state
        state.n_rows, state.order, state.validation, state.generator = len(X), order, validation, rng
        STOPPING_RULES[validation is not None](0.0).begin(state.history)
        training: Training = trainer._training(self.task, Data(X, self.rows.weight, 1.0))  # type: ignore[assignment]
        return training

    def _split(self, k: int, folds: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64] | None]:
        """Return the training and the validation rows of member k."""
        rows = np.arange(self.n_rows)
        if self.rows.n_validation:
            return rows, np.arange(self.n_rows, len(self.rows.raw))
        if self.n_rows < FEWEST_ROWS:
            return rows, None
        held_out = folds == k % N_FOLDS
        weight = self.rows.weight
        if weight is not None and not (weight[held_out].any() and weight[~held_out].any()):
            return rows, None
        return rows[~held_out], rows[held_out]


def _has_bins(k: int) -> bool:
    """Return whether a member has the piecewise-linear encoding: every second one, beginning with the first."""
    return k % 2 == 0


def _train(k: int, training: Training, seconds: float | None, verbose: bool) -> None:
    training.observers.append(Stop(seconds))
    training.run()
    if verbose:
        scores = training.state.history.validation_scores
        score = "" if scores is None else f", best validation loss = {-max(scores):.8f}"
        print(f"Network {k + 1}: {training.state.epoch} epochs, loss = {training.state.history.loss:.8f}{score}")


def _curves(training: Training) -> dict[str, list[float]]:
    history = training.state.history
    scores = history.validation_scores
    curves = {"loss": list(history.loss_curve)}
    if scores is not None:
        curves["validation_loss"] = [-score for score in scores]
    return curves


def outputs(members: Sequence[Member], encoder: Encoder, raw: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Return the outputs of each member, of shape (n_rows, n_outputs), as doubles."""
    inputs: dict[bool, NDArray[np.float32]] = {}
    found = []
    for record, bins, _ in members:
        if bins not in inputs:
            inputs[bins] = encoder.encode(raw, bins=bins)
        found.append(record.net.forward(record.params, inputs[bins], n_threads=record.n_threads).astype(np.float64))
    return found
