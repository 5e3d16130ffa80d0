"""The presets of `MLPClassifier.from_preset`, as parameters."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

PRESETS: Mapping[str, Mapping[str, Any]] = {
    "3b1b": {
        "hidden_layer_sizes": (16, 16),
        "activation": "logistic",
        "loss": "squared_error",
        "solver": "sgd",
        "momentum": 0.0,
        "batch_size": 10,
        "learning_rate_init": 1.5,  # the cost has no factor 1/2: with that factor, the same rate is 3.0
        "alpha": 0.0,
        "max_iter": 30,
        "tol": 0.0,  # with the next line: all epochs are planned
        "n_iter_no_change": math.inf,
        "input_scale": 1 / 255,
    },
    # Found by the search in benchmarks/recipe.py.
    "fast": {
        "hidden_layer_sizes": (176,),
        "activation": "relu",
        "loss": "log_loss",
        "solver": "adam",
        "beta_2": 0.95,
        "batch_size": 96,
        "learning_rate": "one_cycle",
        "learning_rate_init": 0.006,
        "alpha": 0.0,
        "max_iter": 3,
        "input_scale": 1 / 255,
    },
}
