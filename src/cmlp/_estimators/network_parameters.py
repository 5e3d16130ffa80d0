"""The parameters of a network: the flat block, its views per layer, copies and pickles."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp import _core
from cmlp._bridge.blocks import block_copy, check_params, loaded_block, native
from cmlp._data.pickles import PICKLE_VERSION, check_version
from cmlp._data.scale import check_scale_width
from cmlp._model.results import ParameterIndex
from cmlp._train import hyperparameters

if TYPE_CHECKING:
    from typing import Self

    from numpy.typing import ArrayLike, NDArray

    from cmlp._data.arrays import LossFunction
    from cmlp._data.scale import InputScale
    from cmlp._model.model import TrainedModel


class NetworkParameters:
    """The parameters of a network and their layout; base class of `Network`."""

    _net: _core.Net
    _params: NDArray[Any]
    _scale: float | InputScale
    _n_threads: int | None

    @classmethod
    def _assembled(
        cls, net: _core.Net, params: NDArray[Any], input_scale: float | InputScale, n_threads: int | None = None
    ) -> Self:
        """Return a network that uses a parameter block without a copy."""
        network = cls.__new__(cls)
        network.__dict__.update(_net=net, _params=params, _scale=input_scale, _n_threads=n_threads)
        return network

    def _share(self, net: _core.Net, params: NDArray[Any]) -> None:
        """Use another parameter block from now on, without a copy."""
        self.__dict__.update(_net=net, _params=params)

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
        check_scale_width(fields.get("_scale"), net.n_in)
        self.__dict__.update({name: value for name, value in fields.items() if name != "version"}, _params=params)

    def __repr__(self) -> str:
        shape = "-".join(map(str, self.sizes))
        activations = ", ".join(self._net.activations)
        return f"Network({shape}: {activations}; {self._net.loss}, {self._net.dtype}, {self.n_params} parameters)"

    def _trained(self) -> TrainedModel:
        """Return the network as a model, which shares the parameters."""
        from cmlp._model.model import TrainedModel

        return TrainedModel("network", [(self._net, self._params)], input_scale=self._scale)

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
    def dtype(self) -> np.dtype[Any]:
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
        self._n_threads = hyperparameters.network_argument("n_threads", value)

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
        """All weights and biases in one block. Assigning copies the values into this block."""
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
        """The weights of each layer, of shape (n_in, n_out): views of `params`."""
        return tuple(self._net.views(self._params)[0])

    @property
    def biases(self) -> tuple[NDArray[Any], ...]:
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
            A named tuple ``(layer, source, target)`` of indices from 0; `source` is None for a bias.

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
