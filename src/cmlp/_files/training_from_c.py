"""The training in a file of ``cmlp_model_write``, whose numbers are one array."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp import _core
from cmlp._files.texts import refuse
from cmlp._training.history import RECORDED, Curve, History
from cmlp._training.schedules import SCHEDULES
from cmlp._training.stopping import TrainingLoss

if TYPE_CHECKING:
    from cmlp._files.reader import Metadata

_OPTIMIZER = ("learning_rate", "momentum", "beta_1", "beta_2", "epsilon", "beta_1_power", "beta_2_power",
              "weight_decay", "max_norm", "n_steps")  # fmt: skip
_NAMES = ("solver", *_OPTIMIZER, "alpha", "batch_size", "n_rows", "n_epochs", "position")
_INTEGERS = ("solver", "n_steps", "batch_size", "n_rows", "n_epochs", "position")
_TOL = 1e-4  # the default, with which the estimator counts epochs without improvement


def _numbers(file: Metadata) -> dict[str, Any]:
    """Return the numbers of the training by their names."""
    values = file.arrays["training.numbers"]
    if values.dtype != np.float64 or values.shape != (len(_NAMES),) or not np.isfinite(values).all():
        raise refuse("'training.numbers' has another shape or type, or is not finite")
    numbers: dict[str, Any] = dict(zip(_NAMES, values.tolist(), strict=True))
    for name in _INTEGERS:
        if not 0 <= numbers[name] <= 2**53 or numbers[name] % 1:
            raise refuse(f"'training.numbers' has the {name} {numbers[name]}")
        numbers[name] = int(numbers[name])
    names = {code: name for name, code in _core.SOLVERS.items()}
    if numbers["solver"] not in names:
        raise refuse(f"'training.numbers' has the solver {numbers['solver']}")
    numbers["solver"] = names[numbers["solver"]]
    return numbers


def training_parameters(file: Metadata) -> dict[str, Any]:
    """Return the parameters of the estimator that the training state determines; none if the file has no training.

    What the solver does not use keeps its default.
    """
    if "training.numbers" not in file.arrays:
        return {}
    numbers = _numbers(file)
    solver = numbers["solver"]
    is_adam = solver in ("adam", "adamw")
    used = ("beta_1", "beta_2", "epsilon") if is_adam else () if solver == "sgd" else ("momentum",)
    return {
        "solver": solver if is_adam else "sgd",
        **({"momentum": 0.0} if solver == "sgd" else {"nesterovs_momentum": False} if solver == "momentum" else {}),
        "learning_rate_init": numbers["learning_rate"],
        "weight_decay": numbers["weight_decay"] if solver == "adamw" else 0.0,
        "max_grad_norm": numbers["max_norm"] or None,
        "shuffle": "training.order" in file.arrays,
        **{name: numbers[name] for name in (*used, "alpha", "batch_size")},
    }


def fields_from_c(file: Metadata, losses: Curve[float]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the fields of the history and of the training state, as Python's files contain them."""
    numbers = _numbers(file)
    n_epochs, n_rows, rate = numbers["n_epochs"], numbers["n_rows"], numbers["learning_rate"]
    order, is_shuffled = file.arrays.get("training.order"), "training.generator" in file.arrays
    if len(losses) not in (0, n_epochs) or (n_rows if is_shuffled else 0) != (0 if order is None else len(order)):
        raise refuse("the arrays of the training do not match 'training.numbers'")
    history, rule = History(), TrainingLoss(_TOL)
    for loss in losses:
        rule.watch(history, loss, None)
        history.loss = loss
    history.t, history.loss_curve = n_epochs * n_rows, losses
    history.records = Curve.of([[np.nan] * len(RECORDED)] * len(losses))
    scalars = {
        **{f"optimizer.{name}": numbers[name] for name in _OPTIMIZER},
        **{
            f"schedule.{name}": value
            for name, value in vars(SCHEDULES["constant"](rate, 0.5, max(n_epochs, 1))).items()
        },
        "optimizer.kind": numbers["solver"],
        "optimizer.version": _core.STATE_VERSION,
        "schedule.name": "constant",
        "generator.position": numbers["position"],
        "schedule_epoch": n_epochs,
        "epoch": n_epochs,
        "n_rows": n_rows,
        "batch": None,
        "stopped": False,
    }
    return dict(history.fields()), scalars
