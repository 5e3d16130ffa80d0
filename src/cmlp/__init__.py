"""A multilayer perceptron in C for Python: fast, small, and bit-identical on every platform."""

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING

__all__ = [
    "Certification",
    "Drift",
    "Epoch",
    "Explanation",
    "Finding",
    "Gradient",
    "LayerExplanation",
    "LearningRateCurve",
    "MLPClassifier",
    "MLPRegressor",
    "Network",
    "Optimizer",
    "ParameterIndex",
    "Reloaded",
    "Report",
    "StepExplanation",
    "TabularClassifier",
    "TabularRegressor",
    "TrainedEpoch",
    "Trainer",
    "Verification",
    "__version__",
    "callbacks",
    "capi",
    "cpu_info",
    "datasets",
    "distributed",
    "examine",
    "exceptions",
    "find_learning_rate",
    "fit_many",
    "from_onnx",
    "from_pipeline",
    "from_sklearn",
    "from_torch",
    "get_cmake_dir",
    "get_include",
    "get_source",
    "load",
    "verify",
]

if TYPE_CHECKING:
    from cmlp import callbacks, datasets, distributed, exceptions
    from cmlp._bridge import get_cmake_dir, get_include, get_source
    from cmlp._bridge._core import Optimizer, __version__, capi, cpu_info
    from cmlp._estimators.examine import examine
    from cmlp._estimators.fit_many import fit_many
    from cmlp._estimators.loading import from_onnx, from_pipeline, from_sklearn, from_torch, load
    from cmlp._estimators.mlp import MLPClassifier, MLPRegressor
    from cmlp._estimators.network import Network
    from cmlp._estimators.rate_finder import LearningRateCurve, find_learning_rate
    from cmlp._estimators.reloaded import Reloaded
    from cmlp._estimators.tabular import TabularClassifier, TabularRegressor
    from cmlp._estimators.trainer import Trainer
    from cmlp._estimators.verifying import verify
    from cmlp._model.drift import Drift
    from cmlp._model.explanation import Explanation
    from cmlp._model.findings import Finding, Report
    from cmlp._model.results import (
        Certification,
        Epoch,
        Gradient,
        LayerExplanation,
        ParameterIndex,
        StepExplanation,
        TrainedEpoch,
        Verification,
    )
else:
    # Modules are imported at first use: this keeps `import cmlp` fast, and few programs use all of
    # them.
    _NAMES_OF = {
        "_bridge": ("get_cmake_dir", "get_include", "get_source"),
        "_bridge._core": ("Optimizer", "__version__", "capi", "cpu_info"),
        "_estimators.mlp": ("MLPClassifier", "MLPRegressor"),
        "_estimators.examine": ("examine",),
        "_estimators.fit_many": ("fit_many",),
        "_estimators.rate_finder": ("LearningRateCurve", "find_learning_rate"),
        "_estimators.loading": ("from_onnx", "from_pipeline", "from_sklearn", "from_torch", "load"),
        "_estimators.network": ("Network",),
        "_model.drift": ("Drift",),
        "_model.explanation": ("Explanation",),
        "_model.findings": ("Finding", "Report"),
        "_model.results": (
            "Certification",
            "Epoch",
            "Gradient",
            "LayerExplanation",
            "ParameterIndex",
            "StepExplanation",
            "TrainedEpoch",
            "Verification",
        ),
        "_estimators.tabular": ("TabularClassifier", "TabularRegressor"),
        "_estimators.reloaded": ("Reloaded",),
        "_estimators.trainer": ("Trainer",),
        "_estimators.verifying": ("verify",),
    }
    _MODULE_OF = {name: module for module, names in _NAMES_OF.items() for name in names}

    # What fit and predict import at their first use.
    _NEEDED_BY_MODELS = (
        "_estimators.mlp",
        "_fit.fit_network",
        "_fit.sources",
        "_data.checks",
        "_estimators.network",
        "_train.scores",
        "_estimators.trainer",
        "_data.column_entries",
    )

    def _finish_imports():
        """Before a fork, wait for the imports that other threads have begun: the child would wait for ever."""
        if len(sys._current_frames()) > 1:
            of_tables = (
                "_tables.fit_table",
                "_findings.texts",
                "_model.outside",
            )
            is_for_tables = "cmlp._estimators.tabular" in sys.modules
            for name in (*_NEEDED_BY_MODELS, *of_tables) if is_for_tables else _NEEDED_BY_MODELS:
                import_module(f"cmlp.{name}")

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=_finish_imports)

    def _is_command():
        """Return whether this process is the command ``cmlp`` or ``python -m cmlp``."""
        program = os.path.basename((sys.argv or [""])[0])
        return program == "-m" or os.path.splitext(program)[0] == "cmlp"

    def __getattr__(name):
        if name in _MODULE_OF:
            value = getattr(import_module(f"cmlp.{_MODULE_OF[name]}"), name)
        elif name in ("callbacks", "datasets", "distributed", "exceptions"):
            value = import_module(f"cmlp.{name}")
        else:
            raise AttributeError(f"module 'cmlp' has no attribute {name!r}")
        globals()[name] = value  # the next access does not call this function
        return value

    def __dir__():
        return sorted({*globals(), *__all__})

    # The bridge is imported now, so that an invalid CMLP_ISA or CMLP_TUNING raises ImportError at
    # `import cmlp`. The command imports it later, to print this error in one line.
    if not _is_command():
        import_module("cmlp._bridge._core")
