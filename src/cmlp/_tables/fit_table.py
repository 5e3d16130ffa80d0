"""Fitting a table: a `TableCall` becomes a `TableFit`, which trains its networks.

Programs that only predict never import this module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Self

from cmlp._bridge.blocks import block_copy
from cmlp._data.columns import NEW_FORMAT
from cmlp._data.shifted_rows import sentence_if_shifted
from cmlp._fit.fit import OTHER_VALIDATION, not_recorded, run_fit
from cmlp._fit.fitted import Fitted, untrained_states
from cmlp._fit.recipe import NOW
from cmlp._fit.resuming import hyperparameters_to_keep
from cmlp._model.findings_of_scores import with_findings_of_scores
from cmlp._model.kinds_of_findings import silenced_by
from cmlp._model.model import TableModel, TrainedNet
from cmlp._model.probabilities import (
    learned_slope,
    networks_as_trained,
    output_layers,
    scores_with_slope,
    with_slope,
)
from cmlp._model.summary import Summary, values_at_ranks
from cmlp._process.time_limit import end_of
from cmlp._process.warnings import silencing, warn
from cmlp._tables.held_out import (
    held_out_rows,
    held_out_scores,
    measured_errors,
    measured_importances,
    warn_if_bag_is_useless,
    warn_of_validation_targets,
)
from cmlp._tables.later_windows import NETWORKS_SHARE, PartFit, later_fits, measured_later
from cmlp._tables.make_bag import new_trainings, resumed_trainings
from cmlp._tables.nominal import networks_of_bins
from cmlp._tables.prepared_table import (
    OTHER_DATA,
    PreparedTable,
    prepare_table,
    warn_of_validation_rows,
)
from cmlp._tables.tell import with_verdict
from cmlp._tables.train_bag import LATER_PART, train_members
from cmlp._train.callbacks import Callbacks, callbacks_of
from cmlp.exceptions import InvalidParameterError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import numpy as np

    from cmlp._data.array_types import NDArray
    from cmlp._fit.fitted import Recorder
    from cmlp._model.findings import Report
    from cmlp._tables.table_call import TableCall
    from cmlp._train.diagnosis import WarnIf
    from cmlp._train.training import Training


def fit_table(call: TableCall) -> None:
    """Train new networks, or with `warm_start` or `resume` those of the previous fit, and store the model at the end.

    The caller holds the lock of the estimator.
    """
    fit = prepare_table_fit(call)
    run_fit(fit, recorder=recorder_of(fit))


def prepare_table_fit(call: TableCall) -> TableFit:
    """Open the rows, learn their columns, and make a training run of each network; the estimator does not change.

    The runs are those of the fit that is resumed, of a warm start, or new.
    """
    options, resumed = call.options, call.resumed
    limit = options.max_time
    if call.time is not None and limit is not None:
        limit *= NETWORKS_SHARE
    until, until_all = end_of(limit), end_of(options.max_time)
    table = prepare_table(call, until)
    checksum = table.checksum()
    if resumed is not None:
        if checksum != resumed.state.checksum:
            raise ValueError(OTHER_DATA)
        trainings = resumed_trainings(table, options, resumed.states)
    else:
        previous = None
        if call.previous is not None:
            previous = networks_as_trained(call.previous.model)
        trainings = new_trainings(table, options, previous)
    for training in trainings:
        training.state.kept_hyperparameters = hyperparameters_to_keep(call.estimator)
        training.state.checksum = checksum
    values = values_at_ranks(table.raw_to_keep, table.to_train_on[1])
    fit = TableFit(call, table, trainings, values, until, until_all)
    if fit.has_new_validation:
        with silencing(silenced_by(options.known)):
            found = warn_of_validation_rows(table, values)
        fit = fit._replace(validation_differs=found.is_clear, validation_inputs_differ=bool(found))
    return fit


class TableFit(NamedTuple):
    """A call that trains the networks of a table, prepared."""

    call: TableCall
    table: PreparedTable
    members: list[Training]  # of the networks
    values: NDArray[np.float64]  # of the columns, for the summary of the model
    until: float
    until_all: float  # with the networks of later parts
    validation_differs: bool = False  # clearly from the training rows
    validation_inputs_differ: bool = False  # at all
    later: Sequence[PartFit] = ()  # with `time`, those of later parts: once all are trained

    @property
    def trainings(self) -> Sequence[Training]:
        """Those of the networks, and of later parts if these are trained."""
        return [*self.members, *(part.training for part in self.later)]

    @property
    def has_new_validation(self) -> bool:
        """Whether there are validation rows of the user of which nothing was said yet."""
        is_new = self.call.resumed is None and self.call.repeated is None
        return is_new and len(self.table.parts) > 1

    @property
    def can_resume(self) -> bool:
        """Whether `resume` can continue the fit after Ctrl-C: always."""
        return True

    @property
    def has_trained(self) -> bool:
        """Whether there is a model to store after Ctrl-C: each network has completed an epoch."""
        return all(training.state.epoch for training in self.members)

    def train(
        self,
        callback_of_each_network: Sequence[Any],
        trainer_of: Callable[[Sequence[Training]], Any],
    ) -> Self:
        """Train all networks, followed by the user's callbacks, which get all of them, and by the one of each network.

        With `time`, the networks of later parts are trained after them.
        """
        options, of_each = self.call.options, iter(callback_of_each_network)
        _add_to_each(self.members, of_each, trainer_of)
        callbacks = self._callbacks_of_user(trainer_of)
        verbose = options.verbose not in (False, "bar")
        n_threads = options.n_threads
        train_members(self.members, n_threads, self.until, verbose=verbose, callbacks=callbacks)
        # A call that repeats another one may repeat one that was interrupted before.
        if self.table.times is None or len(callback_of_each_network) == len(self.members):
            return self
        later = later_fits(self.call, self.table)
        trainings = [part.training for part in later]
        _add_to_each(trainings, of_each, trainer_of)
        train_members(trainings, n_threads, self.until_all, verbose=verbose, name=LATER_PART)
        return self._replace(later=later)

    def _callbacks_of_user(
        self, trainer_of: Callable[[Sequence[Training]], Any]
    ) -> Callbacks | None:
        """Return the user's callbacks, which are called after epochs of all networks; None without such."""
        of_user = callbacks_of(self.call.options.callbacks, self.call.options.verbose)
        if not of_user:
            return None
        trainer = trainer_of(self.members)
        callbacks = Callbacks(trainer.state)
        callbacks.add(of_user, trainer)
        if callbacks.intervals:
            interval = min(callbacks.intervals)
            raise InvalidParameterError(
                "every_batches of a callback must be None for "
                f"{self.call.class_name}, which calls callbacks after epochs of all networks, "
                f"got {interval}.",
                parameter="every_batches",
                value=interval,
            )
        return callbacks

    def warn_if_useless(self, warn_if: WarnIf) -> bool:
        """Warn if the networks are hardly better than a constant; return whether they are not."""
        held_out = held_out_rows(self.table, self.members)
        groups = [[self.members[k] for k in members] for _, members in held_out]
        differs = self.validation_differs
        with silencing(silenced_by(self.call.options.known)):
            is_told = warn_if != "never"
            if is_told and self.has_new_validation and self.has_trained:
                differs |= warn_of_validation_targets(
                    self.table, self.members, inputs_differ=self.validation_inputs_differ
                )
            return warn_if_bag_is_useless(
                groups or [self.members],
                warn_if,
                cause=OTHER_VALIDATION * differs,
                shifted=self._shifted_rows,
            )

    def _shifted_rows(self) -> str:
        """Return a sentence if X and y are shifted by a row."""
        row_index = self.table.parts[0]
        truth = self.table.truth[row_index]
        return sentence_if_shifted(self.table.raw[row_index], truth)

    def digest_of_rows(self) -> bytes:
        """Return the checksums of the rows that count, without what was learned from them."""
        return self.table.digest_of_rows()

    def result(self, judgement: Mapping[str, Any]) -> Fitted[TableModel]:
        """Return what the fit leaves, with the judgement on it, if any; after Ctrl-C with what `resume` needs."""
        lacks_later = self.table.times is not None and not self.later
        if lacks_later and self.has_trained:
            warn(
                "The fit was interrupted before the networks for later rows were trained: intervals are those without "
                "time, for rows like those of fit. fit with resume=True continues."
            )
        report = self.table.report
        if report is not None and judgement:
            is_useless = judgement["is_useless"]
            report = with_verdict(report, self._silenced(), is_useless=is_useless)
        result = self._result_with(report)._replace(**judgement)
        if not lacks_later and all(
            training.state.epoch >= training.options.max_iter for training in self.trainings
        ):
            return result
        states = tuple(training.state.resumable() for training in self.members)
        return result._replace(states=states, folds=self.table.folds)

    def _silenced(self) -> frozenset[str]:
        """Return the findings that the user knows."""
        return silenced_by(self.call.options.known)

    def snapshot(self) -> Fitted[TableModel]:
        """Return what the fit would leave now, without what `resume` needs."""
        return self._result_with(self.table.report)

    def trained_nets(self) -> list[TrainedNet]:
        """Return the networks with copies of their best parameters so far."""
        return [
            TrainedNet(training.net, block_copy(training.state.best_or_present_params))
            for training in self.members
        ]

    def _result_with(self, report: Report | None) -> Fitted[TableModel]:
        """Return what the fit would leave now with this report of its data, without what `resume` needs."""
        call, table, trainings = self.call, self.table, self.members
        trained, encoding = self.trained_nets(), table.encoding
        class_weights = encoding.weights_of_labels
        slope, held_out = None, held_out_scores(table, trainings, trained)
        if held_out is not None:
            slope = learned_slope(held_out, trained[0].net, class_weights)
            held_out = scores_with_slope(held_out, slope)
        calibration, accuracy = measured_errors(
            table, call.options, trainings, with_slope(trained, slope)
        )
        importances = measured_importances(table, trainings, trained)
        summary = Summary(self.values, accuracy, importances=importances)
        stored = networks_of_bins(trained, table.columns, table.nominal)
        networks = with_slope(stored, slope)
        if self.later and calibration is not None:
            calibration, accuracy, later = measured_later(self.later, table, calibration)
            summary = summary._replace(accuracy=accuracy, later=later)
        model = TableModel(
            call.estimator._estimator_type,
            networks,
            labels=encoding.labels,
            columns=table.columns,
            answer_scale=encoding.answer_scale,
            calibration=calibration,
            fitted_outputs=None if slope is None else output_layers(stored),
            slope=slope,
            class_weights=class_weights,
            background=table.background,
            summary=summary,
            report=report,
            cell_format=NEW_FORMAT._replace(missing=tuple(table.columns.missing_texts or ())),
        )
        states = untrained_states(networks)
        for state, training in zip(states, trainings, strict=True):
            state.history = training.state.history
        model = with_findings_of_scores(model, self._silenced())
        return Fitted(model, states, held_out=held_out, recipe=NOW)


def _add_to_each(
    trainings: Sequence[Training],
    callbacks: Iterator[Any],
    trainer_of: Callable[[Sequence[Training]], Any],
) -> None:
    """Add the next callback to each network, if there are some."""
    for training, callback in zip(trainings, callbacks, strict=False):
        trainer_of([training])._add_callbacks_to(training, [callback])


def recorder_of(fit: TableFit) -> Recorder:
    """Return what records a prepared fit, if it is to be recorded."""
    if not fit.call.is_recorded:
        return not_recorded
    from cmlp._tables.table_recorder import table_recorder  # few programs need it

    return table_recorder(fit, fit.table)
