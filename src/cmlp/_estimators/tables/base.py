"""The base class of the estimators for tables."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from cmlp import _core
from cmlp._data.pickles import PICKLE_VERSION, check_version
from cmlp._data.schema import Frame, Schema, frame_of, learn_schema
from cmlp._data.weights import as_weights
from cmlp._estimators.exclusive import Exclusively
from cmlp._estimators.explaining import Explaining
from cmlp._estimators.exports import EstimatorExports
from cmlp._estimators.fitted import FITTED, INTERRUPTED, Fitted, attributes_to_copy, with_fitted
from cmlp._estimators.parameters import Parametrized
from cmlp._estimators.pickling import plain, restored
from cmlp._estimators.sklearn_stub import SklearnStub
from cmlp._estimators.tables.bag import Bag, BagOptions, curves_of, networks_of, train_members, warn_if_useless
from cmlp._estimators.tables.calibrating import Calibrating, held_out_scores, measured_on_held_out
from cmlp._estimators.tables.encoder import learn_encoder
from cmlp._estimators.tables.resuming import BagTrainer, digest_of, kept_state, states_to_resume
from cmlp._estimators.tables.targets import TableTargets, UserTargets, rows_of, signal_of
from cmlp._model.model import TrainedModel
from cmlp._model.outside import outside
from cmlp._model.probabilities import fitted_networks
from cmlp._model.shapley import kept_rows
from cmlp._model.summary import Summary, values_at_ranks
from cmlp._process.signals import undeferred
from cmlp._train import hyperparameters
from cmlp._train.architecture import hidden_sizes
from cmlp._train.hyperparameters import documented
from cmlp._train.job import named_validation, require_complete
from cmlp._train.observer import Deadline, Reporter, callbacks_of
from cmlp._train.other_names import hinting
from cmlp._train.random import random_state

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Self

    from numpy.typing import ArrayLike, NDArray

    from cmlp._estimators.network import Network
    from cmlp._estimators.record import Recorded
    from cmlp._train.loop import EpochLoop
    from cmlp._train.observer import Observer

_BLOCK = 2048  # rows predicted at a time, so that their inputs stay in the cache
_FEWEST_ROWS = 2  # that fit accepts


class TabularEstimator(Calibrating, SklearnStub, Parametrized, Explaining, EstimatorExports):
    """The base class of `TabularClassifier` and `TabularRegressor`; not for direct use."""

    _input_tags: ClassVar[Mapping[str, bool]] = {"allow_nan": True, "categorical": True, "string": True}
    _several_outputs: ClassVar[bool] = True
    _fitted: Fitted  # exists after fit

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
        with Exclusively(self):
            with undeferred():
                owner, parameters = type(self).__name__, self._parameters()
                deadline = Deadline(parameters["max_time"])
                if parameters["provenance"]:
                    from cmlp._estimators.record import seed_of  # few programs need it

                    parameters["random_state"] = seed_of(parameters)
                frame = frame_of(X, owner)
                has_validation = require_complete(X_val, y_val, sample_weight_val)
                if has_validation and not parameters["early_stopping"]:
                    raise ValueError("early_stopping=False uses no validation data: leave out X_val and y_val.")
                validation = _validation_frame(X_val, owner) if has_validation else None
                _require_rows(frame, owner)
                train = UserTargets(y, frame.n_rows, as_weights(sample_weight, frame.n_rows))
                with named_validation():
                    n_val = 0 if validation is None else validation.n_rows
                    val = UserTargets(y_val, n_val, as_weights(sample_weight_val, n_val))
                known = vars(self)[FITTED].model if parameters["warm_start"] and FITTED in vars(self) else None
                targets = self._targets(train, val, parameters, known)
                if len(targets.rows) < _FEWEST_ROWS:
                    raise ValueError(
                        f"sample_weight must be positive for at least {_FEWEST_ROWS} rows, got {len(targets.rows)} "
                        "(weights below 1e-30 of the largest count as 0, and class_weight multiplies them)."
                    )
                categorical = self.categorical_features  # type: ignore[attr-defined]
                learned = targets.rows, targets.weight
                schema = _schema_of(known) if known else learn_schema(frame, categorical, owner, *learned)
                rows, n_threads = rows_of(schema, frame, validation, targets, owner), parameters["n_threads"]
                raw = rows.raw[: len(targets.rows)]
                encoder = known.encoder if known else learn_encoder(raw, schema, signal_of(targets), n_threads)
                options = BagOptions(*(parameters[name] for name in BagOptions._fields))
                bag = Bag(rows, targets.task, targets.shape, encoder, _generator(parameters["random_state"]), options)
                kept, earlier = states_to_resume(self, digest_of(schema, bag, targets)) if resume else (None, None)
                runs = bag.runs(parameters["n_estimators"], kept, fitted_networks(known) if known else None)
                recorded: Recorded = lambda: None  # noqa: E731
                if parameters["provenance"] and (earlier is not None or not resume):
                    from cmlp._estimators.record import record_of_table

                    seed = parameters["random_state"]
                    recorded = record_of_table(self, runs, bag, schema.names, targets.labels, seed, earlier)
            run = partial(self._train, runs, schema, bag, targets, parameters, deadline, recorded)
            self._observed((X, y, sample_weight), run)
        return self

    def _train(
        self,
        runs: list[EpochLoop],
        schema: Schema,
        bag: Bag,
        targets: TableTargets,
        parameters: dict[str, Any],
        deadline: Deadline,
        recorded: Recorded,
        observers: Sequence[Observer] = (),
    ) -> None:
        """Train the networks, and store what they have learned, and the states of what is not complete.

        Each network has an observer, or none has.
        """
        raw, weight, labels, target = bag.rows.raw[: bag.n_rows], bag.rows.weight, targets.labels, targets.target
        background = kept_rows(raw, weight, parameters["keep_background"])
        values = values_at_ranks(raw, None if weight is None else weight[: len(raw)])
        for run, observer in zip(runs, observers, strict=bool(observers)):
            observer.state, observer.recorded = run.state, recorded
            run.observers.append(observer)

        def fitted(state: Any = None) -> Fitted:
            networks = networks_of(runs)
            calibration, accuracy = measured_on_held_out(bag, runs, networks, targets.truth, target)
            model = TrainedModel(
                self._estimator_type,
                networks,
                labels=labels,
                names=schema.names,
                encoder=bag.encoder,
                target=target,
                calibration=calibration,
                background=background,
                summary=Summary(values, accuracy),
            )
            held_out = None if labels is None else held_out_scores(bag, runs, networks, targets.truth)
            return Fitted(model, tuple(map(curves_of, runs)), state, recorded(), held_out=held_out)

        callbacks = callbacks_of(parameters["callbacks"], parameters["verbose"])
        follower = Reporter(BagTrainer(runs, lambda: with_fitted(self, fitted())), callbacks) if callbacks else None
        if follower is not None and follower.intervals:
            raise ValueError(
                f"every_batches of a callback must be None for {type(self).__name__}, which calls callbacks after "
                f"epochs of all networks, got {min(follower.intervals)}."
            )
        digest = digest_of(schema, bag, targets)
        try:
            lines = parameters["verbose"] not in (False, "bar")
            with undeferred():  # signals end the threads, each of which stops at a safe point
                train_members(runs, parameters["n_threads"], deadline, verbose=lines, follower=follower)
            self._keep(fitted(kept_state(self, runs, digest)))
            if not parameters["warm_start"]:
                warn_if_useless(bag, runs, None if labels is None else labels.classes)
        except KeyboardInterrupt:
            kept = fitted(kept_state(self, runs, digest))
            if all(training.state.epoch for training in runs):
                self._keep(kept)
            else:
                vars(self)[INTERRUPTED] = kept
            raise

    def _keep(self, fitted: Fitted) -> None:
        """Store what fit leaves."""
        self._fitted = fitted
        vars(self).pop(INTERRUPTED, None)

    def _parameters(self) -> dict[str, Any]:
        """Return the validated parameters."""
        checked = hyperparameters.TABLE.checked(self._owner, self.get_params(deep=False), type(self).__name__)
        checked["hidden_layer_sizes"] = hidden_sizes(checked["hidden_layer_sizes"])
        return checked

    def _targets(
        self, train: UserTargets, val: UserTargets, parameters: dict[str, Any], known: TrainedModel | None
    ) -> TableTargets:
        """Encode the targets of training and of validation (y may be None), and choose output layer and loss.

        `known` is the model that a warm start continues.
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
        raw = _schema_of(model).read(X, type(self).__name__, model.notices)
        if not len(raw):
            raise ValueError(f"Found array with 0 sample(s) (shape={raw.shape}) while a minimum of 1 is required.")
        return raw

    def _answers(self, model: TrainedModel, raw: NDArray[np.float64]) -> NDArray[np.float64]:
        starts = range(0, len(raw), _BLOCK)
        return np.concatenate([model.predict(raw[start : start + _BLOCK], self.n_threads) for start in starts])

    def _rows_of(self, model: TrainedModel, X: ArrayLike) -> tuple[NDArray[np.float64], NDArray[Any]]:
        return _schema_of(model).read_with_entries(X, type(self).__name__, model.notices)

    def outside(self, X: ArrayLike) -> np.ndarray:
        """Return how far each value is outside of what the training rows had.

        Parameters
        ----------
        X : data frame or array-like of shape (n_samples, n_features)

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
    def warning_counts_(self) -> dict[str, int]:
        """How often each warning about rows to predict was due since `fit`; each is issued once, and then counted."""
        return dict(self._trained().notices.counts)

    def __sklearn_is_fitted__(self) -> bool:
        return FITTED in vars(self)

    def __getstate__(self) -> dict[str, Any]:
        return {"version": PICKLE_VERSION, **{name: plain(value) for name, value in attributes_to_copy(self).items()}}

    def __setstate__(self, fields: dict[str, Any]) -> None:
        check_version(fields, type(self).__name__)
        vars(self).update({name: restored(value) for name, value in fields.items() if name != "version"})


def _generator(seed: int | np.random.RandomState | None) -> _core.Random:
    """Return a generator of the core for the user's `random_state`."""
    rng = random_state(seed)
    return rng if isinstance(rng, _core.Random) else _core.Random(int(2**32 * float(rng.random_sample())))


def _require_rows(frame: Frame, owner: str) -> None:
    """Raise ValueError if there are too few rows."""
    shape = frame.n_rows, len(frame.columns)
    if frame.n_rows < _FEWEST_ROWS:
        raise ValueError(
            f"Found array with {frame.n_rows} sample(s) (shape={shape}) while a minimum of {_FEWEST_ROWS} is required "
            f"by {owner}."
        )


def _validation_frame(X_val: ArrayLike | None, owner: str) -> Frame:
    """Return the columns of the validation data."""
    with named_validation():
        frame = frame_of(X_val, owner)
    if not frame.n_rows:
        raise ValueError("X_val must have at least one row.")
    return frame


def _schema_of(model: TrainedModel) -> Schema:
    """Return the schema by which a model reads its tables."""
    assert model.encoder is not None
    return Schema(model.names, model.encoder.codes, model.encoder.types)
