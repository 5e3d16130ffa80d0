"""A multilayer perceptron in C for Python: fast, small, and the same bits everywhere."""

from cmlp._core import __version__, cpu_info
from cmlp._include import get_include
from cmlp.exceptions import DivergenceError, NonFiniteInputError, StatusError
from cmlp.network import Gradient, Network

__all__ = [
    "DivergenceError",
    "Gradient",
    "Network",
    "NonFiniteInputError",
    "StatusError",
    "__version__",
    "cpu_info",
    "get_include",
]
