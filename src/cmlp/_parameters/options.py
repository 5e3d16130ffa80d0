"""Options: validated and converted parameters of a training run, and of estimators of one network and of tables.

They never change: `dataclasses.replace` returns options with other values. All numbers are Python's int (at most
``2**63 - 1``) and float.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Protocol, Self

import numpy as np

from cmlp._bridge import _core
from cmlp._data.array_types import LossFunction
from cmlp._data.losses import traits_of
from cmlp._data.scale import InputScale
from cmlp._data.weights import ClassWeight
from cmlp._parameters import architecture
from cmlp._parameters.entries import OWN_VALIDATION, PARAMETERS
from cmlp._parameters.hyperparameters import CallKind, Values
from cmlp._parameters.schedules import Custom, Schedule, has_epochs, kind_of_schedule
from cmlp.exceptions import InvalidParameterError

_MEDIAN = 0.5  # the default of `quantile`
PLAIN = frozenset((bool, float, int, str, type(None)))  # types whose values never change


class HasParameters(Protocol):
    """The type of an estimator, of which options know its parameters alone."""

    _parameter_owner: ClassVar[str]  # their owner in the table of hyperparameters

    def _parameters(self) -> dict[str, Any]: ...


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainingOptions:
    """The parameters of `cmlp.Trainer` except `random_state`."""

    solver: str
    alpha: float | Sequence[float]
    batch_size: int | str
    learning_rate: str | Callable[[int, int], float]
    learning_rate_init: float
    power_t: float
    max_iter: int
    shuffle: bool | str
    tol: float
    verbose: bool | int | str
    momentum: float
    nesterovs_momentum: bool
    early_stopping: bool
    validation_fraction: float
    beta_1: float
    beta_2: float
    epsilon: float
    n_iter_no_change: float
    max_fun: int
    weight_decay: float
    max_grad_norm: float | None
    dropout: float | Sequence[float]
    warmup: float
    max_time: float | None
    scoring: str | Callable[..., float] | None
    callbacks: Sequence[object] | None
    block_size: int

    @classmethod
    def from_checked(cls, checked: Values, n_layers: int) -> Self:
        """Return the options with converted parameters, among others; `n_layers` are those of the network.

        Raises ValueError if parameters contradict each other or `n_layers`.
        """
        values = _own(cls, checked)
        if not has_epochs(values["solver"]):
            values["early_stopping"] = False  # ignored, as in scikit-learn
        options = cls(**values)
        # Raises ValueError unless there is one number per layer.
        options.penalty_and_dropout(n_layers)
        if not options.has_epochs:
            refused = PARAMETERS.refused_without_batches("Trainer", values)
            if refused is not None:
                raise InvalidParameterError(
                    f"{refused}={values[refused]!r} needs batches: use another solver than "
                    f"{options.solver!r}.",
                    parameter=refused,
                    value=values[refused],
                )
        if options.weight_decay and options.solver != "adamw":
            raise InvalidParameterError(
                f"weight_decay={options.weight_decay!r} needs solver='adamw', got "
                f"{options.solver!r}.",
                parameter="weight_decay",
                value=options.weight_decay,
            )
        return options

    @property
    def has_epochs(self) -> bool:
        """Whether the solver trains in epochs and batches, with a learning rate."""
        return has_epochs(self.solver)

    @property
    def full_batch_size(self) -> int:
        """The number of rows of a batch if there are as many."""
        if isinstance(self.batch_size, str):  # "auto"
            return 200
        return self.batch_size

    def of_trainer(self) -> dict[str, Any]:
        """Return the values of the parameters of `Trainer`, without those that a subclass adds."""
        return _own(TrainingOptions, vars(self))

    def optimizer(self, net: _core.Net) -> _core.Optimizer:
        """Return a new optimizer for a network; the solver must have epochs."""
        solver = self.solver
        if self.solver == "sgd" and self.momentum > 0:
            solver = "nesterov" if self.nesterovs_momentum else "momentum"
        return _core.Optimizer(
            net,
            solver,
            learning_rate=self.learning_rate_init,
            momentum=self.momentum,
            beta_1=self.beta_1,
            beta_2=self.beta_2,
            epsilon=self.epsilon,
            weight_decay=self.weight_decay,
            max_norm=self.max_grad_norm or 0.0,
        )

    def schedule(self) -> Schedule:
        """Return the learning-rate schedule. As in scikit-learn, Adam ignores "invscaling" and "adaptive"."""
        numbers = self.learning_rate_init, self.power_t, self.max_iter, self.warmup
        if callable(self.learning_rate):
            return Custom(*numbers, function=self.learning_rate)
        kind = kind_of_schedule(self.learning_rate)
        if kind.sgd_only and self.solver in ("adam", "adamw"):
            return Schedule(*numbers)
        return kind(*numbers)

    def penalty_and_dropout(self, n_layers: int) -> _core.CommonKeywords:
        """Return the keywords of the core for the L2 penalty and dropout of a network with `n_layers` layers."""
        keywords: _core.CommonKeywords
        if isinstance(self.alpha, float):
            keywords = {"alpha": self.alpha}
        else:
            keywords = {"alphas": architecture.per_layer("alpha", self.alpha, n_layers)}
        if not isinstance(self.dropout, float) or self.dropout:
            rates = architecture.per_layer("dropout", self.dropout, n_layers - 1, "hidden layers")
            if any(rates):
                keywords["dropout"] = rates
        return keywords


@dataclass(frozen=True, kw_only=True, eq=False)
class FitOptions:
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
    provenance: bool


@dataclass(frozen=True, kw_only=True, eq=False)
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
    def of(cls, estimator: HasParameters) -> Self:
        """Return the validated parameters of an estimator; raises InvalidParameterError if one is invalid."""
        values = estimator._parameters()
        checked = PARAMETERS.checked(estimator._parameter_owner, values, type(estimator).__name__)
        checked["hidden_layer_sizes"] = architecture.hidden_sizes(checked["hidden_layer_sizes"])
        return cls._of_checked_architecture(checked)

    @classmethod
    def _of_checked_architecture(cls, checked: dict[str, Any]) -> Self:
        """Return the options with converted parameters; ValueError if these contradict each other."""
        sizes = checked["hidden_layer_sizes"]
        names = architecture.hidden_activations(checked["activation"], len(sizes))
        first = architecture.init_activations(names, checked["activation"])
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
        return cls.from_checked(checked, len(sizes) + 1)


def flat(values: Values) -> tuple[Any, ...]:
    """Return the values of parameters, with sizes one by one: those in a list can change."""
    sizes = values["hidden_layer_sizes"]
    if type(sizes) in (tuple, list):
        return (*{**values, "hidden_layer_sizes": None}.values(), *sizes)
    return tuple(values.values())


@dataclass(frozen=True, kw_only=True, eq=False)
class TableOptions(FitOptions):
    """The parameters of an estimator for tables."""

    n_estimators: int
    max_time: float | None
    categorical_features: Any  # "from_dtype", or what `learn_columns` accepts
    date_formats: Any  # what `forms_of_columns` accepts
    missing_values: Any  # what `codes_of_columns` accepts
    date_parts: bool
    monotonic_cst: Any  # None, or what `signs_of_columns` accepts
    learning_rate_init: float
    dropout: float | tuple[float, ...]
    n_epochs: int | None  # None: as many as the rows need
    early_stopping: bool  # whether rows are held out
    verbose: bool | int | str
    callbacks: Sequence[Any] | None
    keep_background: int
    known: Sequence[str] | None
    loss: str = "label_smoothing"  # of a classifier
    loss_parameter: float | tuple[float, ...] = 0.02
    interval_width: str = ""

    @classmethod
    def of(cls, estimator: HasParameters) -> Self:
        """Return the validated parameters of an estimator; raises InvalidParameterError if one is invalid."""
        values = estimator._parameters()
        checked = PARAMETERS.checked(estimator._parameter_owner, values, type(estimator).__name__)
        checked["hidden_layer_sizes"] = architecture.hidden_sizes(checked["hidden_layer_sizes"])
        # Checked with the columns of X.
        for name in ("categorical_features", "date_formats", "missing_values", "monotonic_cst"):
            checked[name] = values[name]
        if "loss" in checked:
            checked["loss_parameter"] = _loss_parameter(checked)
        return cls(**_own(cls, checked))


def check_scoring(options: TrainingOptions, own_rows: bool) -> None:
    """Raise ValueError if `scoring` or own validation rows contradict other parameters of a fit."""
    if own_rows:
        PARAMETERS.require_allowed(OWN_VALIDATION, vars(options))
    if options.scoring is not None and not (own_rows or options.early_stopping):
        raise InvalidParameterError(
            f"scoring={options.scoring!r} needs validation rows, but early_stopping=False and "
            "X_val=None, or solver='lbfgs', which has no epochs.",
            parameter="scoring",
            value=options.scoring,
        )


def without_ignored(options: NetworkOptions, call: CallKind) -> NetworkOptions:
    """Return the options with the values that a kind of call takes for parameters that it ignores."""
    changes = {
        name: value
        for name, value in PARAMETERS.switched_off(call).items()
        if getattr(options, name) != value
    }
    return replace(options, **changes) if changes else options


def _own(cls: type[TrainingOptions | FitOptions], values: Values) -> dict[str, Any]:
    """Return the values of the fields of a class."""
    return {name: values[name] for name in cls.__dataclass_fields__ if name in values}


def _loss_parameter(checked: Values) -> float | tuple[float, ...]:
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
