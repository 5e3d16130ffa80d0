"""`FitCall`: what a call that trains was asked for, checked. It never changes, and changes nothing of the estimator."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar

from cmlp._fit.fitted import Fitted, fitted_of
from cmlp._fit.recipe import require_this_recipe
from cmlp._parameters.entries import FIT, PARAMETERS, PARTIAL_FIT, PROVENANCE
from cmlp._train.random import draw_seed, generator_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from cmlp._data.array_types import GivenRows
    from cmlp._parameters.hyperparameters import CallKind
    from cmlp._parameters.options import FitOptions
    from cmlp._train.training import Training

OwnOptions = TypeVar("OwnOptions", bound="FitOptions")


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


@dataclass(frozen=True, eq=False)
class FitCall(Generic[OwnOptions]):
    """A call that trains an estimator: its validated parameters, its own validation rows, and the fit it continues."""

    estimator: EstimatorToFit
    options: OwnOptions
    previous: Fitted[Any] | None = None  # the fit that the call continues
    validation: GivenRows = (None, None, None)  # X, y and weights of own validation rows
    resume: bool = False
    name: CallKind = FIT
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
    def is_incremental(self) -> bool:
        """Whether the call continues the previous fit by one epoch, whatever `warm_start` is."""
        return self.name == PARTIAL_FIT

    @property
    def warm_fit(self) -> Fitted[Any] | None:
        """The fit that a warm start continues; None if none is."""
        return self.previous if self.options.warm_start else None

    @property
    def warm_model(self) -> Any:
        """The model of this fit; None for a new one."""
        return None if self.warm_fit is None else self.warm_fit.model

    @property
    def resumed(self) -> Fitted[Any] | None:
        """The fit that is resumed; None if none is."""
        return self.previous if self.resume else None

    @property
    def is_recorded(self) -> bool:
        """Whether a call of fit is recorded: with ``provenance=True``, unless it resumes a fit without a record."""
        return self.options.provenance and (
            self.resumed is None or self.resumed.provenance is not None
        )


def to_warm_start(estimator: EstimatorToFit) -> Fitted[Any] | None:
    """Return the fit that a warm start continues; ValueError if another recipe has trained it."""
    previous = fitted_of(estimator)
    if previous is not None:
        require_this_recipe(previous.recipe, "warm_start=True")
    return previous


def fix_seed(estimator: EstimatorToFit, options: OwnOptions) -> OwnOptions:
    """Return the options with a known seed if the fit is to be recorded; ValueError if it could not be repeated."""
    if not options.provenance:
        return options
    values = estimator._parameters()
    PARAMETERS.require_allowed(PROVENANCE, values)
    seed = values["random_state"]
    if seed is None:
        seed = draw_seed(generator_of(None))
    return replace(options, random_state=int(seed))
