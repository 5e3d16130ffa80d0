"""The bare network, for those who look inside or embed: parameters, passes, gradients, steps."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp import _core, constraints
from cmlp._core import Optimizer
from cmlp.inputs.blocks import block_copy, loaded_block
from cmlp.results import Epoch, Gradient, ParameterIndex
from cmlp.training.initialization import initial_params, initialization
from cmlp.training.random import random_state as generator
from cmlp.training.state import PICKLE_VERSION, check_params, check_version, native

__all__ = ["Epoch", "Gradient", "Network", "Optimizer", "ParameterIndex"]

if TYPE_CHECKING:
    import os
    from typing import Self

    from numpy.typing import ArrayLike, NDArray

_ALL_ROWS = 2**63 - 1  # as a batch size: whatever there is


class Network:
    """A multilayer perceptron: each neuron takes a weighted sum of the previous layer, adds its bias and squashes.

    Parameters
    ----------
    sizes : sequence of int
        Layer sizes, input first, for example ``[784, 16, 16, 10]``.
    activation : str or sequence of str, default="logistic"
        Of the hidden layers: "identity", "logistic", "tanh" or "relu"; one for all or one each. It also decides how
        far initial parameters are from 0, see the notes.
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
    weights, biases : tuple of ndarray
        Per layer, shapes ``(n_in, n_out)`` and ``(n_out,)``: views of `params`, writing to them changes the network.

    Raises
    ------
    ValueError
        If the description is not one of a network.

    Notes
    -----
    Weights and biases start uniform in ``+-sqrt(6 / (n_in + n_out))``, 2 in place of 6 for logistic layers; the
    output layer takes the last hidden one's number, without hidden layers that of `activation`. All this is
    scikit-learn's. The C library's ``cmlp_init_params`` draws the same, except that it knows no `activation` of a
    network without hidden layers and takes 6.

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
        dtype: str | np.dtype[Any] | type = "float32",
        input_scale: float = 1,
        random_state: int | np.random.RandomState | None = None,
        n_threads: int | None = None,
    ) -> None:
        sizes = constraints.layer_sizes(sizes)
        hidden = constraints.hidden_activations(activation, len(sizes) - 2)
        output, loss = constraints.output_and_loss(output, loss)
        self._net = _core.Net(sizes, [*hidden, output], loss, constraints.network_argument("dtype", dtype))
        self._scale = constraints.network_argument("input_scale", input_scale)
        self._n_threads = constraints.network_argument("n_threads", n_threads)
        rng = generator(random_state)
        self._params = initial_params(self._net, rng, initialization(hidden, activation))

    def __copy__(self) -> Self:
        twin = type(self).__new__(type(self))
        twin.__dict__.update(self.__dict__, _params=block_copy(self._params))
        return twin

    def __getstate__(self) -> dict[str, Any]:
        return {"version": PICKLE_VERSION, **self.__dict__}

    def __setstate__(self, fields: dict[str, Any]) -> None:
        check_version(fields, "network")
        net = fields.get("_net")
        if not isinstance(net, _core.Net):
            raise ValueError(f"The pickled network is damaged: _net must be a Net, got {type(net).__name__}.")
        params = loaded_block(native(fields.get("_params"), (np.float32, np.float64), "params"))
        check_params(params, net)
        self.__dict__.update({name: value for name, value in fields.items() if name != "version"}, _params=params)

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

    @property
    def params(self) -> NDArray[Any]:
        """All weights and biases, one block; assigning writes into it."""
        return self._params

    @params.setter
    def params(self, values: ArrayLike) -> None:
        values = np.asarray(values)
        if values.shape != self._params.shape or values.dtype.kind not in "buif":
            raise ValueError(
                f"params must be {self.n_params} real numbers, got an array of shape {values.shape} "
                f"and dtype {values.dtype}"
            )
        self._params[:] = values

    @property
    def weights(self) -> tuple[NDArray[Any], ...]:
        """Per layer, shape (n_in, n_out): views of `params`."""
        return tuple(self._net.views(self._params)[0])

    @property
    def biases(self) -> tuple[NDArray[Any], ...]:
        """Per layer, shape (n_out,): views of `params`."""
        return tuple(self._net.views(self._params)[1])

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the network to a model file, which `cmlp.load` and the C library read.

        The file is replaced as a whole: if anything fails, the former one is still there.

        Parameters
        ----------
        path : str or path-like

        Raises
        ------
        OSError
            If the file cannot be written.
        ValueError
            If a weight is NaN or infinite, or `path` leads to something other than a regular file.
        TypeError
            If this is an object of a subclass.
        """
        from cmlp.files.models import save_network

        save_network(self, path)

    def forward(self, X: ArrayLike, out: NDArray[Any] | None = None) -> NDArray[Any]:
        """Return the output activations of each row.

        Parameters
        ----------
        X : array or sparse container of shape (n, n_inputs), uint8, float32 or float64
            Used as it is, with any strides; other types are converted. SciPy's CSR format is read in place, its
            other formats are turned into it.
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
        few = self._net.forward_few(self._params, X, self._scale, out)
        if few is not None:
            return few
        return self._net.forward(self.params, X, scale=self._scale, out=out, n_threads=self._n_threads)

    def activations(self, X: ArrayLike) -> list[NDArray[Any]]:
        """Return the activations of every layer, from the (scaled) input to the output, each (n, size)."""
        hidden = self._net.activations_of(self.params, X, scale=self._scale, n_threads=self._n_threads)
        to_dense = getattr(X, "toarray", None)
        dense = X if to_dense is None else to_dense()
        inputs = (np.asarray(dense, np.float64) * self._scale).astype(self._net.dtype)
        return [inputs, *hidden]

    def cost(self, X: ArrayLike, Y: ArrayLike) -> float:
        """Return the mean cost of the rows.

        Parameters
        ----------
        X : array of shape (n, n_inputs)
        Y : array of shape (n,) or (n, n_outputs)
            Class indices, if there are two outputs or more; or the wanted outputs, for the loss "poisson" not negative.
        """
        return self._net.cost(self.params, X, Y, scale=self._scale, n_threads=self._n_threads)

    def gradient(self, X: ArrayLike, Y: ArrayLike) -> Gradient:
        """Return the gradient of the mean cost for every weight and bias, by backpropagation.

        Notes
        -----
        Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors", 1986.
        """
        flat, _ = self._net.gradient(self.params, X, Y, scale=self._scale, n_threads=self._n_threads)
        return Gradient(*self._net.views(flat), flat, float(np.linalg.norm(flat.astype(np.float64))))

    def input_gradient(self, X: ArrayLike, Y: ArrayLike) -> NDArray[Any]:
        """Return, for each row, the gradient of its own cost for its inputs: shape (n, n_inputs)."""
        return self._net.input_gradient(self.params, X, Y, scale=self._scale, n_threads=self._n_threads)

    def step(self, X: ArrayLike, Y: ArrayLike, learning_rate: float) -> float:
        """Take one step down the gradient of all rows; return their mean cost before it."""
        return self.train_epoch(X, Y, _ALL_ROWS, learning_rate)

    def train_epoch(
        self,
        X: ArrayLike,
        Y: ArrayLike,
        batch_size: int,
        learning_rate: float,
        order: ArrayLike | None = None,
    ) -> float:
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
        return self.run_epoch(X, Y, batch_size, self.optimizer(learning_rate=learning_rate), order=order).cost

    def optimizer(
        self,
        kind: str = "sgd",
        *,
        learning_rate: float,
        momentum: float = 0.0,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
    ) -> Optimizer:
        """Return a new optimizer for the parameters of this network.

        Parameters
        ----------
        kind : {"sgd", "momentum", "nesterov", "adam"}, default="sgd"
        learning_rate : float
            0 or more; may be changed between epochs.
        momentum : float, default=0.0
            Momentum for "momentum" and "nesterov", from 0 to 1.
        beta_1, beta_2 : float, default=0.9, 0.999
            Decay rates of Adam's moment estimates, from 0 to below 1.
        epsilon : float, default=1e-8
            Added to Adam's denominator.

        Returns
        -------
        Optimizer
            With the attributes ``kind``, ``learning_rate``, ``n_steps`` and ``state`` (its moments).

        Raises
        ------
        ValueError
            If a hyperparameter is not valid; some are found by the first epoch.
        """
        rate = constraints.network_argument("learning_rate", learning_rate)
        return Optimizer(
            self._net, kind, learning_rate=rate, momentum=momentum, beta_1=beta_1, beta_2=beta_2, epsilon=epsilon
        )

    def run_epoch(
        self,
        X: ArrayLike,
        Y: ArrayLike,
        batch_size: int,
        optimizer: Optimizer,
        *,
        order: ArrayLike | None = None,
        learning_rates: ArrayLike | None = None,
        gradient_norm: bool = False,
    ) -> Epoch:
        """Go once through the rows, with a step of the optimizer after each batch; report more than the cost.

        Parameters
        ----------
        X, Y, batch_size, order
            As for `train_epoch`.
        optimizer : Optimizer
            What `optimizer` has returned; it continues from epoch to epoch.
        learning_rates : array of shape (n_batches,), default=None
            A learning rate for each batch; None: the optimizer's.
        gradient_norm : bool, default=False
            Whether to compute the length of the last batch's gradient.

        Returns
        -------
        Epoch

        Raises
        ------
        ValueError, KeyboardInterrupt
            As for `train_epoch`; also if the optimizer is not one for this network.
        """
        return Epoch(
            *self._net.train_epoch(
                self.params,
                X,
                Y,
                optimizer,
                batch_size=constraints.network_argument("batch_size", batch_size),
                order=order,
                scale=self._scale,
                rates=learning_rates,
                want_norm=gradient_norm,
                n_threads=self._n_threads,
            )
        )

    def index(self, k: int) -> ParameterIndex:
        """Return which weight or bias `params[k]` is.

        Parameters
        ----------
        k : int
            Position in `params`, from 0 to ``n_params - 1``.

        Returns
        -------
        ParameterIndex
            A named tuple ``(layer, source, target)``, counted from 0; `source` is None for a bias.

        Raises
        ------
        IndexError
            If there is no such position.

        Examples
        --------
        >>> from cmlp import Network
        >>> Network([784, 16, 16, 10]).index(784 * 16 + 3)
        ParameterIndex(layer=0, source=None, target=3)
        """
        rest = operator.index(k)
        if not 0 <= rest < self.n_params:
            raise IndexError(f"k must be from 0 to {self.n_params - 1}, got {k}")
        layer = 0
        while rest >= (self.sizes[layer] + 1) * self.sizes[layer + 1]:
            rest -= (self.sizes[layer] + 1) * self.sizes[layer + 1]
            layer += 1
        source, target = divmod(rest, self.sizes[layer + 1])
        return ParameterIndex(layer, source if source < self.sizes[layer] else None, target)
