"""The method `explain` of the estimators: why a prediction is not the mean one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp.exceptions import named

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from cmlp._model.explanation import Explanation
    from cmlp._model.model import TrainedModel
    from cmlp._model.shapley import Background


class Explaining:
    """A base class of the estimators."""

    n_threads: int | None

    def _trained(self) -> TrainedModel:
        """Return what the fitted estimator consists of."""
        raise NotImplementedError

    def _rows_of(self, model: TrainedModel, X: ArrayLike) -> tuple[NDArray[np.float64], NDArray[Any]]:
        """Return the X of a user as rows of the model, and as the user reads them."""
        raise NotImplementedError

    def explain(
        self,
        X: ArrayLike,
        background: ArrayLike | None = None,
        *,
        exact: bool = False,
        n_evaluations: int | None = None,
        random_state: int | np.random.RandomState | None = 0,
    ) -> Explanation:
        """Return how much each column moves the prediction of each row away from the mean one: Shapley values.

        A column's value is the mean change of the prediction when the column becomes known: when it changes from the
        value in a row of the background to that in the row of X. The mean is over the rows of the background and over
        the orders in which the columns become known. For each row and output, the values add up to the prediction
        (`predict` of a regressor, `predict_proba` of a classifier) minus the mean prediction over the background, to
        rounding. A column that the model does not use has the value 0.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The rows to explain, as for `predict`.
        background : array-like of shape (n_background, n_features) or None, default=None
            At most 64 rows with which X is compared, for example some training rows; all have the same weight. None for
            the training rows that an estimator for tables has kept, because of its parameter `keep_background`.
        exact : bool, default=False
            Whether to enumerate all 2 ** n_features sets of columns, at most 12 columns.
        n_evaluations : int or None, default=None
            The largest number of predictions for each row of X. Each row of the background then has as many pairs of
            permutations as possible, at least 2; a pair takes ``2 * (n_features - 1)`` predictions. None for at least
            192 pairs altogether. If all sets of columns need fewer predictions, they are enumerated, and the values are
            exact.
        random_state : int, RandomState or None, default=0
            Seed or generator of the permutations, as for `fit`. They are the same for all rows of X.

        Returns
        -------
        Explanation
            Values, their standard errors, and names. The values of a row do not depend on the other rows. They have the
            same bits on every machine.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If X or the background is invalid; if there is no background; if `n_evaluations` is not an integer or too
            small; with `exact`, if there are more than 12 columns.

        Notes
        -----
        Permutations come in antithetic pairs: one and its reverse [1]_. The value of a column is computed for each row
        of the background from its own pairs. The standard errors are estimated from the differences between them.

        The background is what "mean" means: with rows of other people as the background, the values say why this person
        differs from them. Changing some columns only can make rows that do not exist, such as a child with a pension.

        References
        ----------
        .. [1] Mitchell, Cooper, Frank, Holmes (2022), "Sampling permutations for Shapley value estimation", JMLR 23.
        .. [2] Štrumbelj, Kononenko (2014), "Explaining prediction models and individual predictions with feature
           contributions", Knowledge and Information Systems 41.

        Examples
        --------
        >>> from cmlp import MLPRegressor
        >>> X, y = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], [0.0, 2.0, 1.0, 3.0]
        >>> model = MLPRegressor(hidden_layer_sizes=(), solver="lbfgs", alpha=0, random_state=0).fit(X, y)
        >>> model.explain([[1.0, 1.0]], background=X).values.round(2)
        array([[1. , 0.5]])
        """
        from cmlp._model.explanation import explanation_of
        from cmlp._model.shapley import chosen_method, game_of
        from cmlp._train.random import random_state as generator_of

        model, rng = self._trained(), generator_of(random_state)
        rows, data = self._rows_of(model, X)
        if not len(rows):
            raise ValueError(f"X must have at least one row, got an array of shape {rows.shape}.")

        def outputs(some: NDArray[np.float64]) -> NDArray[np.float64]:
            return model.predict(some, self.n_threads).astype(np.float64)

        game = game_of(outputs, self._background(model, background))
        method = chosen_method(game, rng, exact=exact, n_evaluations=n_evaluations)
        return explanation_of(model, game, method, rows, data)

    def _background(self, model: TrainedModel, background: ArrayLike | None) -> Background:
        """Return the rows that the user passed, or those of the model."""
        from cmlp._model.shapley import MOST_ROWS, Background

        if background is None:
            if model.background is None:
                remedy = "" if model.encoder is None else f", or fit with keep_background={MOST_ROWS}"
                raise ValueError(
                    f"background must be at most {MOST_ROWS} rows, got None, and this {type(self).__name__} has none: "
                    f"pass some training rows{remedy}."
                )
            return model.background
        with named("background"):
            rows, _ = self._rows_of(model, background)
        if not 0 < len(rows) <= MOST_ROWS:
            raise ValueError(
                f"background must have 1 to {MOST_ROWS} rows, got {len(rows):,}: pass a sample of the rows."
            )
        return Background(rows, np.ones(len(rows)))
