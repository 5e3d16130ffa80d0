"""scikit-learn's callbacks (1.9 or later): fit calls them before and after each epoch."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sklearn.callback import CallbackSupportMixin, with_callbacks  # type: ignore[import-untyped]

from cmlp._fit.fitted import RESULT, Fitted, fitted_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cmlp._data.array_types import ArrayLike
    from cmlp._model.model import TrainedModel
    from cmlp.callbacks import AnyTrainer

# Attributes that exist only during fit. They are not copied or pickled, because they hold
# references to X and y.
_FIT_TIME = ("_callback_fit_ctx", "_skl_callbacks_to_teardown")


class SklearnCallbacks(CallbackSupportMixin):  # type: ignore[misc]
    """Mixin with `set_callbacks`, for estimators that train epoch by epoch."""

    @contextmanager
    def _extra_callbacks(
        self, X: Any, y: Any, sample_weight: Any
    ) -> Iterator[list[CallsCallbacks]]:
        """Call the callbacks before and after a fit on these rows.

        The callback that is returned calls them after each epoch.
        """
        if "_skl_callbacks" not in vars(self):
            yield []
            return
        if self.provenance:
            raise ValueError(
                "provenance=True needs a fit without the callbacks of scikit-learn, which can "
                "change it."
            )
        try:
            callback = CallsCallbacks(self, X, y, sample_weight)
            yield [callback]
            callback.fit_is_over(self._result)
        finally:
            with_callbacks(_nothing)(self)  # which tears down the callbacks at its end

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = super().__getstate__()
        return {name: value for name, value in state.items() if name not in _FIT_TIME}


def _nothing(estimator: object) -> None:
    pass


class CallsCallbacks:
    """A callback that calls those of an estimator before and after each epoch.

    X, y and weights are those of fit.

    The constructor reports that fit begins, before the data are checked, and `fit_is_over` that it
    has ended, because the estimator has no model yet when the loop ends. A `Fitted` with the
    current parameters is made only if a callback requests a fitted estimator.
    """

    def __init__(
        self, estimator: Any, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None
    ) -> None:
        self.estimator = estimator
        metadata = None
        if sample_weight is not None:
            metadata = {"sample_weight": sample_weight}
        self.arguments = {"estimator": estimator, "X": X, "y": y, "metadata": metadata}
        self.job = CallbackSupportMixin._init_callback_context(
            estimator, max_subtasks=estimator.max_iter
        )
        self.job.call_on_fit_task_begin(**self.arguments)

    def on_epoch_begin(self, trainer: AnyTrainer) -> None:
        """Report that an epoch begins."""
        self.epoch = self.job.subcontext(task_name="epoch")
        self.epoch.call_on_fit_task_begin(**self.arguments)

    def on_epoch_end(self, trainer: AnyTrainer) -> None:
        """Report that the epoch has ended; a callback may stop training."""
        attributes = {"reconstruction_attributes": lambda: {RESULT: fitted_of(trainer.snapshot())}}
        if self.epoch.call_on_fit_task_end(**self.arguments, **attributes):
            trainer.stop()

    def fit_is_over(self, result: Fitted[TrainedModel]) -> None:
        """Report that fit has ended with this model."""
        self.job.call_on_fit_task_end(
            **self.arguments, reconstruction_attributes=lambda: {RESULT: result}
        )
