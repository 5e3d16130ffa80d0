"""`fit_many`: trains independent estimators side by side."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from cmlp._bridge import _core
from cmlp._data.array_types import ArrayLike
from cmlp._data.arrays import read_once
from cmlp._estimators.multilayer_perceptron import MultilayerPerceptron
from cmlp._fit.fit_network import fit_network, network_call
from cmlp._fit.fitted import run_locked
from cmlp._fit.sources import SharedArrays
from cmlp._parameters.entries import network_argument
from cmlp._process.threads import Pool, available_threads
from cmlp._process.warnings import message_and_code, warn
from cmlp.exceptions import InvalidParameterError, naming, shown

_MOST_NAMED = 3  # models in a message


def fit_many(
    models: Iterable[object],
    X: ArrayLike | None = None,
    y: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    *,
    Xs: Iterable[ArrayLike] | None = None,
    ys: Iterable[ArrayLike] | None = None,
    sample_weights: Iterable[ArrayLike | None] | None = None,
    on_error: str = "raise",
    n_threads: int | None = None,
    verbose: bool = False,
) -> list[Any]:  # what the user has passed, or exceptions
    """Train many independent models over all CPUs, in one process.

    Every model is bit-identical to ``model.fit(X, y)`` alone, for any number of threads. The models
    are fitted in place. Threads take one model after the other; they share X, and the core computes
    without the GIL.

    Parameters
    ----------
    models : iterable of estimator
        `MLPClassifier`, `MLPRegressor`, `TabularClassifier`, `TabularRegressor`, or other objects
        with a method `fit` that threads can call side by side, for example pipelines that end in
        one of these. An estimator with ``n_threads=None`` uses one thread if there are at least as
        many models as threads.
    X : array-like or sparse container of shape (n_samples, n_features), default=None
        Training data of all models.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
        Targets of all models.
    sample_weight : None or array-like of shape (n_samples,), default=None
        Weights of the rows, for all models.
    Xs, ys, sample_weights : iterable, default=None
        Instead of X, y or `sample_weight`: one for each model. An entry of `sample_weights` may be
        None.
    on_error : {"raise", "return"}, default="raise"
        What happens if models cannot be fitted. All others are fitted in any case. "raise" then
        raises the exception of the first one; "return" returns an exception at the index of each
        model that failed.
    n_threads : int or None, default=None
        Number of threads; None means the number of CPUs that this process may use.
    verbose : bool, default=False
        Whether to show a progress bar over the models (needs tqdm).

    Returns
    -------
    list
        The models, fitted.

    Raises
    ------
    TypeError, ValueError
        If an argument is invalid: no models, the same model twice, both or neither of X and `Xs`,
        `Xs` of another length than `models`, or one RandomState as `random_state` of two models. No
        model has changed then. An exception of a model has its place at the beginning of the
        message, or in a note if it is neither a TypeError nor a ValueError.
    KeyboardInterrupt
        On Ctrl-C. Complete models are fitted, those in progress are as after an interrupted `fit`,
        so that ``fit(X, y, resume=True)`` continues, and all others have not changed.

    Warns
    -----
    UserWarning
        The warnings of cmlp in the fits, each distinct one once, with the indices of the models.

    Examples
    --------
    >>> import numpy as np
    >>> from cmlp import MLPRegressor, fit_many
    >>> X = np.linspace(-1, 1, 50).reshape(-1, 1)
    >>> models = [MLPRegressor(hidden_layer_sizes=(8,), solver="lbfgs", random_state=seed) for seed in range(3)]
    >>> fitted = fit_many(models, X, ys=[X[:, 0] ** power for power in (1, 2, 3)])
    >>> fitted is not models and all(one is other for one, other in zip(fitted, models))
    True
    """
    from cmlp.callbacks import bar_over

    estimators = _checked_models(models)
    if on_error not in ("raise", "return"):
        raise InvalidParameterError(
            f"on_error must be 'raise' or 'return', got {shown(on_error)}.",
            parameter="on_error",
            value=on_error,
        )
    threads = network_argument("n_threads", n_threads) or available_threads()
    n = len(estimators)
    rows, targets = _for_each_model(n, X, Xs, "X"), _for_each_model(n, y, ys, "y")
    weights = _for_each_model(n, sample_weight, sample_weights, "sample_weight", optional=True)
    results, errors, pool = estimators.copy(), {}, Pool(n, threads)
    shared = None
    if Xs is None and ys is None and sample_weights is None:
        shared = SharedArrays(rows[0], targets[0], weights[0], pool)

    def train(k: int) -> None:
        weight = {} if weights[k] is None else {"sample_weight": weights[k]}
        try:
            with naming(f"models[{k}]"):
                method = getattr(estimators[k].fit, "__func__", None)
                if shared is not None and method is MultilayerPerceptron.fit:
                    run_locked(estimators[k], _fit_on, estimators[k], shared)
                else:
                    estimators[k].fit(rows[k], targets[k], **weight)
        except Exception as error:
            results[k] = errors[k] = error

    with bar_over(n, "model", shows=verbose) as progress:
        _core.run_pool(pool, train, progress)
    for (message, category), indices in pool.warnings().items():
        text, code = message_and_code(message, category)
        warn(f"{text} ({_names_of_models(indices)}){code}", category)
    if errors and on_error == "raise":
        raise _first_error(errors)
    return results


def _fit_on(model: MultilayerPerceptron, shared: SharedArrays) -> None:
    """Do what `fit` does with arrays that others are fitted on, too."""
    fit_network(network_call(model), shared)


def _checked_models(models: Iterable[Any]) -> list[Any]:
    """Return the models as a list; raises TypeError or ValueError unless they are independent estimators."""
    if isinstance(models, str) or not hasattr(models, "__iter__"):
        raise TypeError(f"models must be a list of estimators, got {type(models).__name__}.")
    models = list(models)
    if not models:
        raise ValueError("models must have at least one estimator, got an empty list.")
    seen: dict[int, int] = {}
    for place, model in enumerate(models):
        if isinstance(model, type) or not callable(getattr(model, "fit", None)):
            if isinstance(model, type):
                what = f"the class {model.__name__}"
            else:
                what = type(model).__name__
            raise TypeError(
                f"models must be estimators with a method fit, got {what} as models[{place}]."
            )
        first = seen.setdefault(id(model), place)
        if first != place:
            raise ValueError(
                f"models must be different objects, but models[{place}] is models[{first}]: use "
                "copies."
            )
        source = getattr(model, "random_state", None)
        if source is None or isinstance(source, (int, np.integer)):
            continue
        first = seen.setdefault(id(source), place)
        if first != place:
            raise ValueError(
                f"models must not share random numbers, but models[{first}] and models[{place}] "
                f"have the same {type(source).__name__} as random_state: use a different int for "
                "each."
            )
    return models


def _for_each_model(
    n: int, shared: object, several: Iterable[object] | None, name: str, optional: bool = False
) -> list[object]:
    """Return an argument for each of n models, from one for all or from one for each."""
    if several is None:
        if shared is None and not optional:
            raise TypeError(
                f"fit_many needs {name} for all models, or {name}s with one for each model."
            )
        return [read_once(shared, name)] * n
    if shared is not None:
        raise TypeError(
            f"fit_many takes either {name} for all models or {name}s with one for each model, not "
            "both."
        )
    if isinstance(several, str) or not hasattr(several, "__iter__"):
        raise TypeError(
            f"{name}s must be a list with an entry for each model, got {type(several).__name__}."
        )
    entries = list(several)
    if len(entries) != n:
        raise ValueError(
            f"{name}s must have an entry for each of the {n} models, got {len(entries)}."
        )
    return entries


def _names_of_models(indices: list[int]) -> str:
    """Return names of the models at these indices, as part of a message."""
    names = [f"models[{place}]" for place in indices[:_MOST_NAMED]]
    rest = len(indices) - len(names)
    return ", ".join(names) + (f" and {rest} others" if rest else "")


def _first_error(errors: dict[int, Exception]) -> Exception:
    """Return the exception of the first model that has one, with a note that names the others."""
    first, *others = sorted(errors)
    if others:
        errors[first].add_note(f"Other models that were not fitted: {_names_of_models(others)}.")
    return errors[first]
