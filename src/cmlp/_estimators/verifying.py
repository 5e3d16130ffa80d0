"""`verify`: trains a model again, to check that its data and parameters give it."""

from __future__ import annotations

import os
import warnings
from contextlib import closing, contextmanager
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._estimators.loading import load
from cmlp._fit.fit import PreparedFit, run_fit
from cmlp._fit.fitted import frozen_copy, provenance_of
from cmlp._fit.provenance import hashes_of_texts, recorded_parameters
from cmlp._fit.recipe import ARITHMETIC, other_recipe
from cmlp._model.calibration import CALIBRATION
from cmlp._model.description import values_of_model
from cmlp._model.model import TableModel, TrainedModel, model_of
from cmlp._model.probabilities import are_calibrated, networks_as_trained
from cmlp._model.results import Verification
from cmlp._process.signals import TimeLimitReached

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from cmlp._data.array_types import ArrayLike, GivenRows
    from cmlp._estimators.fit_view import FitView
    from cmlp._fit.fitted import Provenance, Recorder


def verify(
    model: object,
    X: object,
    y: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    *,
    groups: ArrayLike | None = None,
    time: str | ArrayLike | None = None,
    X_val: ArrayLike | None = None,
    y_val: ArrayLike | None = None,
    sample_weight_val: ArrayLike | None = None,
    groups_val: ArrayLike | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Verification:
    """Train a model again on its data, and compare all its parts bit by bit.

    The model must have been fitted with ``provenance=True``. Neither the number of threads or
    processes, nor the instruction set or the system needs to be that of the fit. Other data are
    refused before training. The parts are the weights of each network, classes, names of columns,
    scales, and for a table also its columns, categories, calibration, slope of the scores,
    background, and summary for pages.

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
    groups : array-like or None, default=None
        The groups of the rows of a table, if the fit had them; what they are called does not
        matter.
    time : str, array-like or None, default=None
        The times of the rows of a table, if the fit had them: a column of X or the same values.
    X_val, y_val, sample_weight_val, groups_val : array-like or None, default=None
        The validation data, if the fit had them.
    progress : callable or None, default=None
        Called with the numbers of completed and of all epochs of all networks:
        ``progress(epoch, n_epochs)``.

    Returns
    -------
    Verification

    Raises
    ------
    ValueError
        If the model has no record, or an argument is invalid, as for `fit`.
    ModelFormatError, OSError
        If the file is damaged or cannot be read.

    Notes
    -----
    A positive answer proves that these data and these parameters give this model. It does not prove that they are
    the only ones that were tried, or that the data are what they claim to be. What `calibrate` and `choose_threshold`
    have made is not checked, because fit does not make it.

    Examples
    --------
    >>> import cmlp
    >>> X, y = [[0.0, 0.0], [1.0, 1.0], [0.0, 1.0], [1.0, 0.0]], [0, 0, 1, 1]
    >>> never = {"tol": 0, "n_iter_no_change": float("inf")}  # stops early
    >>> model = cmlp.MLPClassifier((16,), "tanh", learning_rate_init=0.1, max_iter=50, **never, provenance=True)
    >>> model = model.fit(X, y)
    >>> print(cmlp.verify(model, X, y))
    bit-identical: these data and parameters give this model (50 epochs)
    >>> cmlp.verify(model, X, [0, 0, 1, 0]).reason
    'data'
    """
    model = load(model) if isinstance(model, (str, os.PathLike)) else frozen_copy(model)
    answer = without_training(model)
    if answer is not None:
        return answer
    trained: TrainedModel = model_of(model)
    record: Any = provenance_of(model)
    twin: Any = _twin(model, record)
    counts = EpochCount(progress, sum(epoch for epoch, _ in record["ends"]))
    has_groups = groups is not None or groups_val is not None
    if (has_groups or time is not None) and not isinstance(trained, TableModel):
        what = "groups are" if has_groups else "time is"
        raise ValueError(f"{what} only for the model of a table, got a {trained.class_name}.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # those of the fit
            with _prepared(
                twin,
                trained,
                record,
                (X, y, sample_weight),
                (X_val, y_val, sample_weight_val),
                (groups, groups_val),
                time,
            ) as (fit, recorder):
                ends = [EndsAt(end, record["data"], recorder, counts) for end in record["ends"]]
                run_fit(fit, ends, recorder)
    except OtherDataError as error:
        return _other("data", error.args, f"not the {_joined_by_and(error.args)} of fit")
    different, not_checked = _compared(trained, model_of(twin))
    if (provenance_of(twin) or {}).get("ends") != record["ends"]:
        different.append("number of epochs")
    if different:
        what = f"these data and parameters give another model, in its {_joined_by_and(different)}"
        return _other("model", different, what, not_checked)
    n_epochs = max(epoch for epoch, _ in record["ends"])
    what = f"these data and parameters give this model ({n_epochs} epochs)"
    return Verification(
        True, "identical", (), not_checked, f"bit-identical: {what}{_remark(not_checked)}"
    )


def without_training(model: Any) -> Verification | None:
    """Return the answer if the record alone gives it; None if it takes training. ValueError if there is no record."""
    trained = model_of(model)
    record = provenance_of(model)
    if record is None:
        class_name = trained.class_name
        remedy = "only a fit of an estimator" if class_name == "Network" else "only a fit"
        more = ", and partial_fit removes it" if class_name.startswith("MLP") else ""
        raise ValueError(
            f"This {class_name} has no record of its training: {remedy} with provenance=True has "
            f"one{more}."
        )
    if record["arithmetic"] != ARITHMETIC:
        what = (
            f"arithmetic {record['arithmetic']} of cmlp {record['cmlp']}, and this version has "
            f"{ARITHMETIC}"
        )
        return _other("version", [], what)
    difference = other_recipe(f"{record['recipe']} {record['cmlp']}")
    if difference is not None:
        return _other("version", [], difference)
    now = recorded_parameters(model)
    was = record["parameters"]
    names = [name for name in {**was, **now} if now.get(name) != was.get(name)]
    if names:
        each = (
            f"{name} was {was.get(name)!r} in fit, and the model has {now.get(name)!r}"
            for name in names
        )
        return _other("parameters", names, "; ".join(each))
    hashes = _hashes_of_texts(trained)
    names = [
        name
        for name in ("classes", "names", "categories")
        if record["data"].get(name) != hashes.get(name)
    ]
    if names:
        return _other("model", names, f"its {_joined_by_and(names)} are not those of the record")
    return None


class OtherDataError(Exception):
    """The data are not those of the record; the arguments are the names of the arrays that differ."""


class EndsAt:
    """A callback that ends the training of a network where an earlier one ended: after an epoch, or within the next.

    It also ends if the data are not those of the earlier training: before the first epoch, or after the first pass over
    blocks.
    """

    def __init__(
        self, end: tuple[int, int], data: dict[str, str], recorder: Recorder, progress: EpochCount
    ) -> None:
        (self._epoch, self._batch) = end
        self._data = data
        self._recorder = recorder  # of this training
        self._progress = progress
        self.every_batches = self._batch or None
        self.every_epochs = 1  # until the data are compared

    def on_fit_begin(self, trainer: FitView) -> None:
        """Compare the data, and train nothing if the earlier training has not."""
        self._compare_data(trainer)
        self._stop_at_end(trainer)

    def on_epoch_end(self, trainer: FitView) -> None:
        """End training where the earlier one ended."""
        self._compare_data(trainer)
        self._progress.add()
        if self._progress.tell is None:
            self.every_epochs = max(1, self._epoch)
        self._stop_at_end(trainer)

    def on_batches_end(self, trainer: FitView) -> None:
        """End where the earlier training was interrupted in the middle of an epoch."""
        if (trainer.state.epoch, trainer.state.batch) == (self._epoch, self._batch):
            raise TimeLimitReached

    on_validation_begin = on_batches_end

    def _stop_at_end(self, trainer: FitView) -> None:
        trainer.state.stopped = trainer.state.epoch >= self._epoch and not self._batch

    def _compare_data(self, trainer: FitView) -> None:
        # The data alone are compared, so no training is named.
        now = self._recorder(()) if trainer.state.epoch <= 1 else None
        data = self._data if now is None else now["data"]
        different = [
            name for name in {**self._data, **data} if data.get(name) != self._data.get(name)
        ]
        if different:
            raise OtherDataError(*different)


class EpochCount:
    """Tells the numbers of completed and of all epochs of all networks, which threads train side by side."""

    def __init__(self, tell: Callable[[int, int], None] | None, n_epochs: int) -> None:
        self.tell, self._n_epochs, self._n_completed = tell, n_epochs, 0
        self._lock = Lock()

    def add(self) -> None:
        """Count an epoch."""
        with self._lock:
            self._n_completed += 1
            if self.tell is not None:
                self.tell(self._n_completed, self._n_epochs)


def _twin(model: Any, record: Provenance) -> Any:
    """Return an estimator that trains as the model was trained."""
    twin = type(model)(**model.get_params(deep=False))
    parameters = model._parameters()
    own = {
        "random_state": record["seed"],
        "callbacks": None,
        "max_time": None,
        "verbose": False,
        "warm_start": False,
    }
    own |= {"dtype": record["dtype"], "provenance": True}
    for name, value in {**parameters, **own}.items():
        if name in parameters:  # of which the constructor of a subclass may have none
            setattr(twin, name, value)
    return twin


@contextmanager
def _prepared(
    twin: Any,
    trained: TrainedModel,
    record: Provenance,
    rows: GivenRows,
    validation: GivenRows,
    groups: tuple[Any, Any],
    time: Any,
) -> Iterator[tuple[PreparedFit, Recorder]]:
    """Prepare the call that has trained the model, and return its recorder."""
    X, y, weight = rows
    if isinstance(trained, TableModel):
        from cmlp._tables import fit_table
        from cmlp._tables.table_call import table_call

        # max_time may have ended the search for steps, as it may have ended training.
        of_table = fit_table.prepare_table_fit(
            table_call(twin, rows, validation, groups, time=time, repeated=trained.columns)
        )
        yield of_table, fit_table.recorder_of(of_table)
        return
    from cmlp._fit.fit_network import network_call, recorder_of
    from cmlp._fit.prepare_network import prepare_network

    if record["call"] == "fit":
        from cmlp._fit.sources import Arrays

        shards = record["shards"]
        fit = prepare_network(
            network_call(twin, validation=validation), Arrays(*rows, shards=shards)
        )
        yield fit, recorder_of(fit)
        return
    if y is not None:
        if twin.shuffle:
            raise ValueError(
                "X must be the source of blocks with which fit_batches has trained, and y None: "
                "the order of shuffled rows depends on the blocks."
            )
        X = [(X, y) if weight is None else (X, y, weight)]
    from cmlp._fit.fit_batches import call_of_blocks

    classes = None if trained.labels is None else trained.labels.classes
    options = twin._options()
    planned = options.warmup or options.schedule().is_planned
    n_rows = record["n_rows"] if planned else None
    call, blocks = call_of_blocks(twin, X, classes, n_rows, validation)
    with closing(blocks):
        fit = prepare_network(call, blocks)
        yield fit, recorder_of(fit)


def _compared(model: TrainedModel, twin: TrainedModel) -> tuple[list[str], tuple[str, ...]]:
    """Return the names of the parts of a model that are not those of its twin, and of those that were not compared."""
    was, now, not_checked = _parts(model), _parts(twin), _changed_after_fit(model)
    names = [
        name
        for name in {**was, **now}
        if name not in not_checked and was.get(name) != now.get(name)
    ]
    return names, not_checked


def _changed_after_fit(model: TrainedModel) -> tuple[str, ...]:
    """Return the names of the parts of a model that a table's estimator has changed after its fit."""
    if not isinstance(model, TableModel):
        return ()
    is_changed = are_calibrated(model)
    is_other = is_changed or (
        model.calibration is not None and model.calibration.rows == CALIBRATION
    )
    return (
        *(["calibrated probabilities"] * is_changed),
        *(["calibration", "accuracy"] * is_other),
        *(["threshold"] * (model.threshold is not None)),
    )


def _parts(model: TrainedModel) -> dict[str, object]:
    """Return all parts of a model that fit makes, as texts, their hashes, and bytes."""
    networks = networks_as_trained(model) if isinstance(model, TableModel) else model.networks
    parts: dict[str, Any] = {}
    for number, (net, params) in enumerate(networks, 1):
        name = f"network {number}" if isinstance(model, TableModel) else "weights"
        parts[name] = repr(net.get_state()), _bytes_of_array(params)
    parts |= _hashes_of_texts(model)
    for value, found in values_of_model(model):
        if value.part and found is not None:
            one = value.key, _bytes_of_array(value.dump(found))
            parts.setdefault(value.part, []).append(one)
    return parts


def _hashes_of_texts(model: TrainedModel) -> dict[str, str]:
    categories = model.columns.categories if isinstance(model, TableModel) else None
    return hashes_of_texts(model.class_name, model.labels, model.names, categories)


def _bytes_of_array(value: Any) -> object:
    """Return a value, or the shape, the type and the bytes of an array."""
    if isinstance(value, np.ndarray):
        return (value.shape, value.dtype.name, value.tobytes())
    return value


def _joined_by_and(names: Iterable[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def _remark(not_checked: Sequence[str]) -> str:
    return f"; {_joined_by_and(not_checked)} not checked: not made by fit" if not_checked else ""


def _other(
    reason: str, different: Iterable[str], what: str, not_checked: tuple[str, ...] = ()
) -> Verification:
    message = f"different {reason}: {what}{_remark(not_checked)}"
    return Verification(False, reason, tuple(different), not_checked, message)
