"""Fitting a table: `prepare_table` makes the runs of all networks, and `TableFit` the fitted model of their states.

Programs that only predict never import this module.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp._bridge import _core
from cmlp._data.checks import as_targets
from cmlp._data.checksums import block_checksums, hash_of_text, stored_dtype
from cmlp._data.frame_reader import FrameReader, InputFrame, frame_of, learn_frame_reader
from cmlp._data.weights import as_weights
from cmlp._estimators.fit import PreparedFit, locked, train_and_store
from cmlp._estimators.fitted import FittedTable, TableState, copy_with
from cmlp._estimators.request import TableRequest
from cmlp._estimators.resuming import parameters_to_keep
from cmlp._estimators.tables.bag import Bag, TableRows, curves_of, encoded_inputs, networks_of
from cmlp._estimators.tables.held_out import held_out_scores, measured_on_held_out, warn_if_bag_is_useless
from cmlp._estimators.tables.learn_encoder import SplitTarget, learn_encoder
from cmlp._estimators.tables.targets import learn_table_encoding
from cmlp._estimators.tables.train_bag import BagTrainer, train_members
from cmlp._model.model import TableModel
from cmlp._model.probabilities import networks_as_trained
from cmlp._model.summary import Summary, kept_rows, values_at_ranks
from cmlp._process.warnings import Notices
from cmlp._train.job import naming_validation, require_complete
from cmlp._train.observer import Deadline, Reporter, callbacks_of
from cmlp._train.random import random_state
from cmlp.exceptions import InvalidParameterError, Message

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import ArrayLike, NDArray

    from cmlp._estimators.estimator import Estimator
    from cmlp._estimators.provenance import Provenance, ProvenanceNow
    from cmlp._estimators.tables.targets import CountedTargets, TableEncoding
    from cmlp._model.encoder import ColumnEncoder
    from cmlp._model.summary import Background
    from cmlp._train.loop import EpochLoop
    from cmlp._train.observer import Observer

_FEWEST_ROWS = 2  # that fit accepts


@locked
def fit_table(
    estimator: Estimator,
    given: tuple[Any, Any, Any],
    validation: tuple[Any, Any, Any],
    *,
    resume: bool,
    observers: Sequence[Observer] = (),
) -> None:
    """Learn the columns, train the networks on them, and store what they have learned; `given` are X, y and weights."""
    request = TableRequest.of(estimator, validation, resume=resume)
    with estimator._observers(*given) as own:
        train_and_store(prepare_table(request, *given), [*own, *observers])


def prepare_table(request: TableRequest, X: Any, y: Any, weight: Any) -> TableFit:
    """Open the rows, learn their columns, and make the runs of all networks; the estimator does not change.

    The runs are those of the fit that is resumed, of a warm start, or new.
    """
    options, previous = request.options, request.previous
    deadline = Deadline(options.max_time)
    opened = open_table(request, X, y, weight)
    reader, encoder, rows = learn_columns(request, opened)
    bag = Bag(rows, opened.encoding, encoder, encoded_inputs(encoder, rows.raw, options.n_estimators), options)
    digest = digest_of(reader, bag)
    if request.resume and previous is not None and previous.state is not None:
        if digest != previous.state.digest:
            problem = (
                "<resume=> continues a fit on other data. Pass the same X, y and validation data, with the "
                "same names of columns, categories and labels."
            )
            raise ValueError(Message(problem, resume=True))
        runs, background = bag.resumed_runs(previous.state.states), previous.model.background
    else:
        generator = _generator(options.random_state)
        seed = int(2**32 * float(generator.copy().random_sample()))  # of rows whose choice changes no other number
        background = kept_rows(*rows.to_train_on, options.keep_background, seed)
        runs = bag.new_runs(generator, None if previous is None else networks_as_trained(previous.model))
    to_resume = TableState([run.state for run in runs], parameters_to_keep(request.estimator), digest)
    return TableFit(request, reader, bag, runs, deadline, values_at_ranks(*rows.to_train_on), background, to_resume)


class OpenedTable(NamedTuple):
    """The columns of X and of X_val, what y means, and the targets of the rows that count."""

    frame: InputFrame
    encoding: TableEncoding
    targets: CountedTargets
    validation: tuple[InputFrame, CountedTargets] | None


def open_table(request: TableRequest, X: Any, y: Any, weight: Any) -> OpenedTable:
    """Return the columns that the user has passed, and the targets of the rows that count."""
    X_val, y_val, weight_val = request.validation
    frame = frame_of(X, request.class_name)
    val_frame = None
    if require_complete(X_val, y_val, weight_val):
        if not request.options.early_stopping:
            problem = "<early_stopping=> uses no validation data: leave out <X_val:X_val and y_val>."
            raise InvalidParameterError(problem, early_stopping=False, X_val=...)
        val_frame = _validation_frame(X_val, request.class_name)
    _require_rows(frame, request.class_name)
    encoding, targets = learn_table_encoding(request, y, as_weights(weight, frame.n_rows), frame.n_rows)
    validation = None
    if val_frame is not None:
        with naming_validation():
            array = as_targets(y_val, val_frame.n_rows, request.class_name, labels=request.is_classifier)
            validation = val_frame, encoding.targets(array, as_weights(weight_val, val_frame.n_rows))
    if len(targets.rows) < _FEWEST_ROWS:
        problem = (
            "<sample_weight> must be positive for at least {} rows, got {} (weights below 1e-30 of the largest count "
            "as 0, and <class_weight> multiplies them)."
        )
        raise ValueError(Message(problem, _FEWEST_ROWS, len(targets.rows), sample_weight=..., class_weight=...))
    return OpenedTable(frame, encoding, targets, validation)


def learn_columns(request: TableRequest, opened: OpenedTable) -> tuple[FrameReader, ColumnEncoder, TableRows]:
    """Learn what each column holds, and how it becomes inputs; a warm start keeps both. Return the rows, too."""
    model = request.warm_model
    options = request.options
    targets = opened.targets
    if model is not None:
        reader = model.reader
        return reader, model.encoder, read_rows(reader, opened, request.class_name)
    categorical = options.categorical_features
    reader = learn_frame_reader(opened.frame, categorical, request.class_name, targets.rows, targets.weight)
    rows = read_rows(reader, opened, request.class_name)
    target = SplitTarget(opened.encoding.to_split(targets.values), targets.weight)
    encoder = learn_encoder(rows.raw[rows.training], reader, target, options.n_threads, date_parts=options.date_parts)
    return reader, encoder, rows


@dataclass(eq=False)
class TableFit(PreparedFit):
    """A call whose rows are open and whose columns are learned, with the runs that train the networks."""

    request: TableRequest
    reader: FrameReader
    bag: Bag
    runs: list[EpochLoop]
    deadline: Deadline
    values: NDArray[np.float64]  # of the columns, for the summary of the model
    background: Background | None
    to_resume: TableState

    @property
    def has_trained(self) -> bool:
        """Whether there is a model to store after Ctrl-C: each network has completed an epoch."""
        return all(run.state.epoch for run in self.runs)

    def begin_provenance(self) -> ProvenanceNow:
        """Begin the record of the fit."""
        from cmlp._estimators.provenance import begin_table_record  # few programs need it

        states = [run.state for run in self.runs]
        return begin_table_record(self.request, self.bag, states, self.reader.names, self.bag.target_encoding.labels)

    def train(self, observers: Sequence[Observer], provenance_now: ProvenanceNow) -> None:
        """Train all networks side by side; the user's callbacks follow them, and an observer each network, or none."""
        options, estimator = self.request.options, self.request.estimator
        snapshot: Callable[[], FittedTable] = lambda: self.fitted_now(provenance_now())  # noqa: E731
        if observers:
            for run, observer in zip(self.runs, observers, strict=True):
                observer.attach(run.state, snapshot, provenance_now)
                run.observers.append(observer)
        follower = None
        callbacks = callbacks_of(options.callbacks, options.verbose)
        if callbacks:
            follower = Reporter(BagTrainer(self.runs, lambda: copy_with(estimator, snapshot())), callbacks)
            if follower.intervals:
                interval = min(follower.intervals)
                problem = (
                    "<every_batches> of a callback must be None for {}, which calls callbacks after epochs of all "
                    "networks, got {}."
                )
                raise InvalidParameterError(problem, self.request.class_name, interval, every_batches=interval)
        lines = options.verbose not in (False, "bar")
        train_members(self.runs, options.n_threads, self.deadline, verbose=lines, follower=follower)

    def judge(self) -> None:
        """Warn if the networks are hardly better than a constant."""
        warn_if_bag_is_useless(self.bag, self.runs)

    def fitted(self, provenance: Provenance | None) -> FittedTable:
        """Return what the fit leaves, when training has ended or was interrupted."""
        return self.fitted_now(provenance)._replace(state=self._state_to_keep())

    def fitted_now(self, provenance: Provenance | None) -> FittedTable:
        """Return what the fit would leave now, but for the state that `resume` needs."""
        bag, runs, encoding = self.bag, self.runs, self.bag.target_encoding
        networks = networks_of(runs)
        calibration, accuracy = measured_on_held_out(bag, runs, networks)
        model = TableModel(
            self.request.estimator._estimator_type,
            networks,
            labels=encoding.labels,
            names=self.reader.names,
            encoder=bag.encoder,
            answer_scale=encoding.answer_scale,
            calibration=calibration,
            background=self.background,
            summary=Summary(self.values, accuracy),
        )
        held_out = held_out_scores(bag, runs, networks)
        return FittedTable(model, tuple(map(curves_of, runs)), provenance=provenance, held_out=held_out)

    def _state_to_keep(self) -> TableState | None:
        """Return what `resume` needs; None if the runs are complete."""
        if all(run.state.epoch >= run.job.options.max_iter for run in self.runs):
            return None
        return self.to_resume._replace(states=[state.resumable() for state in self.to_resume.states])


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
    with naming_validation():
        frame = frame_of(X_val, class_name)
    if not frame.n_rows:
        raise ValueError(Message("<X_val> must have at least one row.", X_val=...))
    return frame


def read_rows(reader: FrameReader, opened: OpenedTable, class_name: str) -> TableRows:
    """Return the rows that count, of training and validation."""
    _, encoding, targets, validation = opened
    raw = reader.read(opened.frame, class_name)
    weight = targets.weight
    groups = encoding.groups(targets.values)
    if len(targets.rows) < len(raw):
        raw = raw[targets.rows]
    training = slice(len(raw))
    if validation is None:
        return TableRows(raw, targets.values, targets.truth, weight, groups, training)
    frame, others = validation
    with naming_validation():
        held_out = reader.read(frame, class_name, Notices())[others.rows]
    if weight is not None or others.weight is not None:
        weights = zip((weight, others.weight), (raw, held_out), strict=True)
        weight = np.concatenate([np.ones(len(rows)) if one is None else one for one, rows in weights])
    values = np.concatenate([targets.values, others.values])
    truth = np.concatenate([targets.truth, others.truth])
    raw = np.concatenate([raw, held_out])
    return TableRows(raw, values, truth, weight, groups, training, slice(training.stop, len(raw)))


def digest_of(reader: FrameReader, bag: Bag) -> tuple[bytes, str, bytes]:
    """Return a summary of the data and of what fit has learned before training: equal for equal data."""
    rows, labels, scale = bag.rows, bag.target_encoding.labels, bag.target_encoding.answer_scale
    classes = None if labels is None else (labels.classes.dtype.str, labels.classes.tolist())
    names = None if reader.names is None else list(reader.names)
    before = names, bag.encoder.categories, bag.encoder.dates, classes
    fields = [] if scale is None else [f"{name}={value!r}" for name, value in scale._asdict().items()]
    # The word stays the same whatever the class is called, so that pickled fits can be resumed.
    target = f"TableTarget({', '.join(fields)})" if fields else "None"
    learned = f"({', '.join(map(repr, before))}, {target}, {len(rows.raw) - bag.n_rows!r})"
    arrays = [np.where(np.isnan(rows.raw), np.nan, rows.raw), rows.targets]  # NaN has many forms
    arrays += [] if rows.weight is None else [rows.weight]
    checksums = block_checksums(arrays, [stored_dtype(array) for array in arrays])
    return bag.encoder.numbers.tobytes(), hash_of_text(learned), checksums.tobytes()
