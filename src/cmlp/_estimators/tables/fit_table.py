"""Fitting a table: `TableFit` prepares the runs of all networks, and makes the fitted model of their states.

Programs that only predict never import this module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp._bridge import _core
from cmlp._data.checksums import block_checksums, hash_of_text, stored_dtype
from cmlp._data.frame_reader import FrameReader, InputFrame, frame_of, learn_frame_reader
from cmlp._data.weights import as_weights
from cmlp._estimators.fit import Exclusively, PreparedFit, train_on
from cmlp._estimators.fitted import Fitted, with_fitted
from cmlp._estimators.request import FitRequest, parameters_to_keep
from cmlp._estimators.tables.bag import Bag, BagTrainer, curves_of, encoded_inputs, networks_of, train_members
from cmlp._estimators.tables.calibrating import held_out_scores, measured_on_held_out, warn_if_bag_is_useless
from cmlp._estimators.tables.learn_encoder import SplitTarget, learn_encoder
from cmlp._estimators.tables.table_targets import TableRows, UserTargets, frame_reader_of
from cmlp._model.model import TrainedModel
from cmlp._model.probabilities import fitted_networks
from cmlp._model.summary import Summary, kept_rows, values_at_ranks
from cmlp._process.signals import immediate_signals
from cmlp._process.warnings import Notices
from cmlp._train.architecture import POSITIVE_LOSSES, ROBUST_LOSSES
from cmlp._train.job import named_validation, require_complete
from cmlp._train.observer import Deadline, Reporter, callbacks_of
from cmlp._train.random import random_state

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from cmlp._estimators.sources import RowSource
    from cmlp._estimators.tables.table_targets import TableTargets
    from cmlp._model.encoder import ColumnEncoder
    from cmlp._train.loop import EpochLoop
    from cmlp._train.observer import Observer

_FEWEST_ROWS = 2  # that fit accepts
_SOFT_LIMIT = 3.0  # of the target of robust losses, in interquartile ranges, as for columns of numbers


def fit_table(estimator: Any, source: RowSource, validation: tuple[Any, Any, Any], *, resume: bool) -> None:
    """Learn the columns, train the networks on them, and store what they have learned."""
    with Exclusively(estimator):
        with immediate_signals():
            request = FitRequest.of(estimator, validation, resume=resume)
        train_on(request, source, prepare)


def prepare(request: FitRequest, source: RowSource) -> TableFit:
    """Open the rows, learn their columns, and make the runs of all networks; the estimator does not change."""
    deadline = Deadline(request.options.max_time)
    opened = open_rows(request, source)
    reader, encoder, rows = learn_columns(request, opened)
    targets, options = opened.targets, request.options
    inputs = encoded_inputs(encoder, rows.raw, options.n_estimators)
    bag = Bag(rows, targets.objective, targets.spec, encoder, inputs, options)
    fit = TableFit(request, deadline, reader, targets, bag)
    fit.make_runs()
    return fit


class OpenedTable(NamedTuple):
    """The columns of X and of X_val, and what y means."""

    frame: InputFrame
    validation: InputFrame | None
    targets: TableTargets


def open_rows(request: FitRequest, source: RowSource) -> OpenedTable:
    """Return the columns that the user has passed, and the targets of the rows that count."""
    (X, y, weight), (X_val, y_val, weight_val) = source.given, request.validation
    frame, val_frame = frame_of(X, request.class_name), None
    if require_complete(X_val, y_val, weight_val):
        if not request.options.early_stopping:
            raise ValueError("early_stopping=False uses no validation data: leave out X_val and y_val.")
        val_frame = _validation_frame(X_val, request.class_name)
    _require_rows(frame, request.class_name)
    given = UserTargets(y, frame.n_rows, as_weights(weight, frame.n_rows))
    with named_validation():
        n_val = 0 if val_frame is None else val_frame.n_rows
        val_given = UserTargets(y_val, n_val, as_weights(weight_val, n_val))
    targets = request.estimator._targets(given, val_given, request.options, _warm_model(request))
    if len(targets.rows) < _FEWEST_ROWS:
        raise ValueError(
            f"sample_weight must be positive for at least {_FEWEST_ROWS} rows, got {len(targets.rows)} "
            "(weights below 1e-30 of the largest count as 0, and class_weight multiplies them)."
        )
    return OpenedTable(frame, val_frame, targets)


def learn_columns(request: FitRequest, opened: OpenedTable) -> tuple[FrameReader, ColumnEncoder, TableRows]:
    """Learn what each column holds, and how it becomes inputs; a warm start keeps both. Return the rows, too."""
    frame, targets, model, class_name = opened.frame, opened.targets, _warm_model(request), request.class_name
    if model is not None:
        reader = frame_reader_of(model)
        rows = rows_of(reader, opened, class_name)
        assert model.encoder is not None
        return reader, model.encoder, rows
    categorical = request.estimator.categorical_features
    reader = learn_frame_reader(frame, categorical, class_name, targets.rows, targets.weight)
    rows, options = rows_of(reader, opened, class_name), request.options
    raw = rows.raw[: len(targets.rows)]
    encoder = learn_encoder(raw, reader, split_target_of(targets), options.n_threads, date_parts=options.date_parts)
    return reader, encoder, rows


def _warm_model(request: FitRequest) -> TrainedModel | None:
    """Return the model that a warm start continues."""
    return request.previous.model if request.options.warm_start and request.previous is not None else None


class TableFit(PreparedFit):
    """A call whose rows are open and whose columns are learned, with the runs that train the networks."""

    runs: list[EpochLoop]

    def __init__(
        self, request: FitRequest, deadline: Deadline, reader: FrameReader, targets: TableTargets, bag: Bag
    ) -> None:
        self.request, self.reader, self.targets, self.bag = request, reader, targets, bag
        self._deadline, self._digest = deadline, digest_of(reader, bag, targets)
        self._follower: Reporter | None = None  # calls the callbacks
        # What the model keeps of the rows
        raw, weight = bag.rows.raw[: bag.n_rows], bag.rows.weight
        self._background = kept_rows(raw, weight, request.options.keep_background)
        self._values = values_at_ranks(raw, None if weight is None else weight[: len(raw)])

    def make_runs(self) -> None:
        """Make the runs of all networks: those of the fit that is resumed, of a warm start, or new ones."""
        previous, options = self.request.previous, self.request.options
        if self.request.resume and previous is not None:
            states, _, digest = previous.state
            if self._digest != digest:
                raise ValueError(
                    "resume=True continues a fit on other data. Pass the same X, y and validation data, with the same "
                    "names of columns, categories and labels."
                )
            self.runs = self.bag.resumed_runs([state.shared() for state in states])
        else:
            networks = None if previous is None else fitted_networks(previous.model)
            self.runs = self.bag.new_runs(_generator(options.random_state), networks)

    @property
    def has_trained(self) -> bool:
        """Whether there is a model to store after Ctrl-C: each network has completed an epoch."""
        return all(run.state.epoch for run in self.runs)

    def remember_for_resume(self) -> None:
        """Keep the parameters that must not change before the fit is resumed; begin the provenance."""
        self._parameters = parameters_to_keep(self.request.estimator)
        if self.request.options.provenance:
            from cmlp._estimators.provenance import is_recorded, provenance_of_table  # few programs need it

            if is_recorded(self.request):
                states = [run.state for run in self.runs]
                labels, names = self.targets.labels, self.reader.names
                self.provenance_now = provenance_of_table(self.request, self.bag, states, names, labels)

    def follow(self, observers: Sequence[Observer]) -> None:
        """Let the user's callbacks follow the training, and the observers: one for each network, or none."""
        for run, observer in zip(self.runs, observers, strict=bool(observers)):
            observer.state, observer.provenance_now = run.state, self.provenance_now
            run.observers.append(observer)
        request = self.request
        callbacks = callbacks_of(request.options.callbacks, request.options.verbose)
        if not callbacks:
            return
        trainer = BagTrainer(self.runs, lambda: with_fitted(request.estimator, self.fitted_with(None)))
        self._follower = Reporter(trainer, callbacks)
        if self._follower.intervals:
            raise ValueError(
                f"every_batches of a callback must be None for {request.class_name}, which calls callbacks after "
                f"epochs of all networks, got {min(self._follower.intervals)}."
            )

    def train(self) -> None:
        """Train all networks side by side."""
        options = self.request.options
        lines = options.verbose not in (False, "bar")
        with immediate_signals():  # signals end the threads, each of which stops at a safe point
            train_members(self.runs, options.n_threads, self._deadline, verbose=lines, follower=self._follower)

    def fitted(self) -> Fitted:
        """Return what the fit leaves, when training has ended or was interrupted."""
        return self.fitted_with(self._state_to_keep())

    def fitted_with(self, state: tuple[Any, ...] | None) -> Fitted:
        """Return what the fit would leave now, with this state for `resume`."""
        bag, runs, targets = self.bag, self.runs, self.targets
        networks = networks_of(runs)
        calibration, accuracy = measured_on_held_out(bag, runs, networks, targets.truth, targets.target)
        model = TrainedModel(
            self.request.estimator._estimator_type,
            networks,
            labels=targets.labels,
            names=self.reader.names,
            encoder=bag.encoder,
            target=targets.target,
            calibration=calibration,
            background=self._background,
            summary=Summary(self._values, accuracy),
        )
        held_out = None if targets.labels is None else held_out_scores(bag, runs, networks, targets.truth)
        return Fitted(model, tuple(map(curves_of, runs)), state, self.provenance_now(), held_out=held_out)

    def _state_to_keep(self) -> tuple[Any, ...] | None:
        """Return states, parameters and digest of the data, which `resume` needs; None if the runs are complete."""
        runs = self.runs
        if all(run.state.epoch >= run.job.options.max_iter for run in runs):
            return None
        for run in runs:
            run.state.restore_best()
        return [run.state.resumable() for run in runs], self._parameters, self._digest

    def judge(self) -> None:
        """Warn if the networks are not better than a constant."""
        if not self.request.options.warm_start:
            labels = self.targets.labels
            warn_if_bag_is_useless(self.bag, self.runs, None if labels is None else labels.classes)


def _generator(seed: int | np.random.RandomState | None) -> _core.Random:
    """Return a generator of the core for the user's `random_state`."""
    rng = random_state(seed)
    return rng if isinstance(rng, _core.Random) else _core.Random(int(2**32 * float(rng.random_sample())))


def _require_rows(frame: InputFrame, class_name: str) -> None:
    """Raise ValueError if there are too few rows."""
    shape = frame.n_rows, len(frame.columns)
    if frame.n_rows < _FEWEST_ROWS:
        raise ValueError(
            f"Found array with {frame.n_rows} sample(s) (shape={shape}) while a minimum of {_FEWEST_ROWS} is required "
            f"by {class_name}."
        )


def _validation_frame(X_val: ArrayLike | None, class_name: str) -> InputFrame:
    """Return the columns of the validation data."""
    with named_validation():
        frame = frame_of(X_val, class_name)
    if not frame.n_rows:
        raise ValueError("X_val must have at least one row.")
    return frame


def split_target_of(targets: TableTargets) -> SplitTarget:
    """Return what the encoder should separate: the classes, or the standardized numbers or labels of each column.

    A split lowers the variance of this target. Of losses for which far targets count little, the numbers are
    soft-clipped, because the variance would depend on the far ones alone. Those of "poisson" and "gamma" are square
    roots and logarithms, which have about the same variance for small and large means.
    """
    if targets.groups is not None:
        return SplitTarget(targets.groups, targets.weight)
    is_one = isinstance(targets.spec.loss_parameter, tuple)  # one number, in a column for each quantile
    numbers = targets.values[: len(targets.rows), : 1 if is_one else None]
    values, loss = numbers.astype(np.float64), targets.spec.loss
    if loss in ROBUST_LOSSES:
        values /= np.sqrt(1 + (values / _SOFT_LIMIT) ** 2)
    elif loss in POSITIVE_LOSSES:
        values = np.sqrt(values) if loss == "poisson" else np.log(values)
    return SplitTarget(values, targets.weight)


def rows_of(reader: FrameReader, opened: OpenedTable, class_name: str) -> TableRows:
    """Return the training rows that count; validation rows follow the others."""
    frame, validation, targets = opened
    raw, weight = reader.read(frame, class_name), targets.weight
    if len(targets.rows) < len(raw):
        raw = raw[targets.rows]
    if validation is None:
        return TableRows(raw, targets.values, weight, targets.groups, 0)
    with named_validation():
        held_out = reader.read(validation, class_name, Notices())[targets.validation_rows]
    if weight is not None or targets.validation_weight is not None:
        weights = zip((weight, targets.validation_weight), (raw, held_out), strict=True)
        weight = np.concatenate([np.ones(len(rows)) if one is None else one for one, rows in weights])
    return TableRows(np.concatenate([raw, held_out]), targets.values, weight, targets.groups, len(held_out))


def digest_of(reader: FrameReader, bag: Bag, targets: TableTargets) -> tuple[bytes, str, bytes]:
    """Return a summary of the data and of what fit has learned before training: equal for equal data."""
    labels = targets.labels
    classes = None if labels is None else (labels.classes.dtype.str, labels.classes.tolist())
    names = None if reader.names is None else list(reader.names)
    learned = names, bag.encoder.categories, bag.encoder.dates, classes, targets.target, bag.rows.n_validation
    arrays = [np.where(np.isnan(bag.rows.raw), np.nan, bag.rows.raw), bag.rows.targets]  # NaN has many forms
    arrays += [] if bag.rows.weight is None else [bag.rows.weight]
    checksums = block_checksums(arrays, [stored_dtype(array) for array in arrays])
    return bag.encoder.numbers.tobytes(), hash_of_text(repr(learned)), checksums.tobytes()
