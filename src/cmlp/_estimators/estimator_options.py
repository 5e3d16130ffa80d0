"""`FitOptions`: the parameters of an estimator, validated and converted; of one network, and of a table."""

from __future__ import annotations

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
PLAIN = frozenset((bool, float, int, str, type(None)))  # types whose values never change
_MOST_KNOWN = 64  # options of a process that are kept


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
    def of(cls, estimator: Estimator) -> NetworkOptions:
        """Return the validated parameters of an estimator; raises InvalidParameterError if one is invalid.

        Many models often differ in `random_state` only. Other parameters of built-in types are validated once.
        """
        owner, class_name = estimator._parameter_owner, type(estimator).__name__
        values = estimator._parameters()
        seed = values.pop("random_state")
        key = _key_of_plain(owner, class_name, values)
        options = _known.get(key)
        if options is None:
            checked = PARAMETERS.checked(owner, values, class_name)
            checked["hidden_layer_sizes"] = architecture.hidden_sizes(checked["hidden_layer_sizes"])
            options = cls._from_checked(checked)
            if key:
                if len(_known) >= _MOST_KNOWN:
                    _known.clear()
                _known[key] = options
        return options.replace(**PARAMETERS.checked(owner, {"random_state": seed}, class_name))

    @classmethod
    def _from_checked(cls, checked: dict[str, Any]) -> NetworkOptions:
        """Return the options with converted parameters; ValueError if these contradict each other."""
        sizes = checked["hidden_layer_sizes"]
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
            activation=tuple(names),
            activation_parameter=tuple(numbers),
            init_activation=tuple(first),
            loss_parameter=_loss_parameter(checked),
        )
        return cls({**vars(options_of(checked, len(sizes) + 1)), **cls._own(checked)})


_known: dict[tuple[Any, ...], NetworkOptions] = {}  # by `_key_of_plain`, without a seed


def _key_of_plain(owner: str, class_name: str, values: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what tells parameters of built-in types from others: types, too, because 1 equals True and 1.0.

    It is empty if one is of another type, or a list, whose numbers can change.
    """
    sizes = values["hidden_layer_sizes"]
    of_sizes = [*map(type, sizes)] if type(sizes) is tuple else []
    others = [type(value) for value in values.values() if value is not sizes or not of_sizes]
    if not PLAIN.issuperset(of_sizes + others):
        return ()
    return (owner, class_name, *of_sizes, *others, *values.values())


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
    def of(cls, estimator: Estimator) -> Self:
        """Return the validated parameters of an estimator; raises InvalidParameterError if one is invalid."""
        values = estimator._parameters()
        checked = PARAMETERS.checked(estimator._parameter_owner, values, type(estimator).__name__)
        checked["hidden_layer_sizes"] = architecture.hidden_sizes(checked["hidden_layer_sizes"])
        # Checked with the columns of X.
        for name in ("categorical_features", "date_formats", "monotonic_cst"):
            checked[name] = values[name]
        if "loss" in checked:
            checked["loss_parameter"] = _loss_parameter(checked)
        return cls(cls._own(checked))


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
