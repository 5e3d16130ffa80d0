"""A multilayer perceptron in C for Python: fast, small, and the same bits everywhere."""

from cmlp._core import __version__
from cmlp.exceptions import DivergenceError, NonFiniteInputError, StatusError
from cmlp.network import Network

__all__ = [
    "DivergenceError",
    "NonFiniteInputError",
    "Network",
    "StatusError",
    "__version__",
]
