"""`NetworkFit`: a call that trains one network, prepared, so that `run_fit` can train it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from cmlp._fit.fit import OTHER_VALIDATION
from cmlp._fit.recipe import NOW
from cmlp._fit.result import Result
from cmlp._train.callbacks import callbacks_of
from cmlp._train.diagnosis import warn_if_useless
from cmlp._train.same_data import checksums_of, digests_of, keep_or_compare

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Self

    from numpy.typing import NDArray

    from cmlp._data.labels import Labels
    from cmlp._fit.call import FitCall
    from cmlp._fit.sources import RowSource
    from cmlp._model.model import NetworkModel
    from cmlp._parameters.options import NetworkOptions
    from cmlp._train.diagnosis import WarnIf
    from cmlp._train.state import TrainingState
    from cmlp._train.training import Training


class NetworkFit(NamedTuple):
    """A call that trains one network, prepared."""

    call: FitCall[NetworkOptions]
    source: RowSource
    labels: Labels | None
    training: Training
    validation_differs: bool = False  # from the training rows

    @property
    def trainings(self) -> Sequence[Training]:
        """The training of the network."""
        return (self.training,)

    @property
    def all_trainings(self) -> Sequence[Training]:
        """The same."""
        return self.trainings

    def keep_or_compare_rows(self) -> None:
        """Keep checksums of the rows; raises ValueError if the call resumes a fit on others."""
        if self.can_resume:
            keep_or_compare(self.training, partial(self.source.once, checksums_of))

    @property
    def can_resume(self) -> bool:
        """Whether `resume` can continue an interrupted call."""
        return self.call.options.has_epochs

    @property
    def has_trained(self) -> bool:
        """Whether there is a model to store after Ctrl-C."""
        return bool(self.call.options.warm_start or self.training.state.epoch)

    def train(
        self, extra_callbacks: Sequence[Any], trainer_of: Callable[[Sequence[Training]], Any]
    ) -> Self:
        """Train the network, followed by the user's callbacks and extra ones."""
        options, training = self.call.options, self.training
        callbacks = [*callbacks_of(options.callbacks, options.verbose), *extra_callbacks]
        if callbacks:
            trainer_of(self.trainings)._add_callbacks_to(training, callbacks)
        training.train()
        return self

    def warn_if_useless(self, warn_if: WarnIf) -> bool:
        """Warn if the network is hardly better than a constant; return whether it is useless."""
        cause = OTHER_VALIDATION * self.validation_differs
        return warn_if_useless(self.training, warn_if, cause=cause)

    def digest_of_rows(self) -> object:
        """Return the checksums of all rows; None of a source of blocks, which the training does not have."""
        if not self.training.data.is_whole:
            return None
        return [(kinds, sums.tobytes()) for kinds, sums in digests_of(self.training).values()]

    def snapshot(self) -> Result[NetworkModel]:
        """Return what the fit would leave now, from which `resume` can continue."""
        return self.result_with(self.training.state.best_so_far())

    def result(self, *, is_useless: bool | None = None) -> Result[NetworkModel]:
        """Return what the fit leaves, when training has ended or was interrupted."""
        state = self.training.state
        if self.can_resume:
            return self.result_with(state.resumable())
        return self.result_with(state.without_rows())

    def result_with(self, state: TrainingState) -> Result[NetworkModel]:
        """Let a new state of the training predict y itself, and return what the fit would leave with it.

        The model shares the block of parameters with the state, unless y is standardized.
        """
        names = self.training.data.inputs.names
        return left_by(self.call, self.labels, self.training, state, names)


def left_by(
    call: FitCall[NetworkOptions],
    labels: Labels | None,
    training: Training,
    state: TrainingState,
    names: NDArray[Any] | None = None,
) -> Result[NetworkModel]:
    """Let the parameters of a new state predict y itself, and return what the fit leaves with it."""
    state.use_units_of_y(training.net)
    previous = call.previous
    return Result.from_network(
        training.net,
        state,
        labels,
        input_scale=training.data.inputs.scale,
        names=names,
        scale_name=call.options.scale_to_learn if previous is None else previous.scale_name,
        recipe=NOW,
    )
