"""Support for scikit-learn's callbacks (1.9 or later): fit calls them before and after each epoch.

The estimators do not inherit from scikit-learn's mixin class, so this package imports it only if the program sets a
callback. Its methods are called with the estimator as an explicit argument.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cmlp._estimators.delegation import Delegated
from cmlp._signals import undeferred
from cmlp._training.observer import Observer

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike

    from cmlp._estimators.model import Model

# Attributes that exist only during fit. They are not copied or pickled, because they hold references to X and y.
FIT_TIME = ("_callback_fit_ctx", "_skl_callbacks_to_teardown")


class Callbacks:
    """Mixin with scikit-learn's method `set_callbacks`, which exists with scikit-learn 1.9 or later."""

    def _set_callbacks(self, *callbacks: Any) -> Any:
        """Set the scikit-learn callbacks that `fit` calls before and after each epoch.

        Parameters
        ----------
        *callbacks : callback instances
            For example ``sklearn.callback.ProgressBar()``. A call without arguments removes all callbacks.

        Returns
        -------
        self

        Raises
        ------
        TypeError
            If an argument does not implement the ``sklearn.callback.FitCallback`` protocol.
        """
        from sklearn.callback import CallbackSupportMixin  # type: ignore[import-untyped]

        return CallbackSupportMixin.set_callbacks(self, *callbacks)

    set_callbacks = Delegated(_set_callbacks, "sklearn.callback")

    def _observed(self, given: tuple[Any, Any, Any], train: Callable[..., None]) -> None:
        """Call ``train(observers=...)`` for X, y and weights of a fit, within the callbacks if there are any."""
        if "_skl_callbacks" not in vars(self):
            train()
            return
        from sklearn.callback import with_callbacks

        def run(estimator: Any) -> None:
            with undeferred():
                observer = CallbackObserver(estimator, *given)
            train(observers=[observer])
            with undeferred():
                observer.fit_is_over(estimator._model)

        with_callbacks(run)(self)


class CallbackObserver(Observer):
    """Calls the callbacks of an estimator before and after each epoch; X, y and weights are those of fit.

    The constructor reports that fit begins, before the data are checked, and `fit_is_over` that it has ended, because
    the estimator has no model yet when the loop ends. `snapshot` returns a `Model` with the current parameters. It is
    called only if a callback requests a fitted estimator.
    """

    def __init__(self, estimator: Any, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None) -> None:
        from sklearn.callback import CallbackSupportMixin

        self.estimator = estimator
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        self.arguments = {"estimator": estimator, "X": X, "y": y, "metadata": metadata}
        self.job = CallbackSupportMixin._init_callback_context(estimator, max_subtasks=estimator.max_iter)
        self.job.call_on_fit_task_begin(**self.arguments)

    def epoch_begins(self) -> None:
        """Report that an epoch begins."""
        self.epoch = self.job.subcontext(task_name="epoch")
        self.epoch.call_on_fit_task_begin(**self.arguments)

    def epoch_ends(self) -> bool:
        """Report that the epoch has ended; return whether a callback stops training."""
        attributes = {"reconstruction_attributes": lambda: {"_model": self.snapshot()}}
        stops: bool = self.epoch.call_on_fit_task_end(**self.arguments, **attributes)
        return stops

    def fit_is_over(self, model: Model) -> None:
        """Report that fit has ended with this model."""
        self.job.call_on_fit_task_end(**self.arguments, reconstruction_attributes=lambda: {"_model": model})
