"""`MLPClassifier` and `MLPRegressor` for streams.

They have the interface of river (https://riverml.xyz).

Needs the package river (the extra ``cmlp[river]``). Features and classes may appear and disappear
at any time.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from copy import copy
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
from river import base
from river.utils import dataframe

from cmlp._bridge.blocks import output_layer
from cmlp._data.array_types import AnyArray, Floats, NDArray
from cmlp._data.losses import traits_of
from cmlp._data.row_labels import warn_of_other_order
from cmlp._estimators.network import Network
from cmlp.exceptions import shown
from cmlp.river._stream import (
    Learned,
    Stream,
    TargetMoments,
    as_frame,
    as_list,
    as_row,
    is_finite_number,
)

__all__ = ["MLPClassifier", "MLPRegressor"]


# river's types are not checked.
class MLPClassifier(Stream, base.MiniBatchClassifier):  # type: ignore[misc]
    """Neural network classifier for streams: an estimator of river.

    It learns row by row, or in small frames. The parameters have the names, defaults and meaning of
    `cmlp.MLPClassifier`. The outputs are a softmax over the classes seen so far.

    Parameters
    ----------
    hidden_layer_sizes : int or array-like of int, default=(100,)
        Number of units of each hidden layer; ``()`` gives a linear model.
    activation : str or list of str, default="relu"
        Activation of the hidden layers: one name for all of them, or one for each. The names are
        "elu", "gelu", "identity", "leaky_relu", "logistic", "relu", "silu", "softplus", "softsign",
        "tanh".
    solver : {"adam", "adamw", "sgd"}, default="adam"
        "adam" is Adam, "adamw" is Adam with `weight_decay`, "sgd" is gradient descent with
        momentum.
    alpha : float, default=0.0001
        Strength of the L2 penalty, divided by the number of rows of a step.
    batch_size : int, default=1
        Number of rows per gradient step in `learn_many`. With 1, the result is bit-identical to
        `learn_one` row by row.
    learning_rate_init : float, default=0.001
        Learning rate. It can change at any time: ``model.mutate({"learning_rate_init": 0.01})``.
    momentum : float, default=0.9
        Momentum for ``solver="sgd"``.
    nesterovs_momentum : bool, default=True
        Whether to use Nesterov's momentum.
    beta_1 : float, default=0.9
        Decay rate of Adam's estimates of the mean.
    beta_2 : float, default=0.999
        Decay rate of Adam's estimates of the square.
    epsilon : float, default=1e-08
        Added to the denominator of Adam's step.
    weight_decay : float, default=0.0
        Weight decay for the solver "adamw", not negative. Before each step,
        ``learning_rate * weight_decay`` times the weight is subtracted from every weight, but not
        from the biases (Loshchilov and Hutter 2019).
    max_grad_norm : float or None, default=None
        If the norm of a step's gradient (with the penalty) is larger, the gradient is scaled to
        this norm. None means no clipping.
    dtype : {"float32", "float64"}, default="float64"
        Type of the weights and of the computation.
    seed : int or None, default=None
        Seed of the initial weights.

    Raises
    ------
    ValueError
        If a parameter is invalid.

    Notes
    -----
    A feature that is absent from a row counts as 0, and so does a missing value in a frame. The
    weights of the first row's features are random; those of a feature that appears later begin at
    0, so that it changes no prediction before it is learned. In the same way, the output weights of
    a new class begin at 0. Features that were never learned are ignored in predictions.

    Values of very different size need a `river.preprocessing.StandardScaler` before this model.

    Examples
    --------
    >>> from river import datasets, evaluate, metrics, preprocessing
    >>> from cmlp.river import MLPClassifier
    >>> network = MLPClassifier((20,), learning_rate_init=0.01, seed=1)
    >>> model = preprocessing.StandardScaler() | network
    >>> evaluate.progressive_val_score(datasets.Phishing(), model, metrics.Accuracy())
    Accuracy: 89.43%
    """

    _parameter_owner: ClassVar[str] = "river.MLPClassifier"

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (100,),
        activation: str | Sequence[str] = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: int = 1,
        learning_rate_init: float = 0.001,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-08,
        weight_decay: float = 0.0,
        max_grad_norm: float | None = None,
        dtype: str = "float64",
        seed: int | None = None,
    ) -> None:
        self._set_up(locals())
        self._codes: dict[Hashable, int] = {}

    @property
    def _multiclass(self) -> bool:
        return True

    @property
    def classes_(self) -> list[Hashable]:
        """The labels seen so far, in the order of the network's outputs."""
        return list(self._codes)

    def learn_one(self, x: Mapping[Hashable, object], y: Hashable) -> None:
        """Take one gradient step on a row.

        Parameters
        ----------
        x : dict
            Features with their values, which must be finite numbers.
        y : bool, int or str
            The label.

        Raises
        ------
        ValueError
            If a value is not a finite number, or the label is None or NaN. `DivergenceError`, a
            subclass, if the step would make a weight infinite. The model stays unchanged.
        """
        _require_label(y)
        self._learn_segment(list(x), as_row(x), [y])

    def learn_many(self, X: object, y: object) -> None:
        """Take a gradient step on every `batch_size` rows of a frame, in their order.

        Rows before the first one of a new class are learned before the class gets its output.

        Parameters
        ----------
        X : DataFrame of shape (n, n_features)
            Of pandas, polars or another library that river supports.
        y : Series of shape (n,)
            The labels.

        Raises
        ------
        ValueError
            As for `learn_one`. If training diverges, the model is that before the rows of the last
            new class.
        """
        warn_of_other_order(X=X, y=y)
        _, names, rows, missing = as_frame(X)
        labels = as_list(y, len(rows))
        for row, label in enumerate(labels):
            _require_label(label, f" in row {row}")
        first = {
            label: place
            for place, label in reversed(list(enumerate(labels)))
            if label not in self._codes
        }
        for start, stop in pairwise(sorted({0, *first.values(), len(rows)})):
            self._learn_segment(names, rows[start:stop], labels[start:stop], missing[start:stop])

    def _learn_segment(
        self,
        names: list[Hashable],
        rows: AnyArray,
        labels: list[Any],
        missing: NDArray[np.bool_] | None = None,
    ) -> None:
        """Learn rows of which only the first may have a new label."""
        n_classes = len(self._codes)
        try:
            self._codes.setdefault(labels[0], n_classes)
            codes = np.array([self._codes[label] for label in labels], np.int32)
            self._learn(names, len(self._codes), rows, codes, missing)
        except BaseException:
            if len(self._codes) > n_classes:
                self._codes.popitem()
            raise

    def predict_proba_one(
        self, x: Mapping[Hashable, object], **kwargs: object
    ) -> dict[Hashable, float]:
        """Return the probability of each label seen so far; an empty dict before the first row.

        Parameters
        ----------
        x : dict
            Features with their values.
        **kwargs
            Ignored; present for river's interface.

        Returns
        -------
        dict

        Raises
        ------
        TypeError
            If x is no dict.
        ValueError
            If a value is no finite number.
        """
        row = as_row(x)
        if self._learned is None:
            return {}
        return dict(zip(self._codes, self._outputs(self._learned, x, row)[0].tolist(), strict=True))

    def predict_proba_many(self, X: object) -> Any:  # of the library of X, which is optional
        """Return the probabilities of the rows of a frame.

        Parameters
        ----------
        X : DataFrame of shape (n, n_features)

        Returns
        -------
        DataFrame of shape (n, n_classes)
            A column for each label seen so far.

        Raises
        ------
        ValueError
            If X has columns without numbers, or infinity.
        """
        frame, names, rows, _ = as_frame(X)
        learned = self._learned
        if learned is None:
            outputs: Floats = np.empty((len(rows), 0))
        else:
            outputs = self._outputs(learned, names, rows)
        return dataframe.to_native_frame(dict(zip(self._codes, outputs.T, strict=True)), like=frame)

    def predict_many(self, X: object) -> Any:  # of the library of X, which is optional
        """Return the most probable label of each row of a frame; None before the first learned row.

        Parameters
        ----------
        X : DataFrame of shape (n, n_features)

        Returns
        -------
        Series of shape (n,)

        Raises
        ------
        ValueError
            If X has columns without numbers, or infinity.
        """
        frame, names, rows, _ = as_frame(X)
        if self._learned is None:
            labels: list[Hashable] = [None] * len(rows)
        else:
            classes = self.classes_
            labels = [
                classes[code] for code in self._outputs(self._learned, names, rows).argmax(axis=1)
            ]
        return dataframe.to_native_series(labels, name=None, like=frame)


def _require_label(label: Any, where: str = "") -> None:
    """Raise ValueError if a label is missing: None, or not equal to itself, as NaN."""
    try:
        missing = label is None or bool(label != label)
    except TypeError:  # pandas.NA
        missing = True
    if missing:
        raise ValueError(f"y must be a label, got {label!r}{where}.")


# river's types are not checked.
class MLPRegressor(Stream, base.MiniBatchRegressor):  # type: ignore[misc]
    """Neural network regressor for streams: an estimator of river.

    It learns row by row, or in small frames. The parameters have the names, defaults and meaning of
    `cmlp.MLPRegressor`.

    Parameters
    ----------
    loss : {"absolute_error", "gamma", "huber", "poisson", "squared_error", "tweedie"}, default="squared_error"
        As for `cmlp.MLPRegressor`. With "gamma", "poisson" and "tweedie", the output is the
        exponential of a sum.
    hidden_layer_sizes : int or array-like of int, default=(100,)
        Number of units of each hidden layer; ``()`` gives a linear model.
    activation : str or list of str, default="relu"
        Activation of the hidden layers: one name for all of them, or one for each. The names are
        "elu", "gelu", "identity", "leaky_relu", "logistic", "relu", "silu", "softplus", "softsign",
        "tanh".
    solver : {"adam", "adamw", "sgd"}, default="adam"
        "adam" is Adam, "adamw" is Adam with `weight_decay`, "sgd" is gradient descent with
        momentum.
    alpha : float, default=0.0001
        Strength of the L2 penalty, divided by the number of rows of a step.
    batch_size : int, default=1
        Number of rows per gradient step in `learn_many`. With 1, the result is bit-identical to
        `learn_one` row by row.
    learning_rate_init : float, default=0.001
        Learning rate. It can change at any time: ``model.mutate({"learning_rate_init": 0.01})``.
    momentum : float, default=0.9
        Momentum for ``solver="sgd"``.
    nesterovs_momentum : bool, default=True
        Whether to use Nesterov's momentum.
    beta_1 : float, default=0.9
        Decay rate of Adam's estimates of the mean.
    beta_2 : float, default=0.999
        Decay rate of Adam's estimates of the square.
    epsilon : float, default=1e-08
        Added to the denominator of Adam's step.
    weight_decay : float, default=0.0
        Weight decay for the solver "adamw", not negative. Before each step,
        ``learning_rate * weight_decay`` times the weight is subtracted from every weight, but not
        from the biases (Loshchilov and Hutter 2019).
    max_grad_norm : float or None, default=None
        If the norm of a step's gradient (with the penalty) is larger, the gradient is scaled to
        this norm. None means no clipping.
    y_scale : "standard" or None, default="standard"
        "standard" learns ``(y - mean) / deviation``, with the mean and the standard deviation of
        all targets so far (see Notes), and predicts y; "huber" then counts in deviations. With
        "gamma", "poisson" and "tweedie", y is divided by the mean so far. None learns y itself: for
        targets near 0 whose deviation is about 1, and for the steps of
        `cmlp.MLPRegressor.partial_fit`.
    dtype : {"float32", "float64"}, default="float64"
        Type of the weights and of the computation.
    seed : int or None, default=None
        Seed of the initial weights.

    Raises
    ------
    ValueError
        If a parameter is invalid.

    Notes
    -----
    Features may appear and disappear, as for `cmlp.river.MLPClassifier`.

    With ``y_scale="standard"``, each row first updates the mean and the deviation of the targets
    (Welford, "Note on a method for calculating corrected sums of squares and products",
    Technometrics 4, 1962), and is then learned with them; a prediction is an output times the
    deviation, plus the mean. Both are part of the model, also of copies and pickles. They are those
    of all rows so far: after a jump of the targets to another level, begin a new model.

    Examples
    --------
    >>> from river import datasets, evaluate, metrics, preprocessing
    >>> from cmlp.river import MLPRegressor
    >>> regressor = MLPRegressor(hidden_layer_sizes=(20,), learning_rate_init=0.01, seed=1)
    >>> model = preprocessing.StandardScaler() | regressor
    >>> evaluate.progressive_val_score(datasets.TrumpApproval(), model, metrics.MAE())
    MAE: 0.576213
    """

    _parameter_owner: ClassVar[str] = "river.MLPRegressor"

    def __init__(
        self,
        loss: str = "squared_error",
        hidden_layer_sizes: int | Sequence[int] = (100,),
        activation: str | Sequence[str] = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: int = 1,
        learning_rate_init: float = 0.001,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-08,
        weight_decay: float = 0.0,
        max_grad_norm: float | None = None,
        y_scale: str | None = "standard",
        dtype: str = "float64",
        seed: int | None = None,
    ) -> None:
        self._set_up(locals())
        self._output = traits_of(loss).output

    @property
    def network_(self) -> Network | None:
        """A network that predicts y; None before the first call of a learn method.

        With ``y_scale="standard"`` it is a copy, whose output layer contains the present mean and
        deviation: its outputs equal predictions up to rounding, and changing it changes no
        prediction. It can have more inputs than there are features; the weights of the others are
        0.
        """
        learned = self._learned
        if learned is None or learned.moments is None:
            return super().network_
        network = copy(learned.network)
        _, weights, biases = output_layer(network._net, network.params)
        shift, spread = self._shift_and_spread(learned.moments)
        if traits_of(self.loss).has_positive_outputs:
            biases += math.log(spread)
        else:
            weights *= spread
            biases[...] = biases * spread + shift
        return network

    def learn_one(self, x: Mapping[Hashable, object], y: float) -> None:
        """Take one gradient step on a row.

        Parameters
        ----------
        x : dict
            Features with their values, which must be finite numbers.
        y : float
            The target.

        Raises
        ------
        ValueError
            If a value is not a finite number, or y is out of the range of the loss or so far from
            the others that their deviation is not finite. `DivergenceError`, a subclass, if the
            step would make a weight infinite. The model stays unchanged.
        """
        row = as_row(x)
        self._require_target(y)
        self._learn_rows(list(x), row, [y])

    def learn_many(self, X: object, y: object) -> None:
        """Take a gradient step on every `batch_size` rows of a frame, in their order.

        Parameters
        ----------
        X : DataFrame of shape (n, n_features)
            Of pandas, polars or another library that river supports.
        y : Series of shape (n,)
            The targets.

        Raises
        ------
        ValueError
            As for `learn_one`.
        """
        warn_of_other_order(X=X, y=y)
        _, names, rows, missing = as_frame(X)
        numbers = as_list(y, len(rows))
        for row, value in enumerate(numbers):
            self._require_target(value, f" in row {row}")
        if len(rows):
            self._learn_rows(names, rows, numbers, missing)

    def _learn_rows(
        self,
        names: list[Hashable],
        rows: AnyArray,
        y: list[Any],
        missing: NDArray[np.bool_] | None = None,
    ) -> None:
        """Learn rows; each target is scaled by the moments of the targets up to this one."""
        if self.y_scale is None:
            self._learn(names, 1, rows, np.array(y, np.float64).reshape(-1, 1), missing)
            return
        moments = None
        if self._learned is not None:
            moments = self._learned.moments
        moments = moments or TargetMoments()
        scaled = []
        for value in map(float, y):
            moments = moments.after(value)
            shift, spread = self._shift_and_spread(moments)
            if not math.isfinite(spread):
                raise ValueError(
                    "y has values that are too far apart: their deviation is not finite with "
                    f"{value!r}."
                )
            scaled.append((value - shift) / spread)
        self._learn(names, 1, rows, np.array(scaled, np.float64).reshape(-1, 1), missing, moments)

    def _require_target(self, value: Any, where: str = "") -> None:
        """Raise ValueError unless a target is a number in the range of the loss."""
        traits = traits_of(self.loss)
        if not is_finite_number(value):
            raise ValueError(f"y must be a finite number, got {shown(value)}{where}.")
        if traits.outside(value):
            raise ValueError(
                f"y must {traits.targets} with loss={self.loss!r}, got {shown(value)}{where}."
            )

    def _shift_and_spread(self, moments: TargetMoments) -> tuple[float, float]:
        """Return what is subtracted from targets, and by what they are then divided.

        Positive outputs have no shift: their targets are divided by their mean, unless all are 0 so
        far.
        """
        if traits_of(self.loss).has_positive_outputs:
            return 0.0, moments.mean or 1.0
        return moments.mean, moments.deviation()

    def _predicted(
        self, learned: Learned, names: Iterable[Hashable], rows: AnyArray
    ) -> list[float]:
        """Return predictions of rows."""
        outputs: list[float] = self._outputs(learned, names, rows)[:, 0].tolist()
        if learned.moments is None:
            return outputs
        shift, spread = self._shift_and_spread(learned.moments)
        return [output * spread + shift for output in outputs]

    def predict_one(self, x: Mapping[Hashable, object]) -> float:
        """Return the prediction for a row; 0 before the first learned row.

        Parameters
        ----------
        x : dict
            Features with their values.

        Returns
        -------
        float

        Raises
        ------
        TypeError
            If x is no dict.
        ValueError
            If a value is no finite number.
        """
        row = as_row(x)
        if self._learned is None:
            return 0.0
        return self._predicted(self._learned, x, row)[0]

    def predict_many(self, X: object) -> Any:  # of the library of X, which is optional
        """Return the predictions for the rows of a frame; 0 before the first learned row.

        Parameters
        ----------
        X : DataFrame of shape (n, n_features)

        Returns
        -------
        Series of shape (n,)

        Raises
        ------
        ValueError
            If X has columns without numbers, or infinity.
        """
        frame, names, rows, _ = as_frame(X)
        values = np.zeros(len(rows))
        if self._learned is not None:
            values[:] = self._predicted(self._learned, names, rows)
        return dataframe.to_native_series(values, name=None, like=frame)
