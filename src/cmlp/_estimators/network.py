"""`Network`: direct access to parameters, forward pass, gradients and optimizer steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp import _core
from cmlp._data.arrays import rectangular, values_and_gradient
from cmlp._data.scale import check_scale_width, scaled
from cmlp._estimators.exports import ExportMethods
from cmlp._estimators.network_training import NetworkTraining, Objective
from cmlp._model.bounds import Bounded
from cmlp._model.results import Gradient, LayerExplanation, StepExplanation
from cmlp._train import architecture
from cmlp._train.constraints import BOOLEAN, argument
from cmlp._train.hyperparameters import documented, network_argument
from cmlp._train.initialization import init_activations, initial_params
from cmlp._train.random import random_state as generator

if TYPE_CHECKING:
    import os
    from typing import Unpack

    from numpy.typing import ArrayLike, NDArray

    from cmlp._core import Net
    from cmlp._data.arrays import LossFunction

    Array = NDArray[Any]


@documented("Network")
class Network(NetworkTraining, Bounded, ExportMethods):
    """A multilayer perceptron with direct access to parameters, activations and gradients.

    Each layer computes ``activation(inputs @ weights + biases)``.

    Parameters
    ----------
    sizes : sequence of int
        Layer sizes, input first, for example ``[784, 16, 16, 10]``.
    <parameters>

    Attributes
    ----------
    sizes : tuple of int
        Layer sizes, input first.
    params : ndarray of shape (n_params,)
        All weights and biases in one block: W1 (n_in, n_out) in row-major order, b1, W2, b2, ...
    weights, biases : tuple of ndarray
        One array per layer, of shape ``(n_in, n_out)`` and ``(n_out,)``. They are views of `params`: writing to them
        changes the network.

    Raises
    ------
    ValueError
        If an argument is invalid, or the arguments do not match.

    Notes
    -----
    With "glorot", the initial weights and biases are uniform in ``+-sqrt(6 / (n_in + n_out))``, with 2 instead of 6 for
    logistic layers, as in scikit-learn (Glorot and Bengio 2010). The output layer uses the factor of the last hidden
    layer, or of `activation` if there are no hidden layers. The C library's ``cmlp_init_params`` gives the same
    parameters, except for networks without hidden layers, where it always uses 6. With "he", the weights are uniform in
    ``+-sqrt(6 / n_in)`` (He et al. 2015), with "lecun" in ``+-sqrt(3 / n_in)`` (LeCun et al. 1998), and the biases are
    0.

    The cost of a row is a sum over the outputs. With d = output - target, the terms are:

    - "absolute_error": abs(d).
    - "huber": d**2 / 2 if abs(d) <= p, otherwise p * (abs(d) - p / 2); by default p = 1.
    - "quantile": (1 - p) * d if d > 0, otherwise -p * d; p is below 1, by default 0.5.
    - "gamma": target / output + log(output).
    - "focal": the log loss with every log(output) multiplied by (1 - output)**p; by default p = 2 (Lin et al. 2017).
    - "label_smoothing": the log loss with the targets (1 - p) * target + p / n_classes; p is below 1, by default 0.1
      (Szegedy et al. 2016). A logistic output has two classes.

    Examples
    --------
    >>> from cmlp import Network
    >>> net = Network([784, 16, 16, 10])
    >>> net.n_params
    13002
    """

    __module__ = "cmlp"

    def __init__(
        self,
        sizes: Sequence[int],
        activation: str | Sequence[str] = "logistic",
        *,
        output: str = "softmax",
        loss: str | LossFunction = "log_loss",
        dtype: str | np.dtype[Any] | type = "float32",
        input_scale: float | tuple[ArrayLike, ArrayLike] = 1,
        random_state: int | np.random.RandomState | None = None,
        n_threads: int | None = None,
        activation_parameter: float | Sequence[float] | None = None,
        loss_parameter: float | Sequence[float] | None = None,
        initialization: str | tuple[Sequence[ArrayLike], Sequence[ArrayLike]] = "glorot",
    ) -> None:
        sizes = architecture.layer_sizes(sizes)
        hidden = architecture.hidden_activations(activation, len(sizes) - 2)
        output, loss = architecture.output_and_loss(output, loss)
        if output == "softmax" and sizes[-1] == 1:
            raise ValueError(
                "output='softmax' needs at least 2 outputs, because a single one is always 1: use 'logistic' for a "
                f"probability or 'identity' for a number, got sizes={sizes!r}"
            )
        self._net = _core.Net(
            sizes,
            [*hidden, output],
            loss,
            network_argument("dtype", dtype),
            [*architecture.activation_parameters(activation_parameter, hidden), 0.0],
            architecture.loss_parameter(loss_parameter, loss),
        )
        self._scale = network_argument("input_scale", input_scale)
        check_scale_width(self._scale, self._net.n_in)
        self._n_threads = network_argument("n_threads", n_threads)
        initialization = network_argument("initialization", initialization)
        rng = generator(random_state)
        self._params = initial_params(self._net, rng, init_activations(hidden, activation), initialization)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the network to a model file, which `cmlp.load` and the C library can read.

        Saving is atomic: if it fails, an existing file stays unchanged.

        Parameters
        ----------
        path : str or path-like

        Raises
        ------
        OSError
            If the file cannot be written.
        ValueError
            If a weight is NaN or infinite, or `path` exists and is not a regular file.
        TypeError
            If this is an instance of a subclass.
        """
        from cmlp._model.write import require_own_class, write_model

        require_own_class(self)
        write_model(path, self._trained())

    def forward(self, X: ArrayLike, out: NDArray[Any] | None = None, *, order: ArrayLike | None = None) -> NDArray[Any]:
        """Return the output activations of each row.

        Parameters
        ----------
        X : array or sparse container of shape (n, n_inputs), uint8, float32 or float64
            Arrays of these types are read without a copy, with any strides; others are converted. SciPy's CSR format
            is read without a copy; its other formats are converted to CSR.
        out : ndarray of shape (n, n_outputs), default=None
            Array for the result: C-contiguous, of the network's dtype.
        order : array of int, default=None
            Indices of the rows to use, in this order; None for all rows. The rows are not copied.

        Returns
        -------
        ndarray of shape (n, n_outputs)
            One row for each entry of `order`, if it is given.

        Raises
        ------
        ValueError
            If a shape is wrong. `NonFiniteInputError`, a subclass, if X contains NaN or infinity.
        """
        result = None if order is not None else self._net.forward_small(self._params, X, self._scale, out)
        if result is not None:
            return result
        return self._net.forward(self.params, X, scale=self._scale, out=out, order=order, n_threads=self._n_threads)

    __call__ = forward

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the class of each row; without softmax or logistic outputs, the outputs as numbers.

        Parameters
        ----------
        X : array-like or sparse container of shape (n, n_inputs)

        Returns
        -------
        ndarray of shape (n,) or (n, n_outputs)
            With softmax or logistic outputs, the index of the largest output; with a single one, 1 if it is above 0.5,
            otherwise 0. With other outputs, what `forward` returns, with a single one as a flat array.
        """
        outputs = self.forward(X)
        if self.output not in ("softmax", "logistic"):
            return outputs[:, 0] if self._net.n_out == 1 else outputs
        classes: NDArray[Any] = (outputs[:, 0] > 0.5).astype(int) if self._net.n_out == 1 else outputs.argmax(axis=1)
        return classes

    def activations(self, X: ArrayLike) -> list[NDArray[Any]]:
        """Return the activations of every layer, each of shape (n, size); the first are the scaled inputs."""
        hidden = self._net.activations_of(self.params, X, scale=self._scale, n_threads=self._n_threads)
        to_dense = getattr(X, "toarray", None)
        dense = X if to_dense is None else to_dense()
        return [scaled(dense, self._scale, self._net.dtype), *hidden]

    def weighted_sums(self, X: ArrayLike) -> list[NDArray[Any]]:
        """Return the weighted sums z (before the activation) of every layer after the input, each (n, n_out)."""
        return self._net.activations_of(self.params, X, scale=self._scale, n_threads=self._n_threads, sums=True)

    @documented("Network")
    def cost(
        self,
        X: ArrayLike,
        y: ArrayLike,
        *,
        order: ArrayLike | None = None,
        plain: bool = False,
        **objective: Unpack[Objective],
    ) -> float:
        """Return the mean cost of the rows.

        Parameters
        ----------
        X : array of shape (n, n_inputs)
        y : array of shape (n,) or (n, n_outputs)
            Class indices (for two or more outputs), or the target value of each output. Targets must not be negative
            for the loss "poisson", and must be positive for "gamma".
        order : array of int, default=None
            Indices of the rows to use; None for all rows. The rows are not copied.
        plain : bool, default=False
            Whether to return the cost without what training adds to it: with the loss "label_smoothing" or "focal" the
            log loss, and with any loss no penalty, so that networks with different losses can be compared. The outputs
            are the same: `dropout` still applies.
        **objective
            Options that change the objective:

            sample_weight : array of shape (n,), default=None
                Weights of the rows; the mean is weighted. Each is 0 or a positive normal number of the network's
                dtype (in float32 from 1.2e-38 to 3.4e38), and so is their sum. They must not all be 0.
            <alpha>
            <dropout>
            dropout_seed : int, default=0
                Seed from 0 to ``2**32 - 1``. The dropped units depend only on seed, step, layer, row and unit, not on
                the number of threads or the batch size (Philox4x32-7, Salmon et al. 2011).
            dropout_step : int, default=0
                Index of the training step. During training, the optimizer's ``n_steps`` is used instead.

        Returns
        -------
        float

        Raises
        ------
        ValueError
            If an argument is invalid. `NonFiniteInputError`, a subclass, if X contains NaN or infinity.
        DivergenceError
            If the cost is not finite.

        Examples
        --------
        The log loss of a network that is trained with label smoothing, which itself is never 0:

        >>> net = Network([2, 2], loss="label_smoothing", initialization=([[[40, 0], [0, 40]]], [[0, 0]]))
        >>> X, y = [[1, 0], [0, 1]], [0, 1]
        >>> round(net.cost(X, y), 3), round(net.cost(X, y, plain=True), 3)
        (2.0, 0.0)
        """
        arguments = self.params, X, y
        options = {"order": order, **self._keywords(objective)}
        if argument("plain", plain, *BOOLEAN):
            return self._net.cost_and_plain_loss(*arguments, **options)[1]
        return self._net.cost(*arguments, **options)

    def gradient(self, X: ArrayLike, y: ArrayLike, **objective: Unpack[Objective]) -> Gradient:
        """Return the gradient of the mean cost with respect to all weights and biases, by backpropagation.

        Parameters
        ----------
        X, y, **objective
            As for `cost`.

        Returns
        -------
        Gradient

        Notes
        -----
        Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors", 1986.
        """
        flat, _ = self._net.gradient(self.params, X, y, **self._keywords(objective))
        return gradient_of(self._net, flat)

    def input_gradient(self, X: ArrayLike, y: ArrayLike, **objective: Unpack[Objective]) -> NDArray[Any]:
        """Return the gradient of each row's cost with respect to the inputs of that row.

        Parameters
        ----------
        X, y, **objective
            As for `cost`. The gradient of a row is multiplied by its sample weight; the penalty is ignored.

        Returns
        -------
        ndarray of shape (n, n_inputs)
        """
        return self._net.input_gradient(self.params, X, y, **self._keywords(objective))

    def deltas(self, X: ArrayLike, y: ArrayLike, **objective: Unpack[Objective]) -> list[NDArray[Any]]:
        """Return the derivative of each row's cost with respect to the weighted sums of every layer after the input.

        Parameters
        ----------
        X, y, **objective
            As for `cost`. The deltas of a row are multiplied by its sample weight; the penalty is ignored.

        Returns
        -------
        list of ndarray of shape (n, n_out)
            One array per layer. The gradient of the mean cost with respect to a layer's biases is the mean of its
            array over the rows.

        Examples
        --------
        >>> import numpy as np
        >>> net = Network([2, 3, 2], random_state=0)
        >>> [delta.shape for delta in net.deltas(np.zeros((5, 2)), [0, 1, 1, 0, 0])]
        [(5, 3), (5, 2)]
        """
        return self._net.deltas(self.params, X, y, **self._keywords(objective))

    def explain_step(self, X: ArrayLike, y: ArrayLike) -> StepExplanation:
        """Return what a gradient descent step wants to change in every layer, for each row and on average.

        For each row, backpropagation starts with the wanted change of each output. A unit can follow it in three ways:
        by its bias, by its weights in proportion to the activations that they multiply, and by these activations in
        proportion to the weights. What the units of a layer want from an activation of the previous layer adds up to
        the wanted change of this activation.

        Parameters
        ----------
        X, y
            As for `cost`.

        Returns
        -------
        StepExplanation
            `StepExplanation` shows an example. The average over the rows is minus the gradient, within rounding.

        Examples
        --------
        >>> import numpy as np
        >>> net = Network([2, 3, 2], random_state=0)
        >>> X, y = np.zeros((5, 2)), [0, 1, 1, 0, 0]
        >>> step = net.explain_step(X, y)
        >>> bool(np.abs(step.average.flat + net.gradient(X, y).flat).max() < 1e-6)
        True
        """
        y = np.array(rectangular(y, "y"))  # it is read twice, and another thread could change it in between
        deltas = self.deltas(X, y)
        return explanation(self._net, self.weights, self.activations(X), deltas, y)


# --------------------------------------- a gradient, and the wanted changes of a gradient descent step for each example


_ROWS = 1024  # rows that are converted to double precision at a time
_PIECE = 2**20  # elements of a sum between two checks for Ctrl-C


def explanation(
    net: Net, weights: Sequence[Array], activations: Sequence[Array], deltas: Sequence[Array], y: ArrayLike
) -> StepExplanation:
    """Return the wanted changes of a step for each row.

    `activations` are those of every layer, the inputs first, and `deltas` the derivatives of each row's cost with
    respect to the weighted sums, for valid targets.
    """
    targets = _dense_targets(y, net)
    pushes = [-delta for delta in deltas]
    changes = [push @ matrix.T for push, matrix in zip(pushes[1:], weights[1:], strict=True)]
    changes.append(_wanted_outputs(net, activations[-1], targets))
    layers = [
        LayerExplanation(change, push, inputs, outputs, matrix.copy())
        for change, push, inputs, outputs, matrix in zip(
            changes, pushes, activations[:-1], activations[1:], weights, strict=True
        )
    ]
    return StepExplanation(targets, layers, _average(net, layers))


def _dense_targets(y: ArrayLike, net: Net) -> Array:
    """Return the wanted value of each output; for class indices 1 for the class and 0 for the others."""
    values = np.asarray(y)
    if values.ndim == 2:
        return values.astype(net.dtype)
    targets = np.zeros((len(values), net.n_out), net.dtype)
    targets[np.arange(len(values)), values.astype(np.int64)] = 1
    return targets


def _average(net: Net, layers: Sequence[LayerExplanation]) -> Gradient:
    """Return the mean over the rows of the wanted changes of all weights and biases."""
    flat = np.empty(net.n_params, net.dtype)
    weights, biases = net.views(flat)
    for layer, of_weights, of_biases in zip(layers, weights, biases, strict=True):
        # In double precision: float32 sums over many rows would add a rounding error of their own.
        sums = np.zeros(of_weights.shape)
        for start in range(0, len(layer.bias_changes), _ROWS):
            rows = slice(start, start + _ROWS)
            sums += layer.inputs[rows].astype(np.float64).T @ layer.bias_changes[rows].astype(np.float64)
        of_weights[...] = sums / len(layer.bias_changes)
        of_biases[...] = layer.bias_changes.mean(axis=0, dtype=np.float64)
    return gradient_of(net, flat)


def _wanted_outputs(net: Net, a: Array, t: Array) -> Array:
    """Return minus the derivative of each row's cost with respect to its outputs `a`, for targets `t`.

    `Network` documents the costs. The result is infinite where a loss contains the logarithm of an output that has been
    rounded to 0.
    """
    loss, p = net.loss, np.asarray(net.loss_parameter, net.dtype)
    wanted: Array
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        if not isinstance(loss, str):
            wanted = -values_and_gradient(loss, t, a)[1]
        elif loss in ("log_loss", "label_smoothing", "focal"):
            wanted = _wanted_probabilities(loss, p, a, t, softmax=net.activations[-1] == "softmax")
        elif loss == "absolute_error":
            wanted = np.sign(t - a)
        elif loss == "huber":
            wanted = np.clip(t - a, -p, p)
        elif loss == "quantile":
            wanted = np.where(a > t, p - 1, np.where(a < t, p, 0)).astype(a.dtype)
        elif loss == "poisson":
            wanted = t / a - 1
        elif loss == "gamma":
            wanted = (t / a - 1) / a
        else:
            wanted = 2 * (t - a)
    return wanted


def _wanted_probabilities(loss: str, p: Any, a: Array, t: Array, *, softmax: bool) -> Array:
    """Return minus the derivative of the log loss or of a variant of it with respect to the probabilities `a`."""
    if loss == "label_smoothing":
        t = (1 - p) * t + p / a.dtype.type(a.shape[1] if softmax else 2)
    focus = p if loss == "focal" else a.dtype.type(0)

    def toward_one(probability: Array, target: Array) -> Array:
        """Return minus the derivative of ``-target * (1 - probability)**focus * log(probability)``."""
        rest = 1 - probability
        slope = rest**focus / probability
        if focus:
            slope = slope - focus * rest ** (focus - 1) * np.log(probability)
        return np.where(target == 0, 0, target * slope).astype(a.dtype)

    wanted = toward_one(a, t)
    return wanted if softmax else wanted - toward_one(1 - a, 1 - t)


def gradient_of(net: Net, flat: NDArray[Any]) -> Gradient:
    """Return the gradient whose numbers, in the layout of the network's parameters, are `flat`."""
    return Gradient(*net.views(flat), flat, _length(flat))


def _length(vector: NDArray[Any]) -> float:
    """Return the Euclidean norm of a vector, computed in double precision."""
    squares = 0.0
    for start in range(0, len(vector), _PIECE):
        piece = vector[start : start + _PIECE].astype(np.float64)
        # Not piece @ piece: BLAS may use threads, and the sum would then depend on their number.
        squares += float(np.einsum("i,i->", piece, piece))
    return float(np.sqrt(squares))
