"""`TabularClassifier` and `TabularRegressor`: their parameters and documentation are in parameters/tabular.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, overload

import numpy as np

from cmlp._data.arrays import read_once, targets_in_range
from cmlp._data.checks import as_quantile_targets, as_targets
from cmlp._data.input_frame import frame_of
from cmlp._data.labels import Labels, kind_of_labels
from cmlp._data.losses import traits_of
from cmlp._data.weights import as_weights
from cmlp._estimators.attributes import with_classes
from cmlp._estimators.available_if import absent, available_if
from cmlp._estimators.parameters import tabular as parameters
from cmlp._estimators.tabular_estimator import TabularEstimator
from cmlp._fit.fitted import Fitted, fitted_of, frozen_copy, locked, store_model
from cmlp._model.kinds_of_findings import COVERAGE, silenced_by
from cmlp._process.warnings import warn
from cmlp.exceptions import InvalidParameterError, shown

if TYPE_CHECKING:
    from datetime import date, timedelta

    from cmlp._data.array_types import AnyArray, ArrayLike, NDArray
    from cmlp._model.model import TableModel
    from cmlp._model.probabilities import HeldOutScores
    from cmlp._model.results import Certification
    from cmlp._model.summary import Found


_SHARE_WITHIN_STD = 0.6827  # of normally distributed numbers


def _not_multilabel(estimator: TabularClassifier | None) -> str:
    """Return why a classifier has no `decision_function`: its rows have one label."""
    result = None if estimator is None else fitted_of(estimator)
    labels = None if result is None else result.model.labels
    if labels is not None and labels.kind == "multilabel":
        return ""
    return (
        "{owner!r} object has no attribute {name!r}, unless it is fitted for multilabel targets: "
        "use predict_proba."
    )


class TabularClassifier(parameters.TabularClassifier, TabularEstimator):
    __doc__ = parameters.TabularClassifier.__doc__
    __module__ = "cmlp"

    _estimator_type: ClassVar[str] = "classifier"
    _parameter_owner: ClassVar[str] = "TabularClassifier"

    predict_interval = absent("predict_set")

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
        from cmlp._model.findings_of_scores import with_findings_of_scores
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
            model = with_findings_of_scores(model, silenced_by(self.known))
            self._result = result._replace(model=model, held_out=held)
        else:
            rows, _ = self._rows_with_truth(model, X, y, sample_weight, groups, "calibrate")
            model, found = with_probabilities_by_rows(model, rows, self._answers)
            model = with_findings_of_scores(model, silenced_by(self.known))
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
        self, result: Fitted[TableModel], y: object, sample_weight: object, groups: object
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

    @available_if(_not_multilabel)
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

    def predict_set(
        self, X: ArrayLike, coverage: float = COVERAGE, *, by_class: bool = False
    ) -> np.ndarray:
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
        that of all rows together; it can be smaller for a class, and a rare class can be in no set
        at all, of which a warning says so once.

        With ``by_class=True`` the coverage is that of the rows of each class [2]_: q is found for
        each class among the rows of this class alone. Sets are then larger on average. With groups,
        each group counts once in each of its classes.

        Parameters
        ----------
        X : data frame, array-like of shape (n_samples, n_features), dict or list of dict
        coverage : float, default=0.9
            Above 0 and below 1.
        by_class : bool, default=False
            Whether the coverage holds for the rows of each class, instead of for all rows together.

        Returns
        -------
        ndarray of bool, shape (n_samples, n_classes)
            Whether each class of `classes_` is in the set. If there are too few rows, or too few
            groups, all are, and a warning says so: 0.9 needs 9, 0.99 needs 99; by class, each class
            needs them, and one with too few is in every set. For multilabel targets, each label has
            a set of its own, of the answers no and yes: the shape is (n_samples, n_classes, 2), and
            the coverage is that of each label, not of all together; by class, of each answer.
            Another warning names columns of which rows are clearly outside the training range, see
            `outside`.

        Raises
        ------
        ValueError
            If `coverage` is invalid, or if `fit` held out no rows and `calibrate` was
            not called, or with ``by_class=True`` if the model is from a file without scores by
            class.

        See Also
        --------
        calibrate : Measure the errors on rows that fit has not seen.

        References
        ----------
        .. [1] Sadinle, Lei, Wasserman (2019), "Least ambiguous set-valued classifiers with bounded
            error levels", Journal of the American Statistical Association.
        .. [2] Vovk (2012), "Conditional validity of inductive conformal predictors", ACML.

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
        from cmlp._model.findings_of_scores import warn_of_uncovered
        from cmlp._model.outside import warn_outside
        from cmlp._tables.calibrate import require_classes, required_calibration

        model = self._trained()
        calibration = required_calibration(model, coverage, "predict_set", type(self).__name__)
        if by_class:
            require_classes(calibration, type(self).__name__)
        labels = model.class_labels
        raw = self._read(model, X)
        with self._silencing():
            warn_outside(model, raw, "sets")
            if not by_class:
                warn_of_uncovered(calibration, coverage, labels, model.notices)
        return calibration.sets(self._answers(model, raw), coverage, labels, by_class=by_class)

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
        self, model: TableModel, y: ArrayLike, n_rows: int, row_index: NDArray[np.intp]
    ) -> AnyArray:
        labels = model.class_labels
        y = as_targets(y, n_rows, type(self).__name__, labels=True)
        kind_of_labels(y)  # raises an error for rows of weight 0 too
        truth = labels.encode(y[row_index])
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

        now, owner = frozen_copy(self), type(self).__name__
        weight = read_once(sample_weight, "sample_weight")
        model, raw, answers = now._rows_to_score(X, y, weight)
        labels = model.class_labels
        truth = as_targets(y, len(raw), owner, labels=True, warn_of_column=False)
        found = accuracy_of_labels(model.labels_of(answers), truth, weight, labels, owner)
        row_index, _ = rows_that_count(as_weights(weight, len(raw)), len(raw))
        if labels.kind == "multilabel" or np.isin(truth[row_index], labels.classes).all():
            now._compare(
                model, raw, answers, now._truth(model, truth, len(raw), row_index), row_index
            )
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


class TabularRegressor(parameters.TabularRegressor, TabularEstimator):
    __doc__ = parameters.TabularRegressor.__doc__
    __module__ = "cmlp"

    _estimator_type: ClassVar[str] = "regressor"
    _parameter_owner: ClassVar[str] = "TabularRegressor"

    predict_set = absent("predict_interval")

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

        Its distance from the last row of fit is the median of how far the later parts reached, on
        which errors were measured. There is no guarantee: on later parts of 31 tables, intervals of
        0.9 covered 0.89 on average and 0.44 on the worst part, and more soon after the last row than
        at the end. After `calibrate`, there is no such time.
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

    def predict_interval(self, X: ArrayLike, coverage: float = COVERAGE) -> np.ndarray:
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
        what came before: of the errors of the same rank, the largest of three parts counts, unless
        the errors are hardly larger than on rows that these networks held out.

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
        with self._silencing():
            warn_outside(model, raw, "intervals")
        lowest = traits_of(model.net.loss).lowest_target
        return calibration.intervals(self._answers(model, raw), coverage, lowest)

    def _truth(
        self, model: TableModel, y: ArrayLike, n_rows: int, row_index: NDArray[np.intp]
    ) -> AnyArray:
        return targets_in_range(self._numbers(model, y, n_rows)[row_index], model.net.loss)

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

        model, raw, answers = self._rows_to_score(X, y, sample_weight)
        require_rows(answers)
        predicted = answers[:, 0] if answers.shape[1] == 1 else answers
        truth = self._numbers(model, y, len(predicted))
        weight = as_weights(sample_weight, len(predicted))
        row_index, _ = rows_that_count(weight, len(predicted))
        self._compare(model, raw, answers, truth[row_index], row_index)
        quantiles = model.net.loss_parameter
        if isinstance(quantiles, tuple):
            return d2_pinball(
                as_quantile_targets(truth, len(quantiles)), predicted, quantiles, weight
            )
        return r_squared(truth, predicted, weight)
