"""A bag of networks on the same encoded rows: each with its own seed, its own held-out rows and its own run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp._bridge import _core
from cmlp._bridge.blocks import block_copy
from cmlp._data.encoded_rows import EncodedRows
from cmlp._estimators.resuming import resumed_state
from cmlp._estimators.tables.splits import LEAVES
from cmlp._model.model import TrainedNet
from cmlp._train.architecture import init_activations, initial_params
from cmlp._train.engine import Engine
from cmlp._train.job import Data, TrainingJob
from cmlp._train.loop import EpochLoop
from cmlp._train.parameters import PARAMETERS
from cmlp._train.state import History, TrainingState, Weights
from cmlp._train.training_options import options_of
from cmlp._train.training_run import make_run
from cmlp.exceptions import InvalidParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from cmlp._estimators.estimator_options import TableOptions
    from cmlp._estimators.tables.targets import TableEncoding
    from cmlp._model.table_columns import TableColumns
    from cmlp._train.job import Split
    from cmlp._train.training_options import TrainingOptions


N_FOLDS = 8
_FEWEST_ROWS = 2 * N_FOLDS  # with fewer rows nothing is held out
# The recipe was chosen by its error and its log loss on the sets that benchmarks/table_sets.py calls CHOSEN.
_RECIPE: dict[str, Any] = {
    "solver": "adamw",
    "learning_rate": "cosine",
    "warmup": 0.05,
    "weight_decay": 0.02,
    "alpha": 0.0,
}
_ACTIVATION = "relu"
N_STEPS, EPOCHS = 2000, (24, 96)
_BATCH = (32, 256)


def _batch_and_epochs(n_rows: int) -> tuple[int, int]:
    """Return the batch size, a power of two, and the number of epochs for about `N_STEPS` steps."""
    batch = int(2 ** np.round(np.log2(np.clip(n_rows / 16, *_BATCH))))
    return batch, int(np.clip(round(N_STEPS * batch / n_rows), *EPOCHS))


def folds_of(n_rows: int, groups: NDArray[Any] | None, rng: _core.Random) -> NDArray[np.int64]:
    """Return the fold of each row, from 0 to N_FOLDS - 1; each group is spread evenly."""
    order = rng.permutation(n_rows)
    if groups is not None:
        order = order[np.argsort(groups[order], kind="stable")]
    folds = np.empty(n_rows, np.int64)
    folds[order] = np.arange(n_rows) % N_FOLDS
    return folds


def encoded_inputs(columns: TableColumns, raw: NDArray[np.float64], n: int) -> dict[bool, NDArray[np.float32]]:
    """Return the inputs of the n members of a bag, by whether they have bins."""
    return {bins: columns.encode(raw, bins=bins) for bins in {_has_bins(columns, k) for k in range(min(n, 2))}}


def _has_bins(columns: TableColumns, k: int) -> bool:
    """Return whether a member has the piecewise-linear encoding: every second one, beginning with the first.

    All have it if a column, or a part of a date, has more bins than usual, because the other members could not follow
    its signal.
    """
    return k % 2 == 0 or any(len(edges) > 2 * LEAVES for column in columns for edges in column.all_edges)


class TableRows(NamedTuple):
    """The rows of a fit that count: those to train on, and those of the user's validation data, if there are any."""

    raw: NDArray[np.float64]  # columns
    targets: NDArray[Any]
    truth: NDArray[Any]  # as `scores_of` compares it with outputs
    weight: NDArray[np.float64] | None
    groups: NDArray[Any] | None  # classes of the training rows; the held-out rows have them in the same proportions
    training: slice
    validation: slice | None = None

    @property
    def to_train_on(self) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
        """The columns and the weights of the training rows."""
        return self.raw[self.training], None if self.weight is None else self.weight[self.training]


class Bag(NamedTuple):
    """The members of a bag before they are trained."""

    rows: TableRows
    target_encoding: TableEncoding
    columns: TableColumns
    inputs: Mapping[bool, NDArray[np.float32]]  # of the members with and without bins
    options: TableOptions

    @property
    def n_rows(self) -> int:
        """Number of rows without validation data of the user."""
        return len(self.rows.raw[self.rows.training])

    def inputs_of(self, k: int) -> NDArray[np.float32]:
        """Return the encoded rows as member k reads them."""
        return self.inputs[_has_bins(self.columns, k)]

    def outputs(self, k: int, network: TrainedNet, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the outputs of member k for some rows."""
        return network.net.forward(network.params, self.inputs_of(k)[rows], n_threads=1).astype(np.float64)

    def new_runs(self, rng: _core.Random, previous: Sequence[TrainedNet] | None = None) -> list[EpochLoop]:
        """Return the runs of all members, with new parameters or those of the members of a previous model."""
        if previous is not None:
            self._require_same(previous)
        folds = folds_of(self.n_rows, self.rows.groups, rng)
        seeds = [int(2**32 * float(rng.random_sample())) for _ in range(self.options.n_estimators)]
        runs = [self._new_run(k, folds, seed) for k, seed in enumerate(seeds)]
        if previous is not None:
            for run, network in zip(runs, previous, strict=True):
                run.state.params[:] = network.params
        return runs

    def resumed_runs(self, states: Sequence[TrainingState]) -> list[EpochLoop]:
        """Return the runs of all members, from the states of an earlier call."""
        return [self._resumed_run(k, state) for k, state in enumerate(states)]

    def _require_same(self, previous: Sequence[TrainedNet]) -> None:
        """Raise ValueError if the members of a previous model are not those of a bag like this one."""
        net = previous[0].net
        own = self._net(0)
        n = self.options.n_estimators
        if n != len(previous):
            raise InvalidParameterError(
                f"warm_start=True needs n_estimators={len(previous)!r}, as the model has, got {n}.",
                parameter="warm_start",
                value=True,
            )
        if net.sizes[1:] != own.sizes[1:]:
            raise InvalidParameterError(
                f"warm_start=True needs hidden_layer_sizes={net.sizes[1:-1]!r} and "
                f"{net.sizes[-1]} outputs, as the model has, got {own.sizes[1:-1]} and "
                f"{own.sizes[-1]}.",
                parameter="warm_start",
                value=True,
            )

    def _net(self, k: int) -> _core.Net:
        """Return the network of member k."""
        encoding, hidden = self.target_encoding, self.options.hidden_layer_sizes
        sizes = (self.inputs_of(k).shape[1], *hidden, encoding.n_outputs)
        activations = (*[_ACTIVATION] * len(hidden), encoding.output)
        return _core.Net(sizes, activations, encoding.loss, np.float32, None, encoding.loss_parameter)

    def _new_run(self, k: int, folds: NDArray[np.int64], seed: int) -> EpochLoop:
        """Return the run of member k, before its first epoch."""
        net = self._net(k)
        generator = _core.Random(seed)
        params = initial_params(net, generator, init_activations([_ACTIVATION] * len(net.sizes[1:-1]), _ACTIVATION))
        split = order, validation = self._split(k, folds)
        options = self._options(net, len(order), validation is not None)
        # A second generator draws the seed of dropout, so that the order of the rows is the same without dropout.
        state = TrainingState(Weights(params), History(), _core.Random(seed))
        options.draw_dropout_seed(state, len(net.sizes) - 1)
        state.generator = generator
        return self._run(k, net, options, state, split)

    def _resumed_run(self, k: int, kept: TrainingState) -> EpochLoop:
        """Return the run of member k, from a state of it."""
        net = self._net(k)
        if kept.params.shape != (net.n_params,) or kept.order is None or kept.n_rows != len(self.rows.raw):
            raise ValueError("resume=True continues a fit on other data. Pass the same X, y and validation data.")
        options = self._options(net, len(kept.order), kept.held_out_rows is not None)
        return self._run(k, net, options, resumed_state(kept, options))

    def _options(self, net: _core.Net, n_rows: int, has_validation: bool) -> TrainingOptions:
        """Return the options of a member with this number of training rows."""
        batch, epochs = _batch_and_epochs(n_rows)
        options = self.options
        given = {
            **_RECIPE,
            "learning_rate_init": options.learning_rate_init,
            "dropout": options.dropout,
            "batch_size": min(batch, n_rows),
            "max_iter": options.n_epochs or epochs,
            "early_stopping": has_validation,
        }
        values = PARAMETERS.checked("Trainer", PARAMETERS.defaults("Trainer") | given, "Trainer")
        return options_of(values, len(net.sizes) - 1)

    def _run(
        self, k: int, net: _core.Net, options: TrainingOptions, state: TrainingState, split: Split | None = None
    ) -> EpochLoop:
        rows = self.rows
        labels = self.target_encoding.labels
        classes = None if labels is None or rows.groups is None else labels.classes
        encoded = EncodedRows(self.inputs_of(k), rows.targets, rows.weight)
        data = Data(encoded, 1.0, split=split, group_names=classes)
        job = TrainingJob(net, self.target_encoding.objective(), data, options, state, 1)
        run = make_run(job, encoded.n_rows, Engine)
        assert isinstance(run, EpochLoop)
        return run

    def _split(self, k: int, folds: NDArray[np.int64]) -> Split:
        """Return the training and the validation rows of member k."""
        rows = np.arange(self.n_rows)
        if self.rows.validation is not None:
            return rows, np.arange(self.n_rows, len(self.rows.raw))
        if self.n_rows < _FEWEST_ROWS or not self.options.early_stopping:
            return rows, None
        held_out = folds == k % N_FOLDS
        return rows[~held_out], rows[held_out]


def networks_of(runs: Sequence[EpochLoop]) -> list[TrainedNet]:
    """Return the networks with copies of their best parameters so far."""
    return [TrainedNet(run.job.net, block_copy(run.state.weights.best_or_last)) for run in runs]


def curves_of(history: History) -> dict[str, list[float]]:
    """Return the losses of the epochs of a member."""
    loss, scores = history.loss_curve, history.validation_scores
    return {"loss": list(loss)} | ({} if scores is None else {"validation_loss": [-score for score in scores]})
