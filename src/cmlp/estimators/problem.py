"""What an estimator works out before training: its parameters after validation, and what y asks of the network."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cmlp import constraints
from cmlp.training.initialization import initialization
from cmlp.training.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

    from cmlp.inputs.labels import Labels
    from cmlp.training.task import Task


class Parameters(NamedTuple):
    """The parameters of an estimator, validated and converted.

    Attributes
    ----------
    training : Settings
        The parameters of the trainer.
    activation : tuple of str
        One name for each hidden layer.
    initialization : tuple of str
        For each layer the activation that determines the range of its initial weights.
    """

    training: Settings
    hidden_layer_sizes: tuple[int, ...]
    activation: tuple[str, ...]
    initialization: tuple[str, ...]
    loss: str
    random_state: int | np.random.RandomState | None
    warm_start: bool
    n_threads: int | None
    dtype: str
    input_scale: float

    @classmethod
    def of(cls, table: Mapping[str, constraints.Row], values: Mapping[str, object], owner: str) -> Parameters:
        """Return the validated parameters of an estimator; raises InvalidParameterError if one is invalid."""
        checked = constraints.estimator_parameters(table, values, owner)
        if checked["solver"] == "lbfgs":
            checked["early_stopping"] = False  # ignored, as in scikit-learn
        sizes = constraints.hidden_sizes(checked["hidden_layer_sizes"])
        names = constraints.hidden_activations(checked["activation"], len(sizes))
        first = initialization(names, checked["activation"])
        checked.update(hidden_layer_sizes=sizes, activation=tuple(names), initialization=tuple(first))
        checked["training"] = Settings(**{name: checked[name] for name in Settings._fields if name in checked})
        return cls(**{name: checked[name] for name in cls._fields})


class Problem(NamedTuple):
    """The task of a training, and the output layer that it needs.

    Attributes
    ----------
    task : cmlp.training.task.Task
    n_outputs : int
    output : str
        Activation of the output layer.
    labels : Labels or None
        The classes of a classifier.
    """

    task: Task
    n_outputs: int
    output: str
    labels: Labels | None = None


def require_same(name: str, was: object, now: object) -> None:
    """Raise ValueError if training continues with a different value than the model was fitted with."""
    if was != now:
        raise ValueError(
            f"The model was fitted with {name}={was!r}, so training cannot continue with {now!r}; "
            "call fit with warm_start=False to start again."
        )
