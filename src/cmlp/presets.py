"""Presets: named sets of parameters for an estimator.

`MLPClassifier.from_preset`, the command's option ``--method`` and the documentation use the same table.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple


class Preset(NamedTuple):
    """A named set of parameters.

    Attributes
    ----------
    kind : str
        The kind of estimator: "classifier" or "regressor".
    method : str
        Name of the preset in the command (``cmlp digits --method``).
    summary : str
        A one-line description for the command's help.
    explanation : str
        What the story says about the method; empty for the story's own method.
    parameters : mapping of str to object
        Parameters of the estimator's constructor.
    """

    kind: str
    method: str
    summary: str
    explanation: str
    parameters: Mapping[str, Any]


PRESETS: Mapping[str, Preset] = {
    "3b1b": Preset(
        kind="classifier",
        method="story",
        summary="logistic neurons, squared differences, plain gradient descent",
        explanation="",
        parameters={
            "hidden_layer_sizes": (16, 16),
            "activation": "logistic",
            "loss": "squared_error",
            "solver": "sgd",
            "momentum": 0.0,
            "batch_size": 10,
            "learning_rate_init": 1.5,  # the cost has no factor 1/2: with that factor, the same rate is 3.0
            "alpha": 0.0,
            "max_iter": 30,
            "n_iter_no_change": math.inf,
            "input_scale": 1 / 255,
        },
    ),
    # Found by the search in benchmarks/recipe.py.
    "one_cycle": Preset(
        kind="classifier",
        method="fast",
        summary="ReLU and softmax, log loss, Adam with a one-cycle learning rate",
        explanation="It learns by the fast method. This too goes down the gradient; but unlike the "
        "story's plain method (--method story) it has hidden neurons that pass on what is above "
        "zero (ReLU), outputs that add up to one (softmax), a cost that says how surprising the "
        "right answers were (log loss), and for each weight a step of its own (Adam), with steps "
        "that grow for the first three tenths of the way, then shrink to nothing (one cycle).",
        parameters={
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
    ),
}


def preset_for(name: str, kind: str, owner: str) -> Preset:
    """Return a preset by its name; raises ValueError if there is none for this kind of estimator.

    Parameters
    ----------
    name : str
    kind : {"classifier", "regressor"}
    owner : str
        Name of the estimator's class, for the message.
    """
    names = [name for name, preset in PRESETS.items() if preset.kind == kind]
    if not names:
        raise ValueError(f"There are no presets for {owner}: all of them ({', '.join(PRESETS)}) are for classifiers.")
    if name not in names:
        raise ValueError(f"name must be one of the presets {', '.join(map(repr, names))}, got {name!r}")
    return PRESETS[name]
