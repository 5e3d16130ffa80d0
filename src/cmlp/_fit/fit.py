"""A call of `fit`, of networks and of tables alike: a `Fit` is made, prepared, trained and stored.

1. `from_estimator` takes the rows, checks the parameters, and finds the fit that the call
   continues.
2. `prepare` opens the rows and makes the trainings.
3. `train` trains, warns of a useless model, and stores what the fit leaves in one assignment.

Until training begins, nothing changes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from cmlp._bridge import _core
from cmlp._fit.result import ASSIGNED, INTERRUPTED, RESULT, copy_with
from cmlp._parameters.entries import PARAMETERS, PROVENANCE
from cmlp._process.signals import DeferredSignals
from cmlp._train.diagnosis import FEW_EPOCHS, WarnIf
from cmlp._train.random import draw_seed, random_state

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from typing import Self, TypeVar

    from cmlp._data.array_types import GivenRows
    from cmlp._fit.result import Record, Result
    from cmlp._model.model import TrainedModel
    from cmlp._parameters.options import FitOptions
    from cmlp._train.training import Training

    OwnOptions = TypeVar("OwnOptions", bound=FitOptions)

OTHER_VALIDATION = (
    " The validation rows differ from the training rows, so that the epoch that is kept may be a "
    "wrong one."
)


def not_recorded() -> None:
    """The record of a fit that has none."""


class EstimatorToFit(Protocol):
    """What a fit asks of the estimator that it trains."""

    _estimator_type: ClassVar[str]
    _parameter_owner: ClassVar[str]

    def _parameters(self) -> dict[str, Any]:
        """Return the parameters by their names."""

    def _extra_callbacks(
        self, X: Any, y: Any, sample_weight: Any
    ) -> AbstractContextManager[Sequence[Any]]:
        """Return a context manager with callbacks besides those of the user."""

    def _trainer(
        self,
        trainings: Sequence[Training],
        n_threads: int | None,
        snapshot: Callable[[], Any],
        *,
        is_of_table: bool,
    ) -> Any:
        """Return the `Trainer` of some of the networks, which callbacks get."""


@dataclass(eq=False)
class Fit(ABC):
    """A call that trains an estimator: one network, or all networks of a table.

    It is made of the validated parameters, the rows of the call and the fit that it continues. Until
    training begins, nothing of the estimator changes.
    """

    estimator: EstimatorToFit
    options: FitOptions
    previous: Result[Any] | None = None  # the fit that the call continues
    validation: GivenRows = (None, None, None)  # X, y and weights of own validation rows
    resume: bool = False
    trainings: Sequence[Training] = field(default=(), init=False)  # once it is prepared
    is_of_table: ClassVar[bool] = False  # whether it may train several networks, on encoded columns

    @property
    def is_classifier(self) -> bool:
        """Whether y has labels."""
        return self.estimator._estimator_type == "classifier"

    @property
    def class_name(self) -> str:
        """The name of the estimator's class, for messages."""
        return type(self.estimator).__name__

    @property
    def warm_model(self) -> Any:
        """The model that a warm start continues; None for a new one."""
        if self.previous is None or not self.options.warm_start:
            return None
        return self.previous.model

    @property
    def resumed(self) -> Result[Any] | None:
        """The fit that is resumed; None if none is."""
        if not self.resume:
            return None
        return self.previous

    @property
    def is_recorded(self) -> bool:
        """Whether a call of fit is recorded: with ``provenance=True``, unless it resumes a fit without a record."""
        return self.options.provenance and (
            self.resumed is None or self.resumed.provenance is not None
        )

    @property
    def can_resume(self) -> bool:
        """Whether `resume` can continue the fit after Ctrl-C."""
        return True

    @property
    @abstractmethod
    def has_trained(self) -> bool:
        """Whether there is a model to store after Ctrl-C."""

    @abstractmethod
    def prepare(self) -> Self:
        """Open the rows, and make the trainings; the estimator does not change."""

    @abstractmethod
    def follow(
        self, extra_callbacks: Sequence[Any], trainer_of: Callable[[Sequence[Training]], Any]
    ) -> Callable[[], None]:
        """Let the user's callbacks and extra ones follow; return the function that then trains all networks.

        Of a table, there is an extra one for each network, or none. `trainer_of` returns the trainer of some networks.
        """

    @abstractmethod
    def snapshot(self) -> Result[TrainedModel]:
        """Return what the fit would leave now, with early stopping with the best parameters so far.

        The training of a network can be resumed from it. For a table it has only the history.
        """

    @abstractmethod
    def result(self) -> Result[TrainedModel]:
        """Return what the fit leaves, when training has ended or was interrupted."""

    @abstractmethod
    def warn_if_useless(self, warn_if: WarnIf) -> bool:
        """Return whether the trained model is shown to be no better than a constant: see `warn_if_useless`."""

    @abstractmethod
    def digest_of_rows(self) -> object:
        """Return a value that is equal for equal rows; None of a source of blocks."""

    def _judge(self) -> dict[str, Any]:
        """Warn of a useless model; return what is kept of that for the next warm start.

        A warm start often trains for an epoch or a few, until the model is good enough: there is a
        warning if the model was useful before, which then does not fit the rows of this call, or if
        the last warning was about other rows. Without a model before, there is one after enough
        epochs to expect something.
        """
        earlier = self.previous if self.options.warm_start else None
        warn_if: WarnIf = "doubtful"
        if earlier is not None:
            said = earlier.useless_rows
            is_said = earlier.is_useless and (said is None or said == self.digest_of_rows())
            warn_if = "never" if is_said else "proven"
        elif self.options.warm_start:
            n_epochs = max(each.state.epoch for each in self.trainings)
            warn_if = "never" if n_epochs < FEW_EPOCHS else "doubtful"
        is_useless = self.warn_if_useless(warn_if)
        rows = None
        if is_useless and warn_if != "never":
            rows = self.digest_of_rows()
        elif is_useless and earlier is not None:
            rows = earlier.useless_rows
        return {"is_useless": is_useless, "useless_rows": rows}

    def train(
        self,
        extra_callbacks: Sequence[Any] = (),
        record: Record = not_recorded,
        *,
        warns: bool = True,
    ) -> None:
        """Train what is prepared, warn of a useless model, and store the model with the record of the fit.

        After a KeyboardInterrupt, wherever it came, the best model is stored, or the last. After any other exception
        the former model stays.
        """
        estimator = self.estimator

        def snapshot() -> Any:
            return copy_with(estimator, self.snapshot()._replace(provenance=record()))

        def trainer_of(trainings: Sequence[Training]) -> Any:
            n_threads = self.options.n_threads
            return estimator._trainer(trainings, n_threads, snapshot, is_of_table=self.is_of_table)

        train_networks = self.follow(extra_callbacks, trainer_of)
        signals = DeferredSignals()
        try:
            train_networks()
            judgement = self._judge() if warns else {}
            store(estimator, self.result()._replace(provenance=record(), **judgement))
        except KeyboardInterrupt:
            # A key that is held down raises many: the next ones wait until the model is stored.
            _core.run_deferred(signals, self._keep_interrupted, record)
            raise

    def _keep_interrupted(self, record: Record) -> None:
        """Store the model of what is complete, or what `resume` needs."""
        if any(training.is_running for training in self.trainings):
            return  # a thread changes the state, and has not noticed for a second that it should stop
        for training in self.trainings:
            training.state.settle()
            training.state.restore_best()
        interrupted = self.result()._replace(provenance=record())
        if self.has_trained:
            store(self.estimator, interrupted)
        elif self.can_resume:
            vars(self.estimator)[INTERRUPTED] = interrupted


def store(estimator: EstimatorToFit, result: Result[TrainedModel]) -> None:
    """Store what a fit leaves, and free the values that were assigned before: all of it or nothing."""
    _core.replace_attributes(estimator, {RESULT: result}, (ASSIGNED, INTERRUPTED))


def fix_seed(estimator: EstimatorToFit, options: OwnOptions) -> OwnOptions:
    """Return the options with a known seed if the fit is to be recorded; ValueError if it could not be repeated."""
    if not options.provenance:
        return options
    values = estimator._parameters()
    PARAMETERS.require_allowed(PROVENANCE, values)
    seed = values["random_state"]
    if seed is None:
        seed = draw_seed(random_state(None))
    return replace(options, random_state=int(seed))
