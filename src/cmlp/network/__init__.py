"""The bare network, for users who want its parameters, activations and gradients, or who embed it."""

from cmlp._core import Optimizer
from cmlp.network.network import Network
from cmlp.results import Epoch, Gradient, ParameterIndex

__all__ = ["Epoch", "Gradient", "Network", "Optimizer", "ParameterIndex"]
