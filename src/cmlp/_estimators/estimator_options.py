"""`FitOptions`: the parameters of an estimator, validated and converted; of one network, and of a table."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._data.losses import traits_of
from cmlp._train import architecture
from cmlp._train.architecture import init_activations
from cmlp._train.parameters import PARAMETERS, PROVENANCE
from cmlp._train.random import draw_seed, random_state
from cmlp._train.training_options import Options, TrainingOptions, options_of
from cmlp.exceptions import InvalidParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Self, TypeVar

    from cmlp._data.arrays import LossFunction
    from cmlp._data.scale import InputScale
    from cmlp._data.weights import ClassWeight
    from cmlp._estimators.estimator import Estimator

    OwnOptions = TypeVar("OwnOptions", "NetworkOptions", "TableOptions")


_MEDIAN = 0.5  # the default of `quantile`


class FitOptions(Options):
    """The parameters that all estimators have, validated and converted; those with a default exist in some of them."""

    hidden_layer_sizes: tuple[int, ...]
    loss: str | LossFunction
    loss_parameter: float | tuple[float, ...]
    class_weight: ClassWeight = None
    ordered: Any = False  # of a classifier for tables: see `in_order_of_classes`
    y_scale: str | None = None
    random_state: int | np.random.RandomState | None
    warm_start: bool
    n_threads: int | None
    provenance: bool = False

    @classmethod
    def _own(cls, checked: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of the parameters that this class and the others of this module name."""
        names = (*FitOptions.__annotations__, *cls.__annotations__)
        return {name: checked[name] for name in names if name in checked}


class NetworkOptions(FitOptions, TrainingOptions):
    """The parameters of an estimator of one network: those of training, too."""

    activation: tuple[str, ...]  # one name for each hidden layer
    activation_parameter: tuple[float, ...]  # one number for each hidden layer; 0 for the default
    init_activation: tuple[str, ...]  # for each layer, what determines the range of its weights
    initialization: str | Sequence[Any]
    dtype: str
    input_scale: float | InputScale | str

    @property
    def scale_to_learn(self) -> str | None:
        """The name of the scale of the inputs that fit learns; None if `input_scale` is a scale."""
        return self.input_scale if isinstance(self.input_scale, str) else None

    @classmethod
    def from_parameters(
        cls, owner: str, values: Mapping[str, object], class_name: str
    ) -> NetworkOptions:
        """Return the validated parameters of an estimator; in the table of hyperparameters, those of `owner`."""
        checked = PARAMETERS.checked(owner, values, class_name)
        sizes = architecture.hidden_sizes(checked["hidden_layer_sizes"])
        names = architecture.hidden_activations(checked["activation"], len(sizes))
        first = init_activations(names, checked["activation"])
        numbers = architecture.activation_parameters(checked["activation_parameter"], names)
        if checked.get("y_scale") is not None and traits_of(checked["loss"]).has_positive_outputs:
            raise InvalidParameterError(
                f"y_scale={checked['y_scale']!r} needs identity outputs, got "
                f"loss={checked['loss']!r}.",
                parameter="y_scale",
                value=checked["y_scale"],
            )
        if checked.get("y_scale") is not None and callable(checked["loss"]):
            raise InvalidParameterError(
                f"y_scale={checked['y_scale']!r} needs a loss with a name, got "
                f"loss={checked['loss']!r}: the unit of a function's values is not known.",
                parameter="y_scale",
                value=checked["y_scale"],
            )
        checked.update(
            hidden_layer_sizes=sizes,
            activation=tuple(names),
            activation_parameter=tuple(numbers),
            init_activation=tuple(first),
            loss_parameter=_loss_parameter(checked),
        )
        return cls({**vars(options_of(checked, len(sizes) + 1)), **cls._own(checked)})


class TableOptions(FitOptions):
    """The parameters of an estimator for tables."""

    n_estimators: int
    max_time: float | None
    categorical_features: Any  # "from_dtype", or what `learn_columns` accepts
    date_formats: Any  # what `forms_of_columns` accepts
    date_parts: bool
    monotonic_cst: Any  # None, or what `signs_of_columns` accepts
    learning_rate_init: float
    dropout: float | tuple[float, ...]
    n_epochs: int | None  # None: the recipe's number of epochs
    early_stopping: bool  # whether rows are held out
    verbose: bool | int | str
    callbacks: Sequence[Any] | None
    keep_background: int
    loss: str = "label_smoothing"  # of a classifier
    loss_parameter: float | tuple[float, ...] = 0.02
    interval_width: str = ""

    @classmethod
    def from_parameters(cls, owner: str, values: Mapping[str, object], class_name: str) -> Self:
        """Return the validated parameters of an estimator; in the table of hyperparameters, those of `owner`."""
        checked = PARAMETERS.checked(owner, values, class_name)
        checked["hidden_layer_sizes"] = architecture.hidden_sizes(checked["hidden_layer_sizes"])
        # Checked with the columns of X.
        for name in ("categorical_features", "date_formats", "monotonic_cst"):
            checked[name] = values[name]
        if "loss" in checked:
            checked["loss_parameter"] = _loss_parameter(checked)
        return cls(cls._own(checked))


# The types of parameters whose values never change.
PLAIN = frozenset((bool, float, int, str, type(None)))


def network_options_of(cls: type[Estimator], values: Mapping[str, object]) -> NetworkOptions:
    """Return the validated parameters of an estimator of a class; raises InvalidParameterError if one is invalid.

    Many models often differ in `random_state` only. Other parameters of built-in types are validated once.
    """
    owner, class_name = cls._parameter_owner, cls.__name__
    names = PARAMETERS.constraints(owner)
    given = {name: value for name, value in values.items() if name in names}
    seed, sizes = given.pop("random_state", None), given["hidden_layer_sizes"]
    types = [*map(type, sizes)] if type(sizes) is tuple else []
    others = [type(value) for value in given.values() if value is not sizes or not types]
    if not PLAIN.issuperset(types + others):
        return NetworkOptions.from_parameters(owner, {**given, "random_state": seed}, class_name)
    options = _options_of_plain(owner, class_name, *types, **given)
    return options.replace(**PARAMETERS.checked(owner, {"random_state": seed}, class_name))


@lru_cache(64, typed=True)  # by types, too: 1 equals True and 1.0
def _options_of_plain(
    owner: str, class_name: str, *_types_of_sizes: type, **values: Any
) -> NetworkOptions:
    """Return the validated parameters of an estimator but for its seed."""
    return NetworkOptions.from_parameters(owner, {**values, "random_state": None}, class_name)


def _loss_parameter(checked: Mapping[str, Any]) -> float | tuple[float, ...]:
    """Return `loss_parameter` or, for its loss, `quantile`; ValueError if one is set that the loss does not have."""
    loss = checked["loss"]
    given = checked.get("loss_parameter")
    quantile = checked.get("quantile", _MEDIAN)
    if traits_of(loss).predicts_quantiles:
        if given is not None:
            raise InvalidParameterError(
                f"loss_parameter={given!r} must be None with loss={loss!r}: set quantile instead.",
                parameter="loss_parameter",
                value=given,
            )
        parameter: float | tuple[float, ...] = quantile
        return parameter
    if quantile != _MEDIAN:
        raise InvalidParameterError(
            f"quantile={quantile!r} needs loss='quantile', got {loss!r}.",
            parameter="quantile",
            value=quantile,
        )
    return architecture.loss_parameter(given, loss)


def fix_seed(estimator: Estimator, options: OwnOptions) -> OwnOptions:
    """Return the options with a known seed if the fit is to be recorded; ValueError if it could not be repeated."""
    if not options.provenance:
        return options
    values = estimator._parameters()
    PARAMETERS.require_allowed(PROVENANCE, values)
    seed = values["random_state"]
    if seed is None:
        seed = draw_seed(random_state(None))
    return options.replace(random_state=int(seed))
