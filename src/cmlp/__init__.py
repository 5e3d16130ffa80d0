"""A multilayer perceptron in C for Python: fast, small, and the same bits everywhere."""

from importlib import import_module
from typing import TYPE_CHECKING

from cmlp._core import __version__, cpu_info
from cmlp.exceptions import DivergenceError, NonFiniteInputError, StatusError

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

if TYPE_CHECKING:
    from cmlp import datasets
    from cmlp._classifier import MLPClassifier
    from cmlp._include import get_include
    from cmlp._regressor import MLPRegressor
    from cmlp.network import Gradient, Network
else:
    # Imported when first used: an import costs what it brings, and few programs want everything.
    _MODULE_OF = {
        "Gradient": "network",
        "MLPClassifier": "_classifier",
        "MLPRegressor": "_regressor",
        "Network": "network",
        "get_include": "_include",
    }

    def __getattr__(name):
        if name in _MODULE_OF:
            value = getattr(import_module(f"cmlp.{_MODULE_OF[name]}"), name)
        elif name == "datasets":
            value = import_module("cmlp.datasets")
        else:
            raise AttributeError(f"module 'cmlp' has no attribute {name!r}")
        globals()[name] = value  # the next look finds it without this function
        return value

    def __dir__():
        return sorted({*globals(), *__all__})
