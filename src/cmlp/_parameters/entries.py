"""The table of hyperparameters: the entries of training, then those that describe a model."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from numbers import Integral, Real
from textwrap import indent
from types import NoneType
from typing import Any

from cmlp._data.activations import SYNONYMS
from cmlp._data.losses import exponential_losses, formulas, losses_of
from cmlp._data.scale import SCALES
from cmlp._parameters.constraints import (
    ACTIVATION,
    ARRAY_LIKE,
    BOOLEAN,
    CALLBACKS,
    COLUMNS,
    COUNT,
    FLOAT_TYPE,
    FUNCTION,
    GENERATOR,
    HIDDEN,
    NONE,
    NOT_NEGATIVE,
    OUTPUTS,
    POSITIVE,
    POSITIVE_INTEGER,
    QUANTILES,
    SEED,
    Constraint,
    argument,
    instance,
    interval,
    one_of,
    pair,
)
from cmlp._parameters.hyperparameters import (
    REQUIRED,
    CallKind,
    Hyperparameter,
    Hyperparameters,
    Need,
    ParameterOf,
    Refusal,
    Values,
)
from cmlp._parameters.schedules import NAMED_SCHEDULES, has_epochs, kind_of_schedule
from cmlp.callbacks import HOOKS

# The classes that have parameters. `Network` includes its methods.
NETWORK, TRAINER = ("Network",), ("Trainer",)
CLASSIFIER, REGRESSOR = ("MLPClassifier",), ("MLPRegressor",)
TABULAR_CLASSIFIER, TABULAR_REGRESSOR = ("TabularClassifier",), ("TabularRegressor",)
RIVER_CLASSIFIER, RIVER_REGRESSOR = ("river.MLPClassifier",), ("river.MLPRegressor",)
MLP = (*CLASSIFIER, *REGRESSOR)
TABULAR = (*TABULAR_CLASSIFIER, *TABULAR_REGRESSOR)
RIVER = (*RIVER_CLASSIFIER, *RIVER_REGRESSOR)


def _set_of_names(names: Iterable[str]) -> str:
    """Return names as the type of a parameter in a docstring."""
    return "{" + ", ".join(f'"{name}"' for name in names) + "}"


# As in scikit-learn, booleans are numbers for the estimators; `Network` refuses them.
_FROM_0 = interval(Real, 0, math.inf, "left")
_OVER_0 = interval(Real, 0, math.inf, "neither")
_FROM_1 = interval(Integral, 1, math.inf, "left")
_DECAY = interval(Real, 0, 1, "left")
_RATE = interval(Real, 0, 1, "left", booleans=False)
_MOMENTUM = interval(Real, 0, 1, "both")
_VERBOSE = interval(Integral, 0, math.inf, "left"), *BOOLEAN, one_of(str, "bar")
_SOLVERS = (one_of(str, "adam", "adamw", "lbfgs", "sgd"),)
_KINDS = f"{_set_of_names(NAMED_SCHEDULES)} or callable"
_SCHEDULES = one_of(str, *sorted(NAMED_SCHEDULES)), FUNCTION


# What a parameter needs of another one to have an effect, in the order in which it is checked: the
# solver comes first.
def _has_batches(values: Values) -> bool:
    return has_epochs(values["solver"])


def _has_no_batches(values: Values) -> bool:
    return not has_epochs(values.get("solver"))  # tables have no solver


def _uses_learning_rate(values: Values) -> bool:
    if kind_of_schedule(values["learning_rate"]).sgd_only:
        return bool(values["solver"] == "sgd")
    return _has_batches(values)


def _may_stop(values: Values) -> bool:
    return not (_has_batches(values) and kind_of_schedule(values["learning_rate"]).is_planned)


def _holds_out(values: Values) -> bool:
    return bool(values["early_stopping"])


def _has_hidden_layers(values: Values) -> bool:
    sizes = values.get("hidden_layer_sizes", 1)
    return not hasattr(sizes, "__len__") or len(sizes) > 0


_BATCHES = Need("solver", _has_batches, '"lbfgs" has no batches and no learning rate')
_EPOCHS = Need("solver", _has_batches, '"lbfgs" has no epochs')
_SGD = Need("solver", lambda values: values["solver"] == "sgd", 'only "sgd" uses it')
_ADAM = Need(
    "solver", lambda values: values["solver"] in ("adam", "adamw"), 'only "adam" and "adamw" use it'
)
_LEARNING_RATE = Need(
    "solver",
    _uses_learning_rate,
    '"invscaling" and "adaptive" need "sgd", and "lbfgs" has no learning rate',
)
_PLAN = "training takes the max_iter epochs for which the learning rate is planned"
# tol=0 and n_iter_no_change=inf ask for all max_iter epochs, which is what a plan does.
_TOL = Need("learning_rate", lambda values: values["tol"] == 0 or _may_stop(values), _PLAN)
_EPOCHS_WITHOUT_CHANGE = Need(
    "learning_rate",
    lambda values: values["n_iter_no_change"] == math.inf or _may_stop(values),
    _PLAN,
)

# The kinds of calls that train one network, by their names in messages.
FIT: CallKind = "fit"
PARTIAL_FIT: CallKind = "partial_fit"
FIT_BATCHES: CallKind = "fit_batches"
JOINT_FIT: CallKind = "comm"
RANGE_TEST: CallKind = "find_learning_rate"
# Arguments of calls, which refuse values too.
RESUME: CallKind = "resume=True"
SHARDS: CallKind = "shards"
OWN_VALIDATION: CallKind = "X_val"
# A fit that is recorded refuses what could not be repeated.
PROVENANCE: CallKind = "provenance=True"


def _is(name: str, refused: str) -> Callable[[Values], bool]:
    """Return the test whether a parameter has a value."""
    return lambda values: isinstance(values[name], str) and values[name] == refused


def _needs_own_rows(values: Values) -> bool:
    return _holds_out(values) and not values["X_val"]


def _is_function(name: str) -> Callable[[Values], bool]:
    """Return the test whether a parameter, which not every table has, is a function."""
    return lambda values: callable(values.get(name))


def _is_repeatable(callback: Any) -> bool:
    """Return whether a fit is the same without a callback, but for its end.

    The class says so itself, and not for its subclasses. It does not speak for a method that was
    assigned to the object.
    """
    if not vars(type(callback)).get("_repeatable"):
        return False
    return bool(vars(callback).keys().isdisjoint(HOOKS))


# The sentence of scikit-learn's SGDClassifier.
_BALANCED = (
    "class_weight 'balanced' is not supported for {call}. In order to use 'balanced' weights, use "
    "compute_class_weight('balanced', classes=classes, y=y). In place of y you can use a large "
    "enough sample of the full training set target to properly estimate the class frequency "
    "distributions. Pass the resulting weights as the class_weight parameter."
)

TRAINING_ENTRIES = (
    Hyperparameter(
        "solver",
        ParameterOf(MLP, '{"adam", "adamw", "lbfgs", "sgd"}', "adam", _SOLVERS).says("""
            "adam" is Adam [1]_, "adamw" is Adam with `weight_decay`, "sgd" is stochastic gradient descent with
            momentum, and "lbfgs" is L-BFGS [5]_, for small data sets. "lbfgs" needs SciPy (the extra ``cmlp[scipy]``)
            and uses all rows in each step. It ignores the parameters for batches, learning rates and early stopping,
            with a warning, and `partial_fit` does not exist. With "lbfgs", these raise ValueError unless they have
            their defaults: <needs batches>.
        """),
        ParameterOf(TRAINER, '{"adam", "adamw", "lbfgs", "sgd"}', "adam", _SOLVERS).says(
            'As for `MLPClassifier`; "adamw" is Adam with decoupled weight decay (Loshchilov and Hutter 2019).'
        ),
        ParameterOf(
            RIVER, '{"adam", "adamw", "sgd"}', "adam", (one_of(str, "adam", "adamw", "sgd"),)
        ).says(
            '"adam" is Adam, "adamw" is Adam with `weight_decay`, "sgd" is gradient descent with momentum.'
        ),
        refusals=(
            Refusal(
                (FIT_BATCHES, JOINT_FIT, SHARDS),
                _has_no_batches,
                "{call} needs batches, but solver='lbfgs' has none: use another solver.",
            ),
            Refusal(
                (RANGE_TEST,),
                _has_no_batches,
                "{call} needs a solver with learning rates, but solver='lbfgs' has none.",
            ),
            Refusal(
                (OWN_VALIDATION,),
                _has_no_batches,
                "{call} needs epochs, but solver='lbfgs' has none: use another solver.",
            ),
            Refusal(
                (RESUME,),
                _has_no_batches,
                "{call} needs epochs, but solver='lbfgs' has none: use warm_start=True.",
            ),
        ),
    ),
    Hyperparameter(
        "alpha",
        ParameterOf(
            (*MLP, *TRAINER), "float or sequence of float", 0.0001, (_FROM_0, ARRAY_LIKE)
        ).says("""
            Strength of the L2 penalty, ``alpha / 2 * sum(w ** 2)``, divided by the batch size. One number for all
            layers after the input, or one for each.
        """),
        ParameterOf(NETWORK, "float or sequence of float", 0.0, (NOT_NEGATIVE,)).says("""
            Strength of the L2 penalty ``alpha / 2 * sum(weights ** 2) / sum(sample_weight)``, not negative. One number
            for all layers after the input, or one for each.
        """),
        ParameterOf(RIVER, "float", 0.0001, (NOT_NEGATIVE,)).says(
            "Strength of the L2 penalty, divided by the number of rows of a step."
        ),
    ),
    Hyperparameter(
        "batch_size",
        ParameterOf((*MLP, *TRAINER), 'int or "auto"', "auto", (one_of(str, "auto"), _FROM_1)).says(
            'Number of rows per update; "auto" is the smaller of 200 and the number of rows.'
        ),
        ParameterOf(
            RIVER, "int", 1, (interval(Integral, 1, math.inf, "left", booleans=False),)
        ).says("""
            Number of rows per gradient step in `learn_many`. With 1, the result is bit-identical to `learn_one` row by
            row.
        """),
        needs=(_BATCHES,),
    ),
    Hyperparameter(
        "learning_rate",
        ParameterOf(
            MLP, _KINDS, "constant", _SCHEDULES, annotation="str | Callable[[int, int], float]"
        ).says("""
            The learning-rate schedule. With "invscaling", the learning rate after t rows is
            ``learning_rate_init / (t + 1) ** power_t``. With "adaptive", it is divided by 5 each time training would
            stop, until it is at most 1e-6. Both need ``solver="sgd"``. With "one_cycle" [4]_, it rises linearly to
            `learning_rate_init` during the first 30 % of all batches, then falls linearly to 0 (see Notes). With
            "cosine" [6]_, batch b of N has ``learning_rate_init / 2 * (1 + cos(pi * b / N))``, which falls to 0 at
            `max_iter`. A callable receives the index of the batch and the number of all batches, ``(step, n_steps)``,
            and returns the learning rate. The last three are planned: training takes `max_iter` epochs, whatever
            `n_iter_no_change` is.
        """),
        ParameterOf(
            TRAINER, _KINDS, "constant", _SCHEDULES, annotation="str | Callable[[int, int], float]"
        ).says("The learning-rate schedule, as for `MLPClassifier`."),
        ParameterOf(NETWORK, "float", REQUIRED, (NOT_NEGATIVE,)).says(
            "Not negative; may be changed between epochs."
        ),
        needs=(_LEARNING_RATE,),
        switched_off={RANGE_TEST: "constant"},
    ),
    Hyperparameter(
        "learning_rate_init",
        ParameterOf(MLP, "float", 0.001, (_OVER_0,)).says("""
            The initial learning rate; with "one_cycle" the largest one. It can be changed between calls of partial_fit;
            the schedule then continues from the new value.
        """),
        ParameterOf(TRAINER, "float", 0.001, (_OVER_0,)).says(
            'The initial learning rate; with "one_cycle" the largest one.'
        ),
        ParameterOf(TABULAR, "float", 0.0125, (_OVER_0,)).says(
            "The largest learning rate: after a short warm-up, it falls to 0 as half of a cosine."
        ),
        ParameterOf(RIVER, "float", 0.001, (_OVER_0,)).says(
            'Learning rate. It can change at any time: ``model.mutate({"learning_rate_init": 0.01})``.'
        ),
        needs=(
            _BATCHES,
            Need(
                "learning_rate",
                lambda values: not callable(values.get("learning_rate")),
                "it is a function",
            ),
        ),
    ),
    Hyperparameter(
        "power_t",
        ParameterOf((*MLP, *TRAINER), "float", 0.5, (_FROM_0,)).says('Exponent for "invscaling".'),
        needs=(
            _SGD,
            Need(
                "learning_rate",
                lambda values: values["learning_rate"] == "invscaling",
                'only "invscaling" uses it',
            ),
        ),
    ),
    Hyperparameter(
        "max_iter",
        ParameterOf((*MLP, *TRAINER), "int", 200, (_FROM_1,)).says(
            'Maximum number of epochs, or of iterations for "lbfgs".'
        ),
        free_on_resume=True,
    ),
    Hyperparameter(
        "n_epochs",
        ParameterOf(TABULAR, "int or None", None, (POSITIVE_INTEGER, NONE)).says(
            "Number of epochs of each network. None means about 800 steps, and from 10 to 40 "
            "epochs."
        ),
    ),
    Hyperparameter(
        "shuffle",
        ParameterOf(
            (*MLP, *TRAINER), 'bool or "blocks"', True, (*BOOLEAN, one_of(str, "blocks"))
        ).says("""
            Whether to shuffle the rows before each epoch. "blocks" is for a memory-mapped file that is larger than
            memory: it shuffles the order of blocks of `block_size` rows, and then the rows of 8 blocks at a time, so
            that the file is read in long stretches and only the order of 8 blocks is held.
        """),
        needs=(_BATCHES,),
    ),
    Hyperparameter(
        "tol",
        ParameterOf((*MLP, *TRAINER), "float", 1e-4, (_FROM_0,)).says("""
            Minimum improvement of the loss (of the score, with `early_stopping`) for an epoch to count as an
            improvement. "lbfgs" stops when every entry of the gradient is at most `tol`.
        """),
        free_on_resume=True,
        needs=(_TOL,),
    ),
    Hyperparameter(
        "verbose",
        ParameterOf((*MLP, *TRAINER), 'bool, int or "bar"', False, _VERBOSE).says("""
            Whether to print a line per epoch; n for a line after the first and every n-th epoch, "bar" for a progress
            bar (needs tqdm).
        """),
        ParameterOf(TABULAR, 'bool, int or "bar"', False, _VERBOSE).says("""
            Whether to print how long the fit will take, after the first three epochs of the first network, and a line
            for each trained network; "bar" for a progress bar over the epochs (needs tqdm).
        """),
        free_on_resume=True,
        own_per_worker=True,
        switched_off={RANGE_TEST: False},
    ),
    Hyperparameter(
        "momentum",
        ParameterOf((*MLP, *TRAINER, *RIVER), "float", 0.9, (_MOMENTUM,)).says(
            'Momentum for ``solver="sgd"``.'
        ),
        ParameterOf(NETWORK, "float", 0.9, (interval(Real, 0, 1, "both", booleans=False),)).says(
            'Momentum for "momentum" and "nesterov", from 0 to 1.'
        ),
        needs=(_SGD,),
    ),
    Hyperparameter(
        "nesterovs_momentum",
        ParameterOf(MLP, "bool", True, BOOLEAN).says("Whether to use Nesterov's momentum [2]_."),
        ParameterOf((*TRAINER, *RIVER), "bool", True, BOOLEAN).says(
            "Whether to use Nesterov's momentum."
        ),
        needs=(
            _SGD,
            Need("momentum", lambda values: values["momentum"] != 0, "0 means no momentum"),
        ),
    ),
    Hyperparameter(
        "early_stopping",
        ParameterOf(MLP, "bool", False, BOOLEAN).says("""
            Whether to hold out validation rows, to stop when the score on them stops improving, and to keep the best
            weights. With ``fit(X_val=..., y_val=...)``, your own rows are used instead.
        """),
        ParameterOf(TRAINER, "bool", False, BOOLEAN).says("""
            Whether to hold out validation rows, to stop when the score on them stops improving, and to keep the best
            parameters. See `scoring` for the score. With ``X_val`` of `run`, no rows are held out.
        """),
        ParameterOf(TABULAR, "bool", True, BOOLEAN).says("""
            Whether each network holds out another eighth of the rows, or uses `X_val`, and keeps the epoch with the
            smallest error on them. If False, each network trains on all rows and keeps its last epoch, and intervals
            and sets need `calibrate`.
        """),
        needs=(_EPOCHS,),
        switched_off={RANGE_TEST: False},
        refusals=(
            Refusal(
                (PARTIAL_FIT,),
                _holds_out,
                (
                    "{call} does not support early_stopping=True, because each call is one epoch: "
                    "set early_stopping=False and decide yourself when to stop, or use fit_batches "
                    "with X_val and y_val."
                ),
            ),
            Refusal(
                (FIT_BATCHES,),
                _needs_own_rows,
                "early_stopping=True needs X_val and y_val for {call}, which holds no rows out.",
            ),
        ),
    ),
    Hyperparameter(
        "validation_fraction",
        ParameterOf(MLP, "float", 0.1, (_DECAY,)).says(
            "Fraction of the rows to use for validation. For binary targets, the split is "
            "stratified."
        ),
        ParameterOf(TRAINER, "float", 0.1, (_DECAY,)).says("""
            Fraction of the rows to use for validation. For one column of zeros and ones and a loss of probabilities,
            the split is stratified.
        """),
        needs=(
            _EPOCHS,
            Need("early_stopping", _holds_out, "only early_stopping=True holds out rows"),
            Need(
                "X_val",
                lambda values: not (values.get("X_val") and _holds_out(values)),
                "these rows replace those that would be held out",
            ),
        ),
    ),
    Hyperparameter(
        "beta_1",
        ParameterOf((*MLP, *TRAINER, *RIVER), "float", 0.9, (_DECAY,)).says(
            "Decay rate of Adam's estimates of the mean."
        ),
        ParameterOf(NETWORK, "float", 0.9, (_RATE,)).says(
            "Decay rate of Adam's estimates of the mean, from 0 to below 1."
        ),
        needs=(_ADAM,),
    ),
    Hyperparameter(
        "beta_2",
        ParameterOf((*MLP, *TRAINER, *RIVER), "float", 0.999, (_DECAY,)).says(
            "Decay rate of Adam's estimates of the square."
        ),
        ParameterOf(NETWORK, "float", 0.999, (_RATE,)).says(
            "Decay rate of Adam's estimates of the square, from 0 to below 1."
        ),
        needs=(_ADAM,),
    ),
    Hyperparameter(
        "epsilon",
        ParameterOf((*MLP, *TRAINER, *RIVER), "float", 1e-8, (_OVER_0,)).says(
            "Added to the denominator of Adam's step."
        ),
        ParameterOf(NETWORK, "float", 1e-8, (POSITIVE,)).says(
            "Added to the denominator of Adam's step."
        ),
        needs=(_ADAM,),
    ),
    Hyperparameter(
        "n_iter_no_change",
        ParameterOf(
            (*MLP, *TRAINER),
            "int or inf",
            10,
            (_FROM_1, one_of(Real, math.inf)),
            annotation="float",
        ).says("""
            Training stops after more than this many consecutive epochs without improvement. With inf, training always
            takes `max_iter` epochs; with ``tol=0`` too, it issues no ConvergenceWarning.
        """),
        free_on_resume=True,
        needs=(_EPOCHS, _EPOCHS_WITHOUT_CHANGE),
    ),
    Hyperparameter(
        "max_fun",
        ParameterOf((*MLP, *TRAINER), "int", 15000, (_FROM_1,)).says(
            'Maximum number of loss evaluations for "lbfgs"; the limit is checked after each iteration.'
        ),
        free_on_resume=True,
        needs=(Need("solver", _has_no_batches, 'only "lbfgs" uses it'),),
    ),
    Hyperparameter(
        "weight_decay",
        ParameterOf(MLP, "float", 0.0, (NOT_NEGATIVE,)).says("""
            Weight decay for ``solver="adamw"``: before each step, ``learning_rate * weight_decay`` times the weight is
            subtracted from every weight, but not from the biases (Loshchilov and Hutter, "Decoupled weight decay
            regularization", ICLR 2019).
        """),
        ParameterOf((*TRAINER, *NETWORK, *RIVER), "float", 0.0, (NOT_NEGATIVE,)).says("""
            Weight decay for the solver "adamw", not negative. Before each step, ``learning_rate * weight_decay`` times
            the weight is subtracted from every weight, but not from the biases (Loshchilov and Hutter 2019).
        """),
        needs=(Need("solver", lambda values: values["solver"] == "adamw", 'only "adamw" uses it'),),
    ),
    Hyperparameter(
        "max_grad_norm",
        ParameterOf(MLP, "float or None", None, (POSITIVE, NONE)).says("""
            If the norm of a batch's gradient (with the penalty) is larger, the gradient is scaled to this norm
            (Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks", ICML 2013). None
            means no clipping.
        """),
        ParameterOf((*TRAINER, *NETWORK, *RIVER), "float or None", None, (POSITIVE, NONE)).says("""
            If the norm of a step's gradient (with the penalty) is larger, the gradient is scaled to this norm. None
            means no clipping.
        """),
        needs_batches=True,
    ),
    Hyperparameter(
        "dropout",
        ParameterOf(MLP, "float or sequence of float", 0.0, (_RATE, ARRAY_LIKE)).says("""
            Probability, at least 0 and below 1, with which each step of training sets an activation of a hidden layer
            to 0; the others are divided by ``1 - dropout``. Predictions use all units (Srivastava et al., "Dropout: a
            simple way to prevent neural networks from overfitting", JMLR 2014). One number for all hidden layers, or
            one for each.
        """),
        ParameterOf(TRAINER, "float or sequence of float", 0.0, (_RATE, ARRAY_LIKE)).says("""
            Dropout rate, at least 0 and below 1. One number for all hidden layers, or one for each (see
            `Network.cost`).
        """),
        ParameterOf(TABULAR, "float or sequence of float", 0.1, (_RATE, ARRAY_LIKE)).says("""
            Probability, at least 0 and below 1, with which each step sets an activation of a hidden layer to 0.
            One number for all hidden layers, or one for each.
        """),
        ParameterOf(NETWORK, "float or sequence of float", 0.0, (_RATE,)).says("""
            Dropout rate, at least 0 and below 1. One number for all hidden layers, or one for each. The activation of a
            unit is set to 0 with this probability, otherwise divided by ``1 - rate`` (Srivastava et al. 2014).
        """),
        needs_batches=True,
        needs=(Need("hidden_layer_sizes", _has_hidden_layers, "there are no hidden layers"),),
    ),
    Hyperparameter(
        "warmup",
        ParameterOf(MLP, "float", 0.0, (_RATE, COUNT)).says("""
            Number of batches at the start in which the learning rate rises, or if below 1 their fraction of all
            batches. Batch b of the first W has ``(b + 1) / W`` times the learning rate of the schedule [7]_; "cosine"
            begins after them.
        """),
        ParameterOf(TRAINER, "float", 0.0, (_RATE, COUNT)).says("""
            Number of batches at the start in which the learning rate rises, or if below 1 their fraction of all
            batches, as for `MLPClassifier`.
        """),
        needs=(_BATCHES,),
        switched_off={RANGE_TEST: 0.0},
    ),
    Hyperparameter(
        "max_time",
        ParameterOf(MLP, "float or None", None, (POSITIVE, NONE)).says("""
            Time limit of training in seconds, after fit has read the data and learned their scale. Training stops after
            the last complete batch, at most 0.1 s too late for up to 10 million parameters (while `scoring` or a
            callback runs, later), and ``fit(resume=True)`` continues. Ignored by partial_fit.
        """),
        ParameterOf(TRAINER, "float or None", None, (POSITIVE, NONE)).says("""
            Time limit in seconds for a call of `run` or `epochs`. Training stops after the last complete batch, and the
            next call continues.
        """),
        ParameterOf(TABULAR, "float or None", None, (POSITIVE, NONE)).says("""
            Seconds for `fit`. Reading the columns counts, but is not cut short. Columns of numbers are searched for
            steps of the target until the seconds are over, but in any case the first 4 million numbers, so that the
            columns of most tables do not depend on the machine: fit warns if it takes longer. Each network then trains
            at least 100 batches or an epoch, and ends, also in the middle of an epoch, when its share of the seconds is
            over. So fit takes at least about a second for 60,000 rows of 60 numbers on two cores, whatever `max_time`.
            With `callbacks` or a progress bar, all networks end after an epoch.
        """),
        free_on_resume=True,
        own_per_worker=True,
        switched_off={PARTIAL_FIT: None, RANGE_TEST: None},
    ),
    Hyperparameter(
        "scoring",
        ParameterOf(
            MLP,
            "None, str or callable",
            None,
            (instance(str, "a name"), FUNCTION, NONE),
            annotation="str | Callable[..., float] | None",
        ).says("""
            Score of the validation rows, of which higher values are better. None means `score`. "loss" means minus the
            validation loss. Other names are scorers of scikit-learn. A callable has the arguments ``(estimator, X,
            y)``, and ``sample_weight`` if the rows have weights; its X is an array.
        """),
        ParameterOf(
            TRAINER,
            "None, str or callable",
            None,
            (instance(str, "a name"), FUNCTION, NONE),
            annotation="str | Callable[..., float] | None",
        ).says("""
            Score of the validation rows; higher is better. None means the accuracy ("accuracy") for class indices and
            for losses of probabilities, otherwise the coefficient of determination ("r2"). "loss" means minus the
            validation loss. A callable has the arguments ``(network, X, y)``, and ``sample_weight`` if the rows have
            weights.
        """),
        switched_off={PARTIAL_FIT: None, RANGE_TEST: None},
    ),
    Hyperparameter(
        "callbacks",
        ParameterOf(MLP, "list of object or None", None, (CALLBACKS, NONE)).says("""
            Objects with at least one of the methods ``on_fit_begin(trainer)``, ``on_batches_end(trainer)``,
            ``on_epoch_end(trainer)`` and ``on_fit_end(trainer)``, which fit calls; see `cmlp.callbacks`. Not stored in
            model files.
        """),
        ParameterOf(TRAINER, "list of object or None", None, (CALLBACKS, NONE)).says("""
            Objects with methods ``on_fit_begin(trainer)``, ``on_batches_end(trainer)``, ``on_epoch_end(trainer)`` or
            ``on_fit_end(trainer)``, see `cmlp.callbacks`.
        """),
        ParameterOf(TABULAR, "list of object or None", None, (CALLBACKS, NONE)).says("""
            Objects whose methods `fit` calls after each epoch of all networks, see `cmlp.callbacks`. Losses and scores
            are means over the networks. Threads then wait for each other after each epoch. Not stored in model files.
        """),
        free_on_resume=True,
        own_per_worker=True,
        switched_off={RANGE_TEST: None},
    ),
    Hyperparameter(
        "block_size",
        ParameterOf((*MLP, *TRAINER), "int", 1024, (_FROM_1,)).says(
            'Rows per block for ``shuffle="blocks"``.'
        ),
        needs=(
            _BATCHES,
            Need("shuffle", lambda values: values["shuffle"] == "blocks", 'only "blocks" uses it'),
        ),
    ),
)


# What describes a model: its network, its loss, and how it reads inputs and targets.


_ACTIVATIONS = ", ".join(f'"{name}"' for name in HIDDEN)
_SIZES = ARRAY_LIKE, interval(Integral, 1, math.inf, "left")
_LEVELS = interval(Real, 0, 1, "neither", booleans=False), QUANTILES
_DICT = instance(dict, "values such as '{0: 1, 1: 5}'")
_LABELS = Constraint(
    "a list of labels",
    lambda value: isinstance(value, (list, tuple)),
    as_text="labels with commas such as 'low,medium,high'",
)
_CODES = Constraint(
    "a list of codes of findings",
    lambda value: isinstance(value, (list, tuple)) and all(isinstance(one, str) for one in value),
    as_text="codes with commas such as 'groups,leak:wage'",
)
_DICTS = instance(list, "several of them such as '[{0: 1, 1: 5}, {0: 1, 1: 1}]'")
_INITIALIZATION = one_of(str, "glorot", "he", "lecun"), pair("coefs", "intercepts")
_SCALE = interval(Real, 0, math.inf, "neither"), COLUMNS
_GENERATOR = SEED, GENERATOR, NONE
_THREADS = POSITIVE_INTEGER, NONE


NETWORK_ENTRIES = (
    Hyperparameter(
        "n_estimators",
        ParameterOf(TABULAR, "int", 4, (POSITIVE_INTEGER,)).says(
            "Number of networks. More are a little better (8 rather than 4: about 1 %), and take "
            "longer."
        ),
    ),
    Hyperparameter(
        "hidden_layer_sizes",
        ParameterOf((*MLP, *RIVER), "int or array-like of int", (100,), _SIZES).says(
            "Number of units of each hidden layer; ``()`` gives a linear model."
        ),
        ParameterOf(TABULAR, "int or array-like of int", (128, 128), _SIZES).says(
            "Number of units of each hidden layer. Larger ones need more rows: change it for "
            "tables of over 50,000\n"
            "rows."
        ),
    ),
    Hyperparameter(
        "activation",
        ParameterOf((*MLP, *RIVER), "str or list of str", "relu", (ACTIVATION, ARRAY_LIKE)).says(
            "Activation of the hidden layers: one name for all of them, or one for each. The names "
            "are\n"
            f"{_ACTIVATIONS}."
        ),
        ParameterOf(NETWORK, "str or sequence of str", "logistic", (ACTIVATION, ARRAY_LIKE)).says(
            "Activation of the hidden layers: one name for all of them, or one for each. It also "
            "determines the range\n"
            "of the initial parameters (see Notes). The names are\n"
            f"{_ACTIVATIONS}."
        ),
    ),
    Hyperparameter(
        "output",
        ParameterOf(
            NETWORK,
            '{"softmax", "logistic", "identity", "exp", "tanh"}',
            "softmax",
            (one_of(str, *OUTPUTS, *SYNONYMS),),
        ).says("Activation of the output layer."),
    ),
    Hyperparameter(
        "loss",
        ParameterOf(
            CLASSIFIER,
            f"{_set_of_names(losses_of(*CLASSIFIER))} or callable",
            "log_loss",
            (one_of(str, *losses_of(*CLASSIFIER)), FUNCTION),
            annotation="str | LossFunction",
        ).says(f"""
            The cost of a row. "squared_error" is a sum over the outputs, which are logistic. The others
            use softmax outputs, or logistic outputs for two classes and for multilabel targets. With p
            for `loss_parameter` and ``d = output - target``:

{indent(formulas(*CLASSIFIER), " " * 12)}
            - A function ``loss(y, output)``, for experiments: it gets zeros and ones and the
              probabilities of some rows, both of shape (n, n_outputs), and returns the cost of each row,
              of shape (n,), and its derivatives with respect to the probabilities, of shape (n,
              n_outputs). A row's cost must depend on this row alone. It is called in one thread; such a
              model cannot be saved, but pickled.

            See [8]_ for "focal", and [9]_ for "label_smoothing".
        """),
        ParameterOf(
            REGRESSOR,
            "str or callable",
            "squared_error",
            (one_of(str, *losses_of(*REGRESSOR)), FUNCTION),
            annotation="str | LossFunction",
        ).says(f"""
            The cost of an output. The outputs are exponential for {exponential_losses()}, otherwise
            identity. With p for `loss_parameter` or `quantile`, and ``d = output - target``:

{indent(formulas(*REGRESSOR), " " * 12)}
            - A function ``loss(y, output)``, for experiments: it gets the targets and outputs of some rows, both of
              shape (n, n_outputs), and returns the cost of each row, of shape (n,), and its derivatives with respect to
              the outputs, of shape (n, n_outputs). A row's cost must depend on this row alone. It is called in one
              thread; such a model cannot be saved, but pickled.

            See [8]_ for "huber", [9]_ for "quantile", and [11]_ for "tweedie".
        """),
        ParameterOf(
            NETWORK,
            "str or callable",
            "log_loss",
            (one_of(str, *losses_of()), FUNCTION),
        ).says("""
            Cost of a row. With softmax or logistic outputs: "log_loss", "focal" or "label_smoothing" (targets must be
            from 0 to 1). With identity, logistic, tanh or exp outputs: "squared_error" (the sum of the squared
            differences between outputs and targets; also with softmax), "absolute_error", "huber" or "quantile". With
            exp outputs also "poisson" and "tweedie" (targets must not be negative) and "gamma" (targets must be
            positive). See Notes for the formulas. Or a function ``loss(y, output)``, for experiments: it gets the
            targets and outputs of some rows, both of shape (n, n_outputs), and returns the cost of each row, of shape
            (n,), and its derivatives with respect to the outputs, of shape (n, n_outputs). Class indices become rows of
            zeros and a one. A row's cost must depend on this row alone. The function is called in one thread; such a
            network cannot be saved.
        """),
        ParameterOf(
            TABULAR_REGRESSOR,
            "str",
            "squared_error",
            (one_of(str, *losses_of(*TABULAR_REGRESSOR)),),
        ).says(f"""
            What is minimized: "squared_error" predicts the mean, "absolute_error" the median, "quantile" a quantile.
            "huber" is between the first two: errors count as squared ones up to the interquartile range of y, larger
            ones linearly. {exponential_losses()} predict a mean, too, which is positive: half their deviances are
            minimized, and the outputs are exponential. "poisson" is for counts, which must not be negative, "gamma" for
            prices and durations, which must be positive and whose deviations grow with their mean, "tweedie" (of the
            power 1.5) for amounts many of which are 0, and none negative.
        """),
        ParameterOf(
            RIVER_REGRESSOR,
            _set_of_names(losses_of(*RIVER_REGRESSOR)),
            "squared_error",
            (one_of(str, *losses_of(*RIVER_REGRESSOR)),),
        ).says(
            f"As for `cmlp.MLPRegressor`. With {exponential_losses()}, the output is the exponential of a sum."
        ),
    ),
    Hyperparameter(
        "loss_parameter",
        ParameterOf(CLASSIFIER, "float or None", None, (POSITIVE, NONE)).says(
            'Positive parameter of the loss: for "focal" by default 2; for "label_smoothing" below 1, by default 0.1.'
        ),
        ParameterOf(REGRESSOR, "float or None", None, (POSITIVE, NONE)).says(
            'Positive parameter of "huber", in y\'s unit, by default 1; power of "tweedie", above 1 and below 2, by '
            "default 1.5. Other losses have none."
        ),
        ParameterOf(NETWORK, "float, sequence of float or None", None, ()).says("""
            Positive parameter p of the loss (see Notes); None is the default. "quantile" can have an ascending list, a
            number for each output; `forward` then sorts the outputs of each row, so that predicted quantiles never
            cross.
        """),
    ),
    Hyperparameter(
        "quantile",
        ParameterOf(REGRESSOR, "float or list of float", 0.5, _LEVELS).says("""
            The quantile that ``loss="quantile"`` predicts, between 0 and 1. Or an ascending list of 2 to 100 quantiles
            of the only column of y: the network has an output for each of them, and `predict` sorts the outputs of each
            row, so that they never cross [10]_.
        """),
        ParameterOf(TABULAR_REGRESSOR, "float or list of float", 0.5, _LEVELS).says("""
            The quantile of ``loss="quantile"``, between 0 and 1. Or an ascending list of 2 to 100 quantiles of one
            target: `predict` then returns a column for each of them, ascending in every row.
        """),
    ),
    Hyperparameter(
        "y_scale",
        ParameterOf(
            REGRESSOR,
            'None, "standard" or "robust"',
            None,
            (one_of(str, "standard", "robust"), NONE),
        ).says("""
            "standard" trains on ``(y - mean) / deviation``, with the weighted mean and standard deviation of each
            column of y over the training rows of the first call; "robust" takes the median and the interquartile range,
            which a few far targets do not change, and needs all rows (not in `fit_batches`). A warm start and
            `partial_fit` keep them. `coefs_`, predictions and saved models are in y's unit, and so are losses and `tol`
            if all columns have the same spread; otherwise, losses are those of the scaled targets. `loss_parameter` of
            "huber" is in these spreads. Use it for targets that are far from 0 or not of the order of 1. Only for
            losses with identity outputs. If float32 has fewer than 16 numbers within the spread, as for seconds since
            1970 within half an hour, fit raises ValueError: ``dtype="float64"`` or an offset subtracted from y helps.
            If more than half of a column is one number and its interquartile range is 0, the spread of "robust" is the
            median distance of the others from it.
        """),
        ParameterOf(
            RIVER_REGRESSOR, '"standard" or None', "standard", (one_of(str, "standard"), NONE)
        ).says(f"""
            "standard" learns ``(y - mean) / deviation``, with the mean and the standard deviation of all targets so far
            (see Notes), and predicts y; "huber" then counts in deviations. With {exponential_losses()}, y is divided by
            the mean so far. None learns y itself: for targets near 0 whose deviation is about 1, and for the steps of
            `cmlp.MLPRegressor.partial_fit`.
        """),
        refusals=(
            Refusal(
                (FIT_BATCHES,),
                _is("y_scale", "robust"),
                (
                    "y_scale='robust' needs all rows for the quartiles, which {call} does not "
                    "have: use 'standard', or scale y yourself."
                ),
            ),
        ),
    ),
    Hyperparameter(
        "class_weight",
        ParameterOf(
            CLASSIFIER,
            'None, "balanced", dict or list of dict',
            None,
            (one_of(str, "balanced"), _DICT, _DICTS, NONE),
            annotation="ClassWeight",
        ).says("""
            Weights of the classes by label, not negative; they multiply `sample_weight`. "balanced" means
            ``n_samples / (n_classes * n_samples_of_class)`` (King and Zeng [10]_), where rows count by their
            `sample_weight`; `partial_fit` does not support it. A dict may leave out classes, whose weight is 1. For
            multilabel targets, a list with a dict for each column, for example ``[{0: 1, 1: 5}, {0: 1, 1: 1}]``; the
            weights of a row's columns multiply. Validation rows have the same weights of classes. A class of weight 0
            stays in `classes_`.
        """),
        ParameterOf(
            TABULAR_CLASSIFIER,
            'None, "balanced", dict or list of dict',
            None,
            (one_of(str, "balanced"), _DICT, _DICTS, NONE),
            annotation="ClassWeight",
        ).says("""
            Weight of each class, multiplied by `sample_weight`. "balanced" gives all classes the same sum of weights:
            for rare classes whose mistakes cost more. Probabilities are then those of balanced classes. For multilabel
            targets, a list with a dict for each column; the weights of a row's columns multiply. The weights count in
            held-out rows and in `y_val` too. A class of weight 0 is not in `classes_`, as if its rows were not there.
        """),
        refusals=(
            Refusal((PARTIAL_FIT,), _is("class_weight", "balanced"), _BALANCED),
            Refusal(
                (FIT_BATCHES,),
                _is("class_weight", "balanced"),
                (
                    "class_weight='balanced' needs all labels, which {call} does not have: pass a "
                    "dict of weights."
                ),
            ),
        ),
    ),
    Hyperparameter(
        "ordered",
        ParameterOf(
            TABULAR_CLASSIFIER,
            '"from_dtype", bool or list',
            "from_dtype",
            (one_of(str, "from_dtype"), *BOOLEAN, _LABELS),
            annotation="str | bool | Sequence[object]",
        ).says("""
            Whether the classes have an order, which `classes_` then has: each network learns for every class but the
            last whether y is above it. True is for numbers and booleans, in ascending order. A list has the labels in
            ascending order, such as ``["low", "medium", "high"]``, also some that y lacks. "from_dtype" means the order
            of the type of y, if it has one: an ordered type of pandas or Arrow, or polars' Enum.
        """),
    ),
    Hyperparameter(
        "categorical_features",
        ParameterOf(
            TABULAR,
            '"from_dtype", None, array-like or dict',
            "from_dtype",
            (),
            annotation="str | ArrayLike | None",
        ).says("""
            Further columns of categories besides those of a category or interval dtype and those that contain text:
            names, indices (an integer is always one) or a mask, for numbers whose order means nothing, such as postal
            codes. A dict maps columns to a list of their categories in ascending order, such as ``{"size": ["S", "M",
            "L"]}``, or to None. Types of pandas and Arrow that are ordered, and polars' Enum, keep their order. If
            None, no column is detected.
        """),
    ),
    Hyperparameter(
        "date_formats",
        ParameterOf(
            TABULAR, "None, str or dict", None, (), annotation="str | ByColumn[str] | None"
        ).says("""
            How dates are written, if columns have them as text or, such as 19580329, as whole numbers: a dict maps
            columns, by names or indices, to forms, such as ``{"born": "%d.%m.%Y"}``. A single form is that of each
            column of text of which it reads nearly all values. A form is made of %Y, %y (69 to 99 are 1969 to 1999),
            %m, %d, %b and %B (English names), %H, %M, %S, %p (with it, %H is from 1 to 12), %j, %z and %q (the
            quarter). A month or a quarter is its first day. Later rows are read by the same forms.
        """),
    ),
    Hyperparameter(
        "missing_values",
        ParameterOf(
            TABULAR,
            "None, number, str, list or dict",
            None,
            (),
            annotation="float | str | Sequence[float | str] | ByColumn[object] | None",
        ).says("""
            Codes that mean a missing value, besides NaN and None: a number, a text or a list of both for all columns,
            such as ``[-999, "unknown"]``, or a dict that maps columns, by names or indices, to their codes. A number
            equals a code if both are the same double (in a column of float32 or float16 also if it is the code in this
            type), and a text if it is the same text. `report_` names a code that no value equals. Later rows, exports
            and model files have the same codes.
        """),
    ),
    Hyperparameter(
        "date_parts",
        ParameterOf(TABULAR, "bool", True, BOOLEAN).says("""
            Whether the networks see the time of day, the weekday and the day of the year of a column of dates, where
            they vary and the target changes along them, beside the days since 1970. They are those of the stored time,
            which is UTC if it has an offset.
        """),
    ),
    Hyperparameter(
        "monotonic_cst",
        ParameterOf(
            TABULAR,
            "array-like of int, dict or None",
            None,
            (),
            annotation="ArrayLike | ByColumn[int] | None",
        ).says("""
            Columns of numbers with which answers can only rise (1) or only fall (-1), whatever the other columns have;
            of two classes, the answer is the probability of the second one, and of `ordered` ones that of those above
            each. A sign for each column, or a dict of names or indices to signs. The signs of the weights prove it: see
            `monotonic_cst_`.
        """),
    ),
    Hyperparameter(
        "interval_width",
        ParameterOf(
            TABULAR_REGRESSOR,
            '{"adaptive", "constant"}',
            "adaptive",
            (one_of(str, "adaptive", "constant"),),
        ).says("""
            How wide the intervals of `predict_interval` are, unless several quantiles decide. "adaptive": in proportion
            to the mean error of held-out rows with about the same prediction. "constant": equally wide for all rows, as
            with fewer than about 100 rows or if none is held out.
        """),
        needs=(
            Need(
                "quantile",
                lambda values: isinstance(values["quantile"], Real),
                "several quantiles decide",
            ),
            Need(
                "early_stopping",
                _holds_out,
                "no rows are held out, so all intervals have one width",
            ),
        ),
    ),
    Hyperparameter(
        "keep_background",
        ParameterOf(
            TABULAR, "int", 0, (interval(Integral, 0, 64, "both", booleans=False),)
        ).says("""
            Number of training rows, drawn by `random_state`, that the model keeps for `explain`, at most 64. They are
            part of pickles and model files, and of pages on request: keep none if the rows are personal.
        """),
    ),
    Hyperparameter(
        "allow_missing_keys",
        ParameterOf(TABULAR, "bool", False, BOOLEAN).says("""
            Whether a record to predict, a dict, may lack keys, whose values then are missing. If False, a missing key
            raises ValueError. `fit` does not use it.
        """),
        free_on_resume=True,
    ),
    Hyperparameter(
        "known",
        ParameterOf(
            TABULAR,
            "None or list of str",
            None,
            (NONE, _CODES),
            annotation="Sequence[str] | None",
        ).says("""
            Findings and warnings that are known, and not said again: codes, such as "groups", or codes with their
            columns, such as "leak:wage". `report_` has the others.
        """),
        free_on_resume=True,
    ),
    Hyperparameter(
        "activation_parameter",
        ParameterOf(
            MLP, "float, sequence of float or None", None, (NOT_NEGATIVE, ARRAY_LIKE, NONE)
        ).says(
            _PARAMETER := """
            Positive parameter of "leaky_relu" (the slope for negative inputs, by default 0.01) and "elu" (minus the
            limit at minus infinity, by default 1). One number for all hidden layers, or one for each; None or 0 is the
            default.
        """
        ),
        ParameterOf(NETWORK, "float, sequence of float or None", None, (NOT_NEGATIVE,)).says(
            _PARAMETER
        ),  # of each layer
    ),
    Hyperparameter(
        "initialization",
        ParameterOf(
            MLP,
            '{"glorot", "he", "lecun"} or tuple (coefs, intercepts)',
            "glorot",
            _INITIALIZATION,
            annotation="str | tuple[Sequence[ArrayLike], Sequence[ArrayLike]]",
        ).says("""
            The range of the initial weights (see Notes), or the initial weights and biases themselves: two lists of
            arrays, like `coefs_` and `intercepts_`. A warm start continues from the previous model instead.
        """),
        ParameterOf(
            NETWORK,
            '{"glorot", "he", "lecun"} or tuple (coefs, intercepts)',
            "glorot",
            _INITIALIZATION,
        ).says("""
            The range of the random initial parameters (see Notes), or the initial weights and biases themselves: two
            lists with one array per layer, which are copied.
        """),
        free_on_resume=True,
    ),
    Hyperparameter(
        "random_state",
        ParameterOf(MLP, "None, int or RandomState", None, _GENERATOR).says("""
            Seed or generator for the initial weights, the validation split and the order of the rows. With an int,
            every fit and partial_fit uses the same random numbers.
        """),
        ParameterOf(TRAINER, "None, int or RandomState", None, _GENERATOR).says("""
            Seed or generator for the validation split, the order of the rows and dropout. To train like an estimator,
            use one RandomState here and for the network's initial parameters.
        """),
        ParameterOf(NETWORK, "None, int or RandomState", None, _GENERATOR).says(
            "Seed of the initial parameters; the same seed gives the same parameters as in the "
            "estimators."
        ),
        ParameterOf(TABULAR, "None, int or RandomState", None, _GENERATOR).says(
            "Seed for the held-out rows, the initial weights, the order of the rows and dropout."
        ),
        free_on_resume=True,
    ),
    Hyperparameter(
        "seed",
        ParameterOf(RIVER, "int or None", None, (SEED, NONE)).says("Seed of the initial weights."),
    ),
    Hyperparameter(
        "warm_start",
        ParameterOf(MLP, "bool", False, BOOLEAN).says("""
            Whether fit continues from the model of the previous call. fit then raises ValueError if the layer sizes,
            `activation`, `loss`, `dtype` or `input_scale` have changed.
        """),
        ParameterOf(TABULAR, "bool", False, BOOLEAN).says("""
            Whether fit continues from the networks of the previous call, or of the loaded model, on other rows. The
            columns with their scales, bins and categories, and the scale of the targets, stay as they are. fit raises
            ValueError if the classes or the layers have changed. The learning rate begins anew.
        """),
        free_on_resume=True,
    ),
    Hyperparameter(
        "provenance",
        ParameterOf((*MLP, *TABULAR), "bool", False, BOOLEAN).says("""
            Whether fit records what `cmlp.verify` needs to train again: the parameters with the seed, SHA-256 of the
            data, and where training ended. `save` stores the record. What cannot be repeated raises ValueError, for
            example functions as parameters and `partial_fit`.
        """),
        switched_off={RANGE_TEST: False},
        refusals=(
            Refusal(
                (PARTIAL_FIT,),
                lambda values: bool(values["provenance"]),
                "{call} does not support provenance=True: it does not record what it trains on.",
            ),
            Refusal(
                (PROVENANCE,),
                _has_no_batches,
                "{call} needs the arithmetic of cmlp, but solver='lbfgs' uses that of SciPy.",
            ),
            Refusal(
                (PROVENANCE,),
                lambda values: bool(values.get("warm_start")),
                "{call} needs warm_start=False: what has trained the earlier model is not "
                "recorded.",
            ),
            *(
                Refusal(
                    (PROVENANCE,),
                    _is_function(name),
                    f"{{call}} needs {name} by its name, because a function cannot be recorded.",
                )
                for name in ("loss", "learning_rate", "scoring")
            ),
            Refusal(
                (PROVENANCE,),
                lambda values: values.get("scoring") not in (None, "loss"),
                "{call} needs scoring=None or 'loss', got {scoring!r}, which scikit-learn "
                "computes.",
            ),
            Refusal(
                (PROVENANCE,),
                lambda values: not isinstance(values.get("initialization", ""), str),
                "{call} needs initialization by its name, because initial weights are not "
                "recorded.",
            ),
            Refusal(
                (PROVENANCE,),
                lambda values: not all(map(_is_repeatable, values.get("callbacks") or ())),
                "{call} needs callbacks of cmlp, because others can change the fit, got "
                "{callbacks!r}.",
            ),
            Refusal(
                (PROVENANCE,),
                lambda values: not isinstance(values["random_state"], (Integral, NoneType)),
                "{call} needs an int or None as random_state, got "
                "{random_state.__class__.__name__}.",
            ),
        ),
    ),
    Hyperparameter(
        "n_threads",
        ParameterOf((*MLP, *NETWORK), "None or int", None, _THREADS).says("""
            Maximum number of threads. If None, chosen from the problem size and the number of CPUs. The results do not
            depend on it.
        """),
        ParameterOf(TABULAR, "None or int", None, _THREADS).says(
            "Maximum number of threads; in fit, each trains a network. The results do not depend "
            "on it."
        ),
        free_on_resume=True,
        own_per_worker=True,
    ),
    Hyperparameter(
        "dtype",
        ParameterOf(
            MLP,
            '{"auto", "float32", "float64"}',
            "auto",
            (one_of(str, "auto", "float32", "float64"),),
        ).says("""
            Type of the weights and of the computation. "auto" means float32 for float32, float16 and uint8 arrays,
            otherwise float64.
        """),
        ParameterOf(NETWORK, '{"float32", "float64"}', "float32", (FLOAT_TYPE,)).says(
            "Type of the parameters and of all arithmetic."
        ),
        ParameterOf(
            RIVER, '{"float32", "float64"}', "float64", (one_of(str, "float32", "float64"),)
        ).says("Type of the weights and of the computation."),
    ),
    Hyperparameter(
        "input_scale",
        ParameterOf(
            MLP,
            'float, (shift, factor), "standard", "minmax" or "robust"',
            1,
            (*_SCALE, one_of(str, *SCALES)),
            annotation="float | str | tuple[ArrayLike, ArrayLike]",
        ).says("""
            What happens to an input when it is read. A number is the factor of all inputs: ``1 / 255`` for images of
            bytes. With two vectors of shape (n_features,), the network sees ``(X - shift) * factor``, computed in
            float64 and rounded once. The others are learned in fit, from the training rows only and with their sample
            weights: "standard" gives each column the mean 0 and the standard deviation 1, "minmax" the range from 0 to
            1, "robust" the median 0 and the interquartile range 1. A column without a spread gets the factor 1. For
            sparse X the shifts are 0. `input_scale_` has what was learned. A warm start and further calls of
            `partial_fit` keep it.
        """),
        ParameterOf(NETWORK, "float or (shift, factor)", 1, _SCALE).says("""
            Factor by which every input is multiplied: ``1 / 255`` for images of bytes. Or two vectors of shape
            (n_inputs,): the network sees ``(X - shift) * factor``, computed in float64 and rounded once. Sparse X must
            not be shifted.
        """),
        refusals=(
            Refusal(
                (FIT_BATCHES,),
                _is("input_scale", "robust"),
                (
                    "input_scale='robust' needs all rows for the quartiles, which {call} does not "
                    "have: use 'standard', 'minmax' or (shift, factor)."
                ),
            ),
        ),
    ),
)

PARAMETERS = Hyperparameters([*NETWORK_ENTRIES, *TRAINING_ENTRIES])


def network_argument(name: str, value: object) -> Any:
    """Return a parameter of a `Network`, validated and converted; raises InvalidParameterError if it is invalid."""
    return argument(name, value, *PARAMETERS.constraints("Network")[name])
