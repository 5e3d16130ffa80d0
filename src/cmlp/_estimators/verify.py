"""`verify`: trains a model again, to check that its data and parameters give its weights."""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._data.integers import positive_integer
from cmlp._estimators.files import load
from cmlp._estimators.fitted import FITTED, Fitted, record_of, unchanging
from cmlp._estimators.provenance import AGAIN, ARITHMETIC, Again, OtherDataError, parameters_of_record
from cmlp._model.model import model_of
from cmlp._model.results import Verification

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike

    from cmlp._model.model import TrainedModel


def verify(
    model: Any,
    X: Any,
    y: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    *,
    X_val: ArrayLike | None = None,
    y_val: ArrayLike | None = None,
    sample_weight_val: ArrayLike | None = None,
    start: Any = None,
    n_epochs: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Verification:
    """Train a model again on its data, and compare the weights bit by bit.

    The model must have been fitted with ``provenance=True``. Neither the number of threads or processes, nor the
    instruction set or the system needs to be that of the fit. Training stops at the first difference.

    A spot check trains some epochs only: from a state that a `callbacks.Checkpoint` has stored, or `n_epochs`.

    Parameters
    ----------
    model : str, path-like, MLPClassifier, MLPRegressor, TabularClassifier or TabularRegressor
        A model file or a fitted estimator, which stays as it is.
    X : array-like, sparse container, data frame, iterable or callable
        The rows of the fit; for a model of `fit_batches`, the source of blocks.
    y : array-like or None, default=None
        The targets; None for a source of blocks.
    sample_weight : array-like or None, default=None
        The weights of the rows, if the fit had them.
    X_val, y_val, sample_weight_val : array-like or None, default=None
        The validation data, if the fit had them.
    start : str, path-like, MLPClassifier, MLPRegressor or None, default=None
        A checkpoint of the same training, from which it is repeated. None begins with the first epoch. Tables have no
        such checkpoints.
    n_epochs : int or None, default=None
        The number of epochs to train, at least; training ends at the next link of the record. None means all.
    progress : callable or None, default=None
        Called with the numbers of completed and of all epochs of all networks: ``progress(epoch, n_epochs)``.

    Returns
    -------
    Verification

    Raises
    ------
    ValueError
        If the model has no record, `start` is no checkpoint of its training, or an argument is invalid, as for `fit`.
    ModelFormatError, OSError
        If the file is damaged or cannot be read.

    Notes
    -----
    A positive answer proves that these data and these parameters give these weights. It does not prove that they are
    the only ones that were tried, or that the data are what they claim to be. A spot check says nothing about the
    epochs that it leaves out.

    Examples
    --------
    >>> import cmlp
    >>> X, y = [[0.0, 0.0], [1.0, 1.0], [0.0, 1.0], [1.0, 0.0]], [0, 0, 1, 1]
    >>> never = {"tol": 0, "n_iter_no_change": float("inf")}  # stops early
    >>> model = cmlp.MLPClassifier((16,), "tanh", learning_rate_init=0.1, max_iter=50, **never, provenance=True)
    >>> model = model.fit(X, y)
    >>> print(cmlp.verify(model, X, y))
    bit-identical: these data and parameters give these weights (50 epochs)
    >>> cmlp.verify(model, X, [0, 0, 1, 0]).reason
    'data'
    """
    model = load(model) if isinstance(model, (str, os.PathLike)) else unchanging(model)
    trained = model_of(model)
    record = record_of(model)
    if record is None:
        owner = trained.class_name
        remedy = "only a fit of an estimator" if owner == "Network" else "only a fit"
        more = ", and partial_fit removes it" if owner.startswith("MLP") else ""
        raise ValueError(f"This {owner} has no record of its training: {remedy} with provenance=True has one{more}.")
    if n_epochs is not None:
        n_epochs = positive_integer("n_epochs", n_epochs, " or None")
    if record["arithmetic"] != ARITHMETIC:
        return _other(
            "version", f"arithmetic {record['arithmetic']} of cmlp {record['cmlp']}, and this version has {ARITHMETIC}"
        )
    now, was = parameters_of_record(model), record["parameters"]
    for name in {**was, **now}:
        if now.get(name) != was.get(name):
            return _other("parameters", f"{name} was {was.get(name)!r} in fit, and the model has {now.get(name)!r}")
    again = Again(record, progress or (lambda epoch, n_epochs: None), n_epochs)
    twin = _twin(model, record, again) if start is None else _continued(start, trained, again)
    held = {"X_val": X_val, "y_val": y_val, "sample_weight_val": sample_weight_val}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # those of the fit
            _train(twin, model, (X, y, sample_weight), held, start is not None)
    except OtherDataError:
        pass
    return _answer(trained, twin, again)


def _twin(model: Any, record: dict[str, Any], again: Again) -> Any:
    """Return an estimator that trains as the model was trained."""
    twin = type(model)(**model.get_params(deep=False))
    own = {"random_state": record["seed"], "callbacks": None, "max_time": None, "verbose": False, "warm_start": False}
    own |= {"dtype": record["dtype"], "provenance": True}
    names = type(model)._get_param_names()
    twin.set_params(**{name: value for name, value in own.items() if name in names})
    vars(twin)[AGAIN] = again
    return twin


def _continued(start: Any, trained: TrainedModel, again: Again) -> Any:
    """Return an estimator that continues a checkpoint of the training of this model."""
    start = load(start) if isinstance(start, (str, os.PathLike)) else unchanging(start)
    earlier, record = model_of(start), again.record
    kept = vars(start).get(FITTED) if earlier.encoder is None else None
    if kept is None or kept.record is None or kept.state.parameters is None:
        raise ValueError(
            "start must be a checkpoint of a fit with provenance=True, which cmlp.callbacks.Checkpoint stores for "
            f"MLPClassifier and MLPRegressor, got a {earlier.class_name} without training state or record."
        )
    for name in sorted(record.keys() - {"cmlp", "model", "networks", "n_rows"}):
        if kept.record[name] != record[name]:
            raise ValueError(f"start must be a checkpoint of the training of the model, but its {name} differ.")
    if [kept.state.epoch, kept.state.batch or 0] >= record["networks"][0]["end"]:
        raise ValueError(f"start must be a checkpoint before the end of the training, got epoch {kept.state.epoch}.")
    twin = type(start)(**start.get_params(deep=False))
    twin.set_params(callbacks=None, max_time=None, verbose=False)
    state = kept.state.copy()
    state.checksum = state.digests = None  # the data are compared with the record
    model = kept.model.replace(networks=[(kept.model.net, state.params)])
    twin._fitted = Fitted.of(model, state, kept.scale_name)._replace(record=kept.record)
    vars(twin)[AGAIN] = again
    return twin


def _train(twin: Any, model: Any, rows: tuple[Any, Any, Any], held: dict[str, Any], resume: bool) -> None:
    """Call what has trained the model."""
    (X, y, weight), record = rows, vars(twin)[AGAIN].record
    classes = getattr(model, "classes_", None)
    continues = {"resume": True} if resume else {}
    if record["call"] == "fit":
        more = {} if record["shards"] is None else {"shards": record["shards"]}
        twin.fit(X, y, weight, **held, **more, **continues)
        return
    if y is not None:
        if twin.shuffle:
            raise ValueError(
                "X must be the source of blocks with which fit_batches has trained, and y None: the order of shuffled "
                "rows depends on the blocks."
            )
        X = [(X, y) if weight is None else (X, y, weight)]
    known = {} if classes is None or resume else {"classes": classes}
    planned = twin.warmup or twin.learning_rate in ("one_cycle", "cosine")
    twin.fit_batches(X, n_rows=record["n_rows"] if planned else None, **held, **known, **continues)


def _answer(trained: TrainedModel, twin: Any, again: Again) -> Verification:
    """Return the answer after training."""
    if again.other_data:
        return _other("data", f"not the {' and '.join(again.other_data)} of fit")
    chains = again.chains
    epoch = min((chain.differs for chain in chains if chain.differs), default=0)
    if epoch:
        return Verification(False, "training", epoch, f"different training: the weights differ after epoch {epoch}")
    begin, end = min(chain.begin for chain in chains), max(chain.state.epoch for chain in chains)
    if not all(chain.is_whole for chain in chains):
        n_epochs = max(chain["end"][0] for chain in again.record["networks"])
        return Verification(True, "identical", None, f"bit-identical: epochs {begin + 1} to {end} of {n_epochs}")
    own = model_of(twin).networks
    same = all(np.array_equal(_bits(a.params), _bits(b.params)) for a, b in zip(trained.networks, own, strict=True))
    if not same:
        return _other("weights", "the training is the recorded one, but the model was changed after it")
    what = f"{end} epochs" if not begin else f"epochs {begin + 1} to {end}"
    message = f"bit-identical: these data and parameters give these weights ({what})"
    return Verification(True, "identical", None, message)


def _bits(params: Any) -> Any:
    return np.asarray(params).view(np.uint8)


def _other(reason: str, what: str) -> Verification:
    return Verification(False, reason, None, f"different {reason}: {what}")
