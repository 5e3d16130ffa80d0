"""`fit` of the estimators for tables: from the rows of a user to the networks, and from these to the fitted model.

Programs that only predict never import this module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp import _core
from cmlp._data.checksums import block_checksums, dtype_kind, hash_of_text
from cmlp._data.frame_reader import FrameColumns, FrameReader, frame_of, learn_frame_reader
from cmlp._data.weights import as_weights
from cmlp._estimators.exclusive import Exclusively
from cmlp._estimators.fitted import FITTED, INTERRUPTED, Fitted, with_fitted
from cmlp._estimators.resuming import nothing_to_resume, parameters_to_keep, require_kept
from cmlp._estimators.tables.bag import (
    Bag,
    BagTrainer,
    curves_of,
    encoded_inputs,
    has_bins,
    held_out_rows,
    networks_of,
    train_members,
    warn_if_useless,
)
from cmlp._estimators.tables.calibrating import measured
from cmlp._estimators.tables.learn_encoder import Signal, learn_encoder
from cmlp._estimators.tables.table_targets import TableRows, UserTargets, schema_of
from cmlp._model.calibration import HELD_OUT
from cmlp._model.model import TrainedModel, mean_outputs
from cmlp._model.probabilities import HeldOut, Scores, fitted_networks, no_map, scores_of_inputs
from cmlp._model.shapley import kept_rows
from cmlp._model.summary import Summary, values_at_ranks
from cmlp._process.signals import immediate_signals
from cmlp._process.warnings import Notices
from cmlp._train.architecture import POSITIVE_LOSSES, ROBUST_LOSSES
from cmlp._train.job import named_validation, require_complete
from cmlp._train.observer import Deadline, Reporter, callbacks_of
from cmlp._train.random import random_state

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from cmlp._estimators.provenance import ProvenanceNow
    from cmlp._estimators.tables.table_targets import TableTargets
    from cmlp._model.calibration import Calibration
    from cmlp._model.model import TableTarget, TrainedNet
    from cmlp._model.summary import Accuracy
    from cmlp._train.loop import EpochLoop
    from cmlp._train.state import TrainingState

_FEWEST_ROWS = 2  # that fit accepts
_SOFT_LIMIT = 3.0  # of the signal of robust losses, in interquartile ranges, as for columns of numbers


def fit_table(estimator: Any, rows: tuple[Any, Any, Any], validation: tuple[Any, Any, Any], *, resume: bool) -> None:
    """Learn the columns, train the networks on them, and store what they have learned.

    Rows and validation data are X, y and the weights. Until training begins, nothing changes.
    """
    with Exclusively(estimator), estimator._observers(*rows) as observers:
        with immediate_signals():
            # The parameters
            owner, options = type(estimator).__name__, estimator._parameters()
            deadline = Deadline(options.max_time)
            if options.provenance:
                from cmlp._estimators.provenance import provenance_of_table, seed_of  # few programs need it

                options = options._replace(random_state=seed_of(options._asdict()))
            previous = vars(estimator)[FITTED].model if options.warm_start and FITTED in vars(estimator) else None
            # The rows of the user, and the targets
            frame, val_frame = frame_of(rows[0], owner), None
            if require_complete(*validation):
                if not options.early_stopping:
                    raise ValueError("early_stopping=False uses no validation data: leave out X_val and y_val.")
                val_frame = _validation_frame(validation[0], owner)
            _require_rows(frame, owner)
            given = UserTargets(rows[1], frame.n_rows, as_weights(rows[2], frame.n_rows))
            with named_validation():
                n_val = 0 if val_frame is None else val_frame.n_rows
                val_given = UserTargets(validation[1], n_val, as_weights(validation[2], n_val))
            targets = estimator._targets(given, val_given, options, previous)
            if len(targets.rows) < _FEWEST_ROWS:
                raise ValueError(
                    f"sample_weight must be positive for at least {_FEWEST_ROWS} rows, got {len(targets.rows)} "
                    "(weights below 1e-30 of the largest count as 0, and class_weight multiplies them)."
                )
            # The columns: numbers and codes, then inputs of the networks
            if previous is not None:
                reader = schema_of(previous)
            else:
                reader = learn_frame_reader(frame, estimator.categorical_features, owner, targets.rows, targets.weight)
            table = rows_of(reader, frame, val_frame, targets, owner)
            raw = table.raw[: len(targets.rows)]
            if previous is not None:
                encoder = previous.encoder
            else:
                signal, parts = signal_of(targets), options.date_parts
                encoder = learn_encoder(raw, reader, signal, options.n_threads, date_parts=parts)
            inputs = encoded_inputs(encoder, table.raw, options.n_estimators)
            # The networks
            bag = Bag(table, targets.task, targets.shape, encoder, inputs, options)
            digest, record = digest_of(reader, bag, targets), None
            if resume:
                states, record = states_to_resume(estimator, digest)
                runs = bag.continued(states)
            else:
                networks = None if previous is None else fitted_networks(previous)
                runs = bag.begun(_generator(options.random_state), networks)
            provenance_now: ProvenanceNow = lambda: None  # noqa: E731
            if options.provenance and (record is not None or not resume):
                seed = options.random_state
                provenance_now = provenance_of_table(estimator, runs, bag, reader.names, targets.labels, seed, record)
            # What the model keeps of the rows
            background = kept_rows(raw, table.weight, options.keep_background)
            values = values_at_ranks(raw, None if table.weight is None else table.weight[: len(raw)])

            def fitted(state: Any = None) -> Fitted:
                """Return what fit would leave now."""
                networks = networks_of(runs)
                calibration, accuracy = _measured_on_held_out(bag, runs, networks, targets.truth, targets.target)
                model = TrainedModel(
                    estimator._estimator_type,
                    networks,
                    labels=targets.labels,
                    names=reader.names,
                    encoder=encoder,
                    target=targets.target,
                    calibration=calibration,
                    background=background,
                    summary=Summary(values, accuracy),
                )
                held_out = None if targets.labels is None else _held_out(bag, runs, networks, targets.truth)
                return Fitted(model, tuple(map(curves_of, runs)), state, provenance_now(), held_out=held_out)

            # Those who follow the training: each network has an observer, or none has
            for run, observer in zip(runs, observers, strict=bool(observers)):
                observer.state, observer.provenance_now = run.state, provenance_now
                run.observers.append(observer)
            callbacks = callbacks_of(options.callbacks, options.verbose)
            trainer = BagTrainer(runs, lambda: with_fitted(estimator, fitted()))
            follower = Reporter(trainer, callbacks) if callbacks else None
            if follower is not None and follower.intervals:
                raise ValueError(
                    f"every_batches of a callback must be None for {owner}, which calls callbacks after epochs of all "
                    f"networks, got {min(follower.intervals)}."
                )
        try:
            lines = options.verbose not in (False, "bar")
            with immediate_signals():  # signals end the threads, each of which stops at a safe point
                train_members(runs, options.n_threads, deadline, verbose=lines, follower=follower)
            _keep(estimator, fitted(kept_state(estimator, runs, digest)))
            if not options.warm_start:
                warn_if_useless(bag, runs, None if targets.labels is None else targets.labels.classes)
        except KeyboardInterrupt:
            interrupted = fitted(kept_state(estimator, runs, digest))
            if all(run.state.epoch for run in runs):
                _keep(estimator, interrupted)
            else:
                vars(estimator)[INTERRUPTED] = interrupted
            raise


def _keep(estimator: Any, fitted: Fitted) -> None:
    """Store what fit leaves."""
    estimator._fitted = fitted
    vars(estimator).pop(INTERRUPTED, None)


def _generator(seed: int | np.random.RandomState | None) -> _core.Random:
    """Return a generator of the core for the user's `random_state`."""
    rng = random_state(seed)
    return rng if isinstance(rng, _core.Random) else _core.Random(int(2**32 * float(rng.random_sample())))


def _require_rows(frame: FrameColumns, owner: str) -> None:
    """Raise ValueError if there are too few rows."""
    shape = frame.n_rows, len(frame.columns)
    if frame.n_rows < _FEWEST_ROWS:
        raise ValueError(
            f"Found array with {frame.n_rows} sample(s) (shape={shape}) while a minimum of {_FEWEST_ROWS} is required "
            f"by {owner}."
        )


def _validation_frame(X_val: ArrayLike | None, owner: str) -> FrameColumns:
    """Return the columns of the validation data."""
    with named_validation():
        frame = frame_of(X_val, owner)
    if not frame.n_rows:
        raise ValueError("X_val must have at least one row.")
    return frame


def signal_of(targets: TableTargets) -> Signal:
    """Return what the encoder should separate: the classes, or the standardized numbers or labels of each column.

    A split lowers the variance of the signal. Of losses for which far targets count little, the numbers are
    soft-clipped, because the variance would depend on the far ones alone. Those of "poisson" and "gamma" are square
    roots and logarithms, which have about the same variance for small and large means.
    """
    if targets.groups is not None:
        return Signal(targets.groups, targets.weight)
    is_one = isinstance(targets.shape.loss_parameter, tuple)  # one number, in a column for each quantile
    numbers = targets.task.targets[: len(targets.rows), : 1 if is_one else None]
    values, loss = numbers.astype(np.float64), targets.shape.loss
    if loss in ROBUST_LOSSES:
        values /= np.sqrt(1 + (values / _SOFT_LIMIT) ** 2)
    elif loss in POSITIVE_LOSSES:
        values = np.sqrt(values) if loss == "poisson" else np.log(values)
    return Signal(values, targets.weight)


def rows_of(
    reader: FrameReader, frame: FrameColumns, validation: FrameColumns | None, targets: TableTargets, owner: str
) -> TableRows:
    """Return the training rows that count; validation rows follow the others."""
    raw, weight = reader.read(frame, owner), targets.weight
    if len(targets.rows) < len(raw):
        raw = raw[targets.rows]
    if validation is None:
        return TableRows(raw, weight, targets.groups, 0)
    with named_validation():
        held_out = reader.read(validation, owner, Notices())[targets.validation_rows]
    if weight is not None or targets.validation_weight is not None:
        weights = zip((weight, targets.validation_weight), (raw, held_out), strict=True)
        weight = np.concatenate([np.ones(len(rows)) if one is None else one for one, rows in weights])
    return TableRows(np.concatenate([raw, held_out]), weight, targets.groups, len(held_out))


# ------------------------------------------------------------------------------------ what is kept for `resume`


def kept_state(estimator: Any, runs: Sequence[EpochLoop], digest: Any) -> tuple[Any, ...] | None:
    """Return what `resume` needs: states, parameters, and what `digest_of` returns; None if the runs are complete."""
    if all(training.state.epoch >= training.job.options.max_iter for training in runs):
        return None
    for training in runs:
        training.state.restore_best()
    states = [training.state.resumable() for training in runs]
    return states, parameters_to_keep(estimator), digest


def states_to_resume(estimator: Any, digest: Any) -> tuple[list[TrainingState], dict[str, Any] | None]:
    """Return states and record of the fit that `resume` continues; raises ValueError if none can be continued."""
    values, owner = vars(estimator), type(estimator).__name__
    fitted: Fitted | None = values.get(INTERRUPTED) or values.get(FITTED)
    if fitted is None:
        raise nothing_to_resume(estimator)
    if fitted.state is None:
        raise ValueError(
            f"resume=True continues a fit that was interrupted, but that of this {owner} is complete, or it was loaded "
            "from a file, which has no training state."
        )
    states, parameters, known = fitted.state
    require_kept(parameters, parameters_to_keep(estimator))
    if digest != known:
        raise ValueError(
            "resume=True continues a fit on other data. Pass the same X, y and validation data, with the same names of "
            "columns, categories and labels."
        )
    return [state.shared() for state in states], fitted.provenance


def digest_of(reader: FrameReader, bag: Bag, targets: TableTargets) -> tuple[bytes, str, bytes]:
    """Return a summary of the data and of what fit has learned before training: equal for equal data."""
    labels = targets.labels
    classes = None if labels is None else (labels.classes.dtype.str, labels.classes.tolist())
    names = None if reader.names is None else list(reader.names)
    learned = names, bag.encoder.categories, bag.encoder.dates, classes, targets.target, bag.rows.n_validation
    arrays = [np.where(np.isnan(bag.rows.raw), np.nan, bag.rows.raw), bag.task.targets]  # NaN has many forms
    arrays += [] if bag.rows.weight is None else [bag.rows.weight]
    checksums = block_checksums(arrays, [dtype_kind(array) for array in arrays])
    return bag.encoder.numbers.tobytes(), hash_of_text(repr(learned)), checksums.tobytes()


# ------------------------------------------------------------------------- scores on the rows that networks held out


def _measured_on_held_out(
    bag: Bag, runs: Sequence[EpochLoop], networks: Sequence[TrainedNet], truth: NDArray[Any], target: TableTarget | None
) -> tuple[Calibration | None, Accuracy | None]:
    """Return scores and accuracy on the held-out rows, each judged by the networks that held it out; None without such.

    `truth` has the true values of all rows of the bag.
    """
    groups = held_out_rows(bag, runs)
    if not groups:
        return None, None
    rows = np.concatenate([held for held, _ in groups])
    each = ([_outputs(bag, k, networks[k], held) for k in group] for held, group in groups)
    outputs = np.concatenate([mean_outputs(found, target) for found in each])
    weight = None if bag.rows.weight is None else bag.rows.weight[rows]
    part = None
    if bag.options.interval_width == "adaptive":
        part = np.repeat(np.arange(len(groups)), [len(held) for held, _ in groups])
    return measured(networks[0].net, HELD_OUT, outputs, truth[rows], weight, has_classes=target is None, part=part)


def _outputs(bag: Bag, k: int, network: TrainedNet, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    inputs = bag.inputs[has_bins(bag.encoder, k)][rows]
    return network.net.forward(network.params, inputs, n_threads=1).astype(np.float64)


def _held_out(
    bag: Bag, runs: Sequence[EpochLoop], networks: Sequence[TrainedNet], truth: NDArray[Any]
) -> HeldOut | None:
    """Return the scores of the held-out rows by the networks that held them out; None without such rows."""
    parts = []
    for rows, group in held_out_rows(bag, runs):
        z = [scores_of_inputs(networks[k], bag.inputs[has_bins(bag.encoder, k)][rows]) for k in group]
        weight = np.ones(len(rows)) if bag.rows.weight is None else bag.rows.weight[rows]
        parts.append(Scores(np.stack(z), truth[rows].reshape(len(rows), -1).astype(np.int64), weight))
    return HeldOut(tuple(parts), no_map(networks[0].net)) if parts else None
