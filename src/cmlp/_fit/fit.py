"""A fit of a network or of a table, which is prepared: `run_fit` trains it, and stores what it leaves.

1. `network_call` or `table_call` checks the parameters, and finds the fit that the call continues: a `FitCall`.
2. `prepare_network` or `prepare_table_fit` opens the rows, and makes the training runs: a `NetworkFit` or `TableFit`.
3. `run_fit` trains, warns of a useless model, and stores what the fit leaves in one assignment.

Until training begins, nothing changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, Self

from cmlp._bridge import _core
from cmlp._fit.fitted import ASSIGNED, INTERRUPTED, RESULT, Fitted, copy_with
from cmlp._train.diagnosis import FEW_EPOCHS, WarnIf

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cmlp._fit.call import EstimatorToFit, FitCall
    from cmlp._fit.fitted import Recorder
    from cmlp._model.model import TrainedModel
    from cmlp._train.training import Training

OTHER_VALIDATION = (
    " The validation rows differ from the training rows, so that the epoch that is kept may be a "
    "wrong one."
)


def not_recorded(trainings: Sequence[Training]) -> None:
    """The recorder of a fit that is not recorded."""


class PreparedFit(Protocol):
    """What `run_fit` asks of a `NetworkFit` or a `TableFit`. None of its fields change."""

    @property
    def call(self) -> FitCall[Any]:
        """What was asked for."""

    @property
    def trainings(self) -> Sequence[Training]:
        """One for each network of the model, and of a table for each later part of its rows, once all are trained."""

    @property
    def can_resume(self) -> bool:
        """Whether `resume` can continue the fit after Ctrl-C."""

    @property
    def has_trained(self) -> bool:
        """Whether there is a model to store after Ctrl-C."""

    def train(
        self, extra_callbacks: Sequence[Any], trainer_of: Callable[[Sequence[Training]], Any]
    ) -> Self:
        """Train all networks, followed by the user's callbacks and extra ones; return the fit with all that is trained.

        Of a table, there is an extra one for each network, or none. `trainer_of` returns the trainer of some networks.
        """

    def warn_if_useless(self, warn_if: WarnIf) -> bool:
        """Return whether the trained model is shown to be no better than a constant: see `warn_if_useless`."""

    def digest_of_rows(self) -> object:
        """Return a value that is equal for equal rows; None of a source of blocks."""

    def snapshot(self) -> Fitted[TrainedModel]:
        """Return what the fit would leave now, with early stopping with the best parameters so far.

        The training of a network can be resumed from it. For a table it has only the history.
        """

    def result(self, judgement: Mapping[str, Any]) -> Fitted[TrainedModel]:
        """Return what the fit leaves, when training has ended or was interrupted, with the judgement on it, if any."""


def run_fit(
    fit: PreparedFit,
    extra_callbacks: Sequence[Any] = (),
    recorder: Recorder = not_recorded,
    *,
    warns: bool = True,
) -> None:
    """Train what is prepared, warn of a useless model, and store the model with the record of the fit.

    After a KeyboardInterrupt, wherever it came, the best model is stored, or the last. After any other exception the
    previous model remains.
    """
    call, estimator, trained = fit.call, fit.call.estimator, fit

    def snapshot() -> Any:
        return copy_with(estimator, fit.snapshot()._replace(provenance=recorder(fit.trainings)))

    def trainer_of(trainings: Sequence[Training]) -> Any:
        n_threads = call.options.n_threads
        return estimator._trainer(trainings, n_threads, snapshot, is_of_table=call.is_of_table)

    judgement: dict[str, Any] = {}
    try:
        trained = fit.train(extra_callbacks, trainer_of)
        if warns:
            judgement = _judge(fit)
        store(estimator, _fitted(trained, recorder, judgement))
    except KeyboardInterrupt:
        # A key that is held down raises many: the next ones wait until the model is stored.
        _core.run_deferred(None, _keep_interrupted, trained, recorder, judgement)
        raise


def _fitted(
    fit: PreparedFit, recorder: Recorder, judgement: dict[str, Any]
) -> Fitted[TrainedModel]:
    """Return what a fit leaves, with its record and the judgement on it, which is empty before there is one."""
    return fit.result(judgement)._replace(provenance=recorder(fit.trainings))


def _keep_interrupted(fit: PreparedFit, recorder: Recorder, judgement: dict[str, Any]) -> None:
    """Store the model of what is complete, or what `resume` needs."""
    if any(training.is_running for training in fit.trainings):
        return  # a thread changes the state, and has not noticed for a second that it should stop
    for training in fit.trainings:
        training.state.settle()
        training.state.restore_best()
    interrupted = _fitted(fit, recorder, judgement)
    if fit.has_trained:
        store(fit.call.estimator, interrupted)
    elif fit.can_resume:
        vars(fit.call.estimator)[INTERRUPTED] = interrupted


def _judge(fit: PreparedFit) -> dict[str, Any]:
    """Warn of a useless model; return what is kept of that for the next warm start.

    A warm start often trains for an epoch or a few, until the model is good enough: there is a
    warning if the model was useful before, which then does not fit the rows of this call, or if
    the last warning was about other rows. Without a model before, there is one after enough
    epochs to expect something.
    """
    earlier = fit.call.warm_fit
    warn_if: WarnIf = "doubtful"
    if earlier is not None:
        said = earlier.useless_rows
        is_said = earlier.is_useless and (said is None or said == fit.digest_of_rows())
        warn_if = "never" if is_said else "proven"
    elif fit.call.options.warm_start:
        n_epochs = max(each.state.epoch for each in fit.trainings)
        warn_if = "never" if n_epochs < FEW_EPOCHS else "doubtful"
    is_useless = fit.warn_if_useless(warn_if)
    rows = None
    if is_useless and warn_if != "never":
        rows = fit.digest_of_rows()
    elif is_useless and earlier is not None:
        rows = earlier.useless_rows
    return {"is_useless": is_useless, "useless_rows": rows}


def store(
    estimator: EstimatorToFit,
    result: Fitted[TrainedModel],
    *others: tuple[object, dict[str, Any]],
) -> None:
    """Store what a fit leaves, and free the values that were assigned before: all of it or nothing.

    Others are objects with attributes that change at the same time.
    """
    changes = (estimator, {RESULT: result}), *others
    _core.replace_attributes(changes, (ASSIGNED, INTERRUPTED))
