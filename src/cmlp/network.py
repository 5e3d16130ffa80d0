"""The bare network, for those who look inside or embed: parameters, passes, gradients, steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from cmlp import _core


class Gradient(NamedTuple):
    """A gradient of the cost, laid out like the parameters.

    Attributes
    ----------
    weights, biases : list of ndarray
        Per layer, shapes ``(n_in, n_out)`` and ``(n_out,)``; views of `flat`.
    flat : ndarray of shape (n_params,)
    norm : float
        Length of `flat`.
    """

    weights: list[np.ndarray]
    biases: list[np.ndarray]
    flat: np.ndarray
    norm: float


class Epoch(NamedTuple):
    """What an epoch reports.

    Attributes
    ----------
    cost : float
        Mean cost of the rows, each as it was before its batch's step.
    penalty : float
        Mean of ``alpha / 2 * sum(weights ** 2) / rows`` over the batches.
    gradient_norm : float
        Length of the last batch's gradient, NaN unless asked for.
    batches : int
    """

    cost: float
    penalty: float
    gradient_norm: float
    batches: int


def initial_params(net, rng, activations):
    """Draw a block of parameters as scikit-learn does.

    Parameters
    ----------
    net : cmlp._core.Net
    rng : numpy.random.RandomState
        Only ``random_sample`` is called: its values are the same on every platform.
    activations : sequence of str
        Per layer: a logistic layer's bound is ``sqrt(2 / (n_in + n_out))``, others' ``sqrt(6 / ...)``.

    Notes
    -----
    Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010.
    """
    params = np.empty(net.n_params, net.dtype)
    for weights, biases, activation in zip(*net.views(params), activations, strict=True):
        factor = 2.0 if activation == "logistic" else 6.0
        bound = np.sqrt(factor / sum(weights.shape))
        for tensor in (weights, biases):
            tensor[...] = -bound + 2 * bound * rng.random_sample(tensor.shape)
    return params


class Network:
    """A multilayer perceptron: each neuron takes a weighted sum of the previous layer, adds its bias and squashes.

    Parameters
    ----------
    sizes : sequence of int
        Layer sizes, input first, for example ``[784, 16, 16, 10]``.
    activation : str or sequence of str, default="logistic"
        Of the hidden layers: "identity", "logistic", "tanh" or "relu"; one for all or one each.
    output : {"softmax", "logistic", "identity", "exp"}, default="softmax"
        The output layer's activation.
    loss : {"log_loss", "squared_error", "poisson"}, default="log_loss"
        Cost of a row. "log_loss" goes with softmax or logistic outputs; "squared_error", the sum of squared
        differences to the wanted output, with any; "poisson" with exp.
    dtype : {"float32", "float64"}, default="float32"
        Type of the parameters and of all arithmetic.
    input_scale : float, default=1
        Every input is multiplied by it: ``1 / 255`` for pixels.
    random_state : int, RandomState or None, default=None
        Seed of the initial parameters; the same seed gives the same parameters as in the estimators.
    n_threads : int or None, default=None
        At most so many threads; None: as many as the work is worth here. Results do not depend on it.

    Attributes
    ----------
    sizes : tuple of int
    params : ndarray of shape (n_params,)
        All weights and biases: W1 (n_in, n_out) row by row, b1, W2, b2, ...
    weights, biases : list of ndarray
        Per layer, shapes ``(n_in, n_out)`` and ``(n_out,)``: views of `params`, writing to them changes the network.

    Raises
    ------
    ValueError
        If the description is not one of a network.

    Examples
    --------
    >>> from cmlp import Network
    >>> net = Network([784, 16, 16, 10])
    >>> net.n_params
    13002
    """

    def __init__(
        self,
        sizes: Sequence[int],
        activation: str | Sequence[str] = "logistic",
        output: str = "softmax",
        loss: str = "log_loss",
        dtype: str | np.dtype | type = "float32",
        input_scale: float = 1,
        random_state: int | np.random.RandomState | None = None,
        n_threads: int | None = None,
    ) -> None:
        sizes = _checked_sizes(sizes)
        hidden = _hidden_activations(activation, len(sizes) - 2)
        self._net = _core.Net(sizes, [*hidden, output], loss, dtype)
        self._scale = _checked_scale(input_scale)
        self._n_threads = _checked_threads(n_threads)
        last = hidden[-1] if hidden else activation
        self._use(initial_params(self._net, _random_state(random_state), [*hidden, last]))

    def _use(self, params: np.ndarray) -> None:
        """Make a block of parameters the network's own."""
        self.params = params
        self.weights, self.biases = self._net.views(params)

    def __getstate__(self) -> dict:
        return {k: v for k, v in self.__dict__.items() if k not in ("weights", "biases")}

    def __setstate__(self, state: dict) -> None:
        self.__dict__.update(state)
        self._use(self.params)

    def __copy__(self) -> Network:
        twin = type(self).__new__(type(self))
        twin.__setstate__({**self.__getstate__(), "params": self.params.copy()})
        return twin

    def __repr__(self) -> str:
        shape = "-".join(map(str, self.sizes))
        activations = ", ".join(self._net.activations)
        return f"Network({shape}: {activations}; {self._net.loss}, {self._net.dtype}, {self.n_params} parameters)"

    @property
    def sizes(self) -> tuple[int, ...]:
        """Layer sizes, input first."""
        return self._net.sizes

    @property
    def n_params(self) -> int:
        """Number of weights and biases."""
        return self._net.n_params

    def forward(self, X, out=None) -> np.ndarray:
        """Return the output activations of each row.

        Parameters
        ----------
        X : array of shape (n, n_inputs), uint8, float32 or float64
            Used as it is, with any strides; other types are converted.
        out : ndarray of shape (n, n_outputs), default=None
            C-contiguous, of the network's dtype: takes the result.

        Returns
        -------
        ndarray of shape (n, n_outputs)

        Raises
        ------
        ValueError
            If a shape is wrong, or (`NonFiniteInputError`) if X holds NaN or infinity.
        """
        return self._net.forward(
            self.params, X, scale=self._scale, out=out, n_threads=self._n_threads
        )

    def activations(self, X) -> list[np.ndarray]:
        """Return the activations of every layer, from the (scaled) input to the output, each (n, size)."""
        hidden = self._net.activations_of(
            self.params, X, scale=self._scale, n_threads=self._n_threads
        )
        inputs = (np.asarray(X, np.float64) * self._scale).astype(self._net.dtype)
        return [inputs, *hidden]

    def cost(self, X, Y) -> float:
        """Return the mean cost of the rows.

        Parameters
        ----------
        X : array of shape (n, n_inputs)
        Y : array of shape (n,) or (n, n_outputs)
            Class indices, or the wanted outputs.
        """
        return self._net.cost(self.params, X, Y, scale=self._scale, n_threads=self._n_threads)

    def gradient(self, X, Y) -> Gradient:
        """Return the gradient of the mean cost for every weight and bias, by backpropagation.

        Notes
        -----
        Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors", 1986.
        """
        flat, _ = self._net.gradient(
            self.params, X, Y, scale=self._scale, n_threads=self._n_threads
        )
        return Gradient(*self._net.views(flat), flat, float(np.linalg.norm(flat.astype(np.float64))))

    def input_gradient(self, X, Y) -> np.ndarray:
        """Return, for each row, the gradient of its own cost for its inputs: shape (n, n_inputs)."""
        return self._net.input_gradient(
            self.params, X, Y, scale=self._scale, n_threads=self._n_threads
        )

    def step(self, X, Y, learning_rate: float) -> float:
        """Take one step down the gradient of all rows; return their mean cost before it."""
        return self.train_epoch(X, Y, max(len(X), 1), learning_rate)

    def train_epoch(self, X, Y, batch_size: int, learning_rate: float, order=None) -> float:
        """Go once through the rows, with a step down the gradient after each batch.

        Parameters
        ----------
        X : array of shape (n, n_inputs)
        Y : array of shape (n,) or (n, n_outputs)
        batch_size : int
            Rows per batch; the last one may be smaller.
        learning_rate : float
        order : array of int, default=None
            The rows to use, in this order; None: all, as they stand.

        Returns
        -------
        float
            Mean cost of the rows, each before its batch's step.

        Raises
        ------
        ValueError
            For bad arguments; `DivergenceError` when the cost or a parameter is no longer finite, the parameters
            being those after the last batch that was.
        KeyboardInterrupt
            On Ctrl-C; the parameters are those after the last whole batch.
        """
        return self._epoch(X, Y, batch_size, learning_rate, order).cost

    def _epoch(self, X, Y, batch_size, learning_rate, order=None, want_norm=False) -> Epoch:
        """Train one epoch and report the gradient's length too."""
        optimizer = _core.Optimizer(self._net, "sgd", learning_rate=learning_rate)
        return Epoch(
            *self._net.train_epoch(
                self.params,
                X,
                Y,
                optimizer,
                batch_size=batch_size,
                order=order,
                scale=self._scale,
                want_norm=want_norm,
                n_threads=self._n_threads,
            )
        )


def _checked_sizes(sizes):
    try:
        checked = [int(n) for n in sizes]
        whole = all(n == m and n > 0 for n, m in zip(checked, sizes, strict=True))
    except (TypeError, ValueError):
        checked, whole = [], False
    if not whole or not 2 <= len(checked) <= 64:
        raise ValueError(f"sizes must be 2 to 64 positive integers, input first, got {sizes!r}")
    return checked


def _hidden_activations(activation, n_hidden):
    if isinstance(activation, str):
        return [activation] * n_hidden
    hidden = list(activation)
    if len(hidden) != n_hidden:
        raise ValueError(
            f"activation must name one activation or one for each of the {n_hidden} hidden layers, got {hidden!r}"
        )
    return hidden


def _checked_scale(scale):
    try:
        value = float(scale)
    except (TypeError, ValueError):
        value = float("nan")
    if not np.isfinite(value) or value == 0:
        raise ValueError(f"input_scale must be a finite number other than 0, got {scale!r}")
    return value


def _checked_threads(n_threads):
    if n_threads is None:
        return None
    if isinstance(n_threads, bool) or not isinstance(n_threads, int | np.integer) or n_threads < 1:
        raise ValueError(f"n_threads must be None or a positive integer, got {n_threads!r}")
    return int(n_threads)


def _random_state(seed):
    """Return a RandomState for a seed, as scikit-learn reads it."""
    if seed is None or isinstance(seed, int | np.integer):
        return np.random.RandomState(seed) if seed is not None else np.random.mtrand._rand
    if isinstance(seed, np.random.RandomState):
        return seed
    raise ValueError(f"random_state must be None, an integer or a numpy RandomState, got {seed!r}")
