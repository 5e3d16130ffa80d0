"""A bag of networks on the same encoded rows: each with its own seed and its own held-out rows."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp import _core
from cmlp.blocks import block_copy
from cmlp.estimators.resuming import resumed_state
from cmlp.exceptions import warn
from cmlp.network import Network
from cmlp.pool import Pool
from cmlp.tables.encoder import Encoder
from cmlp.threads import available_threads
from cmlp.training.deadline import Deadline
from cmlp.training.initialization import init_activations, initial_params
from cmlp.training.observer import Observer
from cmlp.training.stopping import STOPPING_RULES
from cmlp.training.task import Data
from cmlp.training.trainer import Trainer
from cmlp.workers import ALONE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from cmlp.training.loop import Training
    from cmlp.training.state import TrainingState
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
    """The rows of a training: raw columns, of which the last `n_validation` rows are the user's validation data."""

    raw: NDArray[np.float64]
    weight: NDArray[np.float64] | None
    groups: NDArray[Any] | None  # classes of the other rows; the held-out rows have them in the same proportions
    n_validation: int


class Member(NamedTuple):
    """One network of a bag, its parameters, whether its inputs have the piecewise-linear encoding, and its curves."""

    net: _core.Net
    params: NDArray[np.float32]
    bins: bool
    curves: dict[str, list[float]]


class Shape(NamedTuple):
    """The layers of the networks of a bag after the input, and their loss."""

    hidden: tuple[int, ...]
    n_outputs: int
    output: str
    loss: str
    loss_parameter: float | tuple[float, ...]


class Stop(Observer):
    """An observer that ends a training at a point in time."""

    def __init__(self, seconds: float | None) -> None:
        self._deadline = Deadline(seconds, ALONE)

    def epoch_ends(self) -> bool:
        """Return whether training ends."""
        return self._deadline.has_come()


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
    """The members of a bag before they are trained. The task says how validation rows are scored."""

    def __init__(self, rows: Rows, task: Task, shape: Shape, encoder: Encoder, rng: _core.Random) -> None:
        self.rows, self.task, self.shape, self.encoder, self.rng = rows, task, shape, encoder, rng
        self.n_rows = len(rows.raw) - rows.n_validation
        self.inputs: dict[bool, NDArray[np.float32]] = {}

    def trainings(self, n: int, kept: Sequence[TrainingState] | None = None) -> list[Training]:
        """Return the trainings of `n` members: new ones, or those that continue from the states of an earlier call."""
        if kept is not None:
            return [self._continued(k, state) for k, state in enumerate(kept)]
        folds = folds_of(self.n_rows, self.rows.groups, self.rng)
        seeds = [int(2**32 * float(self.rng.random_sample())) for _ in range(n)]
        return [self._begun(k, folds, seed) for k, seed in enumerate(seeds)]

    def _encoded(self, bins: bool) -> NDArray[np.float32]:
        if bins not in self.inputs:
            self.inputs[bins] = self.encoder.encode(self.rows.raw, bins=bins)
        return self.inputs[bins]

    def _net(self, k: int) -> _core.Net:
        """Return the network of member k."""
        shape = self.shape
        sizes = (self._encoded(_has_bins(k)).shape[1], *shape.hidden, shape.n_outputs)
        activations = (*[ACTIVATION] * len(shape.hidden), shape.output)
        return _core.Net(sizes, activations, shape.loss, np.float32, None, shape.loss_parameter)

    def _begun(self, k: int, folds: NDArray[np.int64], seed: int) -> Training:
        """Return the training of member k, before its first epoch."""
        net, rng = self._net(k), _core.Random(seed)
        params = initial_params(net, rng, init_activations([ACTIVATION] * len(self.shape.hidden), ACTIVATION))
        order, validation = self._split(k, folds)
        trainer = _trainer(net, params, len(order), validation is not None, seed)
        state = trainer.state
        state.n_rows, state.order, state.validation, state.generator = len(self.rows.raw), order, validation, rng
        STOPPING_RULES[validation is not None](0.0).begin(state.history)
        return self._training(k, trainer)

    def _continued(self, k: int, kept: TrainingState) -> Training:
        """Return the training of member k, from a state of it."""
        net = self._net(k)
        if kept.params.shape != (net.n_params,) or kept.order is None or kept.n_rows != len(self.rows.raw):
            raise ValueError("resume=True continues a fit on other data. Pass the same X, y and validation data.")
        trainer = _trainer(net, kept.params, len(kept.order), kept.validation is not None, 0)
        trainer.state = resumed_state(kept, trainer._settings)
        return self._training(k, trainer)

    def _training(self, k: int, trainer: Trainer) -> Training:
        data = Data(self.inputs[_has_bins(k)], self.rows.weight, 1.0)
        training = trainer._training(self.task, data)
        assert training.has_epochs
        return training

    def _split(self, k: int, folds: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64] | None]:
        """Return the training and the validation rows of member k."""
        rows = np.arange(self.n_rows)
        if self.rows.n_validation:
            return rows, np.arange(self.n_rows, len(self.rows.raw))
        if self.n_rows < FEWEST_ROWS:
            return rows, None
        held_out = folds == k % N_FOLDS
        return rows[~held_out], rows[held_out]


def _has_bins(k: int) -> bool:
    """Return whether a member has the piecewise-linear encoding: every second one, beginning with the first."""
    return k % 2 == 0


def _trainer(net: _core.Net, params: NDArray[Any], n_rows: int, has_validation: bool, seed: int) -> Trainer:
    """Return the trainer of a member with this number of training rows."""
    batch, epochs = batch_and_epochs(n_rows)
    return Trainer(
        Network._assembled(net, params, 1.0, 1),
        **RECIPE,
        batch_size=min(batch, n_rows),
        max_iter=epochs,
        random_state=seed,
        early_stopping=has_validation,
    )


def train(
    trainings: Sequence[Training],
    n_threads: int | None,
    max_time: float | None,
    *,
    verbose: bool,
    follower: Observer | None = None,
) -> None:
    """Train the members side by side. The result does not depend on the number of threads.

    With a follower, an `Observer`, the members train epoch by epoch: after each epoch of all members, it is called in
    this thread. An exception in one member, or Ctrl-C, ends all of them.
    """
    n_threads = n_threads or available_threads()
    if follower is not None:
        _train_in_step(trainings, n_threads, max_time, follower)
        return
    n_workers = min(n_threads, len(trainings))
    share = None if max_time is None else max_time * n_workers / len(trainings)
    _run(partial(_train, trainings, share, verbose), len(trainings), n_threads)


def _run(task: Callable[[int], None], n: int, n_threads: int) -> None:
    """Call ``task(k)`` for each k below n in the threads of a pool, and issue its warnings."""
    pool = Pool(n, n_threads)
    pool.run(task)
    for message, category in pool.warnings():
        warn(message, category)


def _train(trainings: Sequence[Training], seconds: float | None, verbose: bool, k: int) -> None:
    trainings[k].observers.append(Stop(seconds))
    for _ in trainings[k].epochs(at_once=True):
        pass
    if verbose:
        print(_summary(k, trainings[k]))


def _train_in_step(trainings: Sequence[Training], n_threads: int, max_time: float | None, follower: Observer) -> None:
    """Train one epoch of all members after the other."""
    deadline = Deadline(max_time, ALONE)
    follower.fit_begins()
    try:
        while left := [training for training in trainings if not training.finished]:
            _run(partial(_advance, left), len(left), n_threads)
            if follower.epoch_ends() or deadline.has_come():
                break
    finally:
        for training in trainings:
            training.finish()
        follower.fit_ends()


def _advance(trainings: Sequence[Training], k: int) -> None:
    trainings[k].advance()


def _summary(k: int, training: Training) -> str:
    """Return a line about the complete training of member k."""
    history = training.state.history
    scores = history.validation_scores
    score = "" if scores is None else f", best validation loss = {-max(scores):.8f}"
    return f"Network {k + 1}: {training.state.epoch} epochs, loss = {history.loss:.8f}{score}"


def members_of(trainings: Sequence[Training]) -> list[Member]:
    """Return the members with copies of their best parameters so far."""
    members = []
    for k, training in enumerate(trainings):
        best = training.state.best
        params = block_copy(training.state.params if best is None else best)
        members.append(Member(training.fit.net, params, _has_bins(k), _curves(training)))
    return members


def _curves(training: Training) -> dict[str, list[float]]:
    history = training.state.history
    scores = history.validation_scores
    curves = {"loss": list(history.loss_curve)}
    if scores is not None:
        curves["validation_loss"] = [-score for score in scores]
    return curves
