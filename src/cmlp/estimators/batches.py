"""Fitting on blocks of rows that a source yields: checks and conversion of each block, for the one trainer."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp.estimators.callbacks import call_with_callbacks
from cmlp.estimators.exclusive import Exclusively
from cmlp.estimators.fitting import train
from cmlp.estimators.resuming import model_to_resume
from cmlp.estimators.tasks import encoder_of
from cmlp.exceptions import name_place
from cmlp.inputs.batches import Reader, Source
from cmlp.inputs.frames import as_table, feature_names, read_once
from cmlp.inputs.scale import scale_of_moments
from cmlp.inputs.sparse import CSR
from cmlp.inputs.validation import as_rows, as_targets, check_width
from cmlp.inputs.weights import as_weights, require_normal
from cmlp.integers import positive_integer
from cmlp.training.loop import Training
from cmlp.training.stream import Block, StreamFeed
from cmlp.training.target_scale import learnt_scale

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Protocol

    from numpy.typing import ArrayLike, NDArray

    from cmlp.estimators.base import MultilayerPerceptron
    from cmlp.estimators.problem import Parameters, Problem
    from cmlp.inputs.class_weights import ClassWeights
    from cmlp.inputs.labels import Labels
    from cmlp.inputs.moments import Moments
    from cmlp.training.settings import Settings
    from cmlp.training.state import TrainingState
    from cmlp.training.task import Data

    class Blocks(Protocol):
        """Rows that are not in one array, of which a fit knows the first ones only.

        `kept` are numbers that must not change before training is resumed, besides the estimator's parameters.
        """

        training: type[Training]
        kept: Mapping[str, int]

        def feed(
            self, rows: NDArray[Any] | CSR, data: Data, parameters: Parameters, problem: Problem, state: TrainingState
        ) -> Any:
            """Return the feed of a training; `rows` are those of the first block."""

        def learn(self, feed: Any, data: Data, problem: Problem, state: TrainingState, settings: Settings) -> Data:
            """Return the data with the scale of the inputs, and store the scale of the targets in the state."""


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
        check_batches(parameters, held[0] is not None, "fit_batches")
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


def check_batches(parameters: Parameters, own_rows: bool, caller: str) -> None:
    """Raise ValueError if a parameter needs all rows at once."""
    settings = parameters.training
    if settings.solver == "lbfgs":
        raise ValueError(f"{caller} needs batches, but solver='lbfgs' has none: use another solver.")
    if settings.early_stopping and not own_rows:
        raise ValueError(f"early_stopping=True needs X_val and y_val in {caller}, which holds no rows out.")
    if parameters.class_weight == "balanced":
        raise ValueError(
            f"class_weight='balanced' needs all labels, which {caller} does not have: pass a dict of weights."
        )
    if parameters.input_scale == "robust":
        raise ValueError(
            f"input_scale='robust' needs all rows for the quartiles, which {caller} does not have: use 'standard', "
            "'minmax' or (shift, factor)."
        )


class Format(NamedTuple):
    """What all blocks have in common with the first one; `unit` is the name of a block in messages."""

    owner: str
    unit: str
    kind: str
    n_features: int
    sparse: bool
    names: NDArray[Any] | None
    weighted: bool
    labels: Labels | None
    encode: Callable[[NDArray[Any]], NDArray[Any]]
    class_weights: ClassWeights | None
    dtype: np.dtype[Any]

    @classmethod
    def of(
        cls,
        rows: NDArray[Any] | CSR,
        data: Data,
        parameters: Parameters,
        problem: Problem,
        dtype: np.dtype[Any],
        owner: str,
        unit: str,
        *,
        weighted: bool,
    ) -> Format:
        """Return the format of a training whose first block has these rows, and sample weights if it is `weighted`."""
        return cls(
            owner,
            unit,
            _kind(rows),
            rows.shape[1],
            isinstance(rows, CSR),
            data.names,
            weighted,
            problem.labels,
            encoder_of(parameters, problem),
            problem.class_weights,
            dtype,
        )

    def block(self, X: Any, y: Any, sample_weight: Any, index: int) -> Block:
        """Return a converted block; raises ValueError or TypeError that names the block, and the row if it can."""
        try:
            return self._converted(X, y, sample_weight, index)
        except (ValueError, TypeError) as error:
            row = bad_row(y, self.labels)
            name_place(error, f"{self.unit} {index}" if row is None else f"{self.unit} {index}, row {row}")
            raise

    def _converted(self, X: Any, y: Any, sample_weight: Any, index: int) -> Block:
        owner, X = self.owner, as_table(X)
        if _listed(feature_names(X)) != _listed(self.names):
            raise ValueError(f"The columns must have the names that they have in the first {self.unit}.")
        rows, _ = as_rows(X, owner)
        check_width(rows.shape[1], self.n_features, owner)
        if _kind(rows) != self.kind:
            raise ValueError(f"X is {_kind(rows)}, but {self.kind} in the first {self.unit}.")
        targets = as_targets(y, len(rows), owner, labels=self.labels is not None, warn_of_column=False)
        weight = as_weights(sample_weight, len(rows), some=False)
        if self.weighted != (weight is not None):
            raise ValueError(f"Either all {self.unit}s must have sample weights, or none.")
        encoded = self.encode(targets)
        if self.class_weights is not None:
            weight = self.class_weights.times(weight, encoded, some=False)
        require_normal(weight, self.dtype)
        return Block(rows, encoded, weight, index)


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

    training: type[Training] = Training
    kept: Mapping[str, int] = MappingProxyType({})

    def __init__(self, source: Source, owner: str, n_rows: int | None) -> None:
        self.source, self._owner = source, owner
        self._n_rows = 0 if n_rows is None else positive_integer("n_rows", n_rows, " or None")
        self._begun: Generator[Any, None, None] | None = None  # the first pass, which begins with the first block
        self._weighted = False

    def first(self) -> tuple[Any, Any, Any]:
        """Return the first block with rows: X, y and the weights or None."""
        items, seen = self.source.open(), []
        for item in items:
            seen.append(item)
            X, y, weight = unpacked(item, len(seen) - 1)
            X, y, weight = as_table(X), read_once(y, "y"), read_once(weight, "sample_weight")
            if as_rows(X, self._owner)[0].shape[0]:
                seen[-1] = (X, y) if weight is None else (X, y, weight)
                self._begun, self._weighted = _continued(seen, items), weight is not None
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
        dtype, weighted = state.params.dtype, self._weighted
        self._format = Format.of(rows, data, parameters, problem, dtype, self._owner, "block", weighted=weighted)
        return StreamFeed(self._open, self._n_rows or state.n_rows or 0, bool(parameters.training.shuffle), data.names)

    def learn(self, feed: StreamFeed, data: Data, problem: Problem, state: TrainingState, settings: Settings) -> Data:
        """Return the data with the scale of the inputs, after a pass over the source if a scale is to be learnt.

        Raises
        ------
        ValueError
            If the number of rows is not known, but needed for the learning rates.
        """
        what = scale_to_learn(data, problem, state)
        if what:
            self.source.require_passes(2, f"{what} takes a pass of its own")
            data = with_learnt_scales(*feed.moments(), data, problem, state, self._format.sparse)
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
        return self._format.block(*unpacked(item, index), index)


def scale_to_learn(data: Data, problem: Problem, state: TrainingState) -> str:
    """Return the parameter with a scale that a training learns from all rows; empty if there is none."""
    if data.learns is not None:
        return f"input_scale={data.learns!r}"
    return "y_scale" if problem.task.standardize and state.target_scale is None else ""


def with_learnt_scales(
    inputs: Moments, targets: Moments, data: Data, problem: Problem, state: TrainingState, sparse: bool
) -> Data:
    """Return the data with the scale of the inputs, and store that of the targets, from the moments of all rows."""
    if problem.task.standardize and state.target_scale is None:
        state.target_scale = learnt_scale(targets, state.params.dtype)
    if data.learns is None:
        return data
    return data._replace(input_scale=scale_of_moments(data.learns, inputs, sparse), learns=None)


def _listed(names: NDArray[Any] | None) -> list[str]:
    return [] if names is None else names.tolist()


def _kind(rows: NDArray[Any] | CSR) -> str:
    return f"{'sparse ' if isinstance(rows, CSR) else ''}{rows.dtype}"


def unpacked(item: Any, index: int, unit: str = "block") -> tuple[Any, Any, Any]:
    """Return X, y and the weights (or None) of a block; raises ValueError that names it if it has other entries."""
    if not isinstance(item, (tuple, list)) or len(item) not in (2, 3):
        given = f"{len(item)} entries" if isinstance(item, (tuple, list)) else type(item).__name__
        raise ValueError(f"{unit.capitalize()} {index} must be (X, y) or (X, y, sample_weight), got {given}.")
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


def bad_row(y: Any, labels: Labels | None) -> int | None:
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
