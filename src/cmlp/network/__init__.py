"""The bare network, for those who want to look inside or to embed it."""

from cmlp._core import Optimizer
from cmlp.network.network import Network
from cmlp.results import Epoch, Gradient, ParameterIndex

__all__ = ["Epoch", "Gradient", "Network", "Optimizer", "ParameterIndex"]
