"""The rows of training: solver, learning rate, regularization, stopping, and what is reported."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

from cmlp._train.constraints import (
    ARRAY_LIKE,
    BOOLEAN,
    CALLBACKS,
    COUNT,
    FUNCTION,
    MLP,
    NETWORK,
    NONE,
    NOT_NEGATIVE,
    POSITIVE,
    POSITIVE_INTEGER,
    REQUIRED,
    RIVER,
    TABULAR,
    TRAINER,
    Hyperparameter,
    Need,
    Use,
    instance,
    interval,
    options,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

# As in scikit-learn, booleans are numbers for the estimators; `Network` refuses them.
_FROM_0 = interval(Real, 0, math.inf, "left")
_OVER_0 = interval(Real, 0, math.inf, "neither")
_FROM_1 = interval(Integral, 1, math.inf, "left")
_DECAY = interval(Real, 0, 1, "left")
_RATE = interval(Real, 0, 1, "left", booleans=False)
_MOMENTUM = interval(Real, 0, 1, "both")
_VERBOSE = interval(Integral, 0, math.inf, "left"), *BOOLEAN, options(str, "bar")
_SOLVERS = (options(str, "adam", "adamw", "lbfgs", "sgd"),)
_KINDS = '{"constant", "invscaling", "adaptive", "one_cycle", "cosine"} or callable'
_SCHEDULES = options(str, "adaptive", "constant", "cosine", "invscaling", "one_cycle"), FUNCTION

# What a parameter needs of another one to have an effect, in the order in which it is checked: the solver comes first.
_PLANNED = ("one_cycle", "cosine")  # learning rates that are planned for `max_iter` epochs, besides functions


def _has_batches(values: Mapping[str, Any]) -> bool:
    return bool(values["solver"] != "lbfgs")


def _uses_learning_rate(values: Mapping[str, Any]) -> bool:
    if values["learning_rate"] in ("invscaling", "adaptive"):
        return bool(values["solver"] == "sgd")
    return _has_batches(values)


def _may_stop(values: Mapping[str, Any]) -> bool:
    rate = values["learning_rate"]
    return not _has_batches(values) or not (callable(rate) or rate in _PLANNED)


def _holds_out(values: Mapping[str, Any]) -> bool:
    return bool(values["early_stopping"])


def _has_hidden_layers(values: Mapping[str, Any]) -> bool:
    sizes = values.get("hidden_layer_sizes", 1)
    return not hasattr(sizes, "__len__") or len(sizes) > 0


_BATCHES = Need("solver", _has_batches, '"lbfgs" has no batches and no learning rate')
_EPOCHS = Need("solver", _has_batches, '"lbfgs" has no epochs')
_SGD = Need("solver", lambda values: values["solver"] == "sgd", 'only "sgd" uses it')
_ADAM = Need("solver", lambda values: values["solver"] in ("adam", "adamw"), 'only "adam" and "adamw" use it')
_LEARNING_RATE = Need(
    "solver", _uses_learning_rate, '"invscaling" and "adaptive" need "sgd", and "lbfgs" has no learning rate'
)
_PLAN = "training takes the max_iter epochs for which the learning rate is planned"
# tol=0 and n_iter_no_change=inf ask for all max_iter epochs, which is what a plan does.
_TOL = Need("learning_rate", lambda values: values["tol"] == 0 or _may_stop(values), _PLAN)
_EPOCHS_WITHOUT_CHANGE = Need(
    "learning_rate", lambda values: values["n_iter_no_change"] == math.inf or _may_stop(values), _PLAN
)

TRAINING_ROWS = (
    Hyperparameter(
        "solver",
        Use(MLP, '{"adam", "adamw", "lbfgs", "sgd"}', "adam", _SOLVERS).says("""
            "adam" is Adam [1]_, "adamw" is Adam with `weight_decay`, "sgd" is stochastic gradient descent with
            momentum, and "lbfgs" is L-BFGS [5]_, for small data sets. "lbfgs" needs SciPy (the extra ``cmlp[scipy]``)
            and uses all rows in each step. It ignores the parameters for batches, learning rates and early stopping,
            with a warning, and `partial_fit` does not exist. With "lbfgs", these raise ValueError unless they have
            their defaults: <needs batches>.
        """),
        Use(TRAINER, '{"adam", "adamw", "lbfgs", "sgd"}', "adam", _SOLVERS).says(
            'As for `MLPClassifier`; "adamw" is Adam with decoupled weight decay (Loshchilov and Hutter 2019).'
        ),
        Use(RIVER, '{"adam", "adamw", "sgd"}', "adam", (options(str, "adam", "adamw", "sgd"),)).says(
            '"adam" is Adam, "adamw" is Adam with `weight_decay`, "sgd" is gradient descent with momentum.'
        ),
    ),
    Hyperparameter(
        "alpha",
        Use((*MLP, *TRAINER), "float or sequence of float", 0.0001, (_FROM_0, ARRAY_LIKE)).says("""
            Strength of the L2 penalty, ``alpha / 2 * sum(w ** 2)``, divided by the batch size. One number for all
            layers after the input, or one for each.
        """),
        Use(NETWORK, "float or sequence of float", 0.0, (NOT_NEGATIVE,)).says("""
            Strength of the L2 penalty ``alpha / 2 * sum(weights ** 2) / sum(sample_weight)``, not negative. One number
            for all layers after the input, or one for each.
        """),
        Use(RIVER, "float", 0.0001, (NOT_NEGATIVE,)).says(
            "Strength of the L2 penalty, divided by the number of rows of a step."
        ),
    ),
    Hyperparameter(
        "batch_size",
        Use((*MLP, *TRAINER), 'int or "auto"', "auto", (options(str, "auto"), _FROM_1)).says(
            'Number of rows per update; "auto" is the smaller of 200 and the number of rows.'
        ),
        Use(RIVER, "int", 1, (interval(Integral, 1, math.inf, "left", booleans=False),)).says("""
            Number of rows per gradient step in `learn_many`. With 1, the result is bit-identical to `learn_one` row by
            row.
        """),
        needs=(_BATCHES,),
    ),
    Hyperparameter(
        "learning_rate",
        Use(MLP, _KINDS, "constant", _SCHEDULES).says("""
            The learning-rate schedule. With "invscaling", the learning rate after t rows is
            ``learning_rate_init / (t + 1) ** power_t``. With "adaptive", it is divided by 5 each time training would
            stop, until it is at most 1e-6. Both need ``solver="sgd"``. With "one_cycle" [4]_, it rises linearly to
            `learning_rate_init` during the first 30 % of all batches, then falls linearly to 0 (see Notes). With
            "cosine" [6]_, batch b of N has ``learning_rate_init / 2 * (1 + cos(pi * b / N))``, which falls to 0 at
            `max_iter`. A callable receives the index of the batch and the number of all batches, ``(step, n_steps)``,
            and returns the learning rate. The last three are planned: training takes `max_iter` epochs, whatever
            `n_iter_no_change` is.
        """),
        Use(TRAINER, _KINDS, "constant", _SCHEDULES).says("The learning-rate schedule, as for `MLPClassifier`."),
        Use(NETWORK, "float", REQUIRED, (NOT_NEGATIVE,)).says("Not negative; may be changed between epochs."),
        needs=(_LEARNING_RATE,),
    ),
    Hyperparameter(
        "learning_rate_init",
        Use(MLP, "float", 0.001, (_OVER_0,)).says("""
            The initial learning rate; with "one_cycle" the largest one. It can be changed between calls of partial_fit;
            the schedule then continues from the new value.
        """),
        Use(TRAINER, "float", 0.001, (_OVER_0,)).says('The initial learning rate; with "one_cycle" the largest one.'),
        Use(TABULAR, "float", 0.005, (_OVER_0,)).says(
            "The largest learning rate: after a short warm-up, it falls to 0 as half of a cosine."
        ),
        Use(RIVER, "float", 0.001, (_OVER_0,)).says(
            'Learning rate. It can change at any time: ``model.mutate({"learning_rate_init": 0.01})``.'
        ),
        needs=(
            _BATCHES,
            Need("learning_rate", lambda values: not callable(values.get("learning_rate")), "it is a function"),
        ),
    ),
    Hyperparameter(
        "power_t",
        Use((*MLP, *TRAINER), "float", 0.5, (_FROM_0,)).says('Exponent for "invscaling".'),
        needs=(
            _SGD,
            Need("learning_rate", lambda values: values["learning_rate"] == "invscaling", 'only "invscaling" uses it'),
        ),
    ),
    Hyperparameter(
        "max_iter",
        Use((*MLP, *TRAINER), "int", 200, (_FROM_1,)).says('Maximum number of epochs, or of iterations for "lbfgs".'),
        free_on_resume=True,
    ),
    Hyperparameter(
        "n_epochs",
        Use(TABULAR, "int or None", None, (POSITIVE_INTEGER, NONE)).says(
            "Number of epochs of each network. None means about 2,000 steps, and from 24 to 96 epochs."
        ),
    ),
    Hyperparameter(
        "shuffle",
        Use((*MLP, *TRAINER), 'bool or "blocks"', True, (*BOOLEAN, options(str, "blocks"))).says("""
            Whether to shuffle the rows before each epoch. "blocks" is for a memory-mapped file that is larger than
            memory: it shuffles the order of blocks of `block_size` rows, and then the rows of 8 blocks at a time, so
            that the file is read in long stretches and only the order of 8 blocks is held.
        """),
        needs=(_BATCHES,),
    ),
    Hyperparameter(
        "tol",
        Use((*MLP, *TRAINER), "float", 1e-4, (_FROM_0,)).says("""
            Minimum improvement of the loss (of the score, with `early_stopping`) for an epoch to count as an
            improvement. "lbfgs" stops when every entry of the gradient is at most `tol`.
        """),
        free_on_resume=True,
        needs=(_TOL,),
    ),
    Hyperparameter(
        "verbose",
        Use((*MLP, *TRAINER), 'bool, int or "bar"', False, _VERBOSE).says("""
            Whether to print a line per epoch; n for a line after the first and every n-th epoch, "bar" for a progress
            bar (needs tqdm).
        """),
        Use(TABULAR, 'bool, int or "bar"', False, _VERBOSE).says("""
            Whether to print a line for each trained network; "bar" for a progress bar over the epochs (needs tqdm).
        """),
        free_on_resume=True,
        own_per_worker=True,
    ),
    Hyperparameter(
        "momentum",
        Use((*MLP, *TRAINER, *RIVER), "float", 0.9, (_MOMENTUM,)).says('Momentum for ``solver="sgd"``.'),
        Use(NETWORK, "float", 0.9, (interval(Real, 0, 1, "both", booleans=False),)).says(
            'Momentum for "momentum" and "nesterov", from 0 to 1.'
        ),
        needs=(_SGD,),
    ),
    Hyperparameter(
        "nesterovs_momentum",
        Use(MLP, "bool", True, BOOLEAN).says("Whether to use Nesterov's momentum [2]_."),
        Use((*TRAINER, *RIVER), "bool", True, BOOLEAN).says("Whether to use Nesterov's momentum."),
        needs=(_SGD, Need("momentum", lambda values: values["momentum"] != 0, "0 means no momentum")),
    ),
    Hyperparameter(
        "early_stopping",
        Use(MLP, "bool", False, BOOLEAN).says("""
            Whether to hold out validation rows, to stop when the score on them stops improving, and to keep the best
            weights. With ``fit(X_val=..., y_val=...)``, your own rows are used instead.
        """),
        Use(TRAINER, "bool", False, BOOLEAN).says("""
            Whether to hold out validation rows, to stop when the score on them stops improving, and to keep the best
            parameters. See `scoring` for the score. With ``X_val`` of `run`, no rows are held out.
        """),
        Use(TABULAR, "bool", True, BOOLEAN).says("""
            Whether each network holds out another eighth of the rows, or uses `X_val`, and keeps the epoch with the
            smallest error on them. If False, each network trains on all rows and keeps its last epoch, and intervals
            and sets need `calibrate`.
        """),
        needs=(_EPOCHS,),
    ),
    Hyperparameter(
        "validation_fraction",
        Use(MLP, "float", 0.1, (_DECAY,)).says(
            "Fraction of the rows to use for validation. For binary targets, the split is stratified."
        ),
        Use(TRAINER, "float", 0.1, (_DECAY,)).says("""
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
        Use((*MLP, *TRAINER, *RIVER), "float", 0.9, (_DECAY,)).says("Decay rate of Adam's estimates of the mean."),
        Use(NETWORK, "float", 0.9, (_RATE,)).says("Decay rate of Adam's estimates of the mean, from 0 to below 1."),
        needs=(_ADAM,),
    ),
    Hyperparameter(
        "beta_2",
        Use((*MLP, *TRAINER, *RIVER), "float", 0.999, (_DECAY,)).says("Decay rate of Adam's estimates of the square."),
        Use(NETWORK, "float", 0.999, (_RATE,)).says("Decay rate of Adam's estimates of the square, from 0 to below 1."),
        needs=(_ADAM,),
    ),
    Hyperparameter(
        "epsilon",
        Use((*MLP, *TRAINER, *RIVER), "float", 1e-8, (_OVER_0,)).says("Added to the denominator of Adam's step."),
        Use(NETWORK, "float", 1e-8, (POSITIVE,)).says("Added to the denominator of Adam's step."),
        needs=(_ADAM,),
    ),
    Hyperparameter(
        "n_iter_no_change",
        Use((*MLP, *TRAINER), "int or inf", 10, (_FROM_1, options(Real, math.inf))).says("""
            Training stops after more than this many consecutive epochs without improvement. With inf, training always
            takes `max_iter` epochs; with ``tol=0`` too, it issues no ConvergenceWarning.
        """),
        free_on_resume=True,
        needs=(_EPOCHS, _EPOCHS_WITHOUT_CHANGE),
    ),
    Hyperparameter(
        "max_fun",
        Use((*MLP, *TRAINER), "int", 15000, (_FROM_1,)).says(
            'Maximum number of loss evaluations for "lbfgs"; the limit is checked after each iteration.'
        ),
        free_on_resume=True,
        needs=(Need("solver", lambda values: not _has_batches(values), 'only "lbfgs" uses it'),),
    ),
    Hyperparameter(
        "weight_decay",
        Use(MLP, "float", 0.0, (NOT_NEGATIVE,)).says("""
            Weight decay for ``solver="adamw"``: before each step, ``learning_rate * weight_decay`` times the weight is
            subtracted from every weight, but not from the biases (Loshchilov and Hutter, "Decoupled weight decay
            regularization", ICLR 2019).
        """),
        Use((*TRAINER, *NETWORK, *RIVER), "float", 0.0, (NOT_NEGATIVE,)).says("""
            Weight decay for the solver "adamw", not negative. Before each step, ``learning_rate * weight_decay`` times
            the weight is subtracted from every weight, but not from the biases (Loshchilov and Hutter 2019).
        """),
        needs=(Need("solver", lambda values: values["solver"] == "adamw", 'only "adamw" uses it'),),
    ),
    Hyperparameter(
        "max_grad_norm",
        Use(MLP, "float or None", None, (POSITIVE, NONE)).says("""
            If the norm of a batch's gradient (with the penalty) is larger, the gradient is scaled to this norm
            (Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks", ICML 2013). None
            means no clipping.
        """),
        Use((*TRAINER, *NETWORK, *RIVER), "float or None", None, (POSITIVE, NONE)).says("""
            If the norm of a step's gradient (with the penalty) is larger, the gradient is scaled to this norm. None
            means no clipping.
        """),
        needs_batches=True,
    ),
    Hyperparameter(
        "dropout",
        Use(MLP, "float or sequence of float", 0.0, (_RATE, ARRAY_LIKE)).says("""
            Probability, at least 0 and below 1, with which each step of training sets an activation of a hidden layer
            to 0; the others are divided by ``1 - dropout``. Predictions use all units (Srivastava et al., "Dropout: a
            simple way to prevent neural networks from overfitting", JMLR 2014). One number for all hidden layers, or
            one for each.
        """),
        Use(TRAINER, "float or sequence of float", 0.0, (_RATE, ARRAY_LIKE)).says("""
            Dropout rate, at least 0 and below 1. One number for all hidden layers, or one for each (see
            `Network.cost`).
        """),
        Use(TABULAR, "float or sequence of float", 0.1, (_RATE, ARRAY_LIKE)).says("""
            Probability, at least 0 and below 1, with which each step sets an activation of a hidden layer to 0.
            One number for all hidden layers, or one for each.
        """),
        Use(NETWORK, "float or sequence of float", 0.0, (_RATE,)).says("""
            Dropout rate, at least 0 and below 1. One number for all hidden layers, or one for each. The activation of a
            unit is set to 0 with this probability, otherwise divided by ``1 - rate`` (Srivastava et al. 2014).
        """),
        needs_batches=True,
        needs=(Need("hidden_layer_sizes", _has_hidden_layers, "there are no hidden layers"),),
    ),
    Hyperparameter(
        "warmup",
        Use(MLP, "float", 0.0, (_RATE, COUNT)).says("""
            Number of batches at the start in which the learning rate rises, or if below 1 their fraction of all
            batches. Batch b of the first W has ``(b + 1) / W`` times the learning rate of the schedule [7]_; "cosine"
            begins after them.
        """),
        Use(TRAINER, "float", 0.0, (_RATE, COUNT)).says("""
            Number of batches at the start in which the learning rate rises, or if below 1 their fraction of all
            batches, as for `MLPClassifier`.
        """),
        needs=(_BATCHES,),
    ),
    Hyperparameter(
        "max_time",
        Use(MLP, "float or None", None, (POSITIVE, NONE)).says("""
            Time limit of training in seconds, after fit has read the data and learned their scale. Training stops after
            the last complete batch, at most 0.1 s too late for up to 10 million parameters (while `scoring` or a
            callback runs, later), and ``fit(resume=True)`` continues. Ignored by partial_fit.
        """),
        Use(TRAINER, "float or None", None, (POSITIVE, NONE)).says("""
            Time limit in seconds for a call of `run` or `epochs`. Training stops after the last complete batch, and the
            next call continues.
        """),
        Use(TABULAR, "float or None", None, (POSITIVE, NONE)).says("""
            Seconds for `fit`. Reading and learning the columns counts, but is not cut short, so that the columns do not
            depend on the machine: fit warns if it takes longer. Each network then trains at least 100 batches or an
            epoch, and ends, also in the middle of an epoch, when its share of the seconds is over. So fit takes at
            least about a second for 60,000 rows of 60 numbers on two cores, whatever `max_time`. With `callbacks` or a
            progress bar, all networks end after an epoch.
        """),
        free_on_resume=True,
        own_per_worker=True,
    ),
    Hyperparameter(
        "scoring",
        Use(MLP, "None, str or callable", None, (instance(str), FUNCTION, NONE)).says("""
            Score of the validation rows, of which higher values are better. None means `score`. "loss" means minus the
            validation loss. Other names are scorers of scikit-learn. A callable has the arguments ``(estimator, X,
            y)``, and ``sample_weight`` if the rows have weights; its X is an array.
        """),
        Use(TRAINER, "None, str or callable", None, (instance(str), FUNCTION, NONE)).says("""
            Score of the validation rows; higher is better. None means the accuracy ("accuracy") for class indices and
            for losses of probabilities, otherwise the coefficient of determination ("r2"). "loss" means minus the
            validation loss. A callable has the arguments ``(network, X, y)``, and ``sample_weight`` if the rows have
            weights.
        """),
    ),
    Hyperparameter(
        "callbacks",
        Use(MLP, "list of object or None", None, (CALLBACKS, NONE)).says("""
            Objects with at least one of the methods ``on_fit_begin(trainer)``, ``on_batches_end(trainer)``,
            ``on_epoch_end(trainer)`` and ``on_fit_end(trainer)``, which fit calls; see `cmlp.callbacks`. Not stored in
            model files.
        """),
        Use(TRAINER, "list of object or None", None, (CALLBACKS, NONE)).says("""
            Objects with methods ``on_fit_begin(trainer)``, ``on_batches_end(trainer)``, ``on_epoch_end(trainer)`` or
            ``on_fit_end(trainer)``, see `cmlp.callbacks`.
        """),
        Use(TABULAR, "list of object or None", None, (CALLBACKS, NONE)).says("""
            Objects whose methods `fit` calls after each epoch of all networks, see `cmlp.callbacks`. Losses and scores
            are means over the networks. Threads then wait for each other after each epoch. Not stored in model files.
        """),
        free_on_resume=True,
        own_per_worker=True,
    ),
    Hyperparameter(
        "block_size",
        Use((*MLP, *TRAINER), "int", 1024, (_FROM_1,)).says('Rows per block for ``shuffle="blocks"``.'),
        needs=(_BATCHES, Need("shuffle", lambda values: values["shuffle"] == "blocks", 'only "blocks" uses it')),
    ),
)
