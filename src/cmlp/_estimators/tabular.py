"""The base class of the estimators for tables."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from cmlp import _core
from cmlp._data.frames import texts_of_names
from cmlp._data.labels import Labels
from cmlp._data.pickles import PICKLE_VERSION, check_version
from cmlp._data.schema import Frame, Schema, frame_of, learn_schema
from cmlp._data.weights import as_weights
from cmlp._estimators.bag import Bag, Member, Options, members_of, train_members
from cmlp._estimators.bag_progress import BagTrainer, keep_states, kept_states
from cmlp._estimators.exclusive import Exclusively
from cmlp._estimators.explaining import Explaining
from cmlp._estimators.exports import EstimatorExports
from cmlp._estimators.intervals import Calibrating, measured_on_held_out
from cmlp._estimators.parameters import Parametrized
from cmlp._estimators.pickling import plain, restored
from cmlp._estimators.provenance import seed_of
from cmlp._estimators.sklearn_stub import SklearnStub
from cmlp._estimators.table_model import TableModel, codes_of
from cmlp._estimators.table_targets import Targets, UserTargets, rows_of, signal_of
from cmlp._estimators.table_usefulness import warn_if_useless
from cmlp._model.attributes import attributes_to_copy, unchanging
from cmlp._model.calibration import n_answers
from cmlp._model.document import ModelDocument, mean_outputs, outputs_of_table
from cmlp._model.encoder import learn_encoder
from cmlp._model.shapley import kept_rows
from cmlp._model.summary import Summary, values_at_ranks
from cmlp._process.signals import undeferred
from cmlp._train import hyperparameters
from cmlp._train.architecture import hidden_sizes
from cmlp._train.deadline import Deadline
from cmlp._train.hyperparameters import documented
from cmlp._train.job import named_validation, require_complete
from cmlp._train.other_names import hinting
from cmlp._train.random import random_state
from cmlp._train.reporting import Reporter, callbacks_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from numpy.typing import ArrayLike, NDArray

    from cmlp._estimators.network import Network
    from cmlp._train.loop import EpochLoop

_BLOCK = 2048  # rows predicted at a time, so that their inputs stay in the cache
_FEWEST_ROWS = 2  # that fit accepts


class TabularEstimator(Calibrating, SklearnStub, Parametrized, Explaining, EstimatorExports):
    """The base class of `TabularClassifier` and `TabularRegressor`; not for direct use."""

    _input_tags: ClassVar[Mapping[str, bool]] = {"allow_nan": True, "categorical": True, "string": True}
    _several_outputs: ClassVar[bool] = True
    _model: TableModel

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
                    parameters["random_state"] = seed_of(self, parameters)
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
                targets = self._targets(train, val, parameters)
                if len(targets.rows) < _FEWEST_ROWS:
                    raise ValueError(
                        f"sample_weight must be positive for at least {_FEWEST_ROWS} rows, got {len(targets.rows)} "
                        "(weights below 1e-30 of the largest count as 0, and class_weight multiplies them)."
                    )
                known: TableModel | None = vars(self).get("_model") if parameters["warm_start"] else None
                categorical = self.categorical_features  # type: ignore[attr-defined]
                learned = targets.rows, targets.weight
                schema = known.schema if known else learn_schema(frame, categorical, owner, *learned)
                rows, n_threads = rows_of(schema, frame, validation, targets, owner), parameters["n_threads"]
                raw = rows.raw[: len(targets.rows)]
                columns = known.columns if known else learn_encoder(raw, schema.codes, signal_of(targets), n_threads)
                options = Options(*(parameters[name] for name in Options._fields))
                bag = Bag(rows, targets.task, targets.shape, columns, _generator(parameters["random_state"]), options)
                kept = kept_states(self, schema, bag, targets.attributes) if resume else None
                runs = bag.runs(parameters["n_estimators"], kept, known.members if known else None)
            self._train(runs, schema, bag, targets, parameters, deadline)
        return self

    def _train(
        self,
        runs: list[EpochLoop],
        schema: Schema,
        bag: Bag,
        targets: Targets,
        parameters: dict[str, Any],
        deadline: Deadline,
    ) -> None:
        """Train the networks, and store the model, and the states of what is not complete."""
        raw, weight, attributes = bag.rows.raw[: bag.n_rows], bag.rows.weight, targets.attributes
        background = kept_rows(raw, weight, parameters["keep_background"])
        values = values_at_ranks(raw, None if weight is None else weight[: len(raw)])
        recorded: Any = None
        if parameters["provenance"]:
            from cmlp._estimators.table_provenance import record  # few programs need it

            model = TableModel(schema, bag.columns, [])
            recorded = record(self, runs, bag, model, attributes, parameters["random_state"])

        def store(estimator: Self) -> Self:
            provenance = None if recorded is None else recorded()
            for run in runs:
                run.state.provenance = provenance
            members = members_of(runs)
            calibration, accuracy = measured_on_held_out(bag, runs, members, targets.truth, attributes.get("_scale"))
            summary = Summary(values, schema.dates, accuracy)
            model = TableModel(schema, bag.columns, members, calibration, background, summary)
            estimator._keep(model, {**attributes, "_provenance": provenance})
            return estimator

        callbacks = callbacks_of(parameters["callbacks"], parameters["verbose"])
        follower = Reporter(BagTrainer(runs, lambda: store(copy(self))), callbacks) if callbacks else None
        if follower is not None and follower.intervals:
            raise ValueError(
                f"every_batches of a callback must be None for {type(self).__name__}, which calls callbacks after "
                f"epochs of all networks, got {min(follower.intervals)}."
            )
        try:
            lines = parameters["verbose"] not in (False, "bar")
            with undeferred():  # signals end the threads, each of which stops at a safe point
                train_members(runs, parameters["n_threads"], deadline, verbose=lines, follower=follower)
            store(self)
            keep_states(self, runs, schema, bag, attributes)
            if not parameters["warm_start"]:
                warn_if_useless(bag, runs, attributes.get("classes_"))
        except KeyboardInterrupt:
            if all(training.state.epoch for training in runs):
                store(self)
            keep_states(self, runs, schema, bag, attributes)
            raise

    def _parameters(self) -> dict[str, Any]:
        """Return the validated parameters."""
        checked = hyperparameters.TABLE.checked(self._owner, self.get_params(deep=False), type(self).__name__)
        checked["hidden_layer_sizes"] = hidden_sizes(checked["hidden_layer_sizes"])
        return checked

    def _targets(self, train: UserTargets, val: UserTargets, parameters: dict[str, Any]) -> Targets:
        """Return what the targets ask of the networks, those of training and those of validation (y may be None)."""
        raise NotImplementedError

    def _keep(self, model: TableModel, attributes: dict[str, Any]) -> None:
        """Store the model and the fitted attributes in one step, for methods in other threads."""
        vars(self).update({"_model": model, **attributes})

    def _document(self) -> ModelDocument:
        """Return what the fitted estimator consists of, for the parts of the package that do not know this class."""
        now = unchanging(self)
        model, fitted = now._fitted(), vars(now)
        document = ModelDocument(
            [(one.net, one.params) for one in model.members],
            now._estimator_type,
            labels=now._labels() if "classes_" in fitted else None,
            names=model.schema.names,
            columns=model.columns,
            parameters={**now.get_params(deep=False), "callbacks": None},  # they belong to this process
        )
        document.provenance = fitted.get("_provenance")
        document.target, document.target_names = fitted.get("_scale"), fitted.get("_target_names")
        document.calibration, document.background, document.summary, document.cells = model[3:]
        document.column_kinds = model.schema.kinds
        return document

    @classmethod
    def _assembled(cls, document: ModelDocument) -> Self:
        """Return the fitted estimator with this document. It uses the parameter blocks without a copy."""
        assert document.columns is not None
        estimator = cls(**document.parameters)
        estimator._parameters()  # raises ValueError for invalid parameters
        wide = document.columns.core.width(True)
        names = None if document.names is None else list(document.names)
        schema = Schema(names, codes_of(document.columns.categories), document.column_kinds)
        members = [Member(net, params, net.n_in == wide, {"loss": []}) for net, params in document.networks]
        labels = document.labels
        fitted: dict[str, Any] = {"_provenance": document.provenance}
        if labels is None:
            fitted |= {"_scale": document.target, "_target_names": document.target_names}
        else:
            fitted["classes_"] = labels.classes
        kept = document.calibration, document.background, document.summary, document.cells
        model = TableModel(schema, document.columns, members, *kept)
        estimator._keep(model, fitted)
        return estimator

    def _labels(self) -> Labels:
        """Return the labels of a fitted classifier."""
        several = n_answers(self._fitted().members[0].net) > 1
        return Labels("multilabel" if several else "labels", vars(self)["classes_"])

    def _fitted(self) -> TableModel:
        model: TableModel | None = vars(self).get("_model")
        if model is None:
            raise self._not_fitted()
        return model

    def _predicted(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the outputs of the model for all rows."""
        now = unchanging(self)
        raw = now._fitted().schema.read(X, type(self).__name__)
        if not len(raw):
            raise ValueError(f"Found array with 0 sample(s) (shape={raw.shape}) while a minimum of 1 is required.")
        return np.concatenate([now._of_raw(raw[start : start + _BLOCK]) for start in range(0, len(raw), _BLOCK)])

    def _rows_of(self, X: ArrayLike) -> tuple[NDArray[np.float64], NDArray[Any]]:
        schema, owner = self._fitted().schema, type(self).__name__
        frame = frame_of(X, owner)
        return schema.read(frame, owner), schema.entries(frame, owner)

    def _of_raw(self, raw: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the outputs of the model for raw rows."""
        model = self._fitted()
        found = outputs_of_table([(one.net, one.params) for one in model.members], model.columns.core, raw)
        return mean_outputs(found, vars(self).get("_scale"))

    @property
    def n_features_in_(self) -> int:
        """Number of columns of X in fit."""
        return len(self._fitted().schema.codes)

    @property
    def feature_names_in_(self) -> NDArray[Any]:
        """Column names of the data frame in fit; if not all are text, the attribute does not exist."""
        names = texts_of_names(self._fitted().schema.names)
        if names is None:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute 'feature_names_in_'")
        return names

    @property
    def estimators_(self) -> list[Network]:
        """The networks: they share the parameters of the model, and their inputs are encoded rows."""
        from cmlp._estimators.network import Network

        return [Network._assembled(one.net, one.params, 1.0, self.n_threads) for one in self._fitted().members]

    @property
    def history_(self) -> dict[str, list[float]]:
        """The curves of all networks: a list for each of "network", "epoch", "loss" and "validation_loss"."""
        table: dict[str, list[float]] = {"network": [], "epoch": []}
        for number, one in enumerate(self._fitted().members):
            n_epochs = len(one.curves["loss"])
            table["network"] += [number] * n_epochs
            table["epoch"] += range(1, n_epochs + 1)
            for name, curve in one.curves.items():
                table.setdefault(name, []).extend(curve)
        return table

    def __sklearn_is_fitted__(self) -> bool:
        return "_model" in vars(self)

    def __getstate__(self) -> dict[str, Any]:
        fields = attributes_to_copy(self)
        if "_model" in fields:
            fields["_model"] = fields["_model"].fields()  # type: ignore[attr-defined]
        return {"version": PICKLE_VERSION, **{name: plain(value) for name, value in fields.items()}}

    def __setstate__(self, fields: dict[str, Any]) -> None:
        check_version(fields, type(self).__name__)
        attributes = {name: restored(value) for name, value in fields.items() if name != "version"}
        if "_model" in attributes:
            attributes["_model"] = TableModel.from_fields(attributes["_model"])
        vars(self).update(attributes)


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
