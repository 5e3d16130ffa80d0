"""The base class of the estimators for tables."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

from cmlp import _core, hyperparameters
from cmlp.architecture import hidden_sizes
from cmlp.estimators.exclusive import Exclusively, attributes_to_copy
from cmlp.estimators.parameters import Parametrized
from cmlp.estimators.pickling import plain, restored
from cmlp.estimators.representation import Representation
from cmlp.estimators.routing import Routing
from cmlp.export.methods import EstimatorExports
from cmlp.hyperparameters import documented
from cmlp.inputs.frames import texts_of_names
from cmlp.inputs.labels import Labels
from cmlp.inputs.weights import as_weights
from cmlp.model import ModelDocument, TableColumns, mean_outputs, outputs_of_table
from cmlp.pickles import PICKLE_VERSION, check_version
from cmlp.tables.bag import Bag, Member, Rows, Shape, members_of, train
from cmlp.tables.columns import Frame, Schema, frame_of, learn_schema
from cmlp.tables.encoder import Encoder, learn_encoder
from cmlp.tables.model import TableModel, codes_of
from cmlp.tables.progress import BagTrainer, keep_states, kept_states
from cmlp.tables.splits import Signal
from cmlp.training.random import random_state
from cmlp.training.reporting import Reporter, callbacks_of
from cmlp.training.task import named_validation, require_complete

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from numpy.typing import ArrayLike, NDArray

    from cmlp.network import Network
    from cmlp.training.loop import Training
    from cmlp.training.task import Task

_BLOCK = 8192  # rows predicted at a time, so that their encoding takes little memory
_FEWEST_ROWS = 2  # that fit accepts
_NEGLIGIBLE = 1e-30  # the weight of a row beside one of 1


class Targets(NamedTuple):
    """What y means to the networks of a table; other estimators have those of `cmlp.estimators.targets`."""

    task: Task  # targets of the rows that count, first of y, then of y_val
    shape: Shape
    rows: NDArray[np.intp]  # of y that count, and below of y_val
    weight: NDArray[np.float64] | None
    validation_rows: NDArray[np.intp]
    validation_weight: NDArray[np.float64] | None
    groups: NDArray[Any] | None  # the classes of the rows of y; None for numbers
    attributes: dict[str, Any]  # the fitted attributes that y determines


class Asked(NamedTuple):
    """Targets that the user passed to fit, for training or validation, with the number of rows and the weights."""

    y: Any
    n_rows: int
    weight: NDArray[np.float64] | None


class TabularEstimator(Routing, Representation, Parametrized, EstimatorExports):
    """The base class of `TabularClassifier` and `TabularRegressor`; not for direct use."""

    _input_tags: ClassVar[Mapping[str, bool]] = {"allow_nan": True, "categorical": True, "string": True}
    _several_outputs: ClassVar[bool] = False
    _model: TableModel

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
        they have learnt so far; otherwise it keeps its previous model. ``fit(X, y, resume=True)`` continues, also after
        `max_time`.

        Parameters
        ----------
        X : data frame or array-like of shape (n_samples, n_features)
            Numbers, dates and categories; None, NaN and pandas.NA are missing values. Any data frame whose columns
            NumPy can read (pandas, polars, Arrow), or a stream of Arrow. Data frames are read by column name.
        y : array-like of shape (n_samples,)
            Labels for a classifier, numbers between -1e150 and 1e150 for a regressor.
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
            result then has the same bits as without the break. Of the parameters, only these may have changed:
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
            owner, parameters = type(self).__name__, self._parameters()
            frame = frame_of(X, owner)
            has_validation = require_complete(X_val, y_val, sample_weight_val)
            validation = _validation_frame(X_val, owner) if has_validation else None
            _require_rows(frame, owner)
            asked = Asked(y, frame.n_rows, as_weights(sample_weight, frame.n_rows))
            with named_validation():
                n_val = 0 if validation is None else validation.n_rows
                held = Asked(y_val, n_val, as_weights(sample_weight_val, n_val))
            targets = self._targets(asked, held, parameters)
            if len(targets.rows) < _FEWEST_ROWS:
                raise ValueError(
                    f"sample_weight must be positive for at least {_FEWEST_ROWS} rows, got {len(targets.rows)} "
                    "(weights below 1e-30 of the largest count as 0, and class_weight multiplies them)."
                )
            categorical = self.categorical_features  # type: ignore[attr-defined]
            schema = learn_schema(frame, categorical, owner, targets.rows, targets.weight)
            rows = _rows(schema, frame, validation, targets, owner)
            encoder = learn_encoder(rows.raw[: len(targets.rows)], schema.codes, _signal(targets))
            bag = Bag(rows, targets.task, targets.shape, encoder, _generator(parameters["random_state"]))
            kept = kept_states(self, bag, targets.attributes) if resume else None
            trainings = bag.trainings(parameters["n_estimators"], kept)
            self._train(trainings, schema, bag, targets.attributes, parameters)
        return self

    def _train(
        self,
        trainings: list[Training],
        schema: Schema,
        bag: Bag,
        attributes: dict[str, Any],
        parameters: dict[str, Any],
    ) -> None:
        """Train the networks, and store the model, and the states of what is not complete."""

        def store(estimator: Self) -> Self:
            estimator._keep(TableModel(schema, bag.encoder, members_of(trainings)), attributes)
            return estimator

        callbacks = callbacks_of(parameters["callbacks"], parameters["verbose"])
        follower = Reporter(BagTrainer(trainings, lambda: store(copy(self))), callbacks) if callbacks else None
        if follower is not None and follower.intervals:
            raise ValueError(
                f"every_batches of a callback must be None for {type(self).__name__}, which calls callbacks after "
                f"epochs of all networks, got {min(follower.intervals)}."
            )
        try:
            lines = parameters["verbose"] not in (False, "bar")
            train(trainings, parameters["n_threads"], parameters["max_time"], verbose=lines, follower=follower)
            store(self)
            keep_states(self, trainings, bag, attributes)
        except KeyboardInterrupt:
            if all(training.state.epoch for training in trainings):
                store(self)
            keep_states(self, trainings, bag, attributes)
            raise

    def _parameters(self) -> dict[str, Any]:
        """Return the validated parameters."""
        checked = hyperparameters.TABLE.checked(self._owner, self.get_params(deep=False), type(self).__name__)
        checked["hidden_layer_sizes"] = hidden_sizes(checked["hidden_layer_sizes"])
        return checked

    def _targets(self, asked: Asked, held: Asked, parameters: dict[str, Any]) -> Targets:
        """Return what the targets ask of the networks, those of training and those of validation (y may be None)."""
        raise NotImplementedError

    def _keep(self, model: TableModel, attributes: dict[str, Any]) -> None:
        """Store the model and the fitted attributes in one step."""
        names = texts_of_names(model.schema.names)
        fitted = {"_model": model, "n_features_in_": len(model.schema.codes), **attributes}
        if names is not None:
            fitted["feature_names_in_"] = names
        else:
            vars(self).pop("feature_names_in_", None)
        vars(self).update(fitted)

    def _document(self) -> ModelDocument:
        """Return what the fitted estimator consists of, for the parts of the package that do not know this class."""
        schema, encoder, members = self._fitted()
        classes = vars(self).get("classes_")
        return ModelDocument(
            [(one.net, one.params) for one in members],
            self._estimator_type,
            labels=None if classes is None else Labels("labels", classes),
            names=schema.names,
            columns=TableColumns(encoder.kinds, encoder.numbers, self._fitted().categories, vars(self).get("_scale")),
            parameters={**self.get_params(deep=False), "callbacks": None},  # they belong to this process
        )

    @classmethod
    def _assembled(cls, document: ModelDocument) -> Self:
        """Return the fitted estimator with this document. It uses the parameter blocks without a copy."""
        assert document.columns is not None
        estimator = cls(**document.parameters)
        estimator._parameters()  # raises ValueError for invalid parameters
        encoder = Encoder.assembled(document.columns)
        wide = encoder.n_inputs(bins=True)
        names = None if document.names is None else list(document.names)
        schema = Schema(names, codes_of(document.columns.categories))
        members = [Member(net, params, net.n_in == wide, {"loss": []}) for net, params in document.networks]
        labels = document.labels
        fitted = {"_scale": document.target} if labels is None else {"classes_": labels.classes}
        estimator._keep(TableModel(schema, encoder, members), fitted)
        return estimator

    def _fitted(self) -> TableModel:
        model: TableModel | None = vars(self).get("_model")
        if model is None:
            raise self._not_fitted()
        return model

    def _predicted(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the outputs of the model for all rows."""
        raw = self._fitted().schema.read(X, type(self).__name__)
        if not len(raw):
            raise ValueError(f"Found array with 0 sample(s) (shape={raw.shape}) while a minimum of 1 is required.")
        return np.concatenate([self._of_raw(raw[start : start + _BLOCK]) for start in range(0, len(raw), _BLOCK)])

    def _of_raw(self, raw: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the outputs of the model for raw rows."""
        _, encoder, members = self._fitted()
        found = outputs_of_table([(one.net, one.params) for one in members], encoder.core, raw)
        return mean_outputs(found, vars(self).get("_scale"))

    @property
    def estimators_(self) -> list[Network]:
        """The networks: they share the parameters of the model, and their inputs are encoded rows."""
        from cmlp.network import Network

        return [
            Network._assembled(one.net, one.params, 1.0, self.n_threads)  # type: ignore[attr-defined]
            for one in self._own("estimators_").members
        ]

    @property
    def history_(self) -> dict[str, list[float]]:
        """The curves of all networks: a list for each of "network", "epoch", "loss" and "validation_loss"."""
        table: dict[str, list[float]] = {"network": [], "epoch": []}
        for number, one in enumerate(self._own("history_").members):
            n_epochs = len(one.curves["loss"])
            table["network"] += [number] * n_epochs
            table["epoch"] += range(1, n_epochs + 1)
            for name, curve in one.curves.items():
                table.setdefault(name, []).extend(curve)
        return table

    def _own(self, name: str) -> TableModel:
        """Return the model for an attribute, which does not exist before fit."""
        model: TableModel | None = vars(self).get("_model")
        if model is None:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return model

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


def _signal(targets: Targets) -> Signal:
    """Return what the encoder should separate: the classes, or the standardized numbers."""
    numbers = targets.task.targets[: len(targets.rows)]
    return Signal(numbers[:, 0].astype(np.float64) if targets.groups is None else targets.groups, targets.weight)


def _rows(schema: Schema, frame: Frame, validation: Frame | None, targets: Targets, owner: str) -> Rows:
    """Return the rows of a training that count; validation rows follow the others."""
    raw, weight = schema.read(frame, owner), targets.weight
    if len(targets.rows) < len(raw):
        raw = raw[targets.rows]
    if validation is None:
        return Rows(raw, weight, targets.groups, 0)
    with named_validation():
        held = schema.read(validation, owner)[targets.validation_rows]
    if weight is not None or targets.validation_weight is not None:
        weights = zip((weight, targets.validation_weight), (raw, held), strict=True)
        weight = np.concatenate([np.ones(len(rows)) if one is None else one for one, rows in weights])
    return Rows(np.concatenate([raw, held]), weight, targets.groups, len(held))


def counted(weight: NDArray[np.float64] | None, n_rows: int) -> tuple[NDArray[np.intp], NDArray[np.float64] | None]:
    """Return the rows that count, and their weights; None for equal weights, which count as none.

    Weights are divided by a power of 2 that changes no bit of the results, so that they are at most 1: the networks
    need normal numbers of float32. Rows whose weights are negligible beside the largest one do not count.
    """
    if weight is None:
        return np.arange(n_rows), None
    weight = np.ldexp(weight, -int(np.frexp(weight.max())[1]))
    rows = np.flatnonzero(weight >= _NEGLIGIBLE)
    weight = weight[rows]
    return rows, None if (weight == weight[0]).all() else weight
