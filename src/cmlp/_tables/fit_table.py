"""Fitting a table: `TableFit` is a call that trains its networks.

Programs that only predict never import this module.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from cmlp._bridge.blocks import block_copy
from cmlp._data.columns import NEW_FORMAT
from cmlp._data.shifted_rows import sentence_if_shifted
from cmlp._fit.fit import OTHER_VALIDATION, not_recorded
from cmlp._fit.recipe import NOW
from cmlp._fit.result import Result, untrained_states
from cmlp._fit.resuming import hyperparameters_to_keep
from cmlp._model.kinds_of_findings import silenced_by
from cmlp._model.model import TableModel, TrainedNet
from cmlp._model.probabilities import networks_as_trained
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
from cmlp._tables.later_windows import NETWORKS_SHARE, later_fits, measured_later
from cmlp._tables.make_bag import new_trainings, resumed_trainings
from cmlp._tables.prepared_table import (
    OTHER_DATA,
    PreparedTable,
    prepare_table,
    warn_of_validation_rows,
)
from cmlp._tables.table_call import TableCall
from cmlp._tables.tell import with_verdict
from cmlp._tables.train_bag import LATER_PART, train_members
from cmlp._train.callbacks import Callbacks, callbacks_of
from cmlp.exceptions import InvalidParameterError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Self

    import numpy as np
    from numpy.typing import NDArray

    from cmlp._fit.result import Record
    from cmlp._model.findings import Report
    from cmlp._tables.later_windows import PartFit
    from cmlp._train.diagnosis import WarnIf
    from cmlp._train.training import Training


@dataclass(eq=False)
class TableFit(TableCall):
    """A call that trains the networks of a table."""

    # Once it is prepared, also these:
    trainings: list[Training] = field(default_factory=list, init=False)
    table: PreparedTable = field(init=False)
    until: float = field(init=False)
    until_all: float = field(init=False)  # with the networks of later parts
    values: NDArray[np.float64] = field(init=False)  # of the columns, for the summary of the model
    # With `time`, once the networks are trained; none until those of later parts are, too.
    later: Sequence[PartFit] = field(default=(), init=False)
    validation_differs: bool = field(default=False, init=False)  # clearly from the training rows
    validation_inputs_differ: bool = field(default=False, init=False)  # at all
    is_useless: bool | None = field(default=None, init=False)  # None until it is judged

    def prepare(self) -> Self:
        """Open the rows, learn their columns, and make the trainings of all networks; the estimator does not change.

        The trainings are those of the fit that is resumed, of a warm start, or new.
        """
        options, resumed = self.options, self.resumed
        limit = options.max_time
        if self.time is not None and limit is not None:
            limit *= NETWORKS_SHARE
        self.until, self.until_all = end_of(limit), end_of(options.max_time)
        table = self.table = prepare_table(self, self.until)
        checksum = table.checksum()
        if resumed is not None:
            if checksum != resumed.state.checksum:
                raise ValueError(OTHER_DATA)
            self.trainings = resumed_trainings(table, options, resumed.states)
        else:
            previous = None
            if self.previous is not None:
                previous = networks_as_trained(self.previous.model)
            self.trainings = new_trainings(table, options, previous)
        for training in self.trainings:
            training.state.kept_hyperparameters = hyperparameters_to_keep(self.estimator)
            training.state.checksum = checksum
        self.values = values_at_ranks(table.raw_to_keep, table.to_train_on[1])
        if self._has_new_validation:
            with silencing(silenced_by(options.known)):
                found = warn_of_validation_rows(table, self.values)
            self.validation_differs, self.validation_inputs_differ = found.is_clear, bool(found)
        return self

    @property
    def _has_new_validation(self) -> bool:
        """Whether there are validation rows of the user of which nothing was said yet."""
        is_new = self.resumed is None and self.repeated is None
        return is_new and len(self.table.parts) > 1

    @property
    def report(self) -> Report | None:
        """What was found in the rows, and once the model is judged, whether it is no better than a constant."""
        report = self.table.report
        if report is None or self.is_useless is None:
            return report
        return with_verdict(report, silenced_by(self.options.known), is_useless=self.is_useless)

    def trained_nets(self) -> list[TrainedNet]:
        """Return the networks with copies of their best parameters so far."""
        return [
            TrainedNet(training.net, block_copy(training.state.best_or_present_params))
            for training in self.trainings
        ]

    def all_trainings(self) -> list[Training]:
        """Return those of the networks, and of later parts once these are trained."""
        return [*self.trainings, *(part.training for part in self.later)]

    @property
    def has_trained(self) -> bool:
        """Whether there is a model to store after Ctrl-C: each network has completed an epoch."""
        return all(training.state.epoch for training in self.trainings)

    def follow(
        self,
        callback_of_each_network: Sequence[Any],
        trainer_of: Callable[[Sequence[Training]], Any],
    ) -> Callable[[], None]:
        """Let the user's callbacks follow, which get all networks, and the one of each network; return what trains."""
        options = self.options
        n = len(self.trainings)
        of_networks, of_later = callback_of_each_network[:n], callback_of_each_network[n:]

        def add(trainings: Sequence[Training], callbacks: Sequence[Any]) -> None:
            for training, callback in zip(trainings, callbacks, strict=True):
                trainer_of([training])._add_callbacks_to(training, [callback])

        if callback_of_each_network:
            add(self.trainings, of_networks)
        callbacks = None
        of_user = callbacks_of(options.callbacks, options.verbose)
        if of_user:
            trainer = trainer_of(self.trainings)
            callbacks = Callbacks(trainer.state)
            callbacks.add(of_user, trainer)
            if callbacks.intervals:
                interval = min(callbacks.intervals)
                raise InvalidParameterError(
                    f"every_batches of a callback must be None for {self.class_name}, which calls "
                    f"callbacks after epochs of all networks, got {interval}.",
                    parameter="every_batches",
                    value=interval,
                )
        verbose = options.verbose not in (False, "bar")
        # The fit itself does not keep the callbacks, which have a trainer that keeps the fit.
        train_networks = partial(
            train_members,
            self.trainings,
            options.n_threads,
            self.until,
            verbose=verbose,
            callbacks=callbacks,
        )
        # A call that repeats another one may repeat one that was interrupted before.
        if self.table.times is None or (callback_of_each_network and not of_later):
            return train_networks

        def train_all() -> None:
            train_networks()
            later = later_fits(self, self.table)
            trainings = [part.training for part in later]
            if of_later:
                add(trainings, of_later)
            train_members(
                trainings,
                options.n_threads,
                self.until_all,
                verbose=verbose,
                name=LATER_PART,
            )
            self.later = later

        return train_all

    def warn_if_useless(self, warn_if: WarnIf) -> bool:
        """Warn if the networks are hardly better than a constant; return whether they are not."""
        held_out = held_out_rows(self.table, self.trainings)
        groups = [[self.trainings[k] for k in members] for _, members in held_out]
        with silencing(silenced_by(self.options.known)):
            is_told = warn_if != "never"
            if is_told and self._has_new_validation and self.has_trained:
                self.validation_differs |= warn_of_validation_targets(
                    self.table, self.trainings, inputs_differ=self.validation_inputs_differ
                )
            is_useless = warn_if_bag_is_useless(
                groups or [self.trainings],
                warn_if,
                cause=OTHER_VALIDATION * self.validation_differs,
                shifted=self._shifted_rows,
            )
        self.is_useless = is_useless
        return is_useless

    def _shifted_rows(self) -> str:
        """Return a sentence if X and y are shifted by a row."""
        rows = self.table.parts[0]
        truth = self.table.truth[rows]
        return sentence_if_shifted(self.table.raw[rows], truth)

    def digest_of_rows(self) -> bytes:
        """Return the checksums of the rows that count, without what was learned from them."""
        return self.table.digest_of_rows()

    def result(self) -> Result[TableModel]:
        """Return what the fit leaves, when training has ended or was interrupted; then with what `resume` needs."""
        lacks_later = self.table.times is not None and not self.later
        if lacks_later and self.has_trained:
            warn(
                "The fit was interrupted before the networks for later rows were trained: intervals are those without "
                "time, for rows like those of fit. fit with resume=True continues."
            )
        result = self.snapshot()
        if not lacks_later and all(
            training.state.epoch >= training.options.max_iter for training in self.all_trainings()
        ):
            return result
        states = tuple(training.state.resumable() for training in self.trainings)
        return result._replace(states=states, folds=self.table.folds)

    def snapshot(self) -> Result[TableModel]:
        """Return what the fit would leave now, without what `resume` needs."""
        table, trainings, networks = self.table, self.trainings, self.trained_nets()
        encoding = table.encoding
        calibration, accuracy = measured_errors(table, self.options, trainings, networks)
        importances = measured_importances(table, trainings, networks)
        summary = Summary(self.values, accuracy, importances=importances)
        if self.later and calibration is not None:
            calibration, accuracy, later = measured_later(self.later, table, calibration)
            summary = summary._replace(accuracy=accuracy, later=later)
        model = TableModel(
            self.estimator._estimator_type,
            networks,
            labels=encoding.labels,
            columns=table.columns,
            answer_scale=encoding.answer_scale,
            calibration=calibration,
            class_weights=encoding.weights_of_labels,
            background=table.background,
            summary=summary,
            report=self.report,
            cell_format=NEW_FORMAT._replace(missing=tuple(table.columns.missing_texts or ())),
        )
        states = untrained_states(networks)
        for state, training in zip(states, trainings, strict=True):
            state.history = training.state.history
        held_out = held_out_scores(table, trainings, networks)
        return Result(model, states, held_out=held_out, recipe=NOW)


def record_of(fit: TableFit) -> Record:
    """Begin the record of a prepared fit, if it is to be recorded."""
    if not fit.is_recorded:
        return not_recorded
    from cmlp._tables.table_record import table_record  # few programs need it

    return table_record(fit, fit.table, fit.all_trainings)
