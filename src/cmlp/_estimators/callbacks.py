"""Support for scikit-learn's callbacks (1.9 or later): fit calls them before and after each epoch.

The estimators do not inherit from scikit-learn's mixin class, so this package imports it only if the program sets a
callback. Its methods are called with the estimator as an explicit argument.
"""

from __future__ import annotations

import operator
from functools import partial
from typing import TYPE_CHECKING, Any

from cmlp._estimators.delegation import Delegated
from cmlp._model.attributes import FITTED
from cmlp._process.signals import undeferred
from cmlp._train.observer import Observer
from cmlp._workers import ALONE

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike

    from cmlp._estimators.fitted import Fitted
    from cmlp._workers import Workers

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


class CallbackObserver(Observer):
    """Calls the callbacks of an estimator before and after each epoch; X, y and weights are those of fit.

    The constructor reports that fit begins, before the data are checked, and `fit_is_over` that it has ended, because
    the estimator has no model yet when the loop ends. `snapshot` returns a `Fitted` with the current parameters. It is
    called only if a callback requests a fitted estimator.
    """

    snapshot: Callable[[], Fitted]

    def __init__(self, estimator: Any, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None) -> None:
        from sklearn.callback import CallbackSupportMixin

        self.estimator = estimator
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        self.arguments = {"estimator": estimator, "X": X, "y": y, "metadata": metadata}
        self.fit = CallbackSupportMixin._init_callback_context(estimator, max_subtasks=estimator.max_iter)
        self.fit.call_on_fit_task_begin(**self.arguments)

    def epoch_begins(self) -> None:
        """Report that an epoch begins."""
        self.epoch = self.fit.subcontext(task_name="epoch")
        self.epoch.call_on_fit_task_begin(**self.arguments)

    def epoch_ends(self) -> bool:
        """Report that the epoch has ended; return whether a callback stops training."""
        attributes = {"reconstruction_attributes": lambda: {FITTED: self.snapshot()}}
        stops: bool = self.epoch.call_on_fit_task_end(**self.arguments, **attributes)
        return stops

    def fit_is_over(self, fitted: Fitted) -> None:
        """Report that fit has ended with this result."""
        self.fit.call_on_fit_task_end(**self.arguments, reconstruction_attributes=lambda: {FITTED: fitted})


def calling_back(
    estimator: Any, given: tuple[Any, Any, Any], workers: Workers = ALONE
) -> Callable[[Callable[..., None]], None]:
    """Return a function that calls ``train(observer=...)`` and tears down the callbacks; without them ``train()``."""
    return partial(_call, estimator, given, workers) if "_skl_callbacks" in vars(estimator) else operator.call


def _call(estimator: Any, given: tuple[Any, Any, Any], workers: Workers, train: Callable[..., None]) -> None:
    from sklearn.callback import with_callbacks

    def run(estimator: Any) -> None:
        try:
            with undeferred():
                observer = CallbackObserver(estimator, *given)
        except BaseException as error:
            if workers.size > 1:  # the others prepare their data
                workers.settle(error)
            raise
        train(observer=observer)
        with undeferred():
            observer.fit_is_over(estimator._fitted)

    with_callbacks(run)(estimator)
