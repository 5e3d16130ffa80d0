"""The parameters of `TabularClassifier` and `TabularRegressor`, and their documentation.

``tools/write_docstrings.py`` writes what repeats the table of parameters.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cmlp._data.array_types import ArrayLike, ByColumn
from cmlp._data.weights import ClassWeight
from cmlp._parameters.name_hints import hinted


class TabularClassifier:
    """Classifier for tables: a bag of small networks on encoded columns.

    It takes data frames and arrays as they are: numbers of any scale, categories, missing values.
    Numbers are scaled robustly and clipped smoothly [1]_, and every second network sees their
    piecewise-linear encoding too [2]_, in bins that a decision tree of each column finds.
    Categories are one-hot encoded; if a column has more than 200, the networks see the mean of y in
    each [3]_. Each network is trained by AdamW with dropout and label smoothing, on other seven
    eighths of the rows; its best epoch is that with the smallest log loss on the other eighth.
    These eighths together also give all scores one slope, at least 1, because label smoothing makes
    probabilities less certain than they can be. The predicted probabilities are the mean over the
    networks, that of three classes and more divided by its sum.

    If y is a 0/1 matrix (multilabel), each column has a logistic output of the same networks. A
    tree then splits where the share of any label changes, and the epoch is that with the smallest
    sum of the labels' log losses. ``decision_function(X)`` then returns the log odds of each label.

    If the classes have an order (`ordered`), each but the last has a logistic output of the same
    networks: the probability of the classes above it. Of the means over the networks, none may be
    larger than the one before it, and their differences are the probabilities of the classes.

    Parameters
    ----------
    n_estimators : int, default=4
        Number of networks. More are a little better (8 rather than 4: about 1 %), and take longer.
    hidden_layer_sizes : int or array-like of int, default=(128, 128)
        Number of units of each hidden layer. Larger ones need more rows: change it for tables of
        over 50,000 rows.
    max_time : float or None, default=None
        Seconds for `fit`. Reading the columns counts, but is not cut short. Columns of numbers are
        searched for steps of the target until the seconds are over, but in any case the first 4
        million numbers, so that the columns of most tables do not depend on the machine: fit warns
        if it takes longer. Each network then trains at least 100 batches or an epoch, and ends,
        also in the middle of an epoch, when its share of the seconds is over. So fit takes at least
        about a second for 60,000 rows of 60 numbers on two cores, whatever `max_time`. With
        `callbacks` or a progress bar, all networks end after an epoch.
    categorical_features : "from_dtype", None, array-like or dict, default="from_dtype"
        Further columns of categories besides those of a category or interval dtype and those that
        contain text: names, indices (an integer is always one) or a mask, for numbers whose order
        means nothing, such as postal codes. A dict maps columns to a list of their categories in
        ascending order, such as ``{"size": ["S", "M", "L"]}``, or to None. Types of pandas and
        Arrow that are ordered, and polars' Enum, keep their order. If None, no column is detected.
    date_formats : None, str or dict, default=None
        How dates are written, if columns have them as text or, such as 19580329, as whole numbers:
        a dict maps columns, by names or indices, to forms, such as ``{"born": "%d.%m.%Y"}``. A
        single form is that of each column of text of which it reads nearly all values. A form is
        made of %Y, %y (69 to 99 are 1969 to 1999), %m, %d, %b and %B (English names), %H, %M, %S,
        %p (with it, %H is from 1 to 12), %j, %z and %q (the quarter). A month or a quarter is its
        first day. Later rows are read by the same forms.
    missing_values : None, number, str, list or dict, default=None
        Codes that mean a missing value, besides NaN and None: a number, a text or a list of both
        for all columns, such as ``[-999, "unknown"]``, or a dict that maps columns, by names or
        indices, to their codes. A number equals a code if both are the same double (in a column of
        float32 or float16 also if it is the code in this type), and a text if it is the same text.
        `report_` names a code that no value equals. Later rows, exports and model files have the
        same codes.
    date_parts : bool, default=True
        Whether the networks see the time of day, the weekday and the day of the year of a column of
        dates, where they vary and the target changes along them, beside the days since 1970. They
        are those of the stored time, which is UTC if it has an offset.
    monotonic_cst : array-like of int, dict or None, default=None
        Columns of numbers with which answers can only rise (1) or only fall (-1), whatever the
        other columns have; of two classes, the answer is the probability of the second one, and of
        `ordered` ones that of those above each. A sign for each column, or a dict of names or
        indices to signs. The signs of the weights prove it: see `monotonic_cst_`.
    class_weight : None, "balanced", dict or list of dict, default=None
        Weight of each class, multiplied by `sample_weight`. "balanced" gives all classes the same
        sum of weights: for rare classes whose mistakes cost more. Probabilities are then those of
        balanced classes. For multilabel targets, a list with a dict for each column; the weights of
        a row's columns multiply. The weights count in held-out rows and in `y_val` too. A class of
        weight 0 is not in `classes_`, as if its rows were not there.
    ordered : "from_dtype", bool or list, default="from_dtype"
        Whether the classes have an order, which `classes_` then has: each network learns for every
        class but the last whether y is above it. True is for numbers and booleans, in ascending
        order. A list has the labels in ascending order, such as ``["low", "medium", "high"]``, also
        some that y lacks. "from_dtype" means the order of the type of y, if it has one: an ordered
        type of pandas or Arrow, or polars' Enum.
    learning_rate_init : float, default=0.0125
        The largest learning rate: after a short warm-up, it falls to 0 as half of a cosine.
    dropout : float or sequence of float, default=0.1
        Probability, at least 0 and below 1, with which each step sets an activation of a hidden
        layer to 0. One number for all hidden layers, or one for each.
    n_epochs : int or None, default=None
        Number of epochs of each network. None means about 800 steps, and from 10 to 40 epochs.
    early_stopping : bool, default=True
        Whether each network holds out another eighth of the rows, or uses `X_val`, and keeps the
        epoch with the smallest error on them. If False, each network trains on all rows and keeps
        its last epoch, and intervals and sets need `calibrate`.
    warm_start : bool, default=False
        Whether fit continues from the networks of the previous call, or of the loaded model, on
        other rows. The columns with their scales, bins and categories, and the scale of the
        targets, stay as they are. fit raises ValueError if the classes or the layers have changed.
        The learning rate begins anew.
    random_state : None, int or RandomState, default=None
        Seed for the held-out rows, the initial weights, the order of the rows and dropout.
    n_threads : None or int, default=None
        Maximum number of threads; in fit, each trains a network. The results do not depend on it.
    verbose : bool, int or "bar", default=False
        Whether to print how long the fit will take, after the first three epochs of the first
        network, and a line for each trained network; "bar" for a progress bar over the epochs
        (needs tqdm).
    callbacks : list of object or None, default=None
        Objects whose methods `fit` calls after each epoch of all networks, see `cmlp.callbacks`.
        Losses and scores are means over the networks. Threads then wait for each other after each
        epoch. Not stored in model files.
    keep_background : int, default=0
        Number of training rows, drawn by `random_state`, that the model keeps for `explain`, at
        most 64. They are part of pickles and model files, and of pages on request: keep none if the
        rows are personal.
    provenance : bool, default=False
        Whether fit records what `cmlp.verify` needs to train again: the parameters with the seed,
        SHA-256 of the data, and where training ended. `save` stores the record. What cannot be
        repeated raises ValueError, for example functions as parameters and `partial_fit`.
    allow_missing_keys : bool, default=False
        Whether a record to predict, a dict, may lack keys, whose values then are missing. If False,
        a missing key raises ValueError. `fit` does not use it.
    known : None or list of str, default=None
        Findings and warnings that are known, and not said again: codes, such as "groups", or codes
        with their columns, such as "leak:wage". `report_` has the others.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted, or in their order if they have one; for multilabel targets the numbers
        of the columns.
    estimators_ : list of Network
        The networks. Their inputs are encoded rows.
    history_ : dict of list
        The curves of all networks.
    n_features_in_ : int
        Number of columns of X in fit.
    feature_names_in_ : ndarray of str
        Column names of the data frame in fit; if not all are text, the attribute does not exist.
    column_types_ : dict
        What each column holds, by its name (without names, by its number): "number", "boolean",
        "category", "ordered" (categories), "date", "time" and "instant" (times without and with an
        offset from UTC) or "duration".
    categories_ : dict of list
        The categories that the model knows of each column that has some: those that fit has seen,
        of more than 65,536 the most frequent ones, None if a value was missing. Those of an ordered
        column are all that its type or your list has, in ascending order.
    threshold_ : float or None
        The probability of the second of two classes from which on `predict` returns it, see
        `choose_threshold` and `calibrate`. None after fit: `predict` returns the most probable
        class.
    feature_importances_ : ndarray of float64, shape (n_features,)
        How much the loss on held-out rows grows if the values of a column are permuted: not
        negative, of sum 1, or 0 if no column helps (Breiman, "Random forests", 2001). Without
        held-out rows, training rows measure it. Columns that tell the same share their importance.
    monotonic_cst_ : ndarray of int8, shape (n_features,)
        1 for a column with which answers can only rise, -1 for one with which they can only fall, as
        the signs of the weights prove it, otherwise 0: see `monotonic_cst`.
    warning_counts_ : dict of str to int
        How often each warning about rows to predict was due since fit: unknown categories, unknown
        spellings of known ones, missing values where fit had none, values in columns without any in
        fit, numbers outside the training range or other ones than those of fit, other columns. Each
        is issued once, and then counted.

    Notes
    -----
    A category that fit has not seen has zeros in all inputs. A column of more than 200 categories has
    an input for each output, the soft-clipped mean of y in the rows with the category, drawn towards
    the mean of all rows the more the fewer they are; one for how reliable these means are; and a
    one-hot input for each of up to 200 categories with enough rows. In fit, the means for a row come
    from other rows: not from its eighth of the rows. If y does not depend on such a column, it is not
    used. Ordered categories are numbers, their ranks; unknown ones are missing.
    Dates are numbers: days since 1970, in UTC if they have a time zone. A column that is constant in
    fit is not used.

    References
    ----------
    .. [1] Holzmüller, Grinsztajn, Steinwart (2024), "Better by default: strong pre-tuned MLPs and
        boosted trees on tabular data", NeurIPS.
    .. [2] Gorishniy, Rubachev, Babenko (2022), "On embeddings for numerical features in tabular
        deep learning", NeurIPS.
    .. [3] Micci-Barreca (2001), "A preprocessing scheme for high-cardinality categorical attributes
        in classification and prediction problems", SIGKDD Explorations.

    Examples
    --------
    >>> from cmlp import TabularClassifier
    >>> X = [[1.5, "red"], [2.5, "blue"], [None, "red"], [1.0, "blue"]] * 10
    >>> y = ["warm", "cold", "warm", "cold"] * 10
    >>> model = TabularClassifier(random_state=0).fit(X, y)
    >>> model.predict([[2.0, "red"], [None, "blue"]])
    array(['warm', 'cold'], dtype='<U4')
    """

    @hinted
    def __init__(
        self,
        *,
        n_estimators: int = 4,
        hidden_layer_sizes: int | Sequence[int] = (128, 128),
        max_time: float | None = None,
        categorical_features: str | ArrayLike | None = "from_dtype",
        date_formats: str | ByColumn[str] | None = None,
        missing_values: float | str | Sequence[float | str] | ByColumn[object] | None = None,
        date_parts: bool = True,
        monotonic_cst: ArrayLike | ByColumn[int] | None = None,
        class_weight: ClassWeight = None,
        ordered: str | bool | Sequence[object] = "from_dtype",
        learning_rate_init: float = 0.0125,
        dropout: float | Sequence[float] = 0.1,
        n_epochs: int | None = None,
        early_stopping: bool = True,
        warm_start: bool = False,
        random_state: int | np.random.RandomState | None = None,
        n_threads: int | None = None,
        verbose: bool | int | str = False,
        callbacks: Sequence[object] | None = None,
        keep_background: int = 0,
        provenance: bool = False,
        allow_missing_keys: bool = False,
        known: Sequence[str] | None = None,
    ) -> None:
        self.n_estimators = n_estimators
        self.hidden_layer_sizes = hidden_layer_sizes
        self.max_time = max_time
        self.categorical_features = categorical_features
        self.date_formats = date_formats
        self.missing_values = missing_values
        self.date_parts = date_parts
        self.monotonic_cst = monotonic_cst
        self.class_weight = class_weight
        self.ordered = ordered
        self.learning_rate_init = learning_rate_init
        self.dropout = dropout
        self.n_epochs = n_epochs
        self.early_stopping = early_stopping
        self.warm_start = warm_start
        self.random_state = random_state
        self.n_threads = n_threads
        self.verbose = verbose
        self.callbacks = callbacks
        self.keep_background = keep_background
        self.provenance = provenance
        self.allow_missing_keys = allow_missing_keys
        self.known = known


class TabularRegressor:
    """Regressor for tables: a bag of small networks on encoded columns.

    It takes data frames and arrays as they are: numbers of any scale, categories, missing values,
    see `TabularClassifier`. The targets are standardized for training: by mean and standard
    deviation, or for the losses "absolute_error", "huber" and "quantile" by median and
    interquartile range, which a few far targets do not change. For "gamma", "poisson" and "tweedie"
    they are divided by their mean, and the outputs are exponential. The prediction is the mean over
    the networks, each limited to the range of the targets in `fit`.

    If y has several columns, each is a target with an output of the same networks. Their
    standardized errors count alike: a tree splits where any target changes, and the best epoch is
    that with the smallest sum of the losses.

    Parameters
    ----------
    n_estimators : int, default=4
        Number of networks. More are a little better (8 rather than 4: about 1 %), and take longer.
    hidden_layer_sizes : int or array-like of int, default=(128, 128)
        Number of units of each hidden layer. Larger ones need more rows: change it for tables of
        over 50,000 rows.
    max_time : float or None, default=None
        Seconds for `fit`. Reading the columns counts, but is not cut short. Columns of numbers are
        searched for steps of the target until the seconds are over, but in any case the first 4
        million numbers, so that the columns of most tables do not depend on the machine: fit warns
        if it takes longer. Each network then trains at least 100 batches or an epoch, and ends,
        also in the middle of an epoch, when its share of the seconds is over. So fit takes at least
        about a second for 60,000 rows of 60 numbers on two cores, whatever `max_time`. With
        `callbacks` or a progress bar, all networks end after an epoch.
    categorical_features : "from_dtype", None, array-like or dict, default="from_dtype"
        Further columns of categories besides those of a category or interval dtype and those that
        contain text: names, indices (an integer is always one) or a mask, for numbers whose order
        means nothing, such as postal codes. A dict maps columns to a list of their categories in
        ascending order, such as ``{"size": ["S", "M", "L"]}``, or to None. Types of pandas and
        Arrow that are ordered, and polars' Enum, keep their order. If None, no column is detected.
    date_formats : None, str or dict, default=None
        How dates are written, if columns have them as text or, such as 19580329, as whole numbers:
        a dict maps columns, by names or indices, to forms, such as ``{"born": "%d.%m.%Y"}``. A
        single form is that of each column of text of which it reads nearly all values. A form is
        made of %Y, %y (69 to 99 are 1969 to 1999), %m, %d, %b and %B (English names), %H, %M, %S,
        %p (with it, %H is from 1 to 12), %j, %z and %q (the quarter). A month or a quarter is its
        first day. Later rows are read by the same forms.
    missing_values : None, number, str, list or dict, default=None
        Codes that mean a missing value, besides NaN and None: a number, a text or a list of both
        for all columns, such as ``[-999, "unknown"]``, or a dict that maps columns, by names or
        indices, to their codes. A number equals a code if both are the same double (in a column of
        float32 or float16 also if it is the code in this type), and a text if it is the same text.
        `report_` names a code that no value equals. Later rows, exports and model files have the
        same codes.
    date_parts : bool, default=True
        Whether the networks see the time of day, the weekday and the day of the year of a column of
        dates, where they vary and the target changes along them, beside the days since 1970. They
        are those of the stored time, which is UTC if it has an offset.
    monotonic_cst : array-like of int, dict or None, default=None
        Columns of numbers with which answers can only rise (1) or only fall (-1), whatever the
        other columns have; of two classes, the answer is the probability of the second one, and of
        `ordered` ones that of those above each. A sign for each column, or a dict of names or
        indices to signs. The signs of the weights prove it: see `monotonic_cst_`.
    loss : str, default="squared_error"
        What is minimized: "squared_error" predicts the mean, "absolute_error" the median,
        "quantile" a quantile. "huber" is between the first two: errors count as squared ones up to
        the interquartile range of y, larger ones linearly. "gamma", "poisson" and "tweedie" predict
        a mean, too, which is positive: half their deviances are minimized, and the outputs are
        exponential. "poisson" is for counts, which must not be negative, "gamma" for prices and
        durations, which must be positive and whose deviations grow with their mean, "tweedie" (of
        the power 1.5) for amounts many of which are 0, and none negative.
    quantile : float or list of float, default=0.5
        The quantile of ``loss="quantile"``, between 0 and 1. Or an ascending list of 2 to 100
        quantiles of one target: `predict` then returns a column for each of them, ascending in
        every row.
    interval_width : {"adaptive", "constant"}, default="adaptive"
        How wide the intervals of `predict_interval` are, unless several quantiles decide.
        "adaptive": in proportion to the mean error of held-out rows with about the same prediction.
        "constant": equally wide for all rows, as with fewer than about 100 rows or if none is held
        out.
    learning_rate_init : float, default=0.0125
        The largest learning rate: after a short warm-up, it falls to 0 as half of a cosine.
    dropout : float or sequence of float, default=0.1
        Probability, at least 0 and below 1, with which each step sets an activation of a hidden
        layer to 0. One number for all hidden layers, or one for each.
    n_epochs : int or None, default=None
        Number of epochs of each network. None means about 800 steps, and from 10 to 40 epochs.
    early_stopping : bool, default=True
        Whether each network holds out another eighth of the rows, or uses `X_val`, and keeps the
        epoch with the smallest error on them. If False, each network trains on all rows and keeps
        its last epoch, and intervals and sets need `calibrate`.
    warm_start : bool, default=False
        Whether fit continues from the networks of the previous call, or of the loaded model, on
        other rows. The columns with their scales, bins and categories, and the scale of the
        targets, stay as they are. fit raises ValueError if the classes or the layers have changed.
        The learning rate begins anew.
    random_state : None, int or RandomState, default=None
        Seed for the held-out rows, the initial weights, the order of the rows and dropout.
    n_threads : None or int, default=None
        Maximum number of threads; in fit, each trains a network. The results do not depend on it.
    verbose : bool, int or "bar", default=False
        Whether to print how long the fit will take, after the first three epochs of the first
        network, and a line for each trained network; "bar" for a progress bar over the epochs
        (needs tqdm).
    callbacks : list of object or None, default=None
        Objects whose methods `fit` calls after each epoch of all networks, see `cmlp.callbacks`.
        Losses and scores are means over the networks. Threads then wait for each other after each
        epoch. Not stored in model files.
    keep_background : int, default=0
        Number of training rows, drawn by `random_state`, that the model keeps for `explain`, at
        most 64. They are part of pickles and model files, and of pages on request: keep none if the
        rows are personal.
    provenance : bool, default=False
        Whether fit records what `cmlp.verify` needs to train again: the parameters with the seed,
        SHA-256 of the data, and where training ended. `save` stores the record. What cannot be
        repeated raises ValueError, for example functions as parameters and `partial_fit`.
    allow_missing_keys : bool, default=False
        Whether a record to predict, a dict, may lack keys, whose values then are missing. If False,
        a missing key raises ValueError. `fit` does not use it.
    known : None or list of str, default=None
        Findings and warnings that are known, and not said again: codes, such as "groups", or codes
        with their columns, such as "leak:wage". `report_` has the others.

    Attributes
    ----------
    estimators_ : list of Network
        The networks. Their inputs are encoded rows, their outputs standardized targets.
    history_ : dict of list
        The curves of all networks, for standardized targets; of several targets, the sums.
    n_features_in_ : int
        Number of columns of X in fit.
    feature_names_in_ : ndarray of str
        Column names of the data frame in fit; if not all are text, the attribute does not exist.
    column_types_ : dict
        What each column holds, by its name (without names, by its number): "number", "boolean",
        "category", "ordered" (categories), "date", "time" and "instant" (times without and with an
        offset from UTC) or "duration".
    categories_ : dict of list
        The categories that the model knows of each column that has some: those that fit has seen,
        of more than 65,536 the most frequent ones, None if a value was missing. Those of an ordered
        column are all that its type or your list has, in ascending order.
    feature_importances_ : ndarray of float64, shape (n_features,)
        How much the loss on held-out rows grows if the values of a column are permuted: not
        negative, of sum 1, or 0 if no column helps (Breiman, "Random forests", 2001). Without
        held-out rows, training rows measure it. Columns that tell the same share their importance.
    monotonic_cst_ : ndarray of int8, shape (n_features,)
        1 for a column with which answers can only rise, -1 for one with which they can only fall, as
        the signs of the weights prove it, otherwise 0: see `monotonic_cst`.
    warning_counts_ : dict of str to int
        How often each warning about rows to predict was due since fit: unknown categories, unknown
        spellings of known ones, missing values where fit had none, values in columns without any in
        fit, numbers outside the training range or other ones than those of fit, other columns. Each
        is issued once, and then counted.

    Examples
    --------
    >>> from cmlp import TabularRegressor
    >>> X = [[float(size), "town" if size % 2 else None] for size in range(40)]
    >>> y = [1000.0 * size + 5000 * (place == "town") for size, place in X]
    >>> model = TabularRegressor(random_state=0).fit(X, y)
    >>> bool(abs(model.predict([[20.0, None]])[0] - 20_000) < 2_000)
    True
    """

    @hinted
    def __init__(
        self,
        *,
        n_estimators: int = 4,
        hidden_layer_sizes: int | Sequence[int] = (128, 128),
        max_time: float | None = None,
        categorical_features: str | ArrayLike | None = "from_dtype",
        date_formats: str | ByColumn[str] | None = None,
        missing_values: float | str | Sequence[float | str] | ByColumn[object] | None = None,
        date_parts: bool = True,
        monotonic_cst: ArrayLike | ByColumn[int] | None = None,
        loss: str = "squared_error",
        quantile: float | Sequence[float] = 0.5,
        interval_width: str = "adaptive",
        learning_rate_init: float = 0.0125,
        dropout: float | Sequence[float] = 0.1,
        n_epochs: int | None = None,
        early_stopping: bool = True,
        warm_start: bool = False,
        random_state: int | np.random.RandomState | None = None,
        n_threads: int | None = None,
        verbose: bool | int | str = False,
        callbacks: Sequence[object] | None = None,
        keep_background: int = 0,
        provenance: bool = False,
        allow_missing_keys: bool = False,
        known: Sequence[str] | None = None,
    ) -> None:
        self.n_estimators = n_estimators
        self.hidden_layer_sizes = hidden_layer_sizes
        self.max_time = max_time
        self.categorical_features = categorical_features
        self.date_formats = date_formats
        self.missing_values = missing_values
        self.date_parts = date_parts
        self.monotonic_cst = monotonic_cst
        self.loss = loss
        self.quantile = quantile
        self.interval_width = interval_width
        self.learning_rate_init = learning_rate_init
        self.dropout = dropout
        self.n_epochs = n_epochs
        self.early_stopping = early_stopping
        self.warm_start = warm_start
        self.random_state = random_state
        self.n_threads = n_threads
        self.verbose = verbose
        self.callbacks = callbacks
        self.keep_background = keep_background
        self.provenance = provenance
        self.allow_missing_keys = allow_missing_keys
        self.known = known
