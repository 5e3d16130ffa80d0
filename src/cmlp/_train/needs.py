"""What a parameter needs of another one to have an effect.

A row of `NEEDS` has the needs of a parameter in the order in which they are checked: the first one that is not met is
named, and the solver comes first. A reason has no values, so that there is one message for each pair of parameters.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PLANNED = ("one_cycle", "cosine")  # learning rates that are planned for `max_iter` epochs, besides functions


class Need(NamedTuple):
    """A need: the other parameter or argument, whether the values of all parameters meet it, and the reason."""

    other: str
    is_met: Callable[[Mapping[str, Any]], Any]
    reason: str


def _has_batches(values: Mapping[str, Any]) -> bool:
    return bool(values["solver"] != "lbfgs")


def _uses_learning_rate(values: Mapping[str, Any]) -> bool:
    if values["learning_rate"] in ("invscaling", "adaptive"):
        return bool(values["solver"] == "sgd")
    return _has_batches(values)


def _may_stop(values: Mapping[str, Any]) -> bool:
    rate = values["learning_rate"]
    return not _has_batches(values) or not (callable(rate) or rate in PLANNED)


def _holds_out(values: Mapping[str, Any]) -> bool:
    return bool(values["early_stopping"])


def _has_hidden_layers(values: Mapping[str, Any]) -> bool:
    sizes = values.get("hidden_layer_sizes", 1)
    return not hasattr(sizes, "__len__") or len(sizes) > 0


_BATCHES = Need("solver", _has_batches, '"lbfgs" has no batches and no learning rate')
_EPOCHS = Need("solver", _has_batches, '"lbfgs" has no epochs')
_SGD = Need("solver", lambda values: values["solver"] == "sgd", 'only "sgd" uses it')
_ADAM = Need("solver", lambda values: values["solver"] in ("adam", "adamw"), 'only "adam" and "adamw" use it')
_RATE = Need("solver", _uses_learning_rate, '"invscaling" and "adaptive" need "sgd", and "lbfgs" has no learning rate')
_PLAN = "training takes the max_iter epochs for which the learning rate is planned"
# tol=0 and n_iter_no_change=inf ask for all max_iter epochs, which is what a plan does.
_TOL = Need("learning_rate", lambda values: values["tol"] == 0 or _may_stop(values), _PLAN)
_EPOCHS_WITHOUT_CHANGE = Need(
    "learning_rate", lambda values: values["n_iter_no_change"] == math.inf or _may_stop(values), _PLAN
)

NEEDS: Mapping[str, tuple[Need, ...]] = {
    "batch_size": (_BATCHES,),
    "learning_rate": (_RATE,),
    "learning_rate_init": (
        _BATCHES,
        Need("learning_rate", lambda values: not callable(values.get("learning_rate")), "it is a function"),
    ),
    "power_t": (
        _SGD,
        Need("learning_rate", lambda values: values["learning_rate"] == "invscaling", 'only "invscaling" uses it'),
    ),
    "shuffle": (_BATCHES,),
    "tol": (_TOL,),
    "momentum": (_SGD,),
    "nesterovs_momentum": (_SGD, Need("momentum", lambda values: values["momentum"] != 0, "0 means no momentum")),
    "early_stopping": (_EPOCHS,),
    "validation_fraction": (
        _EPOCHS,
        Need("early_stopping", _holds_out, "only early_stopping=True holds out rows"),
        Need(
            "X_val",
            lambda values: not (values.get("X_val") and _holds_out(values)),
            "these rows replace those that would be held out",
        ),
    ),
    "beta_1": (_ADAM,),
    "beta_2": (_ADAM,),
    "epsilon": (_ADAM,),
    "n_iter_no_change": (_EPOCHS, _EPOCHS_WITHOUT_CHANGE),
    "max_fun": (Need("solver", lambda values: not _has_batches(values), 'only "lbfgs" uses it'),),
    "weight_decay": (Need("solver", lambda values: values["solver"] == "adamw", 'only "adamw" uses it'),),
    "dropout": (Need("hidden_layer_sizes", _has_hidden_layers, "there are no hidden layers"),),
    "warmup": (_BATCHES,),
    "block_size": (_BATCHES, Need("shuffle", lambda values: values["shuffle"] == "blocks", 'only "blocks" uses it')),
}
