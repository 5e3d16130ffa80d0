"""A multilayer perceptron in C for Python: fast, small, and the same bits everywhere."""

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING

from cmlp.exceptions import DivergenceError, ModelFormatError, NonFiniteInputError, StatusError

__all__ = [
    "DivergenceError",
    "Gradient",
    "MLPClassifier",
    "MLPRegressor",
    "ModelFormatError",
    "Network",
    "NonFiniteInputError",
    "StatusError",
    "__version__",
    "cpu_info",
    "datasets",
    "get_include",
    "load",
]

if TYPE_CHECKING:
    from cmlp import datasets
    from cmlp._core import __version__, cpu_info
    from cmlp._include import get_include
    from cmlp.estimators.classifier import MLPClassifier
    from cmlp.estimators.regressor import MLPRegressor
    from cmlp.files.models import load
    from cmlp.network import Gradient, Network
else:
    # Imported when first used: an import costs what it brings, and few programs want everything.
    _MODULE_OF = {
        "Gradient": "network",
        "MLPClassifier": "estimators.classifier",
        "MLPRegressor": "estimators.regressor",
        "Network": "network",
        "__version__": "_core",
        "cpu_info": "_core",
        "get_include": "_include",
        "load": "files.models",
    }

    def _is_command():
        """Whether this is ``cmlp`` or ``python -m cmlp`` on its way."""
        program = os.path.basename((sys.argv or [""])[0])
        return program == "-m" or os.path.splitext(program)[0] == "cmlp"

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

    # The bridge at once: it refuses what CMLP_ISA may not be. The command says so itself, in a line.
    if not _is_command():
        import_module("cmlp._core")
