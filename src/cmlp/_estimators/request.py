"""`FitRequest` and `TableRequest`: a call of fit but for its rows.

They have the validated parameters, and the fit that the call continues.
"""

from __future__ import annotations

from copy import deepcopy
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp._bridge import _core
from cmlp._bridge.blocks import block_copy
from cmlp._data.checks import Door
from cmlp._data.scale import InputScale, check_scale_width
from cmlp._estimators.fitted import FITTED, INTERRUPTED, assigned_params
from cmlp._train import architecture, hyperparameters
from cmlp._train.architecture import init_activations, initial_params
from cmlp._train.constraints import HOOKS
from cmlp._train.options import TrainingOptions, options_of
from cmlp._train.random import random_state
from cmlp._train.state import History, TrainingState
from cmlp.exceptions import InvalidParameterError, Message, NotFittedError, Setting, sklearn_class

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Self, TypeVar

    from numpy.typing import ArrayLike

    from cmlp._data.arrays import LossFunction
    from cmlp._data.weights import ClassWeight
    from cmlp._estimators.fitted import Fitted, FittedTable
    from cmlp._model.model import TableModel
    from cmlp._train.random import Generator
    from cmlp._train.split import Shards

    Options = TypeVar("Options", "EstimatorOptions", "TableOptions")


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
    def of(cls, owner: str, values: Mapping[str, object], class_name: str) -> EstimatorOptions:
        """Return the validated parameters of an estimator; in the table of hyperparameters, those of `owner`."""
        checked = hyperparameters.TABLE.checked(owner, values, class_name)
        sizes = architecture.hidden_sizes(checked["hidden_layer_sizes"])
        names = architecture.hidden_activations(checked["activation"], len(sizes))
        first = init_activations(names, checked["activation"])
        numbers = architecture.activation_parameters(checked["activation_parameter"], names)
        if checked.get("y_scale") is not None and checked["loss"] in architecture.POSITIVE_LOSSES:
            y_scale, loss = Setting("y_scale", checked["y_scale"]), Setting("loss", checked["loss"])
            raise InvalidParameterError(y_scale, " needs identity outputs, got ", loss, ".")
        if checked.get("y_scale") is not None and callable(checked["loss"]):
            y_scale, loss = Setting("y_scale", checked["y_scale"]), Setting("loss", checked["loss"])
            why = ": the unit of a function's values is not known."
            raise InvalidParameterError(y_scale, " needs a loss with a name, got ", loss, why)
        checked.update(
            hidden_layer_sizes=sizes,
            activation=tuple(names),
            activation_parameter=tuple(numbers),
            init_activation=tuple(first),
            loss_parameter=_loss_parameter(checked),
        )
        own = {name: checked[name] for name in cls.__annotations__ if name in checked}
        return cls({**vars(options_of(checked, len(sizes) + 1)), **own})


class TableOptions(NamedTuple):
    """The parameters of an estimator for tables, validated and converted; those with a default exist in one of two."""

    n_estimators: int
    hidden_layer_sizes: tuple[int, ...]
    max_time: float | None
    categorical_features: Any  # "from_dtype", or what `learn_frame_reader` accepts
    date_parts: bool
    learning_rate_init: float
    dropout: float | tuple[float, ...]
    n_epochs: int | None  # None: the recipe's number of epochs
    early_stopping: bool  # whether rows are held out
    warm_start: bool
    random_state: int | np.random.RandomState | None
    n_threads: int | None
    verbose: bool | int | str
    callbacks: Sequence[Any] | None
    keep_background: int
    provenance: bool
    class_weight: ClassWeight = None
    loss: str = ""
    quantile: float | tuple[float, ...] = _MEDIAN
    interval_width: str = ""

    @classmethod
    def of(cls, owner: str, values: Mapping[str, object], class_name: str) -> Self:
        """Return the validated parameters of an estimator; in the table of hyperparameters, those of `owner`."""
        checked = hyperparameters.TABLE.checked(owner, values, class_name)
        checked["hidden_layer_sizes"] = architecture.hidden_sizes(checked["hidden_layer_sizes"])
        checked["categorical_features"] = values["categorical_features"]  # checked with the columns of X
        options = cls(**{name: checked[name] for name in cls._fields if name in checked})
        if options.loss != "quantile" and options.quantile != _MEDIAN:
            raise _quantile_without_loss(options.quantile, options.loss)
        return options


_known: dict[tuple[object, ...], EstimatorOptions] = {}  # see `parameters_of`
_MOST_KNOWN = 64
_PLAIN = frozenset((bool, float, int, str, type(None)))  # their values never change


def parameters_of(cls: type[Any], values: Mapping[str, object]) -> EstimatorOptions:
    """Return the validated parameters of an estimator of a class; raises InvalidParameterError if one is invalid.

    Many models often differ in `random_state` only. Other parameters of built-in types are validated once.
    """
    table, owner, class_name = hyperparameters.TABLE, cls._parameter_owner, cls.__name__
    known_names = table.constraints(owner)
    given = {name: value for name, value in values.items() if name in known_names}
    seed = given.pop("random_state", None)
    sizes = given["hidden_layer_sizes"]
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
    loss = checked["loss"]
    given = checked["loss_parameter"]
    quantile = checked.get("quantile", _MEDIAN)
    if loss == "quantile":
        if given is not None:
            raise InvalidParameterError(
                Setting("loss_parameter", given),
                " must be None with ",
                Setting("loss", loss),
                ": set ",
                Setting("quantile"),
                " instead.",
            )
        parameter: float | tuple[float, ...] = quantile
        return parameter
    if quantile != _MEDIAN:
        raise _quantile_without_loss(quantile, loss)
    return architecture.loss_parameter(given, loss)


def _quantile_without_loss(quantile: object, loss: object) -> InvalidParameterError:
    needed = Setting("loss", "quantile")
    return InvalidParameterError(Setting("quantile", quantile), " needs ", needed, f", got {loss!r}.")


# The sentence of scikit-learn's SGDClassifier.
_BALANCED = (
    " 'balanced' is not supported for partial_fit. In order to use 'balanced' weights, use "
    "compute_class_weight('balanced', classes=classes, y=y). In place of y you can use a large enough sample of the "
    "full training set target to properly estimate the class frequency distributions. Pass the resulting weights as "
    "the class_weight parameter."
)


def _check_partial_fit(options: EstimatorOptions, name: str, own_rows: bool) -> None:
    """Raise ValueError if a parameter needs more than one call."""
    if options.early_stopping:
        raise InvalidParameterError(
            "partial_fit does not support ",
            Setting("early_stopping", True),
            ", because each call is one epoch: set early_stopping=False and decide yourself when to stop, or use "
            "fit_batches with X_val and y_val.",
        )
    if options.class_weight == "balanced":
        raise InvalidParameterError(Setting("class_weight", "balanced", "class_weight"), _BALANCED)
    if options.provenance:
        provenance, why = Setting("provenance", True), ": it does not record what it trains on."
        raise InvalidParameterError("partial_fit does not support ", provenance, why)


def _check_batches(options: EstimatorOptions, name: str, own_rows: bool) -> None:
    """Raise ValueError if the solver has no batches."""
    if options.solver == "lbfgs":
        lbfgs = Setting("solver", "lbfgs")
        raise InvalidParameterError(Setting(name), " needs batches, but ", lbfgs, " has none: use another solver.")


def _check_parts(options: EstimatorOptions, name: str, own_rows: bool) -> None:
    """Raise ValueError if a parameter needs all rows at once."""
    _check_batches(options, name, own_rows)
    call = Setting(name)
    if options.early_stopping and not own_rows:
        early_stopping, rows = Setting("early_stopping", True), Setting("X_val", text="X_val and y_val")
        raise InvalidParameterError(early_stopping, " needs ", rows, " for ", call, ", which holds no rows out.")
    if options.class_weight == "balanced":
        balanced, remedy = Setting("class_weight", "balanced"), " does not have: pass a dict of weights."
        raise InvalidParameterError(balanced, " needs all labels, which ", call, remedy)
    quartiles = " needs all rows for the quartiles, which ", call, " does not have: use 'standard', "
    if options.input_scale == "robust":
        robust = Setting("input_scale", "robust")
        raise InvalidParameterError(robust, *quartiles, "'minmax' or (shift, factor).")
    if options.y_scale == "robust":
        raise InvalidParameterError(Setting("y_scale", "robust"), *quartiles, "or scale y yourself.")


def _check_rounds(options: EstimatorOptions, name: str, own_rows: bool) -> None:
    """Raise ValueError if a parameter needs all rows at once, or the fit is to be recorded."""
    _check_parts(options, name, own_rows)
    if options.provenance:
        why = " needs fit, fit_batches or comm: rounds are not recorded."
        raise InvalidParameterError(Setting("provenance", True), why)


def _check_range_test(options: EstimatorOptions, name: str, own_rows: bool) -> None:
    """Raise ValueError if the solver has no learning rate."""
    if options.solver == "lbfgs":
        lbfgs = Setting("solver", "lbfgs")
        raise InvalidParameterError(f"{name} needs a solver with learning rates, but ", lbfgs, " has none.")


class KindOfCall(NamedTuple):
    """What a kind of call allows, and what it does with the parameters and the previous fit."""

    name: str  # in messages
    check: Callable[[EstimatorOptions, str, bool], None] | None = None  # raises ValueError; the last: own validation
    switched_off: Mapping[str, Any] = MappingProxyType({})  # what it does not use, as if parameters had these values
    is_incremental: bool = False  # whether it always continues the previous fit, by one epoch
    is_fit: bool = True  # whether it leaves a model: then it continues a warm start, and warns of unused parameters


FIT = KindOfCall("fit")
PARTIAL_FIT = KindOfCall("partial_fit", _check_partial_fit, {"scoring": None, "max_time": None}, is_incremental=True)
FIT_BATCHES = KindOfCall("fit_batches", _check_parts)
FIT_OF_PROCESSES = KindOfCall("comm", _check_batches)
FIT_IN_ROUNDS = KindOfCall("distributed.fit", _check_rounds)
RANGE_TEST = KindOfCall(
    "find_learning_rate",
    _check_range_test,
    {
        "learning_rate": "constant",
        "warmup": 0.0,
        "early_stopping": False,
        "scoring": None,
        "callbacks": None,
        "max_time": None,
        "verbose": False,
        "provenance": False,
    },
    is_fit=False,
)


class FitRequest(NamedTuple):
    """A call that trains an estimator of one network: everything but its rows."""

    estimator: Any
    options: EstimatorOptions
    previous: Fitted | None = None  # the fit that the call continues
    validation: tuple[Any, Any, Any] = (None, None, None)  # X, y and weights of own validation rows
    classes: ArrayLike | None = None  # all classes, if the rows arrive in parts
    shards: Shards | None = None
    call: KindOfCall = FIT
    resume: bool = False

    @classmethod
    def of(
        cls,
        estimator: Any,
        validation: tuple[Any, Any, Any] = (None, None, None),
        *,
        call: KindOfCall = FIT,
        resume: object = False,
        classes: ArrayLike | None = None,
        shards: Shards | None = None,
    ) -> Self:
        """Check the parameters of an estimator, and find the fit that the call continues."""
        options: EstimatorOptions = estimator._parameters()
        own_rows = validation[0] is not None
        if call.check is not None:
            call.check(options, call.name, own_rows)
        if call.switched_off:
            options = options._replace(**call.switched_off)
        options = _recorded(estimator, options)
        previous = None
        if resume:
            previous = fit_to_resume(estimator, options)
        elif call.is_incremental or (options.warm_start and call.is_fit):
            previous = vars(estimator).get(FITTED)
        if call.is_fit:
            given = {**vars(estimator), "X_val": True} if own_rows else vars(estimator)
            hyperparameters.TABLE.warn_of_unused(estimator._parameter_owner, given)
        return cls(estimator, options, previous, validation, classes, shards, call, bool(resume))

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

    def network(self, n_features: int, n_outputs: int, output: str, dtype: np.dtype[Any]) -> _core.Net:
        """Return the network; `output` is the activation of its outputs.

        Raises ValueError if it differs from the previous model's network.
        """
        options = self.options
        previous = self.previous
        sizes = (n_features, *options.hidden_layer_sizes, n_outputs)
        known = None if previous is None else previous.model.net
        if known is not None and known.sizes != sizes:
            raise ValueError(
                f"The model was fitted with the layer sizes {known.sizes}, so training cannot continue with "
                f"{sizes}; call fit with warm_start=False to start again."
            )
        activations = (*options.activation, output)
        numbers = (*options.activation_parameter, 0.0)
        make = _core.shared_net if isinstance(options.loss, str) else _core.Net  # a function may not be hashable
        net = make(sizes, activations, options.loss, dtype, numbers, options.loss_parameter)
        if known is not None:
            _require_same("activation", known.activations[:-1], net.activations[:-1])
            _require_same("activation_parameter", known.activation_parameters, net.activation_parameters)
            _require_same("loss", known.loss, net.loss)
            _require_same("the loss parameter", known.loss_parameter, net.loss_parameter)
            _require_same("the output activation", known.activations[-1], net.activations[-1])
        return net

    def dtype(self, auto_dtype: np.dtype[Any]) -> np.dtype[Any]:
        """Return the dtype of the network, which a model keeps; `auto_dtype` is that for ``dtype="auto"``."""
        options = self.options
        previous = self.previous
        if previous is None:
            return auto_dtype if options.dtype == "auto" else np.dtype(options.dtype)
        if options.dtype != "auto":
            _require_same("dtype", previous.model.net.dtype.name, options.dtype)
        return previous.model.net.dtype

    def input_scale(self, n_features: int) -> float | InputScale | str:
        """Return the scale, which a model keeps; a name if it is to be learned."""
        scale = self.options.input_scale
        previous = self.previous
        if previous is None:
            check_scale_width(scale, n_features)
        elif isinstance(scale, str) and previous.scale_name is not None:
            _require_same("input_scale", previous.scale_name, scale)
        else:
            _require_same("input_scale", previous.model.input_scale, scale)
        return scale if previous is None else previous.model.input_scale

    @property
    def scale_name(self) -> str | None:
        """The name of the scale that this fit learns, or that the previous one has learned."""
        scale, previous = self.options.input_scale, self.previous
        return previous.scale_name if previous is not None else scale if isinstance(scale, str) else None

    def begun_state(self, net: _core.Net) -> TrainingState:
        """Return the state of a call before its first epoch, or the kept one of the call that is resumed."""
        options = self.options
        rng = random_state(self.options.random_state)
        if self.resume and self.previous is not None:
            return resumed_state(self.previous.state, options)
        if self.previous is None:
            state = self._new_state(net, rng)
        elif self.call.is_incremental:
            state = self._next_state(self.previous, rng)
        else:
            state = self._warm_state(self.previous, rng)
        options.draw_dropout_seed(state, len(net.sizes) - 1)
        return state

    def _new_state(self, net: _core.Net, rng: Generator) -> TrainingState:
        """Return a state with parameters that are assigned, given or random."""
        options = self.options
        uses_assigned = self.call.is_incremental or options.warm_start
        params = assigned_params(self.estimator, net) if uses_assigned else None
        is_random = params is None and isinstance(options.initialization, str)
        if params is None:
            params = initial_params(net, rng, options.init_activation, options.initialization)
        state = TrainingState(params, History(), rng)
        state.predicts_y = options.y_scale is not None and not is_random  # random ones are for standardized targets
        return state

    def _warm_state(self, previous: Fitted, rng: Generator) -> TrainingState:
        """Return a state with the parameters of the previous model and a new optimizer."""
        y_scale, known = self.options.y_scale, previous.state.target_scale
        state = TrainingState(block_copy(previous.model.params), previous.history.copy(), rng)
        state.target_scale = known if known is not None and known.kind == y_scale else None
        state.predicts_y = y_scale is not None
        return state

    def _next_state(self, previous: Fitted, rng: Generator) -> TrainingState:
        """Return a state that continues the previous one with its optimizer."""
        params, history = block_copy(previous.model.params), previous.history.copy()
        kept, rate = previous.state, self.options.learning_rate_init
        known, y_scale = kept.target_scale, self.options.y_scale
        if kept.optimizer is not None:
            _require_same("y_scale", None if known is None else known.kind, y_scale)
        optimizer, schedule = deepcopy(kept.optimizer), kept.schedule
        if optimizer is not None and schedule is not None and rate != schedule.rate:  # set_params has changed it
            schedule = schedule.with_rate(rate)
            optimizer.learning_rate = schedule.next_rate(schedule.rate, history.t)
        state = TrainingState(params, history, rng, optimizer, schedule, kept.schedule_epoch)
        state.target_scale = known
        state.predicts_y = y_scale is not None
        return state


class TableRequest(NamedTuple):
    """A call of `fit` of an estimator for tables: everything but its rows."""

    estimator: Any
    options: TableOptions
    previous: FittedTable | None = None  # the fit that the call continues
    validation: tuple[Any, Any, Any] = (None, None, None)  # X, y and weights of own validation rows
    resume: bool = False

    @classmethod
    def of(cls, estimator: Any, validation: tuple[Any, Any, Any], *, resume: bool) -> Self:
        """Check the parameters of an estimator, and find the fit that the call continues."""
        options: TableOptions = _recorded(estimator, estimator._parameters())
        previous = None
        if resume:
            previous = _table_to_resume(estimator)
        elif options.warm_start:
            previous = vars(estimator).get(FITTED)
        return cls(estimator, options, previous, validation, bool(resume))

    @property
    def is_classifier(self) -> bool:
        """Whether y has labels."""
        return bool(self.estimator._estimator_type == "classifier")

    @property
    def class_name(self) -> str:
        """The name of the estimator's class, for messages."""
        return type(self.estimator).__name__

    @property
    def warm_model(self) -> TableModel | None:
        """The model that a warm start continues."""
        return self.previous.model if self.options.warm_start and self.previous is not None else None


def _recorded(estimator: Any, options: Options) -> Options:
    """Return the options with a known seed if the fit is to be recorded."""
    if not options.provenance:
        return options
    return options._replace(random_state=_seed_of(estimator.get_params(deep=False)))


def _seed_of(values: Mapping[str, Any]) -> int:
    """Return the seed of a fit that is recorded; ValueError that names what could not be repeated."""
    needs = Setting("provenance", True), " needs "
    if values.get("solver") == "lbfgs":
        lbfgs = Setting("solver", "lbfgs")
        raise InvalidParameterError(*needs, "the arithmetic of cmlp, but ", lbfgs, " uses that of SciPy.")
    if values.get("warm_start"):
        why = ": what has trained the earlier model is not recorded."
        raise InvalidParameterError(*needs, Setting("warm_start", False), why)
    for name in ("loss", "learning_rate", "scoring"):
        if callable(values.get(name)):
            why = " by its name, because a function cannot be recorded."
            raise InvalidParameterError(*needs, Setting(name), why)
    if values.get("scoring") not in (None, "loss"):
        found = f" or 'loss', got {values['scoring']!r}, which scikit-learn computes."
        raise InvalidParameterError(*needs, Setting("scoring", None), found)
    if not isinstance(values.get("initialization", ""), str):
        why = " by its name, because initial weights are not recorded."
        raise InvalidParameterError(*needs, Setting("initialization"), why)
    for callback in values.get("callbacks") or ():
        # A class says itself, and not for its subclasses, that the fit is the same without it but for its end.
        if not vars(type(callback)).get("_repeatable") or not vars(callback).keys().isdisjoint(HOOKS):
            why = f"callbacks of cmlp, because others can change the fit, got {callback!r}."
            raise InvalidParameterError(*needs, why)
    seed = values["random_state"]
    if seed is None:
        return int(2**32 * float(random_state(None).random_sample()))
    if not isinstance(seed, (int, np.integer)):
        found = f", got {type(seed).__name__}."
        raise InvalidParameterError(*needs, "an int or None as ", Setting("random_state"), found)
    return int(seed)


def _require_same(name: str, was: object, now: object) -> None:
    """Raise ValueError if training continues with a different value than the model was fitted with."""
    if was != now:
        raise ValueError(
            f"The model was fitted with {name}={was!r}, so training cannot continue with {now!r}; "
            "call fit with warm_start=False to start again."
        )


_RESUME = Setting("resume", True)


def parameters_to_keep(estimator: Any) -> dict[str, Any]:
    """Return copies of the parameters that must not change before training is resumed, for `require_kept`."""
    values = vars(estimator)
    names = hyperparameters.TABLE.fixed_on_resume(estimator._parameter_owner)
    kept = {name: values[name] for name in names}
    # Only what could change is copied: a copy of each of the 30 others would take longer than an epoch.
    changing = [name for name, value in kept.items() if type(value) not in _PLAIN and not callable(value)]
    return {**kept, **{name: deepcopy(kept[name]) for name in changing}}


def _require_kept(kept: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Raise ValueError if a parameter differs from that of the fit that is resumed; kept ones may be missing."""
    for name, value in now.items():
        was = kept.get(name, value)
        if not _is_same(was, value):
            before, new = Setting(name, was), Setting(name, value)
            parts = " continues a fit with ", before, ", so ", new, " is not possible."
            raise InvalidParameterError(_RESUME, *parts, about=new)


def _is_same(was: Any, now: Any) -> bool:
    """Return whether two values of a parameter are equal. Arrays, lists and tuples with equal entries are."""
    if was is now:
        return True
    if isinstance(was, dict) and isinstance(now, dict):
        return was.keys() == now.keys() and all(_is_same(was[key], now[key]) for key in was)
    if any(isinstance(value, str) or not hasattr(value, "__iter__") for value in (was, now)):
        return bool(was == now)
    entries = list(was), list(now)
    return len(entries[0]) == len(entries[1]) and all(map(_is_same, *entries))


def _kept_fit(estimator: Any) -> Any:
    """Return what is kept of the previous call of fit, interrupted or complete; NotFittedError if there is none."""
    values = vars(estimator)
    kept = values.get(INTERRUPTED) or values.get(FITTED)
    if kept is None:
        problem = f" continues a call of fit, but this {type(estimator).__name__} instance has none."
        raise sklearn_class(NotFittedError)(Message(_RESUME, problem))
    return kept


def fit_to_resume(estimator: Any, options: TrainingOptions, *, in_rounds: bool = False) -> Fitted:
    """Return what is kept of the previous fit; raises ValueError if it cannot be resumed.

    Training by `cmlp.distributed.fit` continues `in_rounds` only: its state counts rounds instead of batches.
    """
    if options.solver == "lbfgs":
        warm_start = Setting("warm_start", True, "use warm_start=True")
        lbfgs = Setting("solver", "lbfgs")
        raise InvalidParameterError(_RESUME, " needs epochs, but ", lbfgs, " has none: ", warm_start, ".", about=lbfgs)
    fitted: Fitted = _kept_fit(estimator)
    state = fitted.state
    if state.parameters is None:
        problem = " continues a call of fit, but this model has no state of one: it was trained by partial_fit, with "
        others = " or with a random generator other than MT19937, or loaded without its training state."
        raise ValueError(Message(_RESUME, problem, Setting("solver", "lbfgs"), others))
    if "rounds" in state.parameters and not in_rounds:
        problem = " cannot continue a fit of cmlp.distributed: pass its checkpoint to that function."
        raise ValueError(Message(_RESUME, problem))
    _require_kept(state.parameters, parameters_to_keep(estimator))
    return fitted


def _table_to_resume(estimator: Any) -> FittedTable:
    """Return what is kept of the previous fit of a table; raises ValueError if it cannot be resumed."""
    fitted: FittedTable = _kept_fit(estimator)
    if fitted.state is None:
        problem = (
            f" continues a fit that was interrupted, but that of this {type(estimator).__name__} is complete, or it "
            "was loaded from a file, which has no training state."
        )
        raise ValueError(Message(_RESUME, problem))
    _require_kept(fitted.state.parameters, parameters_to_keep(estimator))
    return fitted


def resumed_state(kept: TrainingState, options: TrainingOptions) -> TrainingState:
    """Return a state from which training continues; the kept one stays as it is."""
    state = kept.copy()
    assert state.schedule is not None
    # A callback or an interruption does not end training for good, but the stopping rule does.
    state.stopped = not state.schedule.is_planned and state.history.stale > options.n_iter_no_change
    return state
