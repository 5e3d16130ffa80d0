"""The bare network, for those who look inside or embed: parameters, passes, gradients, steps."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp import _core, constraints
from cmlp._core import Optimizer
from cmlp.constraints import Objective
from cmlp.inputs.blocks import block_copy, loaded_block
from cmlp.results import Epoch, Gradient, ParameterIndex
from cmlp.training.initialization import initial_params, initialization
from cmlp.training.random import random_state as generator
from cmlp.training.state import PICKLE_VERSION, check_params, check_version, native

__all__ = ["Epoch", "Gradient", "Network", "Optimizer", "ParameterIndex"]

if TYPE_CHECKING:
    import os
    from typing import Self, Unpack

    from numpy.typing import ArrayLike, NDArray

_ALL_ROWS = 2**63 - 1  # as a batch size: whatever there is


class Network:
    """A multilayer perceptron: each neuron takes a weighted sum of the previous layer, adds its bias and squashes.

    Parameters
    ----------
    sizes : sequence of int
        Layer sizes, input first, for example ``[784, 16, 16, 10]``.
    activation : str or sequence of str, default="logistic"
        Of the hidden layers: "identity", "logistic", "tanh", "relu", "leaky_relu", "elu", "silu", "gelu", "softplus" or
        "softsign"; one for all or one each. It also decides how far initial parameters are from 0, see the notes.
    output : {"softmax", "logistic", "identity", "exp", "tanh"}, default="softmax"
        The output layer's activation.
    loss : str, default="log_loss"
        Cost of a row. With softmax or logistic outputs: "log_loss", "focal" or "label_smoothing". With identity,
        logistic, tanh or exp outputs: "squared_error" (the sum of squared differences to the wanted output, which also
        goes with softmax), "absolute_error", "huber" or "quantile". With exp outputs also "poisson" (targets not
        negative) and "gamma" (targets positive). See the notes.
    dtype : {"float32", "float64"}, default="float32"
        Type of the parameters and of all arithmetic.
    input_scale : float, default=1
        Every input is multiplied by it: ``1 / 255`` for pixels.
    random_state : int, RandomState or None, default=None
        Seed of the initial parameters; the same seed gives the same parameters as in the estimators.
    n_threads : int or None, default=None
        At most so many threads; None: as many as the work is worth here. Results do not depend on it.
    activation_parameter : float, sequence of float or None, default=None
        Positive parameter of "leaky_relu" (the slope of negative sums, by default 0.01) and "elu" (minus its limit, by
        default 1): one for all hidden layers that have one, or one for each hidden layer; None or 0: the default.
    loss_parameter : float or None, default=None
        Positive parameter p of the loss, see the notes; None: the default.

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

    With d = output - target, the terms of a row's cost are abs(d) for "absolute_error"; d**2 / 2 where abs(d) <= p and
    otherwise p * (abs(d) - p / 2) for "huber" (p = 1 by default); (1 - p) * d where d > 0 and otherwise -p * d for
    "quantile" (p below 1, 0.5 by default); target / output + log(output) for "gamma"; the log loss with every
    log(output) times (1 - output)**p for "focal" (p = 2 by default, Lin et al. 2017); the log loss of the targets
    (1 - p) * target + p / n_classes for "label_smoothing" (p below 1, 0.1 by default, Szegedy et al. 2016; two classes
    for each logistic output).

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
        activation_parameter: float | Sequence[float] | None = None,
        loss_parameter: float | None = None,
    ) -> None:
        sizes = constraints.layer_sizes(sizes)
        hidden = constraints.hidden_activations(activation, len(sizes) - 2)
        output, loss = constraints.output_and_loss(output, loss)
        self._net = _core.Net(
            sizes,
            [*hidden, output],
            loss,
            constraints.network_argument("dtype", dtype),
            [*constraints.activation_parameters(activation_parameter, hidden), 0.0],
            constraints.loss_parameter(loss_parameter, loss),
        )
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

    def weighted_sums(self, X: ArrayLike) -> list[NDArray[Any]]:
        """Return the weighted sums z of every layer behind the input, before its activation, each (n, n_out)."""
        return self._net.activations_of(self.params, X, scale=self._scale, n_threads=self._n_threads, sums=True)

    def cost(self, X: ArrayLike, Y: ArrayLike, **objective: Unpack[Objective]) -> float:
        """Return the mean cost of the rows.

        Parameters
        ----------
        X : array of shape (n, n_inputs)
        Y : array of shape (n,) or (n, n_outputs)
            Class indices, if there are two outputs or more; or the wanted outputs, for the loss "poisson" not
            negative, for "gamma" positive.
        **objective
            What is minimized, if it is more than the mean cost:

            sample_weight : array of shape (n,), default=None
                Weights of the rows, not negative; the mean is weighted.
            alpha : float or sequence of float, default=0.0
                L2 penalty, not negative: ``alpha / 2 * sum(weights ** 2) / sum(sample_weight)`` is added; one number,
                or one for each layer behind the input.
            dropout : float or sequence of float, default=0.0
                Rates from 0 to below 1, one for all hidden layers or one for each: a unit's activation is set to 0 with
                this probability, else divided by ``1 - rate`` (Srivastava et al. 2014).
            dropout_seed : int, default=0
                From 0 to ``2**32 - 1``. The units dropped depend on seed, step, layer, row and unit alone, not on
                threads or batches (Philox4x32-10, Salmon et al. 2011).
            dropout_step : int, default=0
                Training uses the optimizer's ``n_steps`` in its place.

        Returns
        -------
        float
        """
        return self._net.cost(
            self.params, X, Y, scale=self._scale, n_threads=self._n_threads, **self._objective(objective)
        )

    def gradient(self, X: ArrayLike, Y: ArrayLike, **objective: Unpack[Objective]) -> Gradient:
        """Return the gradient of the mean cost for every weight and bias, by backpropagation.

        Parameters
        ----------
        X, Y, **objective
            As for `cost`.

        Returns
        -------
        Gradient

        Notes
        -----
        Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors", 1986.
        """
        flat, _ = self._net.gradient(
            self.params, X, Y, scale=self._scale, n_threads=self._n_threads, **self._objective(objective)
        )
        return Gradient(*self._net.views(flat), flat, float(np.linalg.norm(flat.astype(np.float64))))

    def input_gradient(self, X: ArrayLike, Y: ArrayLike, **objective: Unpack[Objective]) -> NDArray[Any]:
        """Return, for each row, the gradient of its own cost for its inputs: shape (n, n_inputs).

        Parameters
        ----------
        X, Y, **objective
            As for `cost`. Row weights multiply a row's gradient; the penalty plays no part.

        Returns
        -------
        ndarray of shape (n, n_inputs)
        """
        return self._net.input_gradient(
            self.params, X, Y, scale=self._scale, n_threads=self._n_threads, **self._objective(objective)
        )

    def deltas(self, X: ArrayLike, Y: ArrayLike, **objective: Unpack[Objective]) -> list[NDArray[Any]]:
        """Return, for each row, the derivative of its own cost for the weighted sums of every layer behind the input.

        Parameters
        ----------
        X, Y, **objective
            As for `cost`. Row weights multiply a row's deltas; the penalty plays no part.

        Returns
        -------
        list of ndarray of shape (n, n_out)
            Not averaged: the gradient for a layer's biases is the sum of its rows divided by their number.

        Examples
        --------
        >>> import numpy as np
        >>> net = Network([2, 3, 2], random_state=0)
        >>> [delta.shape for delta in net.deltas(np.zeros((5, 2)), [0, 1, 1, 0, 0])]
        [(5, 3), (5, 2)]
        """
        return self._net.deltas(
            self.params, X, Y, scale=self._scale, n_threads=self._n_threads, **self._objective(objective)
        )

    def _objective(self, given: Objective) -> dict[str, Any]:
        """Return the keywords of an objective as the core takes them."""
        return constraints.objective(given, len(self.sizes) - 1)

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
        weight_decay: float = 0.0,
        max_norm: float | None = None,
    ) -> Optimizer:
        """Return a new optimizer for the parameters of this network.

        Parameters
        ----------
        kind : {"sgd", "momentum", "nesterov", "adam", "adamw"}, default="sgd"
        learning_rate : float
            0 or more; may be changed between epochs.
        momentum : float, default=0.0
            Momentum for "momentum" and "nesterov", from 0 to 1.
        beta_1, beta_2 : float, default=0.9, 0.999
            Decay rates of Adam's moment estimates, from 0 to below 1.
        epsilon : float, default=1e-8
            Added to Adam's denominator.
        weight_decay : float, default=0.0
            For "adamw", 0 or more: before each step every weight, but no bias, is reduced by
            ``learning_rate * weight_decay`` times itself (Loshchilov and Hutter 2019).
        max_norm : float or None, default=None
            A gradient that is longer, penalty included, is scaled to this length before the step; None: none is.

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
            self._net,
            kind,
            learning_rate=rate,
            momentum=momentum,
            beta_1=beta_1,
            beta_2=beta_2,
            epsilon=epsilon,
            weight_decay=constraints.network_argument("weight_decay", weight_decay),
            max_norm=constraints.network_argument("max_norm", max_norm) or 0.0,
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
        **objective: Unpack[Objective],
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
            Whether to compute the length of the last batch's gradient, before it is clipped.
        **objective
            As for `cost`, except that dropout uses the optimizer's ``n_steps`` as the step.

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
                **self._objective(objective),
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
