"""The base class of the estimators for tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from cmlp._data.frame_reader import frame_of_records, is_records
from cmlp._estimators.estimator import Estimator
from cmlp._estimators.fitted import FITTED
from cmlp._estimators.tables.calibrating import Calibrating
from cmlp._estimators.tables.table_targets import TableOptions, frame_reader_of
from cmlp._model.model import TrainedModel
from cmlp._model.outside import outside
from cmlp._train import hyperparameters
from cmlp._train.architecture import hidden_sizes
from cmlp._train.hyperparameters import documented
from cmlp._train.other_names import hinting

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from numpy.typing import ArrayLike, NDArray

    from cmlp._estimators.fitted import Fitted
    from cmlp._estimators.network import Network
    from cmlp._estimators.tables.table_targets import TableTargets, UserTargets

_BLOCK = 2048  # rows predicted at a time, so that their inputs stay in the cache


class TabularEstimator(Calibrating, Estimator):
    """The base class of `TabularClassifier` and `TabularRegressor`; not for direct use."""

    _input_tags: ClassVar[Mapping[str, bool]] = {"allow_nan": True, "categorical": True, "string": True}
    _several_outputs: ClassVar[bool] = True
    allow_missing_keys: bool

    @hinting
    @documented("TabularClassifier")  # and the regressor: the same parameters are free on resume
    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None,
        resume: bool = False,
    ) -> Self:
        """Learn the columns, and train the networks on them.

        On Ctrl-C, fit raises KeyboardInterrupt. If each network has completed an epoch, the estimator then has what
        they have learned so far; otherwise it keeps its previous model. ``fit(X, y, resume=True)`` continues, also
        after `max_time`.

        Parameters
        ----------
        X : data frame or array-like of shape (n_samples, n_features)
            Numbers, dates and categories; None, NaN and pandas.NA are missing values. Any data frame whose columns
            NumPy can read (pandas, polars, Arrow), or a stream of Arrow. Data frames are read by column name.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Labels for a classifier, or a 0/1 matrix with a column for each label that a row can have (multilabel).
            Numbers between -1e150 and 1e150 for a regressor, with a column for each target.
        sample_weight : None, float or array-like of shape (n_samples,), default=None
            Weights of the rows, not negative. Everything that is learned from the rows is weighted. Rows of weight 0
            are checked, and then dropped; weights below 1e-30 of the largest count as 0.
        X_val, y_val : default=None
            Validation data, to choose the best epoch of each network. If None, each network holds out another eighth of
            the rows.
        sample_weight_val : None, float or array-like, default=None
            Weights of the validation rows, as `sample_weight`; `class_weight` multiplies them.
        resume : bool, default=False
            Whether to continue a fit on the same data that was interrupted, by Ctrl-C, `max_time` or a callback. The
            result then is bit-identical to a fit without the break. Of the parameters, only these may have changed:
            <free on resume>

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a parameter or an argument is invalid: the message names the column and the row of a bad value. The
            estimator then keeps its former model. With `resume`, also if there is nothing to continue, or the data or
            the parameters have changed.
        cmlp.DivergenceError
            If training diverged.
        """
        from cmlp._estimators.sources import Arrays
        from cmlp._estimators.tables.fit_table import fit_table

        fit_table(self, Arrays(X, y, sample_weight), (X_val, y_val, sample_weight_val), resume=resume)
        return self

    def _parameters(self) -> TableOptions:
        """Return the validated parameters."""
        checked = hyperparameters.TABLE.checked(self._table_owner, self.get_params(deep=False), type(self).__name__)
        checked["hidden_layer_sizes"] = hidden_sizes(checked["hidden_layer_sizes"])
        return TableOptions(**{name: checked[name] for name in TableOptions._fields if name in checked})

    def _targets(
        self, given: UserTargets, val_given: UserTargets, options: TableOptions, previous: TrainedModel | None
    ) -> TableTargets:
        """Encode the targets of training and of validation (y may be None), and choose output layer and loss.

        `previous` is the model that a warm start continues.
        """
        raise NotImplementedError

    def _whole_fit(self) -> Fitted:
        """Return everything that fit has left; raises NotFittedError."""
        fitted: Fitted | None = vars(self).get(FITTED)
        if fitted is None:
            raise self._not_fitted()
        return fitted

    def _trained(self) -> TrainedModel:
        """Return the model that predicts; raises NotFittedError."""
        return self._whole_fit().model

    def _predicted(self, model: TrainedModel, X: ArrayLike) -> NDArray[np.float64]:
        """Return the answers of the model for all rows."""
        return self._answers(model, self._raw(model, X))

    def _raw(self, model: TrainedModel, X: ArrayLike) -> NDArray[np.float64]:
        """Return the rows of a user as the model reads them, at least one."""
        raw = frame_reader_of(model).read(self._frame(model, X), type(self).__name__, model.notices)
        if not len(raw):
            raise ValueError(f"Found array with 0 sample(s) (shape={raw.shape}) while a minimum of 1 is required.")
        return raw

    def _answers(self, model: TrainedModel, raw: NDArray[np.float64]) -> NDArray[np.float64]:
        starts = range(0, len(raw), _BLOCK)
        return np.concatenate([model.predict(raw[start : start + _BLOCK], self.n_threads) for start in starts])

    def _rows_of(self, model: TrainedModel, X: ArrayLike) -> tuple[NDArray[np.float64], NDArray[Any]]:
        return frame_reader_of(model).read_with_entries(self._frame(model, X), type(self).__name__, model.notices)

    def _frame(self, model: TrainedModel, X: Any) -> Any:
        """Return the X of a user, and the columns of records by the names of the model."""
        if not is_records(X):
            return X
        return frame_of_records(X, model.names, type(self).__name__, may_lack_keys=self.allow_missing_keys)

    def outside(self, X: ArrayLike) -> np.ndarray:
        """Return how far each value is outside of what the training rows had.

        Parameters
        ----------
        X : data frame, array-like of shape (n_samples, n_features), dict or list of dict

        Returns
        -------
        ndarray of float64, shape (n_samples, n_features)
            0 inside the range of a column, the distance above the largest number, or minus the distance below the
            smallest one, in days for dates. NaN for a category, or a missing value, that no training row had. The
            columns are in the order of fit. ``(outside(X) != 0).any(axis=1)`` are the rows with something new.

        Examples
        --------
        >>> from cmlp import TabularRegressor
        >>> model = TabularRegressor(random_state=0).fit([[float(x), x % 3] for x in range(40)], range(40))
        >>> model.outside([[20.0, 1], [45.0, 1], [-2.0, 1]])
        array([[ 0.,  0.],
               [ 6.,  0.],
               [-2.,  0.]])
        """
        model = self._trained()
        return outside(model, self._raw(model, X))

    @property
    def n_features_in_(self) -> int:
        """Number of columns of X in fit."""
        return self._trained().n_inputs

    @property
    def feature_names_in_(self) -> NDArray[Any]:
        """Column names of the data frame in fit; if not all are text, the attribute does not exist."""
        names = self._trained().feature_names
        if names is None:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute 'feature_names_in_'")
        return names

    @property
    def column_types_(self) -> dict[Any, str]:
        """What each column holds: names, or numbers of columns without names, and words such as "number"."""
        model = self._trained()
        encoder = model.encoder
        assert encoder is not None
        held = encoder.column_types or ["number" if known is None else "category" for known in encoder.categories]
        return dict(zip(model.names or range(len(held)), held, strict=True))

    @property
    def categories_(self) -> dict[Any, list[Any]]:
        """The categories of each column that has some: from the most frequent one on, or in their order if ordered."""
        model = self._trained()
        assert model.encoder is not None
        categories = model.encoder.categories
        names = model.names or range(len(categories))
        return {name: list(known) for name, known in zip(names, categories, strict=True) if known is not None}

    @property
    def estimators_(self) -> list[Network]:
        """The networks: they share the parameters of the model, and their inputs are encoded rows."""
        from cmlp._estimators.network import Network

        return [Network._assembled(net, params, 1.0, self.n_threads) for net, params in self._trained().networks]

    @property
    def history_(self) -> dict[str, list[float]]:
        """The curves of all networks: a list for each of "network", "epoch", "loss" and "validation_loss"."""
        table: dict[str, list[float]] = {"network": [], "epoch": []}
        for number, curves in enumerate(self._whole_fit().history):
            n_epochs = len(curves["loss"])
            table["network"] += [number] * n_epochs
            table["epoch"] += range(1, n_epochs + 1)
            for name, curve in curves.items():
                table.setdefault(name, []).extend(curve)
        return table

    @property
    def feature_importances_(self) -> NDArray[np.float64]:
        """Mean absolute Shapley value of each column over the training rows that `keep_background` has kept.

        The mean is also over the outputs, in their unit. Each access computes the values, as `explain` does.
        """
        model, name = self._trained(), type(self).__name__
        if model.background is None:
            raise AttributeError(
                f"This {name} has no feature_importances_, because it has kept no training rows: fit with "
                f"keep_background=64, or take the mean of the absolute values that explain returns."
            )
        from cmlp._model.explanation import importances

        return importances(model, self.n_threads)

    @property
    def warning_counts_(self) -> dict[str, int]:
        """How often each warning about rows to predict was due since `fit`; each is issued once, and then counted."""
        return dict(self._trained().notices.counts)
