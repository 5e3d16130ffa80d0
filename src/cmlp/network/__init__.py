"""The bare network, for users who want its parameters, activations and gradients, or who embed it."""

from cmlp._core import Optimizer
from cmlp.network.network import Network
from cmlp.results import Epoch, Gradient, LayerExplanation, ParameterIndex, StepExplanation

__all__ = ["Epoch", "Gradient", "LayerExplanation", "Network", "Optimizer", "ParameterIndex", "StepExplanation"]
