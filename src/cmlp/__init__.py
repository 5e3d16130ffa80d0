"""A multilayer perceptron in C for Python: fast, small, and the same bits everywhere."""

import importlib

from cmlp._classifier import MLPClassifier
from cmlp._core import __version__, cpu_info
from cmlp._include import get_include
from cmlp._regressor import MLPRegressor
from cmlp.exceptions import DivergenceError, NonFiniteInputError, StatusError
from cmlp.network import Gradient, Network

__all__ = [
    "DivergenceError",
    "Gradient",
    "MLPClassifier",
    "MLPRegressor",
    "Network",
    "NonFiniteInputError",
    "StatusError",
    "__version__",
    "cpu_info",
    "datasets",
    "get_include",
]


def __getattr__(name):
    """Import `cmlp.datasets` when it is first used: most programs bring their own data."""
    if name == "datasets":
        return importlib.import_module("cmlp.datasets")
    raise AttributeError(f"module 'cmlp' has no attribute {name!r}")
