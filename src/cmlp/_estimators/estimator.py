"""`Estimator`: what all estimators have in common. Parameters and explanations, saving and pickling."""

from __future__ import annotations

import functools
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from cmlp._bridge.blocks import PICKLE_VERSION, check_version
from cmlp._data.scale import InputScale
from cmlp._estimators.exports import ExportMethods
from cmlp._estimators.sklearn_stub import SklearnStub
from cmlp._fit.fitted import (
    FITS,
    RESULT,
    Fitted,
    attributes_to_copy,
    frozen_copy,
    run_locked,
)
from cmlp._parameters.name_hints import name_hint
from cmlp.exceptions import InvalidParameterError, NotFittedError, naming, shown, sklearn_class

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence
    from inspect import Parameter

    from cmlp._data.array_types import AnyArray, ArrayLike, NDArray
    from cmlp._data.disk import Produce
    from cmlp._estimators.fit_view import FitView
    from cmlp._model.explanation import Explanation
    from cmlp._model.model import TrainedModel
    from cmlp._model.summary import Background
    from cmlp._train.training import Training


@functools.cache
def _constructor(cls: type) -> Mapping[str, Parameter]:
    """Return the parameters of a class's constructor; if it takes ``**keywords``, also those of the parent's."""
    import inspect  # imported here because it takes 10 ms, and only get_params and repr need it

    own = inspect.signature(cls).parameters
    named = {name: p for name, p in own.items() if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)}
    if len(named) == len(own) or not any(p.kind == p.VAR_KEYWORD for p in own.values()):
        return named
    _, parent = [base for base in cls.__mro__ if "__init__" in vars(base)][:2]
    return named if parent is object else {**_constructor(parent), **named}


class Estimator(SklearnStub, ExportMethods):
    """The base class of all estimators. The constructor only stores its parameters, as in scikit-learn."""

    _estimator_type: ClassVar[str]  # also for tools written before scikit-learn had estimator tags
    _parameter_owner: ClassVar[str]  # the parameters' owner in the table of hyperparameters
    _input_tags: ClassVar[Mapping[str, bool]]  # scikit-learn's tags of X
    _several_outputs: ClassVar[bool]  # whether y can have several columns

    _result: Fitted[TrainedModel]  # exists after fit
    n_threads: int | None
    random_state: int | np.random.RandomState | None

    def _options(self) -> Any:
        """Return the validated parameters."""
        raise NotImplementedError

    def _rows_of(self, model: Any, X: ArrayLike) -> tuple[NDArray[np.float64], AnyArray]:
        """Return the X of a user as rows of the model, and as the user reads them."""
        raise NotImplementedError

    def _extra_callbacks(
        self, X: Any, y: Any, sample_weight: Any
    ) -> AbstractContextManager[Sequence[Any]]:
        """Return a context manager for a fit, with callbacks besides those of the user.

        A subclass in `cmlp.sklearn` has some. A fit of a table has none.
        """
        return nullcontext(())

    def _trainer(
        self,
        trainings: Sequence[Training],
        n_threads: int | None,
        snapshot: Callable[[], Any],
        *,
        is_of_table: bool,
    ) -> FitView:
        """Return the trainer of some of the networks of a fit, which its callbacks get."""
        # Few programs need them.
        from cmlp._estimators.fit_view import FitView
        from cmlp._estimators.network import Network

        networks = [
            Network._assembled(each.net, each.state.params, each.data.input_scale, n_threads)
            for each in trainings
        ]
        return FitView(networks, trainings, snapshot, is_of_table=is_of_table)

    # Parameters: get_params, set_params and repr

    def _parameters(self) -> dict[str, Any]:
        """Return the parameters of the public class that this is, or from which it is derived.

        The constructor of a subclass may have others: what it passes on, or sets as attributes, counts.
        """
        from cmlp._parameters.entries import PARAMETERS  # programs load and predict without it

        names, own = PARAMETERS.names(self._parameter_owner), vars(self)
        try:
            return {name: own[name] if name in own else getattr(self, name) for name in names}
        except AttributeError as error:
            raise AttributeError(
                f"{error}: the constructor of this class must call super().__init__()."
            ) from None

    @classmethod
    def _get_param_names(cls: type) -> list[str]:
        return sorted(_constructor(cls))

    @classmethod
    def from_preset(cls, name: str, **overrides: object) -> Self:
        """Return an estimator with the parameters of a preset.

        All parameters are explicit: ``get_params`` returns them, and ``set_params`` can change
        them.

        Parameters
        ----------
        name : {"3b1b", "fast"}
            The name of the preset. Both are for images of 28 x 28 bytes and set
            ``input_scale=1/255``. "3b1b" uses plain gradient descent, as in the video series by
            3Blue1Brown. "fast" needs fewer epochs: it uses Adam with a one-cycle learning rate.
        **overrides
            Parameters of the constructor that replace those of the preset.

        Returns
        -------
        Self

        Raises
        ------
        ValueError
            If there is no preset of this name for this kind of estimator.

        Examples
        --------
        >>> from cmlp import MLPClassifier
        >>> model = MLPClassifier.from_preset("3b1b", random_state=1)
        >>> model.hidden_layer_sizes, model.activation
        ((16, 16), 'logistic')
        """
        from cmlp._estimators.presets import PRESETS

        if cls._parameter_owner != "MLPClassifier":
            names = ", ".join(PRESETS)
            raise ValueError(
                f"There are no presets for {cls.__name__}: all of them ({names}) are for "
                "MLPClassifier."
            )
        if name not in PRESETS:
            presets = ", ".join(map(repr, PRESETS))
            raise InvalidParameterError(
                f"name must be one of the presets {presets}, got {shown(name)}.",
                parameter="name",
                value=name,
            )
        return cls(**{**PRESETS[name], **overrides})

    def get_params(self, deep: bool = True) -> dict[str, Any]:  # each has a type of its own
        """Return the parameters of the constructor.

        Parameters
        ----------
        deep : bool, default=True
            Ignored; present for scikit-learn compatibility. No parameter has parameters itself.

        Returns
        -------
        dict of str to object
        """
        return {name: getattr(self, name) for name in self._get_param_names()}

    def set_params(self, **params: object) -> Self:
        """Change parameters; the next fit validates them.

        Parameters
        ----------
        **params
            Parameters of the constructor.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a name is unknown; no parameter is changed then.
        """
        names = self._get_param_names()
        for name in params:
            if name not in names:
                problem = (
                    f"Invalid parameter {name!r} for estimator {self}. Valid parameters are: "
                    f"{names!r}."
                )
                raise ValueError(
                    f"{problem} {name_hint(name, dict(zip(names, names, strict=True)))}".rstrip()
                )
        for name, value in params.items():
            setattr(self, name, value)
        return self

    def _is_default(self, name: str) -> bool:
        # The constructor of a subclass may not have this parameter: use the first class whose
        # constructor has it.
        owner = next(cls for cls in type(self).__mro__ if name in _constructor(cls))
        value, default = getattr(self, name), _constructor(owner)[name].default
        return value is default or (type(value) is type(default) and value == default)

    def _not_fitted(self) -> Exception:
        return sklearn_class(NotFittedError)(
            f"This {type(self).__name__} instance is not fitted yet. Call 'fit' with appropriate "
            "arguments before using this estimator."
        )

    def __sklearn_tags__(self) -> Any:
        from sklearn import utils  # type: ignore[import-untyped]

        classifies, several = self._estimator_type == "classifier", self._several_outputs
        return utils.Tags(
            estimator_type=self._estimator_type,
            target_tags=utils.TargetTags(required=True, multi_output=several and not classifies),
            classifier_tags=utils.ClassifierTags(multi_label=several) if classifies else None,
            regressor_tags=None if classifies else utils.RegressorTags(),
            input_tags=utils.InputTags(**self._input_tags),
        )

    def __repr__(self) -> str:
        import textwrap

        shown = [
            f"{name}={getattr(self, name)!r}"
            for name in self._get_param_names()
            if not self._is_default(name)
        ]
        head = f"{type(self).__name__}("
        return textwrap.fill(
            f"{head}{', '.join(shown)})",
            width=79,
            subsequent_indent=" " * len(head),
            break_long_words=False,
            break_on_hyphens=False,
        )

    # The fitted estimator

    def __sklearn_is_fitted__(self) -> bool:
        return RESULT in vars(self)

    def __getstate__(self) -> dict[str, object]:
        kept = attributes_to_copy(self)
        if isinstance(kept.get("input_scale"), InputScale):
            kept["input_scale"] = {"vectors": tuple(kept["input_scale"])}
        if kept.keys() & FITS:
            from cmlp._estimators.pickling import pickled

            kept |= {name: pickled(kept[name]) for name in FITS if name in kept}
        return {"version": PICKLE_VERSION, **kept}

    def __setstate__(self, fields: dict[str, Any]) -> None:
        check_version(fields, type(self).__name__)
        from cmlp._parameters.entries import PARAMETERS

        # A pickle of an earlier version lacks the parameters that are newer.
        kept = {**PARAMETERS.defaults(self._parameter_owner), **fields}
        del kept["version"]
        if isinstance(kept.get("input_scale"), dict):
            kept["input_scale"] = InputScale(*kept["input_scale"]["vectors"])
        if kept.keys() & FITS:
            from cmlp._estimators.pickling import unpickled

            kept |= {name: unpickled(kept[name]) for name in FITS if name in kept}
        run_locked(self, vars(self).update, kept)

    def save(
        self,
        path: str | os.PathLike[str],
        *,
        include_training_state: bool = False,
        include_provenance: bool | None = None,
    ) -> None:
        """Write the fitted estimator to a model file, which `cmlp.load` and the C library can read.

        Saving is atomic: if it fails, an existing file stays unchanged. The file contains the
        network, the parameters of the constructor, the classes and the feature names, but no
        training data. The file of an estimator for tables contains all networks, the encoding of
        the columns and the range of the targets. Of the data it contains the categories and 32 values
        of each column that the networks use, and the sorted errors; with `keep_background`, also
        these training rows. It has no history.

        Parameters
        ----------
        path : str or path-like
        include_training_state : bool, default=False
            Whether to store the optimizer state and the curves too, so that `partial_fit` and
            ``fit(resume=True)`` on the loaded model give the same results as on the original one.
            With Adam, this makes the file three times as large, and the rows that
            `early_stopping` holds out take 8 bytes each. The parameter `callbacks` is not stored,
            and neither are initial weights in `initialization`: the loaded estimator has the
            defaults of both. Not for tables: pickle them instead.
        include_provenance : bool or None, default=None
            Whether to store what `cmlp.verify` needs to train the model again. None means if fit
            has recorded it, with ``provenance=True``.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        OSError
            If the file cannot be written.
        TypeError
            If a parameter (for example a RandomState or a function), the labels or column names
            (for example dates) or a category (for example a Decimal) cannot be stored exactly, or
            if this is an instance of a subclass.
        ValueError
            If a weight is NaN or infinite, a parameter is invalid, a table has more than 1,024
            networks, `path` exists and is not a regular file, or ``include_provenance=True`` asks
            for what fit has not recorded.
        """
        from cmlp._data.disk import write_atomically

        write_atomically(path, self._file(include_training_state, include_provenance))

    def to_bytes(
        self, *, include_training_state: bool = False, include_provenance: bool | None = None
    ) -> bytes:
        """Return the content of the model file that `save` writes, which `cmlp.load` takes too.

        Parameters
        ----------
        include_training_state : bool, default=False
        include_provenance : bool or None, default=None
            As of `save`.

        Returns
        -------
        bytes

        Raises
        ------
        NotFittedError, TypeError, ValueError
            As `save`.
        """
        from cmlp._model.file import bytes_of

        return bytes_of(self._file(include_training_state, include_provenance))

    def _file(self, include_training_state: bool, include_provenance: bool | None) -> Produce:
        """Return the function that gives the bytes of the model file."""
        from cmlp._estimators.stored_training import dump_training
        from cmlp._model.file import model_file, require_own_class
        from cmlp._model.formats import require

        require_own_class(self)
        now = frozen_copy(self)
        model = now._trained()
        now._options()  # raises ValueError for parameters with which a file could not be loaded
        require(model, "save")
        parameters = {**now._parameters(), "callbacks": None}  # they belong to this process
        strings, arrays = dump_training(
            now._result,
            include_training_state=include_training_state,
            include_provenance=include_provenance,
        )
        return model_file(model, parameters, strings, arrays)

    def to_sklearn(self) -> Any:  # of scikit-learn, which is optional
        """Return the fitted estimator as one of scikit-learn.

        Needs scikit-learn. Neither the result nor programs that load it need cmlp.

        Returns
        -------
        sklearn.neural_network.MLPClassifier or sklearn.neural_network.MLPRegressor
            A fitted estimator with copies of the weights in their dtype, and the same classes,
            feature names, curves and counters. Its predictions agree up to rounding. If
            `input_scale` is not 1, it becomes a part of the first layer, and all weights are
            float64. It has the parameters that scikit-learn has too; a value that only cmlp
            accepts, for example ``learning_rate="one_cycle"``, becomes scikit-learn's default. The
            state of the optimizer is not converted, so its `partial_fit` starts with a new
            optimizer.

        Raises
        ------
        ImportError
            If scikit-learn is not installed.
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If scikit-learn cannot compute the same predictions: hidden layers with different
            activations, or another one than identity, logistic, tanh and relu; a loss that
            scikit-learn does not have; an estimator for tables, which is more than one network. The
            message names all of them. Also if a weight is NaN or infinite, or a shift of
            `input_scale` is so large beside its factor that the weights cannot contain it, even in
            float64: subtract a constant from the column before fit.

        See Also
        --------
        cmlp.from_sklearn : The opposite direction.

        Examples
        --------
        >>> from cmlp import MLPRegressor
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [1.0, 3.0, 5.0, 7.0]
        >>> model = MLPRegressor(hidden_layer_sizes=(8,), learning_rate_init=0.1, tol=0.01, random_state=1).fit(X, y)
        >>> abs(model.to_sklearn().predict(X) - model.predict(X)).max() < 1e-12  # doctest: +SKIP
        True
        """
        from cmlp._export.sklearn import to_sklearn

        now = frozen_copy(self)
        model = now._trained()
        result: Any = now._result  # to_sklearn refuses a table before it uses the state
        return to_sklearn(model, now._parameters(), result.state if result.states else None)

    def explain(
        self,
        X: ArrayLike,
        background: ArrayLike | None = None,
        *,
        exact: bool = False,
        n_evaluations: int | None = None,
        random_state: int | np.random.RandomState | None = 0,
        verbose: bool = False,
    ) -> Explanation:
        """Return how much each column moves the prediction of each row away from the mean one: Shapley values.

        A column's value is the mean change of the prediction when the column becomes known: when it
        changes from the value in a row of the background to that in the row of X. The mean is over
        the rows of the background and over the orders in which the columns become known. For each
        row and output, the values add up to the prediction (`predict` of a regressor,
        `predict_proba` of a classifier) minus the mean prediction over the background, to rounding.
        A column that the model does not use has the value 0.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The rows to explain, as for `predict`.
        background : array-like of shape (n_background, n_features) or None, default=None
            At most 64 rows with which X is compared, for example some training rows; all have the
            same weight. None for the training rows that an estimator for tables has kept, because
            of its parameter `keep_background`.
        exact : bool, default=False
            Whether to enumerate all 2 ** n_features sets of columns, at most 12 columns.
        n_evaluations : int or None, default=None
            The largest number of predictions for each row of X, at least ``2 * n_features``. A pair
            of permutations takes ``2 * (n_features - 1)`` predictions. None for at least 192 pairs
            altogether, and 2 for each row of the background. If there are fewer pairs than 2 for
            each of these rows, the pairs are those of rows drawn at random. If all sets of columns
            need fewer predictions, they are enumerated, and the values are exact.
        random_state : int, RandomState or None, default=0
            Seed or generator of the permutations, as for `fit`. They are the same for all rows of
            X.
        verbose : bool, default=False
            Whether to show a progress bar over the rows (needs tqdm).

        Returns
        -------
        Explanation
            Values, their standard errors, and names. The values of a row do not depend on the other
            rows. They have the same bits on every machine, for any number of threads.

        Raises
        ------
        ImportError
            With `verbose`, if tqdm is not installed.
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If X or the background is invalid; if there is no background; if `n_evaluations` is not
            an integer or too small; with `exact`, if there are more than 12 columns.

        Notes
        -----
        Permutations come in antithetic pairs: one and its reverse [1]_. The value of a column is computed for each row
        of the background from its own pairs. The standard errors are estimated from the differences between them. With
        fewer pairs than 2 for each row, they are estimated from the differences between all pairs; what the drawn rows
        differ from the background in the mean prediction is divided among the columns in proportion to the variances of
        their values. These errors are rather too large, the more so the more of the background is drawn. A single pair
        has no standard errors: they are NaN.

        The background is what "mean" means: with rows of other people as the background, the values
        say why this person differs from them. Changing some columns only can make rows that do not
        exist, such as a child with a pension.

        References
        ----------
        .. [1] Mitchell, Cooper, Frank, Holmes (2022), "Sampling permutations for Shapley value
            estimation", JMLR 23.
        .. [2] Štrumbelj, Kononenko (2014), "Explaining prediction models and individual predictions
            with feature contributions", Knowledge and Information Systems 41.

        Examples
        --------
        >>> from cmlp import MLPRegressor
        >>> X, y = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], [0.0, 2.0, 1.0, 3.0]
        >>> model = MLPRegressor(hidden_layer_sizes=(), solver="lbfgs", alpha=0, random_state=0).fit(X, y)
        >>> model.explain([[1.0, 1.0]], background=X).values.round(2)
        array([[1. , 0.5]])
        """
        from cmlp._model.explanation import explain
        from cmlp._train.random import checked_generator

        model = self._trained()
        rng = checked_generator(random_state)
        rows, data = self._rows_of(model, X)
        return explain(
            model,
            rows,
            data,
            self._background(model, background),
            rng,
            exact=exact,
            n_evaluations=n_evaluations,
            n_threads=self.n_threads,
            verbose=verbose,
        )

    def _background(self, model: TrainedModel, background: ArrayLike | None) -> Background:
        """Return the rows that the user passed, or those of the model."""
        from cmlp._model.model import TableModel
        from cmlp._model.summary import MOST_BACKGROUND, Background

        if background is None:
            is_table = isinstance(model, TableModel)
            kept = model.background if isinstance(model, TableModel) else None
            if kept is None:
                remedy = f", or fit with keep_background={MOST_BACKGROUND}" if is_table else ""
                raise ValueError(
                    f"background must be given, because this {type(self).__name__} has none: pass "
                    f"up to {MOST_BACKGROUND} training rows{remedy}."
                )
            return kept
        with naming("background"):
            rows, _ = self._rows_of(model, background)
        if not 0 < len(rows) <= MOST_BACKGROUND:
            raise ValueError(
                f"background must have 1 to {MOST_BACKGROUND} rows, got {len(rows):,}: pass a "
                "sample of the rows."
            )
        return Background(rows, np.ones(len(rows)))
