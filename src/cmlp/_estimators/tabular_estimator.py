"""`TabularEstimator`, the base class of `TabularClassifier` and `TabularRegressor`: fit, and the fitted model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from cmlp._data.groups import as_groups
from cmlp._data.input_frame import frame_of_records, is_records
from cmlp._data.row_labels import warn_of_other_order
from cmlp._data.weights import as_weights, weights_of_rows
from cmlp._estimators.attributes import with_feature_names
from cmlp._estimators.available_if import absent
from cmlp._estimators.estimator import Estimator
from cmlp._fit.fitted import Fitted, fitted_of, locked, store_model, trains
from cmlp._model.kinds_of_findings import silenced_by
from cmlp._process.warnings import silencing

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from cmlp._data.array_types import AnyArray, ArrayLike, NDArray
    from cmlp._estimators.network import Network
    from cmlp._model.drift import Drift
    from cmlp._model.findings import Report
    from cmlp._model.model import TableModel
    from cmlp._parameters.options import TableOptions
    from cmlp._tables.calibrate import RowsWithTruth
_BLOCK = 2048  # rows predicted at a time, so that their inputs stay in the cache


class TabularEstimator(Estimator):
    """The base class of `TabularClassifier` and `TabularRegressor`; not for direct use."""

    _input_tags: ClassVar[Mapping[str, bool]] = {
        "allow_nan": True,
        "categorical": True,
        "string": True,
    }
    _several_outputs: ClassVar[bool] = True
    _result: Fitted[TableModel]
    allow_missing_keys: bool
    known: Sequence[str] | None

    partial_fit = absent(
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
            these rows, each predicted by a network that has learned what came before [2]_, if its
            errors are clearly larger than on random rows. With `groups`, the later rows are of new
            groups. See `TabularRegressor.holds_until_`.
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
        cmlp.exceptions.DivergenceError
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
        from cmlp._tables.fit_table import fit_table
        from cmlp._tables.table_call import table_call

        rows, validation = (X, y, sample_weight), (X_val, y_val, sample_weight_val)
        fit_table(
            table_call(self, rows, validation, (groups, groups_val), time=time, resume=resume)
        )
        return self

    def _options(self) -> TableOptions:
        """Return the validated parameters."""
        from cmlp._parameters.options import TableOptions

        return TableOptions.of(self)

    def _required_fit(self) -> Fitted[TableModel]:
        """Return everything that fit has left; raises NotFittedError."""
        result: Fitted[TableModel] | None = fitted_of(self)
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

                with self._silencing():
                    warn_of_differences(model.known_numbers, found, "", model.notices)
        return raw

    def _read(self, model: TableModel, X: ArrayLike) -> NDArray[np.float64]:
        """Return the rows of a user as the model reads them, for a caller that compares them with those of fit."""
        with self._silencing():
            return model.read(self._frame(model, X), type(self).__name__)

    def _silencing(self) -> AbstractContextManager[None]:
        """Return a context in which no warning tells what the user knows."""
        return silencing(silenced_by(self.known))

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
        self, model: TableModel, y: ArrayLike, n_rows: int, row_index: NDArray[np.intp]
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
        with self._silencing():
            warn_of_other_order(X=X, y=y, sample_weight=sample_weight, groups=groups)
            frame = model.columns.select(self._frame(model, X), type(self).__name__, model.notices)
            raw = model.columns.values(frame, model.notices, model.gaps)
            if not len(raw):
                raise ValueError("X has no rows.")
            row_index, weight = rows_that_count(as_weights(sample_weight, len(raw)), len(raw))
            truth = self._truth(model, y, len(raw), row_index)
            known = as_groups(groups, len(raw))
            if known is not None:
                known = known.take(row_index)
                weight = known.equal_weights(weight)
            elif (copies := copies_of(frame, truth, row_index)) is not None:
                warn_of_copies(copies)
                first = different_rows(copies)
                row_index, truth, weight = (
                    row_index[first],
                    truth[first],
                    weights_of_rows(weight, first),
                )
            counted = RowsWithTruth(raw[row_index], truth, weight, known)
            answers = self._answers(model, counted.raw)
            warn_of_rows_and_targets(model, counted.raw, answers, truth, method)
        return counted, answers

    def _rows_to_score(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None
    ) -> tuple[TableModel, NDArray[np.float64], NDArray[np.float64]]:
        """Return the model, the rows of X as it reads them, and its answers."""
        with self._silencing():
            warn_of_other_order(X=X, y=y, sample_weight=sample_weight)
        model = self._trained()
        raw = self._read(model, X)
        return model, raw, self._answers(model, raw)

    def _compare(
        self,
        model: TableModel,
        raw: NDArray[np.float64],
        answers: NDArray[np.float64],
        truth: AnyArray,
        row_index: NDArray[np.intp],
    ) -> None:
        """Warn of rows to score that are not as those of fit, of those that count; `truth` is theirs."""
        from cmlp._model.other_targets import warn_of_rows_and_targets

        with self._silencing():
            warn_of_rows_and_targets(
                model, raw[row_index], answers[row_index], truth, "score", model.notices
            )

    def _calibrate(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None,
        groups: ArrayLike | None,
    ) -> Self:
        """Measure the errors of the fitted model on other rows, for intervals and sets."""
        from cmlp._model.findings_of_scores import with_findings_of_scores
        from cmlp._tables.calibrate import with_measured_errors

        model = self._trained()
        rows, answers = self._rows_with_truth(model, X, y, sample_weight, groups, "calibrate")
        model = with_measured_errors(model, rows, answers)
        store_model(self, with_findings_of_scores(model, silenced_by(self.known)))
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
