"""What a call of `fit` begins with: the validated parameters of the estimator, and the arguments but for the rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from cmlp._data.checks import Door
from cmlp._train import architecture, hyperparameters
from cmlp._train.initialization import init_activations
from cmlp._train.options import TrainingOptions, options_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import ArrayLike

    from cmlp._data.arrays import LossFunction
    from cmlp._data.scale import InputScale
    from cmlp._data.weights import ClassWeight
    from cmlp._estimators.fitted import Fitted
    from cmlp._train.split import Shards

_MEDIAN = 0.5  # the default of `quantile`


class EstimatorOptions(TrainingOptions):
    """The parameters of an estimator, validated and converted: those of training, and these."""

    hidden_layer_sizes: tuple[int, ...]
    activation: tuple[str, ...]  # one name for each hidden layer
    activation_parameter: tuple[float, ...]  # one number for each hidden layer; 0 for the default
    init_activation: tuple[str, ...]  # for each layer, what determines the range of its weights
    initialization: str | Sequence[Any]
    loss: str | LossFunction
    loss_parameter: float | tuple[float, ...]
    random_state: int | np.random.RandomState | None
    warm_start: bool
    n_threads: int | None
    dtype: str
    input_scale: float | InputScale | str
    class_weight: ClassWeight = None
    y_scale: str | None = None
    provenance: bool = False

    @classmethod
    def of(cls, table_owner: str, values: Mapping[str, object], class_name: str) -> EstimatorOptions:
        """Return the validated parameters of an estimator; in the table of hyperparameters, those of `table_owner`."""
        checked = hyperparameters.TABLE.checked(table_owner, values, class_name)
        sizes = architecture.hidden_sizes(checked["hidden_layer_sizes"])
        names = architecture.hidden_activations(checked["activation"], len(sizes))
        first = init_activations(names, checked["activation"])
        numbers = architecture.activation_parameters(checked["activation_parameter"], names)
        if checked.get("y_scale") is not None and checked["loss"] in architecture.POSITIVE_LOSSES:
            raise ValueError(f"y_scale={checked['y_scale']!r} needs identity outputs, got loss={checked['loss']!r}.")
        if checked.get("y_scale") is not None and callable(checked["loss"]):
            raise ValueError(
                f"y_scale={checked['y_scale']!r} needs a loss with a name, got loss={checked['loss']!r}: the unit of a "
                "function's values is not known."
            )
        checked.update(
            hidden_layer_sizes=sizes,
            activation=tuple(names),
            activation_parameter=tuple(numbers),
            init_activation=tuple(first),
            loss_parameter=_loss_parameter(checked),
        )
        own = {name: checked[name] for name in cls.__annotations__ if name in checked}
        return cls({**vars(options_of(checked, len(sizes) + 1)), **own})


_known: dict[tuple[object, ...], EstimatorOptions] = {}  # see `parameters_of`
_MOST_KNOWN = 64
_PLAIN = frozenset((bool, float, int, str, type(None)))  # their values never change


def parameters_of(cls: type[Any], values: Mapping[str, object]) -> EstimatorOptions:
    """Return the validated parameters of an estimator of a class; raises InvalidParameterError if one is invalid.

    Many models often differ in `random_state` only. Other parameters of built-in types are validated once.
    """
    table, owner, class_name = hyperparameters.TABLE, cls._table_owner, cls.__name__
    known_names = table.constraints(owner)
    given = {name: value for name, value in values.items() if name in known_names}
    seed, sizes = given.pop("random_state", None), given["hidden_layer_sizes"]
    elements = sizes if type(sizes) is tuple else ()
    types = *map(type, given.values()), *map(type, elements)
    others = [one for one in types if one not in _PLAIN]
    if len(others) > (type(sizes) is tuple):
        return EstimatorOptions.of(owner, {**given, "random_state": seed}, class_name)
    key = cls, *given, *given.values(), types  # the types, because 1 equals True and 1.0
    known = _known.get(key)
    if known is None:
        known = EstimatorOptions.of(owner, {**given, "random_state": None}, class_name)
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        _known[key] = known
    return known._replace(**table.checked(owner, {"random_state": seed}, class_name))


def _loss_parameter(checked: Mapping[str, Any]) -> float | tuple[float, ...]:
    """Return `loss_parameter` or, for its loss, `quantile`; ValueError if one is set that the loss does not have."""
    loss, given, quantile = checked["loss"], checked["loss_parameter"], checked.get("quantile", _MEDIAN)
    if loss == "quantile":
        if given is not None:
            raise ValueError(f"loss_parameter={given!r} must be None with loss='quantile': set quantile instead.")
        parameter: float | tuple[float, ...] = quantile
        return parameter
    if quantile != _MEDIAN:
        raise ValueError(f"quantile={quantile!r} needs loss='quantile', got {loss!r}.")
    return architecture.loss_parameter(given, loss)


class FitRequest(NamedTuple):
    """A call of `fit`, `partial_fit` or `fit_batches`: everything but its rows."""

    estimator: Any
    options: Any  # `EstimatorOptions`, or `TableOptions` of a table
    previous: Fitted | None = None  # the fit that the call continues
    validation: tuple[Any, Any, Any] = (None, None, None)  # X, y and weights of own validation rows
    classes: ArrayLike | None = None  # all classes, if the rows arrive in parts
    shards: Shards | None = None
    incremental: bool = False  # whether this is `partial_fit`
    resume: bool = False

    @property
    def is_classifier(self) -> bool:
        """Whether y has labels."""
        return bool(self.estimator._estimator_type == "classifier")

    @property
    def class_name(self) -> str:
        """The name of the estimator's class, for messages."""
        return type(self.estimator).__name__

    def door(self) -> Door:
        """Return the door for the rows of the call."""
        previous = self.previous
        if previous is None:
            return Door(self.class_name, self.is_classifier)
        return Door(self.class_name, self.is_classifier, previous.model.net.n_in, previous.model.feature_names)
