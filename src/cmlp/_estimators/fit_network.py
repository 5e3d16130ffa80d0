"""`fit` and `partial_fit` of the estimators of one network.

Programs that only predict never import this module.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._bridge import _core
from cmlp._estimators.fit import store, train_and_store
from cmlp._estimators.fitted import NETWORK, can_assemble, fitted_of, locked
from cmlp._estimators.from_arrays import assemble
from cmlp._estimators.kinds_of_call import PARTIAL_FIT
from cmlp._estimators.network_fit import NetworkFit
from cmlp._process.signals import DeferredSignals
from cmlp._train.same_data import keep_or_compare
from cmlp.exceptions import add_hint

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import ArrayLike

    from cmlp._estimators.estimator import Estimator
    from cmlp._estimators.sources import Arrays, RowSource
    from cmlp._train.split import Shards


@locked
def fit_network(
    estimator: Estimator,
    source: Arrays,
    validation: tuple[Any, Any, Any] = (None, None, None),
    *,
    resume: bool = False,
    shards: Shards | None = None,
    followers: Sequence[Any] = (),
) -> None:
    """Train a new model, or with `warm_start` or `resume` the previous one, and store it at the end."""
    fit = NetworkFit.of(estimator, validation, resume=resume, shards=shards)
    with estimator._followers(*source.given) as own:
        train_network(fit, source, [*own, *followers])


def train_network(fit: NetworkFit, source: RowSource, followers: Sequence[Any]) -> None:
    """Train on the rows of a source, and store the model; ValueError if the call resumes a fit on other data."""
    fit.prepare(source)
    if fit.run.has_epochs:
        keep_or_compare(fit.run.job)
    train_and_store(fit, followers)


@locked
def partial_fit(estimator: Estimator, source: Arrays, classes: ArrayLike | None) -> None:
    """Train one epoch on the given rows, starting from the current model, and store the result at the end."""
    fit = NetworkFit.of(estimator, call=PARTIAL_FIT, classes=classes)
    if fit.previous is None and can_assemble(estimator):
        assemble(estimator)
        fit.previous = fitted_of(estimator)
    with _naming_classes(fit, source):
        fit.prepare(source)
    _core.run_deferred(DeferredSignals(), _train_epoch_and_store, fit)


def _train_epoch_and_store(fit: NetworkFit) -> None:
    """Train one epoch, which ends no training. The `network_` stays the same object, with the new parameters."""
    estimator, previous, run = fit.estimator, fit.previous, fit.run
    assert run.has_epochs  # the method does not exist with solver="lbfgs"
    run.train_epoch()
    fitted = fit.fitted_from(run.state.without_rows())
    network = vars(estimator).get(NETWORK)
    store(estimator, fitted)
    if network is not None and previous is not None and network.params is previous.model.params:
        network._share(fitted.model.net, fitted.model.params)


@contextmanager
def _naming_classes(fit: NetworkFit, source: Arrays) -> Iterator[None]:
    """Add to an error that `classes` has a name, if they were passed as the third argument: that is `sample_weight`."""
    try:
        yield
    except ValueError as error:
        weight = source.given[2]
        previous = fit.previous
        if not fit.is_classifier or fit.classes is not None or weight is None:
            raise
        if not any(subject in str(error) for subject in ("sample_weight", "classes must be passed")):
            raise
        if previous is None or np.array_equal(weight, previous.model.class_labels.classes):
            hint = "The third argument of partial_fit is sample_weight: pass the classes as classes=[...]."
            add_hint(error, hint)
        raise
