"""Fitting a table: `TableFit` is a call that trains its networks.

Programs that only predict never import this module.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp._bridge import _core
from cmlp._data.checks import as_targets
from cmlp._data.checksums import block_checksums, hash_of_text, stored_dtype
from cmlp._data.input_frame import InputFrame, frame_of
from cmlp._data.weights import as_weights
from cmlp._estimators.estimator_options import with_known_seed
from cmlp._estimators.fit import Fit, train_and_store
from cmlp._estimators.fitted import Fitted, copy_with, fitted_of, locked, untrained_states
from cmlp._estimators.network_fit import trainer_of
from cmlp._estimators.resuming import parameters_to_keep, table_to_resume
from cmlp._estimators.tables.bag import Bag, TableRows, encoded_inputs, networks_of
from cmlp._estimators.tables.held_out import held_out_scores, measured_on_held_out, warn_if_bag_is_useless
from cmlp._estimators.tables.learn_columns import learn_columns, learn_inputs
from cmlp._estimators.tables.splits import SplitTarget
from cmlp._estimators.tables.targets import learn_table_encoding
from cmlp._estimators.tables.train_bag import BagTrainer, train_members
from cmlp._model.model import TableModel
from cmlp._model.outside import warn_of_moved_rows
from cmlp._model.probabilities import networks_as_trained
from cmlp._model.summary import Summary, kept_rows, values_at_ranks
from cmlp._process.warnings import Notices
from cmlp._train.callbacks import Callbacks, Deadline, callbacks_of
from cmlp._train.job import naming_validation, require_complete
from cmlp._train.parameters import PARAMETERS
from cmlp._train.random import random_state
from cmlp.exceptions import InvalidParameterError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from numpy.typing import ArrayLike, NDArray

    from cmlp._data.checksums import Digests
    from cmlp._estimators.estimator import Estimator
    from cmlp._estimators.estimator_options import TableOptions
    from cmlp._estimators.fitted import Provenance, ProvenanceNow
    from cmlp._estimators.tables.targets import CountedTargets, TableEncoding
    from cmlp._model.summary import Background
    from cmlp._model.table_columns import TableColumns
    from cmlp._model.unusual_rows import Gaps
    from cmlp._train.diagnosis import Verdict
    from cmlp._train.loop import EpochLoop

_FEWEST_ROWS = 2  # that fit accepts
_WARM_NOTE = (
    " warm_start=True keeps the categories, ranges and bins of the earlier fit: fit with "
    "warm_start=False to learn those of these rows."
)


@locked
def fit_table(
    estimator: Estimator,
    given: tuple[Any, Any, Any],
    validation: tuple[Any, Any, Any],
    *,
    resume: bool,
    followers: Sequence[Any] = (),
    repeated: TableColumns | None = None,
) -> None:
    """Learn the columns, train the networks on them, and store what they have learned; `given` are X, y and weights.

    `repeated` are the columns of a fit that the call repeats.
    """
    fit = TableFit.of(estimator, validation, resume=resume)
    fit.repeated = repeated or fit.repeated
    with estimator._followers(*given) as own:
        train_and_store(fit.prepare(*given), [*own, *followers])


class OpenedTable(NamedTuple):
    """The columns of X and of X_val, what y means, and the targets of the rows that count."""

    frame: InputFrame
    encoding: TableEncoding
    targets: CountedTargets
    validation: tuple[InputFrame, CountedTargets] | None


@dataclass(eq=False)
class TableFit(Fit["TableOptions"]):
    """A call that trains the networks of a table."""

    options: TableOptions
    previous: Fitted | None = None
    repeated: TableColumns | None = None  # the columns of a fit that is continued or repeated
    # Once it is prepared, also these:
    runs: list[EpochLoop] = field(default_factory=list, init=False)
    bag: Bag = field(init=False)
    deadline: Deadline = field(init=False)
    values: NDArray[np.float64] = field(init=False)  # of the columns, for the summary of the model
    background: Background | None = field(default=None, init=False)

    @classmethod
    def of(cls, estimator: Estimator, validation: tuple[Any, Any, Any], *, resume: bool) -> Self:
        """Check the parameters of an estimator, and find the fit that the call continues."""
        options: TableOptions = with_known_seed(estimator, estimator._options())
        PARAMETERS.warn_of_unused(estimator._parameter_owner, estimator._parameters())
        if resume:
            previous = table_to_resume(estimator)
            return cls(estimator, options, previous, validation, True, repeated=previous.model.columns)
        return cls(estimator, options, fitted_of(estimator) if options.warm_start else None, validation)

    @property
    def warm_model(self) -> TableModel | None:
        """The model that a warm start continues."""
        return self.previous.model if self.options.warm_start and self.previous is not None else None

    def prepare(self, X: Any, y: Any, weight: Any) -> Self:
        """Open the rows, learn their columns, and make the runs of all networks; the estimator does not change.

        The runs are those of the fit that is resumed, of a warm start, or new.
        """
        options, previous = self.options, self.previous
        self.deadline = Deadline(options.max_time)
        opened = self._open(X, y, weight)
        columns, rows = self._learn_columns(opened)
        self.bag = bag = Bag(
            rows, opened.encoding, columns, encoded_inputs(columns, rows.raw, options.n_estimators), options
        )
        digest = digest_of(bag)
        if self.resume and previous is not None:
            if digest != previous.state.resume_check.digests:
                raise ValueError(
                    "resume=True continues a fit on other data. Pass the same X, y and "
                    "validation data, with the same names of columns, categories and labels."
                )
            self.runs, self.background = bag.resumed_runs(previous.states), previous.model.background
        else:
            generator = _generator(options.random_state)
            seed = int(2**32 * float(generator.copy().random_sample()))  # of rows whose choice changes no other number
            self.background = kept_rows(*rows.to_train_on, options.keep_background, seed)
            self.runs = bag.new_runs(generator, None if previous is None else networks_as_trained(previous.model))
        for run in self.runs:
            check = run.state.resume_check
            check.parameters, check.digests = parameters_to_keep(self.estimator), digest
        self.values = values_at_ranks(*rows.to_train_on)
        return self

    def _open(self, X: Any, y: Any, weight: Any) -> OpenedTable:
        """Return the columns that the user has passed, and the targets of the rows that count."""
        X_val, y_val, weight_val = self.validation
        frame = frame_of(X, self.class_name)
        val_frame = None
        if require_complete(X_val, y_val, weight_val):
            if not self.options.early_stopping:
                raise InvalidParameterError(
                    "early_stopping=False uses no validation data: leave out X_val and y_val.",
                    parameter="early_stopping",
                    value=False,
                )
            val_frame = _validation_frame(X_val, self.class_name)
        _require_rows(frame, self.class_name)
        encoding, targets = learn_table_encoding(
            self, self.warm_model, y, as_weights(weight, frame.n_rows), frame.n_rows
        )
        validation = None
        if val_frame is not None:
            with naming_validation():
                array = as_targets(y_val, val_frame.n_rows, self.class_name, labels=self.is_classifier)
                validation = val_frame, encoding.targets(array, as_weights(weight_val, val_frame.n_rows))
        if len(targets.rows) < _FEWEST_ROWS:
            raise ValueError(
                f"sample_weight must be positive for at least {_FEWEST_ROWS} rows, got "
                f"{len(targets.rows)} (weights below 1e-30 of the largest count as 0, and "
                "class_weight multiplies them)."
            )
        return OpenedTable(frame, encoding, targets, validation)

    def _learn_columns(self, opened: OpenedTable) -> tuple[TableColumns, TableRows]:
        """Learn the columns, which a warm start keeps, and return them with the rows."""
        model = self.warm_model
        options = self.options
        targets = opened.targets
        if model is not None:
            rows = read_rows(model.columns, opened, self.class_name, Notices(_WARM_NOTE), model.gaps)
            warn_of_moved_rows(model, rows.raw[rows.training], _WARM_NOTE)
            return model.columns, rows
        categorical = options.categorical_features
        known = learn_columns(opened.frame, categorical, self.class_name, targets.rows, targets.weight)
        rows = read_rows(known, opened, self.class_name)
        target = SplitTarget(opened.encoding.to_split(targets.values), targets.weight)
        columns = learn_inputs(
            known,
            rows.raw[rows.training],
            target,
            options.n_threads,
            date_parts=options.date_parts,
            deadline=self.deadline,
            earlier=self.repeated,
        )
        return columns, rows

    @property
    def has_trained(self) -> bool:
        """Whether there is a model to store after Ctrl-C: each network has completed an epoch."""
        return all(run.state.epoch for run in self.runs)

    def begin_provenance(self) -> ProvenanceNow:
        """Begin the record of the fit."""
        from cmlp._estimators.provenance import begin_table_record  # few programs need it

        states = [run.state for run in self.runs]
        return begin_table_record(self, self.bag, states, self.bag.columns.names, self.bag.target_encoding.labels)

    def train(self, followers: Sequence[Any], provenance_now: ProvenanceNow) -> None:
        """Train all networks side by side; the user's callbacks follow them, and each of the others one network."""
        options, estimator = self.options, self.estimator
        if followers:
            for run, follower in zip(self.runs, followers, strict=True):
                trainer_of(self, run, provenance_now)._follow([follower], run)
        own = None
        callbacks = callbacks_of(options.callbacks, options.verbose)
        if callbacks:
            trainer = BagTrainer(self.runs, lambda: copy_with(estimator, self.fitted_now(provenance_now())))
            own = Callbacks(trainer)
            own.add(callbacks, trainer)
            if own.intervals:
                interval = min(own.intervals)
                raise InvalidParameterError(
                    f"every_batches of a callback must be None for {self.class_name}, which calls "
                    f"callbacks after epochs of all networks, got {interval}.",
                    parameter="every_batches",
                    value=interval,
                )
        lines = options.verbose not in (False, "bar")
        train_members(self.runs, options.n_threads, self.deadline, verbose=lines, callbacks=own)

    def judge(self, verdict: Verdict) -> bool | None:
        """Warn if the networks are hardly better than a constant; return whether they are better."""
        return warn_if_bag_is_useless(self.bag, self.runs, verdict)

    def fitted(self, provenance: Provenance | None) -> Fitted:
        """Return what the fit leaves, when training has ended or was interrupted; then with what `resume` needs."""
        fitted = self.fitted_now(provenance)
        if all(run.state.epoch >= run.job.options.max_iter for run in self.runs):
            return fitted
        return fitted._replace(states=tuple(run.state.resumable() for run in self.runs))

    def fitted_now(self, provenance: Provenance | None) -> Fitted:
        """Return what the fit would leave now, but for what `resume` needs."""
        bag, runs, encoding = self.bag, self.runs, self.bag.target_encoding
        networks = networks_of(runs)
        calibration, accuracy = measured_on_held_out(bag, runs, networks)
        model = TableModel(
            self.estimator._estimator_type,
            networks,
            labels=encoding.labels,
            columns=bag.columns,
            answer_scale=encoding.answer_scale,
            calibration=calibration,
            class_weights=encoding.weights_of_labels,
            background=self.background,
            summary=Summary(self.values, accuracy),
        )
        held_out = held_out_scores(bag, runs, networks)
        states = untrained_states(networks)
        for state, run in zip(states, runs, strict=True):
            state.history = run.state.history
        return Fitted(model, states, provenance, held_out=held_out)


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
        raise ValueError("X_val must have at least one row.")
    return frame


def read_rows(
    columns: TableColumns,
    opened: OpenedTable,
    class_name: str,
    notices: Notices | None = None,
    gaps: Gaps | None = None,
) -> TableRows:
    """Return the rows that count, of training and validation.

    With `notices`, the columns and the gaps are those of an earlier fit, and there are warnings of what these rows have
    besides.
    """
    _, encoding, targets, validation = opened
    raw = columns.read(opened.frame, class_name, notices, gaps, in_fit=True)
    weight = targets.weight
    groups = encoding.groups(targets.values)
    if len(targets.rows) < len(raw):
        raw = raw[targets.rows]
    training = slice(len(raw))
    if validation is None:
        return TableRows(raw, targets.values, targets.truth, weight, groups, training)
    frame, others = validation
    with naming_validation():
        held_out = columns.read(frame, class_name, Notices(), gaps)[others.rows]
    if weight is not None or others.weight is not None:
        weights = zip((weight, others.weight), (raw, held_out), strict=True)
        weight = np.concatenate([np.ones(len(rows)) if one is None else one for one, rows in weights])
    values = np.concatenate([targets.values, others.values])
    truth = np.concatenate([targets.truth, others.truth])
    raw = np.concatenate([raw, held_out])
    return TableRows(raw, values, truth, weight, groups, training, slice(training.stop, len(raw)))


def digest_of(bag: Bag) -> Digests:
    """Return a summary of the data and of what fit has learned before training: equal for equal data."""
    rows, labels, scale = bag.rows, bag.target_encoding.labels, bag.target_encoding.answer_scale
    classes = None if labels is None else (labels.classes.dtype.str, labels.classes.tolist())
    columns = bag.columns
    names = None if columns.names is None else list(columns.names)
    before = names, columns.categories, columns.dates, classes
    fields = [] if scale is None else [f"{name}={value!r}" for name, value in scale._asdict().items()]
    # The word stays the same whatever the class is called, so that pickled fits can be resumed.
    target = f"TableTarget({', '.join(fields)})" if fields else "None"
    learned = f"({', '.join(map(repr, before))}, {target}, {len(rows.raw) - bag.n_rows!r})"
    arrays = [np.where(np.isnan(rows.raw), np.nan, rows.raw), rows.targets]  # NaN has many forms
    arrays += [] if rows.weight is None else [rows.weight]
    checksums = block_checksums(arrays, [stored_dtype(array) for array in arrays])
    kinds = {"numbers": columns.numbers.tobytes().hex(), "learned": hash_of_text(learned)}
    return {"table": (kinds, checksums.tobytes())}  # type: ignore[dict-item]  # bytes can be compared with ==
