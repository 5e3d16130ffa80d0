"""What the estimators for river share.

Checked rows, the column of each feature, and a network that grows with them.

`TargetMoments` are the mean and the variance of the targets so far.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np
from river.utils import dataframe

from cmlp._bridge import _core
from cmlp._bridge.blocks import block_copy, empty_block
from cmlp._data.array_types import AnyArray, Floats, NDArray
from cmlp._data.losses import traits_of
from cmlp._estimators.network import Network
from cmlp._parameters.architecture import (
    hidden_activations,
    hidden_sizes,
    init_activations,
)
from cmlp._parameters.entries import PARAMETERS
from cmlp._train.initial_params import initial_params
from cmlp._train.random import checked_generator


class TargetMoments(NamedTuple):
    """Moments of the targets so far.

    These are number, mean and sum of squared differences from the mean (Welford 1962).

    Each target is one step of float64, so that blocks of rows, copies and pickles give the same
    bits.
    """

    n_targets: int = 0
    mean: float = 0.0
    squares: float = 0.0

    def after(self, y: float) -> TargetMoments:
        """Return the moments with one more target."""
        n_targets = self.n_targets + 1
        difference = y - self.mean
        mean = self.mean + difference / n_targets
        return TargetMoments(n_targets, mean, self.squares + difference * (y - mean))

    def deviation(self) -> float:
        """Return the standard deviation; 1 for equal targets, and before the first one."""
        if self.squares > 0:
            return math.sqrt(self.squares / self.n_targets)
        return 1.0


class Learned(NamedTuple):
    """What the calls of the learn methods have made.

    `moments` are those of the targets if they are scaled.
    """

    network: Network
    optimizer: _core.Optimizer
    moments: TargetMoments | None = None

    def resized(self, n_inputs: int, n_outputs: int) -> Learned:
        """Return a larger network with its optimizer; the new weights and moments are 0."""
        old = self.network._net
        state = self.optimizer.get_state()
        sizes = (n_inputs, *old.sizes[1:-1], n_outputs)
        net = _core.Net(
            sizes,
            old.activations,
            old.loss,
            old.dtype,
            old.activation_parameters,
            old.loss_parameter,
        )
        moments = state["state"].reshape(-1, old.n_params)
        state["state"] = np.concatenate(
            [_pad_block(params, old, net) for params in moments] or [state["state"]]
        )
        params = _pad_block(self.network.params, old, net)
        return self._replace(
            network=Network._assembled(net, params, 1.0), optimizer=_core.restored(state)
        )


class Stream:
    """A base class: the parameters, the column of each feature, and a network that grows.

    The first layer may have more columns than there are features. The weights of such a column are
    0 until a feature gets it, because its input is always 0.
    """

    _parameter_owner: ClassVar[str]  # the parameters' owner in the table of hyperparameters
    _output = "softmax"
    loss = "log_loss"

    hidden_layer_sizes: int | Sequence[int]
    activation: str | Sequence[str]
    seed: int | None
    dtype: str
    solver: str
    alpha: float
    batch_size: int
    momentum: float
    nesterovs_momentum: bool
    beta_1: float
    beta_2: float
    epsilon: float
    weight_decay: float
    max_grad_norm: float | None

    def _set_up(self, arguments: Mapping[str, object]) -> None:
        """Store and check the constructor's arguments."""
        parameters = {
            name: arguments[name] for name in arguments if name not in ("self", "__class__")
        }
        checked = PARAMETERS.checked(self._parameter_owner, parameters, type(self).__name__)
        hidden_activations(checked["activation"], len(hidden_sizes(checked["hidden_layer_sizes"])))
        for name, value in parameters.items():
            setattr(self, name, value)
        self._columns: dict[Hashable, int] = {}
        self._learned: Learned | None = None  # before the first call of a learn method

    @property
    def learning_rate_init(self) -> float:
        """The learning rate of the next step; setting it to an invalid value raises ValueError."""
        return self._learning_rate

    @learning_rate_init.setter
    def learning_rate_init(self, value: float) -> None:
        PARAMETERS.checked(
            self._parameter_owner, {"learning_rate_init": value}, type(self).__name__
        )
        self._learning_rate = value

    @property
    def _mutable_attributes(self) -> set[str]:
        return {"learning_rate_init"}

    @property
    def features_(self) -> list[Hashable]:
        """The names of the features seen so far, in the order of the network's inputs."""
        return list(self._columns)

    @property
    def network_(self) -> Network | None:
        """The network; None before the first call of a learn method.

        Learning a feature or class that is new may replace it. It can have more inputs than there
        are features; the weights of the others are 0.
        """
        if self._learned is None:
            return None
        return self._learned.network

    # ------------------------------------------------------------------------------------- learning

    def _learn(
        self,
        names: Sequence[Hashable],
        n_outputs: int,
        rows: AnyArray,
        targets: AnyArray,
        missing: NDArray[np.bool_] | None = None,
        moments: TargetMoments | None = None,
    ) -> None:
        """Take gradient steps on rows.

        Their columns are `names`, and some values may be missing.

        `moments` are those of all targets, with these. If training diverges, or on Ctrl-C, the
        model stays unchanged.
        """
        n_features = len(self._columns)
        before = self._learned
        copies = None
        if before is not None:
            copies = (block_copy(before.network.params), before.optimizer.copy())
        try:
            grown = self._grown(names, n_outputs, missing)
            self._learned = learned = Learned(grown.network, grown.optimizer, moments)
            self._train(learned, self._inputs(learned.network, names, rows), targets)
        except BaseException:
            while len(self._columns) > n_features:
                self._columns.popitem()
            self._learned = before
            if before is not None and copies is not None:
                before.network.params[:] = copies[0]
                self._learned = before._replace(optimizer=copies[1])
            raise

    def _train(self, learned: Learned, rows: AnyArray, targets: AnyArray) -> None:
        network = learned.network
        optimizer = learned.optimizer
        optimizer.learning_rate = self.learning_rate_init
        network._net.train_epoch(
            network.params,
            rows,
            targets,
            optimizer,
            batch_size=self.batch_size,
            alpha=float(self.alpha),
            loss_scale=0.5 if traits_of(self.loss).is_squared else 1.0,
        )

    def _grown(
        self, names: Sequence[Hashable], n_outputs: int, missing: NDArray[np.bool_] | None
    ) -> Learned:
        """Give new features a column; return a network with as many inputs and outputs as needed.

        The features get their columns in the order of the rows in which they are first present, as
        if each row came alone; within a row sorted, so that the order of the features in a dict
        does not matter.
        """
        first = {}
        for place, name in enumerate(names):
            if name not in self._columns and (missing is None or not missing[:, place].all()):
                first[name] = 0
                if missing is not None:
                    first[name] = int(missing[:, place].argmin())
        for name in sorted(first, key=lambda name: (first[name], repr(name))):
            self._columns[name] = len(self._columns)
        learned = self._learned or self._begun(sum(row == 0 for row in first.values()), n_outputs)
        n_inputs = len(self._columns)
        sizes = learned.network.sizes
        # doubled: the cost of growing is proportional to the number of features
        if n_inputs > sizes[0]:
            return learned.resized(max(n_inputs, 2 * sizes[0]), n_outputs)
        if n_outputs > sizes[-1]:
            return learned.resized(sizes[0], n_outputs)
        return learned

    def _begun(self, n_features: int, n_outputs: int) -> Learned:
        """Return the network for the features of the first row, whose weights are random."""
        PARAMETERS.warn_of_unused(self._parameter_owner, vars(self))
        hidden = hidden_sizes(self.hidden_layer_sizes)
        names = hidden_activations(self.activation, len(hidden))
        # `Network` refuses a softmax with one output, but the first class has no other beside it.
        sizes = max(n_features, 1), *hidden, n_outputs
        net = _core.Net(sizes, (*names, self._output), self.loss, np.dtype(self.dtype))
        params = initial_params(
            net, checked_generator(self.seed), init_activations(names, self.activation)
        )
        net.views(params)[0][0][n_features:] = 0
        network = Network._assembled(net, params, 1.0)
        solver = self.solver
        if solver == "sgd" and self.momentum > 0:
            solver = "nesterov" if self.nesterovs_momentum else "momentum"
        optimizer = network.optimizer(
            solver,
            learning_rate=self.learning_rate_init,
            momentum=self.momentum,
            beta_1=self.beta_1,
            beta_2=self.beta_2,
            epsilon=self.epsilon,
            weight_decay=self.weight_decay if solver == "adamw" else 0.0,
            max_grad_norm=self.max_grad_norm,
        )
        return Learned(network, optimizer)

    # --------------------------------------------------------------------------- inputs and outputs

    def _inputs(self, network: Network, names: Iterable[Hashable], rows: AnyArray) -> AnyArray:
        """Return rows for the network.

        Features that it does not know are left out, and absent ones are 0.
        """
        present = [
            (self._columns[name], place)
            for place, name in enumerate(names)
            if name in self._columns
        ]
        inputs = np.zeros((len(rows), network.sizes[0]), self.dtype)
        if present:
            columns, entries = zip(*present, strict=True)
            inputs[:, columns] = rows[:, entries]
        return inputs

    def _outputs(self, learned: Learned, names: Iterable[Hashable], rows: AnyArray) -> Floats:
        """Return the outputs of the network."""
        return learned.network.forward(self._inputs(learned.network, names, rows))


def _pad_block(params: Floats, old: _core.Net, net: _core.Net) -> Floats:
    """Return a parameter block of a larger network with the values of `old`.

    Elsewhere, it is 0.
    """
    padded = empty_block(net.n_params, net.dtype)
    padded[:] = 0
    for present, views in zip(old.views(params), net.views(padded), strict=True):
        for tensor, view in zip(present, views, strict=True):
            view[tuple(map(slice, tensor.shape))] = tensor
    return padded


def is_finite_number(value: Any) -> bool:
    """Return whether a value is a finite number."""
    try:
        return math.isfinite(value)
    except (TypeError, OverflowError):
        return False


def as_row(x: Mapping[Hashable, Any]) -> NDArray[np.float64]:
    """Return the values of a dict of features as an array with one row."""
    if not isinstance(x, Mapping):
        raise TypeError(f"x must be a dict of features, got {type(x).__name__}.")
    for name, value in x.items():
        if not is_finite_number(value):
            raise ValueError(f"x[{name!r}] must be a finite number, got {value!r}.")
    return np.array([[float(value) for value in x.values()]], np.float64)


def as_frame(X: object) -> tuple[object, list[Hashable], NDArray[np.float64], NDArray[np.bool_]]:
    """Return a frame with columns, and which of its values are missing.

    Missing values are 0 in the frame.
    """
    frame = dataframe.into_frame(X)
    try:
        rows = np.array(dataframe.to_numpy(frame), np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"X must have columns of numbers: {error}") from None
    missing = np.isnan(rows)
    rows[missing] = 0
    if not np.isfinite(rows).all():
        row, column = np.argwhere(~np.isfinite(rows))[0]
        raise ValueError(
            f"X must have finite numbers, got infinity in row {row} of column "
            f"{frame.columns[column]!r}."
        )
    return frame, list(frame.columns), rows, missing


def as_list(y: object, n_rows: int) -> list[object]:
    """Return the entries of a series, one for each row."""
    labels: list[Any] = dataframe.into_series(y).to_list()
    if len(labels) != n_rows:
        raise ValueError(f"y must have {n_rows} entries, as X has rows, got {len(labels)}.")
    return labels
