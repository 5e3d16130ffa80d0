"""`TabularClassifier`, `TabularRegressor`, and their base class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, overload

import numpy as np

from cmlp._data.arrays import targets_in_range
from cmlp._data.checks import as_quantile_targets, as_targets
from cmlp._data.groups import as_groups
from cmlp._data.input_frame import frame_of, frame_of_records, is_records
from cmlp._data.labels import kind_of_labels
from cmlp._data.losses import traits_of
from cmlp._data.row_labels import warn_of_other_order
from cmlp._data.weights import as_weights, weights_of_rows
from cmlp._estimators.attributes import (
    AbsentMethod,
    MultilabelMethod,
    with_classes,
    with_feature_names,
)
from cmlp._estimators.estimator import Estimator
from cmlp._fit.result import frozen_copy, locked, result_of, store_model, trains
from cmlp._model.kinds_of_findings import checked_known
from cmlp._parameters.name_hints import hinting
from cmlp._process.warnings import knowing, warn
from cmlp.exceptions import InvalidParameterError, shown

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import date, timedelta
    from typing import Self

    from numpy.typing import ArrayLike, NDArray

    from cmlp._data.array_types import AnyArray, ByColumn
    from cmlp._data.labels import Labels
    from cmlp._data.weights import ClassWeight
    from cmlp._estimators.network import Network
    from cmlp._fit.result import Result
    from cmlp._model.drift import Drift
    from cmlp._model.findings import Report
    from cmlp._model.model import TableModel
    from cmlp._model.probabilities import HeldOutScores
    from cmlp._model.results import Certification
    from cmlp._model.summary import Found
    from cmlp._parameters.options import TableOptions
    from cmlp._tables.calibrate import RowsWithTruth


_SHARE_WITHIN_STD = 0.6827  # of normally distributed numbers
_BLOCK = 2048  # rows predicted at a time, so that their inputs stay in the cache


class TabularEstimator(Estimator):
    """The base class of `TabularClassifier` and `TabularRegressor`; not for direct use."""

    _input_tags: ClassVar[Mapping[str, bool]] = {
        "allow_nan": True,
        "categorical": True,
        "string": True,
    }
    _several_outputs: ClassVar[bool] = True
    _result: Result[TableModel]
    allow_missing_keys: bool
    known: Sequence[str] | None

    partial_fit = AbsentMethod(
        "fit with warm_start=True to continue training on later rows, or calibrate to measure the "
        "errors of the model on them"
    )

    @trains
    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        groups: ArrayLike | None = None,
        time: str | ArrayLike | None = None,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None,
        groups_val: ArrayLike | None = None,
        resume: bool = False,
    ) -> Self:
        """Learn the columns, and train the networks on them.

        On Ctrl-C, fit raises KeyboardInterrupt. If each network has completed an epoch, the
        estimator then has what they have learned so far; otherwise it keeps its previous model.
        ``fit(X, y, resume=True)`` continues, also after `max_time`.

        Parameters
        ----------
        X : data frame or array-like of shape (n_samples, n_features)
            Numbers, dates and categories; None, NaN and pandas.NA are missing values. Any data
            frame whose columns NumPy can read (pandas, polars, Arrow), or a stream of Arrow. Data
            frames are read by column name.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Labels for a classifier, or a 0/1 matrix with a column for each label that a row can
            have (multilabel). Numbers between -1e150 and 1e150 for a regressor, with a column for
            each target.
        sample_weight : None, float or array-like of shape (n_samples,), default=None
            Weights of the rows, not negative. Everything that is learned from the rows is weighted.
            Rows of weight 0 are checked, and then dropped; weights below 1e-30 of the largest count
            as 0.
        groups : array-like of shape (n_samples,), default=None
            What the rows belong to, if several are of one person, machine or place, and new rows
            will be of others: values of any hashable type, none missing. Each network then holds
            out whole groups, and each group counts as one, whatever its number of rows, in all that
            is measured on held-out rows: intervals and sets cover rows of new groups [1]_. The
            groups are no input: that takes a column of X.
        time : str or array-like of shape (n_samples,), default=None
            The times of the rows, if rows to predict will be later: the name of a column of X,
            which stays an input, or dates or numbers. Of `TabularRegressor` with one target. Only
            the intervals of `predict_interval` change: their width follows from later parts of
            these rows, each predicted by a network that has learned what came before [2]_. See
            `TabularRegressor.holds_until_`.
        X_val, y_val : default=None
            Validation data, to choose the best epoch of each network. If None, each network holds
            out another eighth of the rows, with all copies of a row, which count as one there; with
            `groups`, there are as many parts as networks, from 4 to 8.
        sample_weight_val : None, float or array-like, default=None
            Weights of the validation rows, as `sample_weight`; `class_weight` multiplies them.
        groups_val : array-like, default=None
            What the validation rows belong to: others than `groups`, which then hold out nothing.
        resume : bool, default=False
            Whether to continue a fit on the same data that was interrupted, by Ctrl-C, `max_time` or a callback. The
            result then is bit-identical to a fit without the break. Of the parameters, only these may have changed:
            `allow_missing_keys`, `known`, `random_state`, `warm_start`, `n_threads`, `verbose`,
            `max_time` and `callbacks`

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a parameter or an argument is invalid: the message names the column and the row of a
            bad value. The estimator then keeps its former model. With `resume`, also if there is
            nothing to continue, or the data or the parameters have changed.
        cmlp.DivergenceError
            If training diverged.

        See Also
        --------
        calibrate : Measure the errors on other rows, without training.
        outside : How far rows are outside of what fit has seen.
        cmlp.fit_many : One model for each group of rows.

        References
        ----------
        .. [1] Dunn, Wasserman, Ramdas (2022), "Distribution-free prediction sets for two-layer
            hierarchical models", Journal of the American Statistical Association.
        .. [2] Tashman (2000), "Out-of-sample tests of forecasting accuracy: an analysis and
            review", International Journal of Forecasting.
        """
        from cmlp._tables.fit_table import TableFit

        rows, validation = (X, y, sample_weight), (X_val, y_val, sample_weight_val)
        fit = TableFit.from_estimator(
            self, rows, validation, (groups, groups_val), time=time, resume=resume
        )
        fit.prepare().train()
        return self

    def _options(self) -> TableOptions:
        """Return the validated parameters."""
        from cmlp._parameters.options import TableOptions

        return TableOptions.of(self)

    def _required_fit(self) -> Result[TableModel]:
        """Return everything that fit has left; raises NotFittedError."""
        result: Result[TableModel] | None = result_of(self)
        if result is None:
            raise self._not_fitted()
        return result

    def _trained(self) -> TableModel:
        """Return the model that predicts; raises NotFittedError."""
        model: TableModel = self._required_fit().model
        return model

    def _predicted(self, model: TableModel, X: ArrayLike) -> NDArray[np.float64]:
        """Return the answers of the model for all rows."""
        return self._answers(model, self._raw(model, X))

    def _raw(self, model: TableModel, X: ArrayLike) -> NDArray[np.float64]:
        """Return the rows of a user as the model reads them, with a warning if most are far from those of fit."""
        raw = self._read(model, X)
        if len(raw) > 1:  # a single row is not judged
            found = model.known_numbers.differences(raw, is_thorough=False)
            if found.far:
                from cmlp._model.other_rows import warn_of_differences

                with self._knowing():
                    warn_of_differences(model.known_numbers, found, "", model.notices)
        return raw

    def _read(self, model: TableModel, X: ArrayLike) -> NDArray[np.float64]:
        """Return the rows of a user as the model reads them, for a caller that compares them with those of fit."""
        with self._knowing():
            return model.read(self._frame(model, X), type(self).__name__)

    def _knowing(self) -> AbstractContextManager[None]:
        """Return a context in which no warning tells what the user knows."""
        return knowing(checked_known(self.known))

    def _answers(self, model: TableModel, raw: NDArray[np.float64]) -> NDArray[np.float64]:
        starts = range(0, max(1, len(raw)), _BLOCK)
        return np.concatenate(
            [model.predict(raw[start : start + _BLOCK], self.n_threads) for start in starts]
        )

    def _rows_of(self, model: TableModel, X: ArrayLike) -> tuple[NDArray[np.float64], AnyArray]:
        """Return the rows of a user as the model reads them, and their entries as they were passed."""
        frame = model.columns.select(self._frame(model, X), type(self).__name__, model.notices)
        return model.columns.values(frame, model.notices, model.gaps), frame.entries()

    def _truth(
        self, model: TableModel, y: ArrayLike, n_rows: int, rows: NDArray[np.intp]
    ) -> AnyArray:
        """Return what `scores_of` compares with the outputs of some rows: numbers, indices of classes, or labels."""
        raise NotImplementedError

    def _rows_with_truth(
        self,
        model: TableModel,
        X: ArrayLike,
        y: ArrayLike | None,
        sample_weight: ArrayLike | None,
        groups: ArrayLike | None,
        method: str,
    ) -> tuple[RowsWithTruth, NDArray[np.float64]]:
        """Return the rows that a user has passed, without those of weight 0 and with copies once, and the answers.

        There is a warning if they are not as those of fit.
        """
        from cmlp._findings.copies import copies_of, different_rows, warn_of_copies
        from cmlp._model.other_targets import warn_of_rows_and_targets
        from cmlp._tables.calibrate import RowsWithTruth
        from cmlp._tables.targets import rows_that_count

        if y is None:
            raise ValueError("y is missing: what is true for the rows of X.")
        with self._knowing():
            warn_of_other_order(X=X, y=y, sample_weight=sample_weight, groups=groups)
            frame = model.columns.select(self._frame(model, X), type(self).__name__, model.notices)
            raw = model.columns.values(frame, model.notices, model.gaps)
            if not len(raw):
                raise ValueError("X has no rows.")
            rows, weight = rows_that_count(as_weights(sample_weight, len(raw)), len(raw))
            truth = self._truth(model, y, len(raw), rows)
            known = as_groups(groups, len(raw))
            if known is not None:
                known = known.take(rows)
                weight = known.equal_weights(weight)
            elif (copies := copies_of(frame, truth, rows)) is not None:
                warn_of_copies(copies)
                first = different_rows(copies)
                rows, truth, weight = rows[first], truth[first], weights_of_rows(weight, first)
            counted = RowsWithTruth(raw[rows], truth, weight, known)
            answers = self._answers(model, counted.raw)
            warn_of_rows_and_targets(model, counted.raw, answers, truth, method)
        return counted, answers

    def _compare(
        self,
        model: TableModel,
        raw: NDArray[np.float64],
        answers: NDArray[np.float64],
        truth: AnyArray,
        rows: NDArray[np.intp],
    ) -> None:
        """Warn of rows to score that are not as those of fit, of those that count; `truth` is theirs."""
        from cmlp._model.other_targets import warn_of_rows_and_targets

        with self._knowing():
            warn_of_rows_and_targets(model, raw[rows], answers[rows], truth, "score", model.notices)

    def _calibrate(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None,
        groups: ArrayLike | None,
    ) -> Self:
        """Measure the errors of the fitted model on other rows, for intervals and sets."""
        from cmlp._tables.calibrate import with_measured_errors

        model = self._trained()
        rows, answers = self._rows_with_truth(model, X, y, sample_weight, groups, "calibrate")
        store_model(self, with_measured_errors(model, rows, answers))
        return self

    def _frame(self, model: TableModel, X: Any) -> Any:
        """Return the X of a user, and the columns of records, which may be an empty list, by the names of the model."""
        is_empty = isinstance(X, (list, tuple)) and not X and model.names is not None
        if not is_empty and not is_records(X):
            return X
        return frame_of_records(
            X, model.names, type(self).__name__, may_lack_keys=self.allow_missing_keys
        )

    def outside(self, X: ArrayLike) -> np.ndarray:
        """Return how far each value is outside of what the training rows had.

        Parameters
        ----------
        X : data frame, array-like of shape (n_samples, n_features), dict or list of dict

        Returns
        -------
        ndarray of float64, shape (n_samples, n_features)
            0 inside the range of a column, the distance above the largest number, or minus the
            distance below the smallest one, in days for dates. NaN for a category, or a missing
            value, that no training row had; of a column of which fit has seen more than the 65,536
            categories that the model knows, others have 0, because they may be among those. A
            column that fit does not use has 0. The columns are in the order of fit.
            ``(outside(X) != 0).any(axis=1)`` are the rows with something new.

        Examples
        --------
        >>> from cmlp import TabularRegressor
        >>> model = TabularRegressor(random_state=0).fit([[float(x), x % 3] for x in range(40)], range(40))
        >>> model.outside([[20.0, 1], [45.0, 1], [-2.0, 1]])
        array([[ 0.,  0.],
               [ 6.,  0.],
               [-2.,  0.]])
        """
        from cmlp._model.outside import outside

        model = self._trained()
        # The result shows which values are missing, so no warning does.
        raw = model.columns.read(
            self._frame(model, X), type(self).__name__, model.notices, gaps=None
        )
        return outside(model, raw)

    def drift(self, X: ArrayLike) -> Drift:
        """Compare the columns of a batch with those of training, by the summary in the model.

        Parameters
        ----------
        X : data frame, array-like of shape (n_samples, n_features), dict or list of dict

        Returns
        -------
        Drift
            For each column the share of rows that must have moved, and those with a number outside
            the range, with an unknown category, and with a missing value; and the names of the
            columns that have ``drifted``.

        Examples
        --------
        >>> from cmlp import TabularRegressor
        >>> rows = [[float(x), x % 3] for x in range(1000)]
        >>> model = TabularRegressor(random_state=0, n_epochs=1).fit(rows, range(1000))
        >>> print(model.drift([[x + 500, k] for x, k in rows]))
             shift  outside  unknown  missing
        0    49.9%    50.0%     0.0%     0.0%  drifted
        1     0.0%     0.0%     0.0%     0.0%
        1 of 2 columns have drifted in 1,000 rows: their shift is above 16.2%
        """
        from cmlp._model.drift import DriftCounts

        model = self._trained()
        counts = DriftCounts(model)
        # The result shows what is unknown and missing, so no warning does.
        counts.add(model.columns.read(self._frame(model, X), type(self).__name__))
        return counts.drift()

    @property
    def n_features_in_(self) -> int:
        """Number of columns of X in fit."""
        return self._trained().n_inputs

    @property
    def feature_names_in_(self) -> AnyArray:
        """Column names of the data frame in fit; if not all are text, the attribute does not exist."""
        names = self._trained().feature_names
        if names is None:
            raise AttributeError(
                f"{type(self).__name__!r} object has no attribute 'feature_names_in_'"
            )
        return names

    @feature_names_in_.setter
    @locked
    def feature_names_in_(self, value: ArrayLike | None) -> None:
        self._result = with_feature_names(self._required_fit(), value)

    @property
    def column_types_(self) -> dict[Hashable, str]:
        """What each column holds: names, or numbers of columns without names, and words such as "number"."""
        model = self._trained()
        return dict(zip(model.names or range(model.n_inputs), model.columns.types, strict=True))

    @property
    def categories_(self) -> dict[Hashable, list[object]]:
        """The categories that the model knows of each column that has some, from the most frequent one on.

        Of a column with more than 65,536 categories in fit these are the most frequent ones.
        Ordered ones are all, in their order.
        """
        model = self._trained()
        pairs = zip(model.names or range(model.n_inputs), model.columns.categories, strict=True)
        return {name: list(known) for name, known in pairs if known is not None}

    @property
    def estimators_(self) -> list[Network]:
        """The networks: they share the parameters of the model, and their inputs are encoded rows."""
        from cmlp._estimators.network import Network

        return [
            Network._assembled(net, params, 1.0, self.n_threads)
            for net, params in self._trained().networks
        ]

    @property
    def history_(self) -> dict[str, list[float]]:
        """The curves of all networks: a list for each of "network", "epoch", "loss" and "validation_loss"."""
        curves: dict[str, list[float]] = {"network": [], "epoch": [], "loss": []}
        for number, state in enumerate(self._required_fit().states):
            table = state.history.table()
            n_epochs = len(table["loss"])
            curves["network"] += [number] * n_epochs
            curves["epoch"] += range(1, n_epochs + 1)
            for name in ("loss", "validation_loss"):
                if name in table:
                    curves.setdefault(name, []).extend(table[name])
        return curves

    @property
    def feature_importances_(self) -> NDArray[np.float64]:
        """How much the loss on held-out rows grows if a column is permuted; the sum is 1.

        The rows are those that each network held out, or without such those of training. Columns
        that tell the same share their importance. If no column helps, all have 0.
        """
        summary = self._trained().summary
        if summary is None or summary.importances is None:
            raise AttributeError(
                f"This {type(self).__name__} has no feature_importances_: it is from a file that "
                "does not contain them, and fit measures them."
            )
        return summary.importances.copy()

    @property
    def monotonic_cst_(self) -> NDArray[np.int8]:
        """For each column 1 if no answer can fall when its number grows, -1 if none can rise, otherwise 0.

        The signs of the weights prove it for all values of the other columns, however the model was
        trained.
        """
        from cmlp._model.monotone import signs_of_model  # few programs need it

        return signs_of_model(self._trained())

    @property
    def report_(self) -> Report:
        """What `fit` has found in the table, and what only the model knows; `cmlp.examine` also measures."""
        report = self._trained().report
        if report is None:
            raise AttributeError(
                f"This {type(self).__name__} has no report_: it is from a file that does not contain "
                "one. Use cmlp.examine(X, y)."
            )
        return report

    @property
    def warning_counts_(self) -> dict[str, int]:
        """How often each warning about rows to predict was due since `fit`; each is issued once, and then counted."""
        return dict(self._trained().notices.counts)


class TabularClassifier(TabularEstimator):
    """Classifier for tables: a bag of small networks on encoded columns.

    It takes data frames and arrays as they are: numbers of any scale, categories, missing values.
    Numbers are scaled robustly and clipped smoothly [1]_, and every second network sees their
    piecewise-linear encoding too [2]_, in bins that a decision tree of each column finds.
    Categories are one-hot encoded; if a column has more than 200, the networks see the mean of y in
    each [3]_. Each network is trained by AdamW with dropout and label smoothing, on other seven
    eighths of the rows; its best epoch is that with the smallest log loss on the other eighth. The
    predicted probabilities are the mean over the networks, that of three classes and more divided
    by its sum.

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

    __module__ = "cmlp"

    _estimator_type: ClassVar[str] = "classifier"
    _parameter_owner: ClassVar[str] = "TabularClassifier"

    predict_interval = AbsentMethod("predict_set")

    @hinting
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

    @property
    def classes_(self) -> np.ndarray:
        """The labels, sorted, or in their order if they have one."""
        return self._trained().class_labels.classes

    @classes_.setter
    @locked
    def classes_(self, value: ArrayLike) -> None:
        self._result = with_classes(self._required_fit(), value)

    @locked
    def calibrate(
        self,
        X: ArrayLike | None = None,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        *,
        groups: ArrayLike | None = None,
        probabilities: bool = False,
    ) -> Self:
        """Measure the errors of the fitted model on other rows, for sets, and with `probabilities` calibrate these too.

        Sets are then as large as these rows need. The rows replace those that the networks held out
        in `fit`, also for the accuracy on a page. If `fit` has seen none of them, neither as rows
        nor as validation data, and they are exchangeable with the rows to predict (for example, all
        are drawn at random from one population), sets contain the truth at least as often as asked
        for: split conformal prediction [1]_.

        With ``probabilities=True``, each class gets a slope and a shift, by which its score changes
        in every network: Platt scaling [2]_, or with more classes vector scaling [3]_; with more
        than 16 there is one slope and no shift. They have the largest posterior probability. Slopes
        are normally distributed around 1 and shifts around 0, and rows with the probabilities of
        the model as it is, less half of the label smoothing, count beside the others: as many as
        have 20 of the rarest class. A fourth of the rows of each class, drawn at random with a
        fixed seed, measures the sets, and the others determine slopes and shifts. Because the draw
        depends on the labels, the guarantee of sets is not exact: for 200 rows of ten classes, 0.9
        became 0.90 to 0.91. With fewer than 10 of the others of a class, a warning says that mainly
        the label smoothing is reduced. Without rows, those that the networks held out in `fit`
        determine both, the sets by cross-fitting.

        After `class_weight`, scores first lose the logarithms of the class weights: the
        probabilities are then those of the rows, in which each class is as frequent as it is. With
        two classes, the attribute `threshold_` becomes w0 / (w0 + w1), for the weights of the
        classes, with which `predict` answers about as before. With more, it returns the most
        probable class, and with several labels those above 0.5: it finds fewer rows of a rare
        class.

        Parameters
        ----------
        X : data frame or array-like of shape (n_samples, n_features), optional
            With ``probabilities=True``, None means the rows that the networks held out in `fit`.
            They are known until the classifier is saved, pickled or copied.
        y : array-like of shape (n_samples,) or (n_samples, n_classes), optional
            Labels, as for `fit`, and none that `fit` has not seen.
        sample_weight : None, float or array-like of shape (n_samples,), default=None
            Weights of the rows, as in `fit`. The coverage is then that of the weighted rows,
            without a guarantee.
        groups : array-like of shape (n_samples,), default=None
            What the rows belong to, as in `fit`: each group counts as one, and sets cover rows of
            new groups. ``probabilities=True`` then takes a fourth of the groups.
        probabilities : bool, default=False
            Whether to calibrate the probabilities too, starting from those that `fit` has left.
            This replaces the threshold of `choose_threshold`. If False, probabilities do not
            change.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If the classifier is not fitted, or the rows are invalid, too few or missing, or have a
            label that `fit` has not seen, or with ``probabilities=True`` and at most 16 classes
            have none of a class. It then keeps its former calibration.

        See Also
        --------
        predict_set : The sets that these errors give.
        choose_threshold : The probability from which on predict answers the second label.

        References
        ----------
        .. [1] Papadopoulos, Proedrou, Vovk, Gammerman (2002), "Inductive confidence machines for
            regression", ECML.
        .. [2] Platt (2000), "Probabilistic outputs for support vector machines and comparisons to
            regularized likelihood methods", Advances in large margin classifiers.
        .. [3] Guo, Pleiss, Sun, Weinberger (2017), "On calibration of modern neural networks",
            ICML.

        Examples
        --------
        >>> import numpy as np
        >>> from cmlp import TabularClassifier
        >>> x = np.random.default_rng(0).standard_normal((600, 1))
        >>> y = np.random.default_rng(1).random(600) < 0.05 * np.exp(x[:, 0])
        >>> model = TabularClassifier(random_state=0).fit(x[:300], y[:300])
        >>> model = model.calibrate(x[300:], y[300:], probabilities=True)
        """
        from cmlp._tables.calibrate import (
            with_probabilities_by_held_out,
            with_probabilities_by_rows,
        )

        if not probabilities:
            if X is None or y is None:
                raise ValueError(
                    "calibrate needs X and y; only probabilities=True has a meaning without rows."
                )
            return self._calibrate(X, y, sample_weight, groups)
        result = self._required_fit()
        model = result.model
        if X is None:
            model, held = with_probabilities_by_held_out(
                model, self._held_out(result, y, sample_weight, groups)
            )
            self._result = result._replace(model=model, held_out=held)
        else:
            rows, _ = self._rows_with_truth(model, X, y, sample_weight, groups, "calibrate")
            model, found = with_probabilities_by_rows(model, rows, self._answers)
            held_out = None if result.held_out is None else result.held_out._replace(map=found)
            self._result = result._replace(model=model, held_out=held_out)
        return self

    @locked
    def choose_threshold(
        self,
        X: ArrayLike | None = None,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        *,
        groups: ArrayLike | None = None,
        recall: float | None = None,
        costs: tuple[float, float] | None = None,
        pos_label: object = None,
    ) -> Self:
        """Choose the probability of the second class from which on `predict` returns it; only for two classes.

        It is the attribute `threshold_`; files, pages and exports keep it, and `fit` removes it.
        Probabilities and sets do not depend on it. A row counts as often as its sample weight says,
        whatever `class_weight` was.

        Parameters
        ----------
        X : data frame or array-like of shape (n_samples, n_features), optional
            Rows that `fit` has not seen. None means the rows that the networks held out in `fit`.
            They are known until the classifier is saved, pickled or copied.
        y : array-like of shape (n_samples,), optional
        sample_weight : None, float or array-like of shape (n_samples,), default=None
        groups : array-like of shape (n_samples,), default=None
            What the rows belong to, as in `fit`: each group counts as one.
        recall : float, optional
            Find at least this share of the rows of the positive class, and as few others as
            possible. If rows of the first class have the probability 1 of the second one, finding
            them takes a threshold just above 1.
        costs : tuple of two floats, optional
            The cost of a row of the other class that is predicted to be positive (a false alarm),
            and of a row of the positive class that is not found. Choose the threshold with the
            smallest sum over the rows.
        pos_label : label, optional
            The positive class, one of `classes_`. None means the second one, with a warning if the
            labels are neither False and True nor 0 or -1 and 1, and most rows are of the second
            class.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If not exactly one of `recall` and `costs` is given, an argument is invalid, the classes
            are not two, or the rows are missing, or none is of the positive class.

        Examples
        --------
        >>> import numpy as np
        >>> from cmlp import TabularClassifier
        >>> x = np.random.default_rng(0).standard_normal((600, 1))
        >>> y = np.random.default_rng(1).random(600) < 0.05 * np.exp(x[:, 0])
        >>> model = TabularClassifier(random_state=0).fit(x[:300], y[:300])
        >>> model = model.choose_threshold(x[300:], y[300:], costs=(1, 10))
        >>> 0 < model.threshold_ < 0.5
        True
        """
        from cmlp._model.calibration import CALIBRATION, HELD_OUT
        from cmlp._model.probabilities import checked_threshold, chosen_threshold, require_goal
        from cmlp._model.summary import found_by

        require_goal(recall, costs)
        result = self._required_fit()
        model = result.model
        checked_threshold(0, model.labels)
        positive = _position_of(pos_label, model.class_labels)
        if X is None:
            held_out = self._held_out(result, y, sample_weight, groups)
            p = np.concatenate(
                [held_out.map.probabilities(part, model)[:, 1] for part in held_out.parts]
            )
            truth = np.concatenate([part.truth[:, 0] for part in held_out.parts])
            weight = np.concatenate([part.weight for part in held_out.parts])
        else:
            rows, answers = self._rows_with_truth(
                model, X, y, sample_weight, groups, "choose_threshold"
            )
            p, truth = answers[:, 1], rows.truth
            weight = np.ones(len(p)) if rows.weight is None else rows.weight
        is_positive = truth == positive
        if not is_positive.any():
            raise ValueError(
                f"y has no row of the class {model.class_labels.classes.tolist()[positive]!r}."
            )
        if pos_label is None:
            _warn_if_frequent(
                model.class_labels, weight[truth == 0].sum(), weight[is_positive].sum()
            )
        model = model.replace(
            threshold=chosen_threshold(p, is_positive, weight, recall, costs, positive=positive)
        )
        kind = HELD_OUT if X is None else CALIBRATION
        found = found_by(model.classes(np.stack([1 - p, p], axis=1)), truth, weight, positive, kind)
        store_model(self, _with_found(model, found))
        return self

    def _held_out(
        self, result: Result[TableModel], y: object, sample_weight: object, groups: object
    ) -> HeldOutScores:
        """Return the rows that networks held out; raises ValueError if there are none, or some arguments are given."""
        if y is not None or sample_weight is not None or groups is not None:
            raise ValueError("X is missing: y, sample_weight and groups belong to rows.")
        if result.held_out is None:
            raise ValueError(
                f"X and y are needed, because this {type(self).__name__} knows no held-out rows: "
                "fit held out none (early_stopping=False, or fewer than 16 rows), or it was "
                "loaded, unpickled or copied."
            )
        return result.held_out

    @property
    def threshold_(self) -> float | None:
        """The probability of the second of two classes from which on `predict` returns it; None: the most probable."""
        return self._trained().threshold

    @threshold_.setter
    @locked
    def threshold_(self, value: float | None) -> None:
        from cmlp._model.probabilities import checked_threshold

        result = self._required_fit()
        threshold = checked_threshold(value, result.model.labels)
        self._result = result._replace(
            model=_with_found(result.model.replace(threshold=threshold), None)
        )

    def predict_proba(self, X: ArrayLike) -> np.ndarray:
        """Return the probability of each label: the mean over the networks.

        Parameters
        ----------
        X : data frame, array-like of shape (n_samples, n_features), dict or list of dict

        Returns
        -------
        ndarray of float64, shape (n_samples, n_classes)
            Rows add up to 1 in double precision. For multilabel targets, the probability that the
            row has the label; these rows do not.

        See Also
        --------
        calibrate : Calibrate the probabilities with ``probabilities=True``.
        """
        return self._predicted(self._trained(), X)

    @MultilabelMethod
    def decision_function(self, X: ArrayLike) -> np.ndarray:
        """Return the log odds of each label; only for multilabel targets.

        scikit-learn's scorers of rankings take them: of `predict_proba` for two labels they would
        take one column, because `classes_` then looks like that of two classes.

        Parameters
        ----------
        X : data frame, array-like of shape (n_samples, n_features), dict or list of dict

        Returns
        -------
        ndarray of float64, shape (n_samples, n_classes)
        """
        p = self.predict_proba(X)
        # The probabilities 0 and 1 have finite numbers, too, below and above those of all others.
        types = np.finfo(np.float64)
        odds: np.ndarray = np.log(np.maximum(p, types.tiny) / np.maximum(1 - p, types.epsneg / 2))
        return odds

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Return the most probable label of each row; with a `threshold_`, the second one from this probability on.

        Of three or more ordered classes, the median of the probabilities, whose expected distance
        from the right class is smallest: the last class that has, with those above it, more than
        half.

        Parameters
        ----------
        X : data frame, array-like of shape (n_samples, n_features), dict or list of dict

        Returns
        -------
        ndarray of shape (n_samples,)
            For multilabel targets a 0/1 matrix of shape (n_samples, n_classes): 1 for each label
            whose probability is above 0.5.

        See Also
        --------
        predict_proba : The probabilities of the labels.
        predict_set : All labels that are likely enough.
        choose_threshold : The probability from which on predict answers the second label.
        """
        model = self._trained()
        return model.labels_of(self._predicted(model, X))

    def predict_set(self, X: ArrayLike, coverage: float = 0.9) -> np.ndarray:
        """Return a set of classes for each row that contains the right class as often as asked for.

        The set has each class with ``1 - probability <= q``. Of rows outside the training, the
        share `coverage` has a right class for which this holds: of n such rows, q is number
        ``ceil((n + 1) * coverage)`` of their values of ``1 - probability`` in ascending order.
        These sets are the smallest on average (LAC [1]_). A set that would be empty gets the most
        probable class. Sets of ordered classes have no gaps: they reach from the lowest to the
        highest of the predicted class and those for which this holds, and q is measured with such
        sets.

        The rows are those of `calibrate`, with a guarantee: over all such rows and all new rows,
        the coverage is at least `coverage`. Without `calibrate` they are the rows that the networks
        held out in `fit`. There is then no guarantee, because each of them is judged by the
        networks that held it out, not by all, and they have chosen the epochs of these networks and
        the bins of the columns: on small tables of mostly noise, 0.9 becomes 0.87. The coverage is
        that of all rows together; it can be smaller for a class.

        Parameters
        ----------
        X : data frame, array-like of shape (n_samples, n_features), dict or list of dict
        coverage : float, default=0.9
            Above 0 and below 1.

        Returns
        -------
        ndarray of bool, shape (n_samples, n_classes)
            Whether each class of `classes_` is in the set. If there are too few rows, or too few
            groups, all are, and a warning says so: 0.9 needs 9, 0.99 needs 99. For multilabel
            targets, each label has a set of its own, of the answers no and yes: the shape is
            (n_samples, n_classes, 2), and the coverage is that of each label, not of all together.
            Another warning names columns of which rows are clearly outside the training range, see
            `outside`.

        Raises
        ------
        ValueError
            If `coverage` is invalid, or if `fit` held out no rows and `calibrate` was not called.

        See Also
        --------
        calibrate : Measure the errors on rows that fit has not seen.

        References
        ----------
        .. [1] Sadinle, Lei, Wasserman (2019), "Least ambiguous set-valued classifiers with bounded
            error levels", Journal of the American Statistical Association.

        Examples
        --------
        >>> import numpy as np
        >>> from cmlp import TabularClassifier
        >>> x = np.arange(90.0)[:, None]
        >>> model = TabularClassifier(random_state=0).fit(x, x[:, 0] >= 45)
        >>> model.predict_set([[10.0], [80.0]], coverage=0.9)
        array([[ True, False],
               [False,  True]])
        """
        from cmlp._model.outside import warn_outside
        from cmlp._tables.calibrate import required_calibration

        model = self._trained()
        calibration = required_calibration(model, coverage, "predict_set", type(self).__name__)
        raw = self._read(model, X)
        with self._knowing():
            warn_outside(model, raw, "sets")
        return calibration.sets(self._answers(model, raw), coverage, model.class_labels)

    def certify(
        self, X: ArrayLike, radius: ArrayLike, *, max_time: float | None = None
    ) -> Certification:
        """Prove for each row that no change of up to `radius` per column can change its prediction, or find one.

        The proof covers every rounding of `predict`, and a counterexample is within the radius in
        exact arithmetic. A radius is for numbers, in the units of X: a missing number stays
        missing, and a category stays as it is. The radius infinity stands for every value of a
        column: all numbers and a missing one, or all categories, also unknown ones. Boxes that
        cannot be decided are split, along the columns that matter most, up to 2,000 times per row.

        Parameters
        ----------
        X : data frame, array-like of shape (n_samples, n_features), dict or list of dict
        radius : float or array-like of shape (n_features,)
            The largest change of each column, from its values as float64; not negative.
        max_time : float or None, default=None
            Time limit in seconds for all rows. Rows that are not decided are "unknown".

        Returns
        -------
        Certification

        Raises
        ------
        NotFittedError
            If the classifier is not fitted.
        ValueError
            If an argument is invalid.

        Examples
        --------
        >>> from cmlp import TabularClassifier
        >>> X = [[1.5, "red"], [2.5, "blue"], [None, "red"], [1.0, "blue"]] * 10
        >>> model = TabularClassifier(random_state=0).fit(X, ["warm", "cold", "warm", "cold"] * 10)
        >>> model.certify([[1.5, "red"], [1.5, "red"]], [0.1, 0]).answers
        array(['certified', 'certified'], dtype='<U14')
        >>> model.certify([[1.5, "red"]], [0, float("inf")]).counterexamples
        array([[1.5, 'blue']], dtype=object)
        """
        from cmlp._estimators.certify import certify_table

        return certify_table(self, X, radius, max_time)

    def _truth(
        self, model: TableModel, y: ArrayLike, n_rows: int, rows: NDArray[np.intp]
    ) -> AnyArray:
        labels = model.class_labels
        y = as_targets(y, n_rows, type(self).__name__, labels=True)
        kind_of_labels(y)  # raises an error for rows of weight 0 too
        truth = labels.encode(y[rows])
        return truth if labels.kind == "multilabel" else labels.indices(truth).astype(np.intp)

    def predict_log_proba(self, X: ArrayLike) -> np.ndarray:
        """Return the logarithm of `predict_proba`.

        Parameters
        ----------
        X : data frame, array-like of shape (n_samples, n_features), dict or list of dict

        Returns
        -------
        ndarray of float64, shape (n_samples, n_classes)
        """
        with np.errstate(divide="ignore"):
            logarithms: np.ndarray = np.log(self.predict_proba(X))
        return logarithms

    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return the accuracy: the fraction of correct rows; for multilabel targets, all labels must be correct.

        Parameters
        ----------
        X : data frame, array-like of shape (n_samples, n_features), dict or list of dict
        y : array-like of shape (n_samples,) or (n_samples, n_classes)
        sample_weight : None, float or array-like of shape (n_samples,), default=None

        Returns
        -------
        float

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If X, y or `sample_weight` are invalid, do not fit each other, or have no rows.
        """
        from cmlp._fit.targets import accuracy_of_labels
        from cmlp._tables.targets import rows_that_count

        with self._knowing():
            warn_of_other_order(X=X, y=y, sample_weight=sample_weight)
        now, owner = frozen_copy(self), type(self).__name__
        model = now._trained()
        labels, raw = model.class_labels, now._read(model, X)
        answers = now._answers(model, raw)
        truth = as_targets(y, len(raw), owner, labels=True, warn_of_column=False)
        found = accuracy_of_labels(model.labels_of(answers), truth, sample_weight, labels, owner)
        rows, _ = rows_that_count(as_weights(sample_weight, len(raw)), len(raw))
        if labels.kind == "multilabel" or np.isin(truth[rows], labels.classes).all():
            now._compare(model, raw, answers, now._truth(model, truth, len(raw), rows), rows)
        return found


def _with_found(model: TableModel, found: Found | None) -> TableModel:
    """Return the model with what is known of its threshold."""
    if model.summary is None:
        return model
    return model.replace(summary=model.summary._replace(found=found))


def _position_of(pos_label: object, labels: Labels) -> int:
    """Return which of the two classes is the positive one: the second one unless a label says otherwise."""
    known: list[object] = labels.classes.tolist()
    if pos_label is None:
        return 1
    if pos_label not in known:
        raise InvalidParameterError(
            f"pos_label must be one of the classes {known}, got {shown(pos_label)}.",
            parameter="pos_label",
            value=pos_label,
        )
    return known.index(pos_label)


def _warn_if_frequent(labels: Labels, first: float, second: float) -> None:
    """Warn if the second class, with this sum of weights, is the more frequent one, and its label does not mean yes."""
    known = labels.classes.tolist()
    if second > first and known not in ([False, True], [-1, 1]):
        warn(
            f"choose_threshold finds rows of the second class, {known[1]!r}, but "
            f"{second / (first + second):.0%} of the rows are of it. To find {known[0]!r}, pass "
            f"pos_label={known[0]!r}; otherwise pos_label={known[1]!r}."
        )


class TabularRegressor(TabularEstimator):
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

    __module__ = "cmlp"

    _estimator_type: ClassVar[str] = "regressor"
    _parameter_owner: ClassVar[str] = "TabularRegressor"

    predict_set = AbsentMethod("predict_interval")

    @hinting
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

    @overload
    def predict(self, X: ArrayLike, return_std: Literal[False] = False) -> np.ndarray: ...

    @overload
    def predict(
        self, X: ArrayLike, return_std: bool
    ) -> np.ndarray | tuple[np.ndarray, np.ndarray]: ...

    def predict(
        self, X: ArrayLike, return_std: bool = False
    ) -> np.ndarray | tuple[np.ndarray, np.ndarray]:
        """Return the predicted numbers: the mean over the networks.

        Parameters
        ----------
        X : data frame, array-like of shape (n_samples, n_features), dict or list of dict
        return_std : bool, default=False
            Whether to return a deviation for each prediction too, as tools of scikit-learn ask for:
            half the width of the interval of 68.27 % (`predict_interval`). Of normally distributed
            errors it is their standard deviation.

        Returns
        -------
        ndarray of float64, shape (n_samples,), (n_samples, n_targets) or (n_samples, n_quantiles)
            A column for each of several targets, or of several quantiles, which ascend in every
            row. With ``return_std=True``, a pair of this and the deviations, of shape (n_samples,)
            or (n_samples, n_targets).

        Raises
        ------
        ValueError
            With ``return_std=True``, if `fit` held out no rows and `calibrate` was not called.

        See Also
        --------
        predict_interval : Intervals that contain the number as often as asked for.
        explain : The effect of each column on an answer.
        """
        model = self._trained()
        rows: Any = X
        if return_std:  # X is read once
            frame = self._frame(model, X)
            rows = frame_of(frame, type(self).__name__, types_are_known=True)
        predicted = self._predicted(model, rows)
        found = predicted[:, 0] if predicted.shape[1] == 1 else predicted
        if not return_std:
            return found
        low, high = np.moveaxis(self.predict_interval(rows, _SHARE_WITHIN_STD), -1, 0)
        return found, (high - low) / 2

    @property
    def holds_until_(self) -> float | date | timedelta:
        """The time until which intervals hold after ``fit(X, y, time=...)``: a date for dates.

        It is as far after the last row of fit as the middle one of the later parts of the rows
        reached, which were predicted from what came before. There is no guarantee: intervals of 0.9
        covered 0.89 on average on later parts of 20 tables, and 0.36 on the worst; more often soon
        after the last row than at the end. `calibrate` ends it.
        """
        from cmlp._data.times import moment

        summary = self._trained().summary
        if summary is None or summary.later is None:
            raise AttributeError(
                f"This {type(self).__name__} has no holds_until_: its intervals are not those of later "
                'rows. fit(X, y, time="date") measures these.'
            )
        return moment(summary.later.until, summary.later.kind)

    @locked
    def calibrate(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Measure the errors of the fitted model on other rows: intervals are then as wide as these need.

        These rows replace those that the networks held out in `fit`, also for the accuracy on a
        page. If `fit` has seen none of them, neither as rows nor as validation data, and they are
        exchangeable with the rows to predict (for example, all are drawn at random from one
        population), intervals contain the truth at least as often as asked for: split conformal
        prediction [1]_.

        Parameters
        ----------
        X : data frame, array-like of shape (n_samples, n_features), dict or list of dict
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Numbers, as for `fit`.
        sample_weight : None, float or array-like of shape (n_samples,), default=None
            Weights of the rows, as in `fit`. The coverage is then that of the weighted rows,
            without a guarantee.
        groups : array-like of shape (n_samples,), default=None
            What the rows belong to, as in `fit`: each group counts as one, and the guarantee is
            that for a row of a new group.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If the estimator is not fitted, or the rows are invalid. It then keeps its former
            calibration.

        See Also
        --------
        predict_interval : The intervals that these errors give.

        References
        ----------
        .. [1] Papadopoulos, Proedrou, Vovk, Gammerman (2002), "Inductive confidence machines for regression", ECML.
        """
        return self._calibrate(X, y, sample_weight, groups)

    def predict_interval(self, X: ArrayLike, coverage: float = 0.9) -> np.ndarray:
        """Return an interval for each row that contains the true number as often as asked for.

        The interval is ``[prediction - q * w, prediction + q * w]``. Of rows outside the training,
        the share `coverage` has an error of at most ``q * w``: of n such errors, each divided by
        its w, q is number ``ceil((n + 1) * coverage)`` in ascending order (split conformal
        prediction [1]_). With ``interval_width="adaptive"``, the default, w follows from the
        prediction: it is the mean error of the rows held out in `fit` with about the same
        prediction, in units of the mean error of all of them [2]_. With "constant" it is 1. With
        several quantiles, the interval is ``[lowest - q, highest + q]``, and q, which can be
        negative, is found in the same way from how far the targets are outside the predicted
        quantiles (conformalized quantile regression [3]_). If at least 5 % of the targets in `fit`
        are equal to the lowest one, no finite interval begins below it, unless a row outside the
        training was there; with several quantiles, the interval contains it where the lowest
        quantile is near it. Likewise the highest one. With the losses "gamma", "poisson" and
        "tweedie", intervals begin at 0 at least.

        The rows are those of `calibrate`, with a guarantee: over all such rows and all new rows,
        the coverage is at least `coverage`. Without `calibrate` they are the rows that the networks
        held out in `fit`. There is then no guarantee, because each of them is judged by the
        networks that held it out, not by all, and they have chosen the epochs of these networks and
        the bins of the columns: on small tables of mostly noise, 0.9 becomes 0.88. After fit with
        `time`, they are later parts of the rows of `fit`, each judged by a network that has learned
        what came before: of the errors of the same rank, the largest of three parts counts.

        Parameters
        ----------
        X : data frame, array-like of shape (n_samples, n_features), dict or list of dict
        coverage : float, default=0.9
            Above 0 and below 1.

        Returns
        -------
        ndarray of float64, shape (n_samples, 2) or (n_samples, n_targets, 2)
            The lower and the upper ends. With several targets, each has its own intervals, and the
            coverage is that of each target, not of all together. They are infinite, and a warning
            says so, if there are too few errors, or too few groups: 0.9 needs 9, 0.99 needs 99.
            Another warning names columns of which rows are clearly outside the training range, see
            `outside`: the coverage does not hold there. After fit with `time`, a warning names rows
            later than `holds_until_` instead.

        Raises
        ------
        ValueError
            If `coverage` is invalid, or if `fit` held out no rows and `calibrate` was not called.

        See Also
        --------
        calibrate : Measure the errors on rows that fit has not seen.
        outside : How far rows are outside of what fit has seen.

        References
        ----------
        .. [1] Papadopoulos, Proedrou, Vovk, Gammerman (2002), "Inductive confidence machines for
            regression", ECML.
        .. [2] Papadopoulos, Gammerman, Vovk (2008), "Normalized nonconformity measures for
            regression conformal prediction", AIA.
        .. [3] Romano, Patterson, Candès (2019), "Conformalized quantile regression", NeurIPS.

        Examples
        --------
        >>> import numpy as np
        >>> from cmlp import TabularRegressor
        >>> x = np.random.RandomState(0).random_sample((300, 1))
        >>> y = x[:, 0] + np.random.RandomState(1).standard_normal(300) / 10
        >>> model = TabularRegressor(random_state=0).fit(x[:200], y[:200])
        >>> low, high = model.calibrate(x[200:], y[200:]).predict_interval([[0.5]], coverage=0.9)[0]
        >>> bool(low < 0.5 < high)
        True
        """
        from cmlp._model.outside import warn_outside
        from cmlp._tables.calibrate import required_calibration

        model = self._trained()
        calibration = required_calibration(model, coverage, "predict_interval", type(self).__name__)
        raw = self._read(model, X)
        with self._knowing():
            warn_outside(model, raw, "intervals")
        lowest = traits_of(model.net.loss).lowest_target
        return calibration.intervals(self._answers(model, raw), coverage, lowest)

    def _truth(
        self, model: TableModel, y: ArrayLike, n_rows: int, rows: NDArray[np.intp]
    ) -> AnyArray:
        return targets_in_range(self._numbers(model, y, n_rows)[rows], model.net.loss)

    def _numbers(self, model: TableModel, y: ArrayLike, n_rows: int) -> NDArray[np.float64]:
        """Return y as numbers, a column for each target of the model."""
        from cmlp._model.calibration import n_answers
        from cmlp._tables.targets import table_numbers

        return table_numbers(as_targets(y, n_rows, type(self).__name__), n_answers(model.net, None))

    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return the coefficient of determination R^2 of the predictions; with several targets, their mean.

        With several quantiles, return the mean of their D^2 scores, as `MLPRegressor.score` does.

        Parameters
        ----------
        X : data frame, array-like of shape (n_samples, n_features), dict or list of dict
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
        sample_weight : None, float or array-like of shape (n_samples,), default=None

        Returns
        -------
        float

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If X, y or `sample_weight` are invalid, do not fit each other, or have no rows.
        """
        from cmlp._tables.targets import rows_that_count
        from cmlp._train.scores import d2_pinball, r_squared, require_rows

        with self._knowing():
            warn_of_other_order(X=X, y=y, sample_weight=sample_weight)
        model = self._trained()
        raw = self._read(model, X)
        answers = self._answers(model, raw)
        require_rows(answers)
        predicted = answers[:, 0] if answers.shape[1] == 1 else answers
        truth = self._numbers(model, y, len(predicted))
        weight = as_weights(sample_weight, len(predicted))
        rows, _ = rows_that_count(weight, len(predicted))
        self._compare(model, raw, answers, truth[rows], rows)
        quantiles = model.net.loss_parameter
        if isinstance(quantiles, tuple):
            return d2_pinball(
                as_quantile_targets(truth, len(quantiles)), predicted, quantiles, weight
            )
        return r_squared(truth, predicted, weight)
