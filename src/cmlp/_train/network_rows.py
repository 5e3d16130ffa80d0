"""The rows of what describes a model: its network, its loss, and how it reads inputs and targets."""

from __future__ import annotations

import math
from numbers import Integral, Real

from cmlp._data.scale import SCALES
from cmlp._train.constraints import (
    ACTIVATION,
    ARRAY_LIKE,
    BOOLEAN,
    CLASSIFIER,
    COLUMNS,
    FLOAT_TYPE,
    FUNCTION,
    GENERATOR,
    HIDDEN,
    LOSSES,
    MLP,
    NETWORK,
    NONE,
    NOT_NEGATIVE,
    OUTPUTS,
    POSITIVE,
    POSITIVE_INTEGER,
    QUANTILES,
    REGRESSOR,
    RIVER,
    SEED,
    SYNONYMS,
    TABULAR,
    TRAINER,
    Hyperparameter,
    Use,
    instance,
    interval,
    options,
    pair,
)

_ACTIVATIONS = ", ".join(f'"{name}"' for name in HIDDEN)
_SIZES = ARRAY_LIKE, interval(Integral, 1, math.inf, "left")
_LEVELS = interval(Real, 0, 1, "neither", booleans=False), QUANTILES
_INITIALIZATION = options(str, "glorot", "he", "lecun"), pair("coefs", "intercepts")
_SCALE = interval(Real, 0, math.inf, "neither"), COLUMNS
_GENERATOR = SEED, GENERATOR, NONE
_THREADS = POSITIVE_INTEGER, NONE

NETWORK_ROWS = (
    Hyperparameter(
        "n_estimators",
        Use(TABULAR, "int", 4, (POSITIVE_INTEGER,)).says(
            "Number of networks. More are a little better (8 rather than 4: about 1 %), and take longer."
        ),
    ),
    Hyperparameter(
        "hidden_layer_sizes",
        Use((*MLP, *RIVER), "int or array-like of int", (100,), _SIZES).says(
            "Number of units of each hidden layer; ``()`` gives a linear model."
        ),
        Use(TABULAR, "int or array-like of int", (128, 128), _SIZES).says(
            "Number of units of each hidden layer. Larger ones need more rows: change it for tables of over 50,000\n"
            "rows."
        ),
    ),
    Hyperparameter(
        "activation",
        Use((*MLP, *RIVER), "str or list of str", "relu", (ACTIVATION, ARRAY_LIKE)).says(
            "Activation of the hidden layers: one name for all of them, or one for each. The names are\n"
            f"{_ACTIVATIONS}."
        ),
        Use(NETWORK, "str or sequence of str", "logistic", (ACTIVATION, ARRAY_LIKE)).says(
            "Activation of the hidden layers: one name for all of them, or one for each. It also determines the range\n"
            f"of the initial parameters (see Notes). The names are\n{_ACTIVATIONS}."
        ),
    ),
    Hyperparameter(
        "output",
        Use(
            NETWORK,
            '{"softmax", "logistic", "identity", "exp", "tanh"}',
            "softmax",
            (options(str, *OUTPUTS, *SYNONYMS),),
        ).says("Activation of the output layer."),
    ),
    Hyperparameter(
        "loss",
        Use(
            CLASSIFIER,
            '{"focal", "label_smoothing", "log_loss", "squared_error"} or callable',
            "log_loss",
            (options(str, "focal", "label_smoothing", "log_loss", "squared_error"), FUNCTION),
        ).says("""
            The cost of a row. "squared_error" is the sum of ``(a - y) ** 2`` over the outputs, with logistic outputs.
            The others use softmax outputs, or logistic outputs for two classes and for multilabel targets. With p for
            `loss_parameter` and a for the probability of the true class: "log_loss" is ``-log(a)``, "focal" is
            ``-(1 - a) ** p * log(a)`` [8]_, and "label_smoothing" is the log loss with the targets
            ``(1 - p) * y + p / n_classes`` [9]_. A function ``loss(y, output)``, for experiments, gets zeros and ones
            and the probabilities of some rows, both of shape (n, n_outputs), and returns the cost of each row, of shape
            (n,), and its derivatives with respect to the probabilities, of shape (n, n_outputs). A row's cost must
            depend on this row alone. It is called in one thread; such a model cannot be saved, but pickled.
        """),
        Use(
            REGRESSOR,
            "str or callable",
            "squared_error",
            (options(str, "absolute_error", "gamma", "huber", "poisson", "quantile", "squared_error"), FUNCTION),
        ).says("""
            The cost of an output, with ``d = output - y``. The outputs are exponential for "poisson" and "gamma",
            otherwise identity.

            - "squared_error": ``d ** 2 / 2``.
            - "absolute_error": ``abs(d)``; its minimum is the median.
            - "huber": ``d ** 2 / 2`` if ``abs(d) <= p``, otherwise ``p * (abs(d) - p / 2)``, with p for
              `loss_parameter`: large errors count less [8]_.
            - "quantile": ``(1 - quantile) * d`` if d is positive, otherwise ``-quantile * d``; its minimum is the
              quantile [9]_.
            - "poisson": ``output - y + y * log(y / output)``, half the Poisson deviance, for counts; targets must not
              be negative.
            - "gamma": ``y / output + log(output)``, up to a constant half the gamma deviance, for prices and
              durations; targets must be positive.
            - A function ``loss(y, output)``, for experiments: it gets the targets and outputs of some rows, both of
              shape (n, n_outputs), and returns the cost of each row, of shape (n,), and its derivatives with respect to
              the outputs, of shape (n, n_outputs). A row's cost must depend on this row alone. It is called in one
              thread; such a model cannot be saved, but pickled.
        """),
        Use(
            NETWORK,
            "str or callable",
            "log_loss",
            (options(str, *sorted({name for names in LOSSES.values() for name in names})), FUNCTION),
        ).says("""
            Cost of a row. With softmax or logistic outputs: "log_loss", "focal" or "label_smoothing". With identity,
            logistic, tanh or exp outputs: "squared_error" (the sum of the squared differences between outputs and
            targets; also with softmax), "absolute_error", "huber" or "quantile". With exp outputs also "poisson"
            (targets must not be negative) and "gamma" (targets must be positive). See Notes for the formulas. Or a
            function ``loss(y, output)``, for experiments: it gets the targets and outputs of some rows, both of shape
            (n, n_outputs), and returns the cost of each row, of shape (n,), and its derivatives with respect to the
            outputs, of shape (n, n_outputs). Class indices become rows of zeros and a one. A row's cost must depend on
            this row alone. The function is called in one thread; such a network cannot be saved.
        """),
        Use(
            TABULAR[1:],
            '{"squared_error", "absolute_error", "quantile", "poisson", "gamma"}',
            "squared_error",
            (options(str, "absolute_error", "gamma", "poisson", "quantile", "squared_error"),),
        ).says("""
            What is minimized: "squared_error" predicts the mean, "absolute_error" the median, "quantile" a quantile.
            "poisson" and "gamma" predict a mean, too, which is positive: half their deviances are minimized, and the
            outputs are exponential. "poisson" is for counts, which must not be negative, "gamma" for prices and
            durations, which must be positive and whose deviations grow with their mean.
        """),
        Use(
            RIVER[1:],
            '{"squared_error", "absolute_error", "huber", "poisson", "gamma"}',
            "squared_error",
            (options(str, "absolute_error", "gamma", "huber", "poisson", "squared_error"),),
        ).says('As for `cmlp.MLPRegressor`. With "poisson" and "gamma", the output is the exponential of a sum.'),
    ),
    Hyperparameter(
        "loss_parameter",
        Use(CLASSIFIER, "float or None", None, (POSITIVE, NONE)).says(
            'Positive parameter of the loss: for "focal" by default 2; for "label_smoothing" below 1, by default 0.1.'
        ),
        Use(REGRESSOR, "float or None", None, (POSITIVE, NONE)).says(
            'Positive parameter of "huber", in y\'s unit, by default 1. Other losses have none.'
        ),
        Use(NETWORK, "float, sequence of float or None", None, ()).says("""
            Positive parameter p of the loss (see Notes); None is the default. "quantile" can have an ascending list, a
            number for each output; `forward` then sorts the outputs of each row, so that predicted quantiles never
            cross.
        """),
    ),
    Hyperparameter(
        "quantile",
        Use(REGRESSOR, "float or list of float", 0.5, _LEVELS).says("""
            The quantile that ``loss="quantile"`` predicts, between 0 and 1. Or an ascending list of 2 to 100 quantiles
            of the only column of y: the network has an output for each of them, and `predict` sorts the outputs of each
            row, so that they never cross [10]_.
        """),
        Use(TABULAR[1:], "float or list of float", 0.5, _LEVELS).says("""
            The quantile of ``loss="quantile"``, between 0 and 1. Or an ascending list of 2 to 100 quantiles of one
            target: `predict` then returns a column for each of them, ascending in every row.
        """),
    ),
    Hyperparameter(
        "y_scale",
        Use(REGRESSOR, 'None, "standard" or "robust"', None, (options(str, "standard", "robust"), NONE)).says("""
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
    ),
    Hyperparameter(
        "class_weight",
        Use(
            CLASSIFIER,
            'None, "balanced", dict or list of dict',
            None,
            (options(str, "balanced"), instance(dict), instance(list), NONE),
        ).says("""
            Weights of the classes by label, not negative; they multiply `sample_weight`. "balanced" means
            ``n_samples / (n_classes * n_samples_of_class)`` (King and Zeng [10]_), where rows count by their
            `sample_weight`; `partial_fit` does not support it. A dict may leave out classes, whose weight is 1. For
            multilabel targets, a list with a dict for each column, for example ``[{0: 1, 1: 5}, {0: 1, 1: 1}]``; the
            weights of a row's columns multiply. Validation rows have the same weights of classes. A class of weight 0
            stays in `classes_`.
        """),
        Use(
            TABULAR[:1],
            'None, "balanced", dict or list of dict',
            None,
            (options(str, "balanced"), instance(dict), instance(list), NONE),
        ).says("""
            Weight of each class, multiplied by `sample_weight`. "balanced" gives all classes the same sum of weights:
            for rare classes whose mistakes cost more. Probabilities are then those of balanced classes. For multilabel
            targets, a list with a dict for each column; the weights of a row's columns multiply. The weights count in
            held-out rows and in `y_val` too. A class of weight 0 is not in `classes_`, as if its rows were not there.
        """),
    ),
    Hyperparameter(
        "categorical_features",
        Use(TABULAR, '"from_dtype", None, array-like or dict', "from_dtype", ()).says("""
            Further columns of categories besides those of a category or interval dtype and those that contain text:
            names, indices (an integer is always one) or a mask, for numbers whose order means nothing, such as postal
            codes. A dict maps columns to a list of their categories in ascending order, such as ``{"size": ["S", "M",
            "L"]}``, or to None. Types of pandas and Arrow that are ordered, and polars' Enum, keep their order. If
            None, no column is detected.
        """),
    ),
    Hyperparameter(
        "date_parts",
        Use(TABULAR, "bool", True, BOOLEAN).says("""
            Whether the networks see the time of day, the weekday and the day of the year of a column of dates, where
            they vary and the target changes along them, beside the days since 1970. They are those of the stored time,
            which is UTC if it has an offset.
        """),
    ),
    Hyperparameter(
        "interval_width",
        Use(TABULAR[1:], '{"adaptive", "constant"}', "adaptive", (options(str, "adaptive", "constant"),)).says("""
            How wide the intervals of `predict_interval` are, unless several quantiles decide. "adaptive": in proportion
            to the mean error of held-out rows with about the same prediction. "constant": equally wide for all rows, as
            with fewer than about 100 rows or if none is held out.
        """),
    ),
    Hyperparameter(
        "keep_background",
        Use(TABULAR, "int", 0, (interval(Integral, 0, 64, "both", booleans=False),)).says("""
            Number of training rows, drawn at random, that the model keeps for `explain`, at most 64. They are part of
            pickles and model files, and of pages on request: keep none if the rows are personal.
        """),
    ),
    Hyperparameter(
        "allow_missing_keys",
        Use(TABULAR, "bool", False, BOOLEAN).says("""
            Whether a record to predict, a dict, may lack keys, whose values then are missing. If False, a missing key
            raises ValueError. `fit` does not use it.
        """),
        free_on_resume=True,
    ),
    Hyperparameter(
        "activation_parameter",
        Use(MLP, "float, sequence of float or None", None, (NOT_NEGATIVE, ARRAY_LIKE, NONE)).says(
            _PARAMETER := """
            Positive parameter of "leaky_relu" (the slope for negative inputs, by default 0.01) and "elu" (minus the
            limit at minus infinity, by default 1). One number for all hidden layers, or one for each; None or 0 is the
            default.
        """
        ),
        Use(NETWORK, "float, sequence of float or None", None, (NOT_NEGATIVE,)).says(_PARAMETER),  # of each layer
    ),
    Hyperparameter(
        "initialization",
        Use(MLP, '{"glorot", "he", "lecun"} or tuple (coefs, intercepts)', "glorot", _INITIALIZATION).says("""
            The range of the initial weights (see Notes), or the initial weights and biases themselves: two lists of
            arrays, like `coefs_` and `intercepts_`. A warm start continues from the previous model instead.
        """),
        Use(NETWORK, '{"glorot", "he", "lecun"} or tuple (coefs, intercepts)', "glorot", _INITIALIZATION).says("""
            The range of the random initial parameters (see Notes), or the initial weights and biases themselves: two
            lists with one array per layer, which are copied.
        """),
        free_on_resume=True,
    ),
    Hyperparameter(
        "random_state",
        Use(MLP, "None, int or RandomState", None, _GENERATOR).says("""
            Seed or generator for the initial weights, the validation split and the order of the rows. With an int,
            every fit and partial_fit uses the same random numbers.
        """),
        Use(TRAINER, "None, int or RandomState", None, _GENERATOR).says("""
            Seed or generator for the validation split, the order of the rows and dropout. To train like an estimator,
            use one RandomState here and for the network's initial parameters.
        """),
        Use(NETWORK, "None, int or RandomState", None, _GENERATOR).says(
            "Seed of the initial parameters; the same seed gives the same parameters as in the estimators."
        ),
        Use(TABULAR, "None, int or RandomState", None, _GENERATOR).says(
            "Seed for the held-out rows, the initial weights, the order of the rows and dropout."
        ),
        free_on_resume=True,
    ),
    Hyperparameter("seed", Use(RIVER, "int or None", None, (SEED, NONE)).says("Seed of the initial weights.")),
    Hyperparameter(
        "warm_start",
        Use(MLP, "bool", False, BOOLEAN).says("""
            Whether fit continues from the model of the previous call. fit then raises ValueError if the layer sizes,
            `activation`, `loss`, `dtype` or `input_scale` have changed.
        """),
        Use(TABULAR, "bool", False, BOOLEAN).says("""
            Whether fit continues from the networks of the previous call, or of the loaded model, on other rows. The
            columns with their scales, bins and categories, and the scale of the targets, stay as they are. fit raises
            ValueError if the classes or the layers have changed. The learning rate begins anew.
        """),
        free_on_resume=True,
    ),
    Hyperparameter(
        "provenance",
        Use((*MLP, *TABULAR), "bool", False, BOOLEAN).says("""
            Whether fit records what `cmlp.verify` needs to train again: the parameters with the seed, SHA-256 of the
            data, and where training ended. `save` stores the record. What cannot be repeated raises ValueError, for
            example functions as parameters and `partial_fit`.
        """),
    ),
    Hyperparameter(
        "n_threads",
        Use((*MLP, *NETWORK), "None or int", None, _THREADS).says("""
            Maximum number of threads. If None, chosen from the problem size and the number of CPUs. The results do not
            depend on it.
        """),
        Use(TABULAR, "None or int", None, _THREADS).says(
            "Maximum number of threads; in fit, each trains a network. The results do not depend on it."
        ),
        free_on_resume=True,
        own_per_worker=True,
    ),
    Hyperparameter(
        "dtype",
        Use(MLP, '{"auto", "float32", "float64"}', "auto", (options(str, "auto", "float32", "float64"),)).says("""
            Type of the weights and of the computation. "auto" means float32 for float32, float16 and uint8 arrays,
            otherwise float64.
        """),
        Use(NETWORK, '{"float32", "float64"}', "float32", (FLOAT_TYPE,)).says(
            "Type of the parameters and of all arithmetic."
        ),
        Use(RIVER, '{"float32", "float64"}', "float64", (options(str, "float32", "float64"),)).says(
            "Type of the weights and of the computation."
        ),
    ),
    Hyperparameter(
        "input_scale",
        Use(
            MLP, 'float, (shift, factor), "standard", "minmax" or "robust"', 1, (*_SCALE, options(str, *SCALES))
        ).says("""
            What happens to an input when it is read. A number is the factor of all inputs: ``1 / 255`` for images of
            bytes. With two vectors of shape (n_features,), the network sees ``(X - shift) * factor``, computed in
            float64 and rounded once. The others are learned in fit, from the training rows only and with their sample
            weights: "standard" gives each column the mean 0 and the standard deviation 1, "minmax" the range from 0 to
            1, "robust" the median 0 and the interquartile range 1. A column without a spread gets the factor 1. For
            sparse X the shifts are 0. `input_scale_` has what was learned. A warm start and further calls of
            `partial_fit` keep it.
        """),
        Use(NETWORK, "float or (shift, factor)", 1, _SCALE).says("""
            Factor by which every input is multiplied: ``1 / 255`` for images of bytes. Or two vectors of shape
            (n_inputs,): the network sees ``(X - shift) * factor``, computed in float64 and rounded once. Sparse X must
            not be shifted.
        """),
    ),
)
