"""A call of `fit`, of networks and of tables alike: a `Fit` is made, prepared, trained and stored.

1. `NetworkFit.of` or `TableFit.of` checks the parameters, and finds the fit that the call continues.
2. Its `prepare` opens the rows and makes the runs.
3. `train_and_store` trains, warns of a useless model, and stores what the fit leaves in one assignment.

Until training begins, nothing changes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from cmlp._bridge import _core
from cmlp._estimators.fitted import ASSIGNED, FITTED, INTERRUPTED
from cmlp._process.signals import DeferredSignals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cmlp._estimators.estimator import Estimator
    from cmlp._estimators.estimator_options import EstimatorOptions, TableOptions
    from cmlp._estimators.fitted import Fitted, Provenance, ProvenanceNow
    from cmlp._train.training_run import TrainingRun

AnyOptions = TypeVar("AnyOptions", bound="EstimatorOptions | TableOptions")


@dataclass(eq=False)
class Fit(ABC, Generic[AnyOptions]):
    """A call that trains an estimator: one network, or all networks of a table.

    It is made of the validated parameters and the fit that the call continues. `prepare` opens the rows and makes the
    runs. Until training begins, nothing of the estimator changes.
    """

    estimator: Estimator
    options: AnyOptions
    previous: Fitted | None = None  # the fit that the call continues
    validation: tuple[Any, Any, Any] = (None, None, None)  # X, y and weights of own validation rows
    resume: bool = False
    runs: Sequence[TrainingRun] = field(default=(), init=False)  # once it is prepared

    @property
    def is_classifier(self) -> bool:
        """Whether y has labels."""
        return self.estimator._estimator_type == "classifier"

    @property
    def class_name(self) -> str:
        """The name of the estimator's class, for messages."""
        return type(self.estimator).__name__

    @property
    def earlier_provenance(self) -> dict[str, Any] | None:
        """The record of the fit that is resumed; None if none is resumed, or one without a record."""
        return self.previous.provenance if self.resume and self.previous is not None else None

    @property
    def is_recorded(self) -> bool:
        """Whether a call of fit is recorded: with ``provenance=True``, unless it resumes a fit without a record."""
        return self.options.provenance and (not self.resume or self.earlier_provenance is not None)

    @property
    def can_resume(self) -> bool:
        """Whether `resume` can continue the fit after Ctrl-C."""
        return True

    @property
    @abstractmethod
    def has_trained(self) -> bool:
        """Whether there is a model to store after Ctrl-C."""

    @abstractmethod
    def begin_provenance(self) -> ProvenanceNow:
        """Begin the record of the fit, before it trains."""

    @abstractmethod
    def train(self, followers: Sequence[Any], provenance_now: ProvenanceNow) -> None:
        """Train all runs, which the user's callbacks and other ones follow."""

    @abstractmethod
    def fitted_now(self, provenance: Provenance | None) -> Fitted:
        """Return what the fit would leave now, with early stopping with the best parameters so far."""

    @abstractmethod
    def fitted(self, provenance: Provenance | None) -> Fitted:
        """Return what the fit leaves, when training has ended or was interrupted."""

    @abstractmethod
    def judge(self) -> None:
        """Warn if the trained model is useless: hardly better than the best constant answer."""


def train_and_store(fit: Fit[Any], followers: Sequence[Any], *, judges: bool = True) -> None:
    """Train, judge and store the model. After Ctrl-C, which waits for a safe point, store the best one, or the last.

    After any other exception the former model stays. So it does after a KeyboardInterrupt that came between two changes
    which belong together: of another signal, or of a second Ctrl-C because no safe point came.
    """
    signals = DeferredSignals()
    _core.run_deferred(signals, _train_and_store, fit, followers, judges, signals)


def _train_and_store(fit: Fit[Any], followers: Sequence[Any], judges: bool, signals: DeferredSignals) -> None:
    estimator = fit.estimator
    provenance_now = fit.begin_provenance() if fit.is_recorded else lambda: None
    try:
        fit.train(followers, provenance_now)
        if judges and not fit.options.warm_start:
            fit.judge()
        store(estimator, fit.fitted(provenance_now()))
    except KeyboardInterrupt as error:
        if signals.has_come_in_a_change(error):
            raise
        signals.finish()
        for run in fit.runs:
            run.state.weights.restore_best()
        interrupted = fit.fitted(provenance_now())
        if fit.has_trained:
            store(estimator, interrupted)
        elif fit.can_resume:
            vars(estimator)[INTERRUPTED] = interrupted
        raise


def store(estimator: Estimator, fitted: Fitted) -> None:
    """Store what a fit leaves, and free the values that were assigned before: all of it or nothing."""
    _core.replace_attributes(estimator, {FITTED: fitted}, (ASSIGNED, INTERRUPTED))
