"""`Network`: its parameters, steps of training, and direct access to forward pass, gradients and optimizers."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any, Self, TypedDict, Unpack

import numpy as np

from cmlp._bridge import _core
from cmlp._bridge._core import Net, Optimizer
from cmlp._bridge.blocks import (
    PICKLE_VERSION,
    block_copy,
    check_params,
    check_version,
    loaded_block,
    native,
)
from cmlp._data.activations import traits_of_activation
from cmlp._data.arrays import readable, rectangular, values_and_gradient
from cmlp._data.losses import traits_of
from cmlp._data.scale import InputScale, check_scale_width, scaled_rows
from cmlp._estimators.exports import ExportMethods
from cmlp._model.model import NetworkModel, TrainedNet
from cmlp._model.results import Epoch, Gradient, LayerExplanation, ParameterIndex, StepExplanation
from cmlp._parameters import architecture
from cmlp._parameters.architecture import init_activations, per_layer
from cmlp._parameters.constraints import BOOLEAN, COUNT, LARGEST_INTEGER, argument, interval
from cmlp._parameters.entries import network_argument
from cmlp._train.initial_params import initial_params
from cmlp._train.random import checked_generator
from cmlp.exceptions import InvalidParameterError

if TYPE_CHECKING:
    import os

    from cmlp._data.array_types import AnyArray, ArrayLike, Floats, FloatType, LossFunction
    from cmlp._data.disk import Produce


_ALL_ROWS = LARGEST_INTEGER  # a batch size that includes all rows
_SEED = interval(Integral, 0, 2**32 - 1, "both", booleans=False)
_STEP = interval(Integral, 0, LARGEST_INTEGER, "both", booleans=False)


class CostKeywords(TypedDict, total=False):
    """Keywords of `Network.cost` that define the objective."""

    sample_weight: ArrayLike | None
    alpha: float | Sequence[float]
    dropout: float | Sequence[float]
    dropout_seed: int
    dropout_step: int


def cost_keywords(given: CostKeywords, n_layers: int) -> _core.CallKeywords:
    """Return the keywords of an objective, as `Network.cost` documents them, in the form that the core expects."""
    unknown = sorted(set(given) - set(CostKeywords.__annotations__))
    if unknown:
        raise TypeError(
            f"unexpected keyword argument {unknown[0]!r}; valid keywords are "
            f"{', '.join(CostKeywords.__annotations__)}"
        )
    core: _core.CallKeywords = {"sample_weight": given.get("sample_weight")}
    alpha, dropout = given.get("alpha", 0.0), given.get("dropout", 0.0)
    if hasattr(alpha, "__iter__"):
        core["alphas"] = per_layer("alpha", alpha, n_layers)
    else:
        core["alpha"] = network_argument("alpha", alpha)
    rates = per_layer("dropout", dropout, n_layers - 1, "hidden layers")
    if any(rates) or hasattr(dropout, "__iter__"):
        core["dropout"] = rates
    core["dropout_seed"] = argument("dropout_seed", given.get("dropout_seed", 0), _SEED)
    core["dropout_step"] = argument("dropout_step", given.get("dropout_step", 0), _STEP)
    return core


class Network(ExportMethods):
    """A multilayer perceptron with direct access to parameters, activations and gradients.

    Each layer computes ``activation(inputs @ weights + biases)``.

    Parameters
    ----------
    sizes : sequence of int
        Layer sizes, input first, for example ``[784, 16, 16, 10]``.
    activation : str or sequence of str, default="logistic"
        Activation of the hidden layers: one name for all of them, or one for each. It also
        determines the range of the initial parameters (see Notes). The names are "elu", "gelu",
        "identity", "leaky_relu", "logistic", "relu", "silu", "softplus", "softsign", "tanh".
    output : {"softmax", "logistic", "identity", "exp", "tanh"}, default="softmax"
        Activation of the output layer.
    loss : str or callable, default="log_loss"
        Cost of a row. With softmax or logistic outputs: "log_loss", "focal" or "label_smoothing"
        (targets must be from 0 to 1). With identity, logistic, tanh or exp outputs: "squared_error"
        (the sum of the squared differences between outputs and targets; also with softmax),
        "absolute_error", "huber" or "quantile". With exp outputs also "poisson" and "tweedie"
        (targets must not be negative) and "gamma" (targets must be positive). See Notes for the
        formulas. Or a function ``loss(y, output)``, for experiments: it gets the targets and
        outputs of some rows, both of shape (n, n_outputs), and returns the cost of each row, of
        shape (n,), and its derivatives with respect to the outputs, of shape (n, n_outputs). Class
        indices become rows of zeros and a one. A row's cost must depend on this row alone. The
        function is called in one thread; such a network cannot be saved.
    dtype : {"float32", "float64"}, default="float32"
        Type of the parameters and of all arithmetic.
    input_scale : float or (shift, factor), default=1
        Factor by which every input is multiplied: ``1 / 255`` for images of bytes. Or two vectors
        of shape (n_inputs,): the network sees ``(X - shift) * factor``, computed in float64 and
        rounded once. Sparse X must not be shifted.
    random_state : None, int or RandomState, default=None
        Seed of the initial parameters; the same seed gives the same parameters as in the
        estimators.
    n_threads : None or int, default=None
        Maximum number of threads. If None, chosen from the problem size and the number of CPUs. The
        results do not depend on it.
    activation_parameter : float, sequence of float or None, default=None
        Positive parameter of "leaky_relu" (the slope for negative inputs, by default 0.01) and
        "elu" (minus the limit at minus infinity, by default 1). One number for all hidden layers,
        or one for each; None or 0 is the default.
    loss_parameter : float, sequence of float or None, default=None
        Positive parameter p of the loss (see Notes); None is the default. "quantile" can have an
        ascending list, a number for each output; `forward` then sorts the outputs of each row, so
        that predicted quantiles never cross.
    initialization : {"glorot", "he", "lecun"} or tuple (coefs, intercepts), default="glorot"
        The range of the random initial parameters (see Notes), or the initial weights and biases
        themselves: two lists with one array per layer, which are copied.

    Attributes
    ----------
    sizes : tuple of int
        Layer sizes, input first.
    params : ndarray of shape (n_params,)
        All weights and biases in one block: W1 (n_in, n_out) in row-major order, b1, W2, b2, ...
    weights, biases : tuple of ndarray
        One array per layer, of shape ``(n_in, n_out)`` and ``(n_out,)``. They are views of
        `params`: writing to them changes the network.

    Raises
    ------
    ValueError
        If an argument is invalid, or the arguments do not match.

    Notes
    -----
    With "glorot", the initial weights and biases are uniform in ``+-sqrt(6 / (n_in + n_out))``, with 2 instead of 6 for
    logistic layers, as in scikit-learn (Glorot and Bengio 2010). The output layer uses the factor of the last hidden
    layer, or of `activation` if there are no hidden layers. The C library's ``cmlp_net_init_params`` gives the same
    parameters, except for networks without hidden layers, where it always uses 6. With "he", the weights are uniform in
    ``+-sqrt(6 / n_in)`` (He et al. 2015), with "lecun" in ``+-sqrt(3 / n_in)`` (LeCun et al. 1998), and the biases are
    0.

    The cost of a row is a sum over the outputs. With p for `loss_parameter` and
    ``d = output - target``, the terms are:

    - "absolute_error": ``abs(d)``; its minimum is the median.
    - "focal": the log loss with every ``log(output)`` multiplied by ``(1 - output) ** p``; by
      default p = 2 (Lin et al. 2017).
    - "gamma": ``target / output + log(output)``, up to a constant half the gamma deviance, for
      prices and durations; targets must be positive.
    - "huber": ``d ** 2 / 2`` if ``abs(d) <= p``, otherwise ``p * (abs(d) - p / 2)``; by default p =
      1. Large errors count less (Huber 1964).
    - "label_smoothing": the log loss with the targets ``(1 - p) * target + p / n_classes``; p is
      below 1, by default 0.1 (Szegedy et al. 2016). A logistic output has two classes.
    - "log_loss": ``-log(output)`` of the true class.
    - "poisson": ``output - target + target * log(target / output)``, half the Poisson deviance, for
      counts; targets must not be negative.
    - "quantile": ``(1 - p) * d`` if d is positive, otherwise ``-p * d``; by default p = 0.5. Its
      minimum is the quantile of the level p (Koenker and Bassett 1978).
    - "squared_error": ``d ** 2``; `MLPRegressor` has half of it, as scikit-learn.
    - "tweedie": half the Tweedie deviance of the power p, which is above 1 and below 2, by default
      1.5, ``output ** (2 - p) / (2 - p) + target * output ** (1 - p) / (p - 1)`` less its value at
      ``output = target``, for amounts many of which are 0 (Jorgensen 1987); targets must not be
      negative.

    Examples
    --------
    >>> from cmlp import Network
    >>> net = Network([784, 16, 16, 10])
    >>> net.n_params
    13002
    """

    __module__ = "cmlp"

    _net: _core.Net
    _params: Floats
    _scale: float | InputScale
    _n_threads: int | None

    def __init__(
        self,
        sizes: Sequence[int],
        activation: str | Sequence[str] = "logistic",
        *,
        output: str = "softmax",
        loss: str | LossFunction = "log_loss",
        dtype: str | np.dtype[np.generic] | type = "float32",
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
            raise InvalidParameterError(
                f"output={output!r} needs at least 2 outputs, because a single one is always 1: "
                f"use 'logistic' for a probability or 'identity' for a number, got sizes={sizes!r}",
                parameter="output",
                value=output,
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
        rng = checked_generator(random_state)
        self._params = initial_params(
            self._net, rng, init_activations(hidden, activation), initialization
        )

    @classmethod
    def _assembled(
        cls,
        net: _core.Net,
        params: Floats,
        input_scale: float | InputScale,
        n_threads: int | None = None,
    ) -> Self:
        """Return a network that uses a parameter block without a copy."""
        network = cls.__new__(cls)
        network.__dict__.update(_net=net, _params=params, _scale=input_scale, _n_threads=n_threads)
        return network

    def _sharing(self, net: _core.Net, params: Floats) -> tuple[Self, dict[str, Any]]:
        """Return the network and the attributes with which it uses another parameter block, without a copy."""
        return self, {"_net": net, "_params": params}

    def __copy__(self) -> Self:
        twin = type(self).__new__(type(self))
        twin.__dict__.update(self.__dict__, _params=block_copy(self._params))
        return twin

    def __getstate__(self) -> dict[str, object]:
        return {"version": PICKLE_VERSION, **self.__dict__}

    def __setstate__(self, fields: dict[str, Any]) -> None:
        check_version(fields, "network")
        net = fields.get("_net")
        if not isinstance(net, _core.Net):
            raise ValueError(
                f"The pickled network is damaged: _net must be a Net, got {type(net).__name__}."
            )
        try:
            params = native(fields.get("_params"), (np.float32, np.float64), "params")
            check_params(params, net)
        except ValueError as error:
            raise ValueError(f"The pickled network is damaged: {error}") from None
        params = loaded_block(params)
        check_scale_width(fields.get("_scale"), net.n_in)
        self.__dict__.update(
            {name: value for name, value in fields.items() if name != "version"}, _params=params
        )

    def __repr__(self) -> str:
        shape = "-".join(map(str, self.sizes))
        activations = ", ".join(self._net.activations)
        return (
            f"Network({shape}: {activations}; {self._net.loss}, {self._net.dtype}, {self.n_params} "
            "parameters)"
        )

    def _trained(self) -> NetworkModel:
        """Return the network as a model, which shares the parameters."""
        return NetworkModel("network", [(self._net, self._params)], input_scale=self._scale)

    @property
    def activation(self) -> tuple[str, ...]:
        """Activation of each hidden layer."""
        return self._net.activations[:-1]

    @property
    def output(self) -> str:
        """Activation of the output layer."""
        return self._net.activations[-1]

    @property
    def loss(self) -> str | LossFunction:
        """Name of the loss, or the function."""
        return self._net.loss

    @property
    def activation_parameter(self) -> tuple[float, ...] | None:
        """Activation parameter of each hidden layer, 0 for layers without one; None if no layer has one."""
        parameters = self._net.activation_parameters[:-1]
        return parameters if any(parameters) else None

    @property
    def loss_parameter(self) -> float | tuple[float, ...] | None:
        """Parameter of the loss, or a quantile for each output; None if it has none."""
        return self._net.loss_parameter or None

    @property
    def dtype(self) -> FloatType:
        """Type of the parameters and of all arithmetic."""
        return self._net.dtype

    @property
    def input_scale(self) -> float | InputScale:
        """Factor by which every input is multiplied, or a tuple ``(shift, factor)`` of vectors."""
        return self._scale

    @property
    def n_threads(self) -> int | None:
        """Maximum number of threads; None if it depends on the problem size and the number of CPUs. Can be set."""
        return self._n_threads

    @n_threads.setter
    def n_threads(self, value: int | None) -> None:
        self._n_threads = network_argument("n_threads", value)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Layer sizes, input first."""
        return self._net.sizes

    @property
    def n_params(self) -> int:
        """Number of weights and biases."""
        return self._net.n_params

    @property
    def params(self) -> Floats:
        """All weights and biases in one block. Assigning copies the values into this block."""
        return self._params

    @params.setter
    def params(self, values: ArrayLike) -> None:
        values = np.asarray(values)
        if values.shape != self._params.shape or values.dtype.kind not in "buif":
            raise ValueError(
                f"params must be {self.n_params} real numbers, got an array of shape "
                f"{values.shape} and dtype {values.dtype}"
            )
        self._params[:] = values

    @property
    def weights(self) -> tuple[Floats, ...]:
        """The weights of each layer, of shape (n_in, n_out): views of `params`."""
        return tuple(self._net.views(self._params)[0])

    @property
    def biases(self) -> tuple[Floats, ...]:
        """The biases of each layer, of shape (n_out,): views of `params`."""
        return tuple(self._net.views(self._params)[1])

    def index(self, k: int) -> ParameterIndex:
        """Return the position in the network of the weight or bias `params[k]`.

        Parameters
        ----------
        k : int
            Index in `params`, from 0 to ``n_params - 1``.

        Returns
        -------
        ParameterIndex
            A named tuple ``(layer, source, target)`` of indices from 0; `source` is None for a
            bias.

        Raises
        ------
        IndexError
            If k is out of range.

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
        from cmlp._data.disk import write_atomically

        write_atomically(path, self._file())

    def to_bytes(self) -> bytes:
        """Return the content of the model file that `save` writes, which `cmlp.load` takes too.

        Returns
        -------
        bytes

        Raises
        ------
        ValueError
            If a weight is NaN or infinite.
        TypeError
            If this is an instance of a subclass.
        """
        from cmlp._model.file import bytes_of

        return bytes_of(self._file())

    def _file(self) -> Produce:
        """Return the function that gives the bytes of the model file."""
        from cmlp._model.file import model_file, require_own_class
        from cmlp._model.formats import require

        require_own_class(self)
        model = self._trained()
        require(model, "save")
        return model_file(model)

    # Prediction

    def forward(
        self, X: ArrayLike, out: Floats | None = None, *, order: ArrayLike | None = None
    ) -> Floats:
        """Return the output activations of each row.

        Parameters
        ----------
        X : array or sparse container of shape (n, n_inputs), uint8, float32 or float64
            Arrays of these types are read without a copy, with any strides; others are converted.
            SciPy's CSR format is read without a copy; its other formats are converted to CSR.
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
        if order is not None:
            result = None
        else:
            result = self._net.forward_small(self._params, X, self._scale, out)
        if result is not None:
            return result
        return self._net.forward(
            self.params, X, scale=self._scale, out=out, order=order, n_threads=self._n_threads
        )

    __call__ = forward

    def predict(self, X: ArrayLike) -> AnyArray:
        """Return the class of each row; without softmax or logistic outputs, the outputs as numbers.

        Parameters
        ----------
        X : array-like or sparse container of shape (n, n_inputs)

        Returns
        -------
        ndarray of shape (n,) or (n, n_outputs)
            With softmax or logistic outputs, the index of the largest output; with a single one, 1
            if it is above 0.5, otherwise 0. With other outputs, what `forward` returns, with a
            single one as a flat array.
        """
        outputs = self.forward(X)
        if not traits_of_activation(self.output).is_probability:
            return outputs[:, 0] if self._net.n_out == 1 else outputs
        classes: AnyArray = (
            (outputs[:, 0] > 0.5).astype(int) if self._net.n_out == 1 else outputs.argmax(axis=1)
        )
        return classes

    def activations(self, X: ArrayLike) -> list[Floats]:
        """Return the activations of every layer, each of shape (n, size); the first are the scaled inputs."""
        hidden = self._net.activations_of(
            self.params, X, scale=self._scale, n_threads=self._n_threads
        )
        to_dense = getattr(X, "toarray", None)
        dense = X if to_dense is None else to_dense()
        return [scaled_rows(dense, self._scale, self._net.dtype), *hidden]

    def weighted_sums(self, X: ArrayLike) -> list[Floats]:
        """Return the weighted sums z (before the activation) of every layer after the input, each (n, n_out)."""
        return self._net.activations_of(
            self.params, X, scale=self._scale, n_threads=self._n_threads, sums=True
        )

    def cost(
        self,
        X: ArrayLike,
        y: ArrayLike,
        *,
        order: ArrayLike | None = None,
        plain: bool = False,
        **objective: Unpack[CostKeywords],
    ) -> float:
        """Return the mean cost of the rows.

        Parameters
        ----------
        X : array of shape (n, n_inputs)
        y : array of shape (n,) or (n, n_outputs)
            Class indices (for two or more outputs), or the target value of each output. Targets
            must be from 0 to 1 for "log_loss", "focal" and "label_smoothing" (probabilities, as
            soft labels), must not be negative for "poisson" and "tweedie", and must be positive for
            "gamma", also in rows of weight 0.
        order : array of int, default=None
            Indices of the rows to use; None for all rows. The rows are not copied.
        plain : bool, default=False
            Whether to return the cost without what training adds to it: with the loss
            "label_smoothing" or "focal" the log loss, and with any loss no penalty, so that
            networks with different losses can be compared. The outputs are the same: `dropout`
            still applies.
        **objective
            Options that change the objective:

            sample_weight : array of shape (n,), default=None
                Weights of the rows; the mean is weighted. Each is 0 or a positive normal number of
                the network's dtype (in float32 from 1.2e-38 to 3.4e38), and so is their sum. They
                must not all be 0.
            alpha : float or sequence of float, default=0.0
                Strength of the L2 penalty ``alpha / 2 * sum(weights ** 2) / sum(sample_weight)``,
                not negative. One number for all layers after the input, or one for each.
            dropout : float or sequence of float, default=0.0
                Dropout rate, at least 0 and below 1. One number for all hidden layers, or one for
                each. The activation of a unit is set to 0 with this probability, otherwise divided
                by ``1 - rate`` (Srivastava et al. 2014).
            dropout_seed : int, default=0
                Seed from 0 to ``2**32 - 1``. The dropped units depend only on seed, step, layer,
                row and unit, not on the number of threads or the batch size (Philox4x32-7, Salmon
                et al. 2011).
            dropout_step : int, default=0
                Index of the training step. During training, the optimizer's ``n_steps`` is used
                instead.

        Returns
        -------
        float

        Raises
        ------
        ValueError
            If an argument is invalid. `NonFiniteInputError`, a subclass, if X contains NaN or
            infinity.
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
        keywords = self._keywords(objective)
        if argument("plain", plain, *BOOLEAN):
            return self._net.cost_and_plain_cost(self.params, X, y, order=order, **keywords)[1]
        return self._net.cost(self.params, X, y, order=order, **keywords)

    def gradient(self, X: ArrayLike, y: ArrayLike, **objective: Unpack[CostKeywords]) -> Gradient:
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

    def input_gradient(
        self, X: ArrayLike, y: ArrayLike, **objective: Unpack[CostKeywords]
    ) -> Floats:
        """Return the gradient of each row's cost with respect to the inputs of that row.

        Parameters
        ----------
        X, y, **objective
            As for `cost`. The gradient of a row is multiplied by its sample weight; the penalty is
            ignored.

        Returns
        -------
        ndarray of shape (n, n_inputs)
        """
        return self._net.input_gradient(self.params, X, y, **self._keywords(objective))

    def deltas(self, X: ArrayLike, y: ArrayLike, **objective: Unpack[CostKeywords]) -> list[Floats]:
        """Return the derivative of each row's cost with respect to the weighted sums of every layer after the input.

        Parameters
        ----------
        X, y, **objective
            As for `cost`. The deltas of a row are multiplied by its sample weight; the penalty is
            ignored.

        Returns
        -------
        list of ndarray of shape (n, n_out)
            One array per layer. The gradient of the mean cost with respect to a layer's biases is
            the mean of its array over the rows.

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

        For each row, backpropagation starts with the wanted change of each output. A unit can
        follow it in three ways: by its bias, by its weights in proportion to the activations that
        they multiply, and by these activations in proportion to the weights. What the units of a
        layer want from an activation of the previous layer adds up to the wanted change of this
        activation.

        Parameters
        ----------
        X, y
            As for `cost`.

        Returns
        -------
        StepExplanation
            `StepExplanation` shows an example. The average over the rows is minus the gradient,
            within rounding.

        Raises
        ------
        ValueError
            If X or y do not fit the network.

        Examples
        --------
        >>> import numpy as np
        >>> net = Network([2, 3, 2], random_state=0)
        >>> X, y = np.zeros((5, 2)), [0, 1, 1, 0, 0]
        >>> step = net.explain_step(X, y)
        >>> bool(np.abs(step.average.flat + net.gradient(X, y).flat).max() < 1e-6)
        True
        """
        # It is read twice, and another thread could change it in between.
        y = np.array(rectangular(y, "y"))
        deltas = self.deltas(X, y)
        return explanation(self._net, self.weights, self.activations(X), deltas, y)

    def bounds(self, lower: ArrayLike, upper: ArrayLike) -> tuple[Floats, Floats]:
        """Return the least and the largest outputs that `forward` can return for inputs between two corners.

        They hold to the bit, with every rounding of the core: no input of the box, whatever its
        values, has an output outside. They are wider than the true range if inputs that reach both
        ends of a sum exclude each other; halves of a box have narrower bounds.

        Parameters
        ----------
        lower, upper : array-like of shape (n, n_inputs)
            The least and the largest inputs of each box.

        Returns
        -------
        low, high : ndarray of shape (n, n_outputs)
            Of the network's dtype. A bound that is infinite or NaN says nothing.

        Raises
        ------
        ValueError
            If a shape is wrong, an entry of `lower` is above that of `upper`, or the dtype is
            float64 and an activation or the output is none of identity, relu and leaky_relu, for
            which no bound is proved. `NonFiniteInputError`, a subclass, if a corner contains NaN or
            infinity.

        Notes
        -----
        Interval arithmetic (Moore, "Interval analysis", 1966) along the core's own chain of rounded operations, each of
        which is monotone. The activations are widened by the steps in which their values are not.

        Examples
        --------
        >>> from cmlp import Network
        >>> net = Network([2, 3, 1], "relu", output="identity", loss="squared_error", random_state=0)
        >>> low, high = net.bounds([[0, 0]], [[1, 1]])
        >>> bool((low <= net.forward([[0.3, 0.7]])).all() and (net.forward([[0.3, 0.7]]) <= high).all())
        True
        """
        low = readable(rectangular(lower, "lower"), "lower")
        high = readable(rectangular(upper, "upper"), "upper")
        return TrainedNet(self._net, self.params).bounds((low, high), self._scale)

    # Training

    def _keywords(self, given: CostKeywords) -> _core.CallKeywords:
        """Return the keywords of a call of the core: input scale, threads and objective."""
        return {
            "scale": self._scale,
            "n_threads": self._n_threads,
            **cost_keywords(given, len(self.sizes) - 1),
        }

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None,
        **parameters: Any,  # those of Trainer
    ) -> Self:
        """Train the network: the short form of ``Trainer(network, **parameters).run(X, y, sample_weight)``.

        Parameters
        ----------
        X : array-like or sparse container of shape (n, n_inputs)
        y : array-like of shape (n,) or (n, n_outputs)
            Targets, as for `cost`.
        sample_weight : None, float or array-like of shape (n,), default=None
            Weights of the rows, not negative.
        X_val, y_val, sample_weight_val
            Validation rows of your own, as for `cmlp.Trainer.run`.
        **parameters
            Parameters of `cmlp.Trainer`, such as ``solver``, ``max_iter`` or ``early_stopping``.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If an argument is invalid, X contains NaN or infinity (`NonFiniteInputError`) or
            training diverges (`DivergenceError`). The network stays unchanged.
        KeyboardInterrupt
            On Ctrl-C; the parameters are those after the last complete batch.

        Examples
        --------
        >>> from cmlp import Network
        >>> X, y = [[0.0, 0.0], [1.0, 1.0], [0.0, 1.0], [1.0, 0.0]], [0, 0, 1, 1]
        >>> net = Network([2, 8, 2], "tanh", random_state=0)
        >>> net.fit(X, y, learning_rate_init=0.1, max_iter=100, random_state=0).predict(X)
        array([0, 0, 1, 1])
        """
        from cmlp._estimators.trainer import Trainer  # programs that only predict do not need it

        trainer = Trainer(self, **parameters)
        before = block_copy(self._params)
        try:
            trainer.run(
                X, y, sample_weight, X_val=X_val, y_val=y_val, sample_weight_val=sample_weight_val
            )
        except Exception:
            self._params[:] = before
            raise
        return self

    def step(self, X: ArrayLike, y: ArrayLike, learning_rate: float) -> float:
        """Take one gradient descent step on all rows; return their mean cost before the step."""
        return self.train_epoch(X, y, _ALL_ROWS, learning_rate).loss

    def optimizer(
        self,
        solver: str = "sgd",
        *,
        learning_rate: float,
        momentum: float = 0.9,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0.0,
        max_grad_norm: float | None = None,
    ) -> Optimizer:
        """Return a new optimizer for the parameters of this network.

        Parameters
        ----------
        solver : {"sgd", "momentum", "nesterov", "adam", "adamw"}, default="sgd"
        learning_rate : float
            Not negative; may be changed between epochs.
        momentum : float, default=0.9
            Momentum for "momentum" and "nesterov", from 0 to 1.
        beta_1 : float, default=0.9
            Decay rate of Adam's estimates of the mean, from 0 to below 1.
        beta_2 : float, default=0.999
            Decay rate of Adam's estimates of the square, from 0 to below 1.
        epsilon : float, default=1e-08
            Added to the denominator of Adam's step.
        weight_decay : float, default=0.0
            Weight decay for the solver "adamw", not negative. Before each step,
            ``learning_rate * weight_decay`` times the weight is subtracted from every weight, but
            not from the biases (Loshchilov and Hutter 2019).
        max_grad_norm : float or None, default=None
            If the norm of a step's gradient (with the penalty) is larger, the gradient is scaled to
            this norm. None means no clipping.

        Returns
        -------
        Optimizer
            An object with the attributes ``solver``, ``learning_rate``, ``n_steps`` and ``state``
            (the moments).

        Raises
        ------
        ValueError
            If a hyperparameter is invalid.
        """
        given = {
            "learning_rate": learning_rate,
            "momentum": momentum,
            "beta_1": beta_1,
            "beta_2": beta_2,
            "epsilon": epsilon,
            "weight_decay": weight_decay,
        }
        checked = {name: network_argument(name, value) for name, value in given.items()}
        max_norm = network_argument("max_grad_norm", max_grad_norm) or 0.0
        return Optimizer(self._net, solver, **checked, max_norm=max_norm)

    def train_epoch(
        self,
        X: ArrayLike,
        y: ArrayLike,
        batch_size: int,
        optimizer: Optimizer | float,
        *,
        order: ArrayLike | None = None,
        learning_rates: ArrayLike | None = None,
        gradient_norm: bool = False,
        **objective: Unpack[CostKeywords],
    ) -> Epoch:
        """Train for one epoch, with one optimizer step per batch; return loss, penalty and gradient norm.

        This is the C library's training loop without anything around it. `fit` and `cmlp.Trainer`
        shuffle, schedule the learning rate and stop by themselves.

        Parameters
        ----------
        X : array of shape (n, n_inputs)
        y : array of shape (n,) or (n, n_outputs)
        batch_size : int
            Number of rows per batch; the last batch may be smaller.
        optimizer : Optimizer or float
            An object from `optimizer`, which keeps its state from epoch to epoch; or the learning
            rate of plain gradient descent.
        order : array of int, default=None
            Indices of the rows to use, in this order; None for all rows in their original order.
        learning_rates : array of shape (n_batches,), default=None
            A learning rate for each batch; None for the optimizer's learning rate.
        gradient_norm : bool, default=False
            Whether to compute the norm of the last batch's gradient (before clipping).
        **objective
            As for `cost`, except that dropout uses the optimizer's ``n_steps`` as the step.

        Returns
        -------
        Epoch

        Raises
        ------
        ValueError
            If an argument is invalid, or the optimizer was made for a different network.
            `DivergenceError`, a subclass, if the cost or a parameter is no longer finite. The
            parameters are then those after the last complete batch and need not be finite, because
            its step may have made them NaN or infinite. To continue, keep a copy of `params` from
            before the epoch.
        KeyboardInterrupt
            On Ctrl-C; the parameters are those after the last complete batch.

        Examples
        --------
        >>> from cmlp import Network
        >>> net = Network([2, 3, 2], random_state=0)
        >>> adam = net.optimizer("adam", learning_rate=0.01)
        >>> net.train_epoch([[0.0, 1.0], [1.0, 0.0]], [0, 1], batch_size=1, optimizer=adam).batches
        2
        """
        if not isinstance(optimizer, Optimizer):
            optimizer = self.optimizer(learning_rate=optimizer)
        cost, penalty, norm, n_batches = self._net.train_epoch(
            self.params,
            X,
            y,
            optimizer,
            batch_size=argument("batch_size", batch_size, COUNT),
            order=order,
            rates=learning_rates,
            wants_norm=gradient_norm,
            **self._keywords(objective),
        )
        return Epoch(cost + penalty, penalty, norm, n_batches)


# --------------------------------------- a gradient, and the wanted changes of a gradient descent step for each example


_ROWS = 1024  # rows that are converted to double precision at a time
_PIECE = 2**20  # elements of a sum between two checks for Ctrl-C


def explanation(
    net: Net,
    weights: Sequence[Floats],
    activations: Sequence[Floats],
    deltas: Sequence[Floats],
    y: ArrayLike,
) -> StepExplanation:
    """Return the wanted changes of a step for each row.

    `activations` are those of every layer, the inputs first, and `deltas` the derivatives of each row's cost with
    respect to the weighted sums, for valid targets.
    """
    targets = _dense_targets(y, net)
    pushes = [-delta for delta in deltas]
    changes: list[Floats] = [
        push @ matrix.T for push, matrix in zip(pushes[1:], weights[1:], strict=True)
    ]
    changes.append(_wanted_outputs(net, activations[-1], targets))
    layers = [
        LayerExplanation(change, push, inputs, outputs, matrix.copy())
        for change, push, inputs, outputs, matrix in zip(
            changes, pushes, activations[:-1], activations[1:], weights, strict=True
        )
    ]
    return StepExplanation(targets, layers, _average(net, layers))


def _dense_targets(y: ArrayLike, net: Net) -> Floats:
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
            row_index = slice(start, start + _ROWS)
            sums += layer.inputs[row_index].astype(np.float64).T @ layer.bias_changes[
                row_index
            ].astype(np.float64)
        of_weights[...] = sums / len(layer.bias_changes)
        of_biases[...] = layer.bias_changes.mean(axis=0, dtype=np.float64)
    return gradient_of(net, flat)


def _wanted_outputs(net: Net, a: Floats, t: Floats) -> Floats:
    """Return minus the derivative of each row's cost with respect to its outputs `a`, for targets `t`."""
    p = np.asarray(net.loss_parameter, net.dtype)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        if callable(net.loss):
            return -values_and_gradient(net.loss, t, a)[1]
        n_classes = net.n_out if net.activations[-1] == "softmax" else 0
        return traits_of(net.loss).descent(a, t, p, n_classes)


def gradient_of(net: Net, flat: Floats) -> Gradient:
    """Return the gradient whose numbers, in the layout of the network's parameters, are `flat`."""
    return Gradient(*net.views(flat), flat, _euclidean_norm(flat))


def _euclidean_norm(vector: Floats) -> float:
    """Return the Euclidean norm of a vector, computed in double precision."""
    squares = 0.0
    for start in range(0, len(vector), _PIECE):
        piece = vector[start : start + _PIECE].astype(np.float64)
        # Not piece @ piece: BLAS may use threads, and the sum would then depend on their number.
        squares += float(np.einsum("i,i->", piece, piece))
    return float(np.sqrt(squares))
