"""Fitting on blocks of rows that a source yields: checks and conversion of each block, for the one trainer."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp.estimators.callbacks import call_with_callbacks
from cmlp.estimators.exclusive import Exclusively
from cmlp.estimators.fitting import train
from cmlp.estimators.resuming import model_to_resume
from cmlp.estimators.tasks import encoder_of
from cmlp.exceptions import name_place
from cmlp.inputs.batches import Reader, Source
from cmlp.inputs.class_weights import weighted_by_class
from cmlp.inputs.frames import as_table, feature_names
from cmlp.inputs.scale import scale_of_moments
from cmlp.inputs.sparse import CSR
from cmlp.inputs.validation import as_rows, as_targets, check_width
from cmlp.inputs.weights import as_weights
from cmlp.training.stream import Block, StreamFeed
from cmlp.training.target_scale import learnt_scale

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    from cmlp.estimators.base import MultilayerPerceptron
    from cmlp.estimators.problem import Parameters, Problem
    from cmlp.inputs.labels import Labels
    from cmlp.training.settings import Settings
    from cmlp.training.state import TrainingState
    from cmlp.training.task import Data


def fit_batches(
    estimator: MultilayerPerceptron,
    source: Any,
    classes: ArrayLike | None,
    n_rows: int | None,
    held: tuple[Any, Any, Any],
    *,
    resume: bool = False,
) -> None:
    """Train a new model, or with `warm_start` or `resume` the previous one, and store it at the end."""
    with Exclusively(estimator):
        parameters = estimator._parameters()
        previous = vars(estimator).get("_model") if parameters.warm_start else None
        if resume:
            previous = model_to_resume(estimator, parameters.training)
        elif estimator._estimator_type == "classifier" and previous is None and classes is None:
            raise ValueError("classes must be passed to fit_batches, for example classes=[0, 1], got None.")
        stream = Stream(Source(source), type(estimator).__name__, n_rows)
        _check(parameters, held[0] is not None)
        n_epochs = parameters.training.max_iter - (previous.state.epoch if resume and previous is not None else 0)
        stream.source.require_passes(n_epochs, f"max_iter={parameters.training.max_iter} reads it once per epoch")
        try:
            X, y, weight = stream.first()
            call = partial(
                train,
                estimator,
                parameters,
                previous,
                X,
                y,
                weight,
                held,
                incremental=False,
                resume=bool(resume),
                classes=classes,
                stream=stream,
            )
            call_with_callbacks(call, estimator, X, y, weight)
        finally:
            stream.close()


def _check(parameters: Parameters, own_rows: bool) -> None:
    """Raise ValueError if a parameter needs all rows at once."""
    settings = parameters.training
    if settings.solver == "lbfgs":
        raise ValueError("fit_batches needs batches, but solver='lbfgs' has none: use another solver.")
    if settings.early_stopping and not own_rows:
        raise ValueError("early_stopping=True needs X_val and y_val in fit_batches, which holds no rows out.")
    if parameters.class_weight == "balanced":
        raise ValueError(
            "class_weight='balanced' needs all labels, which fit_batches does not have: pass a dict of weights."
        )
    if parameters.input_scale == "robust":
        raise ValueError(
            "input_scale='robust' needs all rows for the quartiles, which fit_batches does not have: use 'standard', "
            "'minmax' or (shift, factor)."
        )


class _Format(NamedTuple):
    """What all blocks have in common with the first one."""

    kind: str
    n_features: int
    sparse: bool
    names: NDArray[Any] | None
    weighted: bool
    labels: Labels | None
    encode: Callable[[NDArray[Any]], NDArray[Any]]
    class_weight: Any


class Stream:
    """The blocks of a source: the first one as it came, then readers of converted blocks.

    Parameters
    ----------
    source : Source
    owner : str
        Name of the estimator, for messages.
    n_rows : int or None
        The number of rows of a pass, if the program knows it.
    """

    def __init__(self, source: Source, owner: str, n_rows: int | None) -> None:
        if n_rows is not None and (isinstance(n_rows, bool) or not isinstance(n_rows, int) or n_rows < 1):
            raise ValueError(f"n_rows must be a positive integer or None, got {n_rows!r}.")
        self.source, self._owner, self._n_rows = source, owner, n_rows or 0
        self._begun: Generator[Any, None, None] | None = None  # the first pass, which begins with the first block

    def first(self) -> tuple[Any, Any, Any]:
        """Return the first block with rows: X, y and the weights or None."""
        items, seen = self.source.open(), []
        for item in items:
            seen.append(item)
            X, y, weight = _unpacked(item, len(seen) - 1)
            X = as_table(X)
            if as_rows(X, self._owner)[0].shape[0]:
                seen[-1] = (X, y) if weight is None else (X, y, weight)
                self._begun = _continued(seen, items)
                return X, y, weight
        raise ValueError("source yielded no rows.")

    def close(self) -> None:
        """Close the first pass, if nobody has read it."""
        if self._begun is not None:
            self._begun.close()
            self._begun = None

    def feed(
        self, rows: NDArray[Any] | CSR, data: Data, parameters: Parameters, problem: Problem, state: TrainingState
    ) -> StreamFeed:
        """Return the feed of a training; `rows` are those of the first block."""
        self._format = _Format(
            _kind(rows),
            rows.shape[1],
            isinstance(rows, CSR),
            data.names,
            data.weight is not None,
            problem.labels,
            encoder_of(parameters, problem),
            parameters.class_weight,
        )
        return StreamFeed(self._open, self._n_rows or state.n_rows or 0, bool(parameters.training.shuffle), data.names)

    def learn(self, feed: StreamFeed, data: Data, problem: Problem, state: TrainingState, settings: Settings) -> Data:
        """Return the data with the scale of the inputs, after a pass over the source if a scale is to be learnt.

        Raises
        ------
        ValueError
            If the number of rows is not known, but needed for the learning rates.
        """
        scales_targets = problem.task.standardize and state.target_scale is None
        if data.learns is not None or scales_targets:
            what = "y_scale" if data.learns is None else f"input_scale={data.learns!r}"
            self.source.require_passes(2, f"{what} takes a pass of its own")
            inputs, targets = feed.moments()
            if scales_targets:
                state.target_scale = learnt_scale(targets)
            if data.learns is not None:
                scale = scale_of_moments(data.learns, inputs, self._format.sparse)
                data = data._replace(input_scale=scale, learns=None)
        if not feed.n_rows and (settings.warmup or settings.schedule().is_planned):
            name = "warmup" if settings.warmup else "learning_rate"
            raise ValueError(f"{name}={getattr(settings, name)!r} needs the number of batches: pass n_rows=.")
        return data

    def _open(self) -> Reader[Block]:
        items: Iterator[Any]
        if self._begun is not None:
            items, self._begun = self._begun, None
        else:
            items = self.source.open()
        return Reader(items, self._block)

    def _block(self, item: Any, index: int) -> Block:
        """Return a converted block; the reader's thread calls this."""
        X, y, weight = _unpacked(item, index)
        try:
            return self._converted(X, y, weight, index)
        except (ValueError, TypeError) as error:
            row = _bad_row(y, self._format.labels)
            name_place(error, f"block {index}" if row is None else f"block {index}, row {row}")
            raise

    def _converted(self, X: Any, y: Any, sample_weight: Any, index: int) -> Block:
        expected, owner, X = self._format, self._owner, as_table(X)
        if _listed(feature_names(X)) != _listed(expected.names):
            raise ValueError("The columns must have the names that they have in the first block.")
        rows, _ = as_rows(X, owner)
        check_width(rows.shape[1], expected.n_features, owner)
        if _kind(rows) != expected.kind:
            raise ValueError(f"X is {_kind(rows)}, but {expected.kind} in the first block.")
        targets = as_targets(y, len(rows), owner, labels=expected.labels is not None, warn_of_column=False)
        weight = as_weights(sample_weight, len(rows), some=False)
        if expected.weighted != (weight is not None or expected.class_weight is not None):
            raise ValueError("Either all blocks must have sample weights, or none.")
        encoded = expected.encode(targets)
        if expected.labels is not None:
            weight = weighted_by_class(weight, expected.class_weight, expected.labels, encoded, some=False)
        return Block(rows, encoded, weight, index)


def _listed(names: NDArray[Any] | None) -> list[str]:
    return [] if names is None else names.tolist()


def _kind(rows: NDArray[Any] | CSR) -> str:
    return f"{'sparse ' if isinstance(rows, CSR) else ''}{rows.dtype}"


def _unpacked(item: Any, index: int) -> tuple[Any, Any, Any]:
    if not isinstance(item, (tuple, list)) or len(item) not in (2, 3):
        given = f"{len(item)} entries" if isinstance(item, (tuple, list)) else type(item).__name__
        raise ValueError(f"Block {index} must be (X, y) or (X, y, sample_weight), got {given}.")
    return (*item, None) if len(item) == 2 else tuple(item)


def _continued(seen: list[Any], items: Iterator[Any]) -> Generator[Any, None, None]:
    """Yield the items that were read before, then the others; closing this generator closes theirs."""
    try:
        while seen:
            yield seen.pop(0)
        yield from items
    finally:
        close = getattr(items, "close", None)
        if close is not None:
            close()


def _bad_row(y: Any, labels: Labels | None) -> int | None:
    """Return the first row whose target is not finite or not a class; None if there is none or it cannot be said."""
    try:
        array = np.asarray(y)
        bad = ~np.isfinite(array) if array.dtype.kind == "f" else np.zeros(array.shape, bool)
        if labels is not None and labels.kind != "multilabel":
            bad |= ~np.isin(array, labels.classes)
        rows = np.flatnonzero(bad.reshape(len(bad), -1).any(axis=1))
    except (TypeError, ValueError):
        return None
    return int(rows[0]) if len(rows) else None
