"""Where a model comes from: what a fit with ``provenance=True`` records, and what of it cannot be recorded."""

from __future__ import annotations

import json
import sys
from functools import partial
from hashlib import sha256
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp import _core
from cmlp._data.checksums import RowHash, hash_of_text
from cmlp._data.json_texts import dump_labels, dump_names, plain
from cmlp._train import hyperparameters
from cmlp._train.chain import Chain, Replay
from cmlp._train.constraints import HOOKS
from cmlp._train.random import random_state
from cmlp._train.same_data import arrays_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from cmlp._data.labels import Labels
    from cmlp._estimators.request import FitRequest
    from cmlp._estimators.sources import RowSource
    from cmlp._train.feed import Block
    from cmlp._train.job import TrainingJob
    from cmlp._train.loop import EpochLoop
    from cmlp._train.state import TrainingState

ARITHMETIC = 1  # of docs/arithmetic.md: another one gives other bits
AGAIN = "_again"  # the attribute of an estimator that trains again for `cmlp.verify`
_CALLBACKS = ("cmlp.callbacks", "cmlp._cli.train")  # the modules of cmlp's callbacks
_OTHERS = ("random_state", "dtype", "warm_start", "provenance")  # recorded in another way, or not needed


class Again:
    """An earlier fit that is repeated: its record, and what the repetition has found so far."""

    def __init__(
        self, record: Mapping[str, Any], progress: Callable[[int, int], None], n_epochs: int | None = None
    ) -> None:
        self.record, self._progress, self.n_epochs = record, progress, n_epochs
        self._lock, self._told = Lock(), -1
        self.data: Callable[[], Mapping[str, str] | None] = lambda: None
        self.chains: list[Replay] = []

    def tell(self) -> None:
        """Tell the number of completed epochs of all networks, which threads train side by side, and that of all."""
        with self._lock:
            epoch, last = (
                sum(numbers) for numbers in zip(*((one.state.epoch, one.last) for one in self.chains), strict=True)
            )
            if epoch > self._told:  # otherwise a thread has told it for another one
                self._told = epoch
                self._progress(epoch, last)

    @property
    def other_data(self) -> list[str]:
        """The names of the arrays that differ from those of the earlier fit."""
        was, now = self.record["data"], self.data()
        return [] if now is None else [name for name in {**was, **now} if now.get(name) != was.get(name)]


class OtherDataError(Exception):
    """The data are not those of the earlier fit: it need not be repeated."""


class Recorded(NamedTuple):
    """What a fit records while it trains: the hashes of the data (None if they are not complete) and the chains."""

    head: Mapping[str, Any]
    data: Callable[[], Mapping[str, str] | None]
    chains: Sequence[Chain]

    def __call__(self) -> dict[str, Any] | None:
        """Return what a model keeps if training ends now."""
        data = self.data()
        if data is None:
            return None
        chains, n_rows = [chain.ended() for chain in self.chains], self.chains[0].state.n_rows
        return {**self.head, "n_rows": n_rows, "data": dict(data), "networks": chains}


def seed_of(estimator: Any, values: Mapping[str, Any]) -> int:
    """Return the seed of a fit that is recorded; ValueError that names what could not be repeated."""
    _require_repeatable(values)
    for callback in values.get("callbacks") or ():
        kind = type(callback)
        known = kind.__module__ in _CALLBACKS and getattr(sys.modules.get(kind.__module__), kind.__name__, None) is kind
        if not known or not vars(callback).keys().isdisjoint(HOOKS):
            raise ValueError(
                f"provenance=True needs callbacks of cmlp, because others can change the fit, got {callback!r}."
            )
    seed = values["random_state"]
    return int(2**32 * float(random_state(None).random_sample())) if seed is None else int(seed)


def _require_repeatable(values: Mapping[str, Any]) -> None:
    """Raise ValueError if a parameter cannot be repeated."""
    if values.get("solver") == "lbfgs":
        raise ValueError("provenance=True needs the arithmetic of cmlp, but solver='lbfgs' uses that of SciPy.")
    if values.get("warm_start"):
        raise ValueError("provenance=True needs warm_start=False: what has trained the earlier model is not recorded.")
    for name in ("loss", "learning_rate", "scoring"):
        if callable(values.get(name)):
            raise ValueError(f"provenance=True needs {name} by its name, because a function cannot be recorded.")
    if values.get("scoring") not in (None, "loss"):
        raise ValueError(
            f"provenance=True needs scoring=None or 'loss', got {values['scoring']!r}, which scikit-learn computes."
        )
    if not isinstance(values.get("initialization", ""), str):
        raise ValueError("provenance=True needs initialization by its name, because initial weights are not recorded.")
    seed = values["random_state"]
    if seed is not None and not isinstance(seed, (int, np.integer)):
        raise ValueError(f"provenance=True needs an int or None as random_state, got {type(seed).__name__}.")


def parameters_of_record(estimator: Any) -> dict[str, Any]:
    """Return the parameters that determine the result of a fit, as JSON has them."""
    owner = estimator._owner
    free = {*hyperparameters.TABLE.names(owner, "own_per_worker"), *_OTHERS}
    values = {name: value for name, value in estimator.get_params(deep=False).items() if name not in free}
    if isinstance(values.get("input_scale"), tuple):
        values["input_scale"] = tuple(tuple(map(float, np.ravel(vector))) for vector in values["input_scale"])
    if isinstance(values.get("categorical_features"), np.ndarray):
        values["categorical_features"] = values["categorical_features"].tolist()
    return {name: plain(value, name, owner) for name, value in sorted(values.items())}


def recorded(
    estimator: Any, states: Sequence[TrainingState], data: Callable[[], Mapping[str, str] | None], **more: Any
) -> Recorded:
    """Return what records a fit; for an estimator that trains again, its chains are compared with the earlier ones.

    `more` is what the record has besides parameters: seed, dtype, kind of call, and shards.
    """
    head: dict[str, Any] = {"model": None, "cmlp": _core.__version__, "arithmetic": ARITHMETIC}
    head |= {"parameters": parameters_of_record(estimator), **more}
    again: Again | None = vars(estimator).get(AGAIN)
    before, now = (states[0].provenance or head)["parameters"], head["parameters"]
    if any(before.get(name) != now[name] for name in now if name != "max_iter"):
        raise ValueError("provenance=True continues a fit with the same parameters: only max_iter may be another one.")
    chains: list[Chain] = []
    for number, state in enumerate(states):
        kept: Any = {"links": (), "every": 0} if state.provenance is None else state.provenance["networks"][number]
        first = first_link(head, number)
        if again is not None:
            chains.append(Replay(state, first, again.record["networks"][number], again.tell, again.n_epochs))
        else:
            chains.append(Chain(state, first, kept["links"], kept["every"]))
    if again is not None:
        again.chains, again.data = [chain for chain in chains if isinstance(chain, Replay)], data
        if again.other_data:
            raise OtherDataError
    return Recorded(head, data, chains)


def first_link(head: Mapping[str, Any], number: int) -> str:
    """Return the start of the chain of a network: the hash of what determines its training, besides the data."""
    entries = {name: head[name] for name in ("arithmetic", "call", "dtype", "seed", "shards")}
    entries["parameters"] = {name: value for name, value in head["parameters"].items() if name != "max_iter"}
    text = json.dumps([number, entries], sort_keys=True, separators=(",", ":"))
    return sha256(f"cmlp chain 1\n{text}".encode()).hexdigest()


class StreamHashes:
    """The hashes of the data of a fit that reads blocks, from the first complete pass over them."""

    def __init__(self, job: TrainingJob, labels: Labels | None, source: RowSource) -> None:
        self._job, self._labels, self._source = job, labels, source
        self._found: dict[str, RowHash] | None = None

    def begin(self) -> None:
        """Begin a pass, unless one was complete."""
        if self._found is None or not self._is_complete(self._found):
            names = ("X", "y", *(() if self._job.data.weight is None else ("sample_weight",)))
            self._found = {name: RowHash(name, name == "X" and is_single(self._job)) for name in names}
            self._is_open = True
        else:
            self._is_open = False

    def add(self, block: Block) -> None:
        """Add the next block of a pass."""
        if self._found is not None and self._is_open:
            arrays: dict[str, Any] = {"X": block.X, "y": block.targets, "sample_weight": block.weight}
            for name, hashed in self._found.items():
                hashed.add(arrays[name])

    def _is_complete(self, found: dict[str, RowHash]) -> bool:
        return bool(found["X"].n_rows == self._job.state.n_rows)

    def __call__(self) -> dict[str, str] | None:
        """Return the hashes; None if no pass was complete."""
        if self._found is None or not self._is_complete(self._found):
            return None
        rows = {name: hashed.hexdigest() for name, hashed in self._found.items()}
        return {**rows, **hashes_of(self._job, self._labels, self._source, ("validation",))}


def record(request: FitRequest, training: EpochLoop, labels: Labels | None, source: Any) -> None:
    """Let a fit record its provenance, or compare it with that of an earlier one."""
    job, name = training.job, "fit" if source.is_whole else "fit_batches"
    kept = training.state.provenance
    more: dict[str, Any] = {
        "call": name,
        "dtype": job.net.dtype.name,
        "shards": job.data.shards and list(job.data.shards),
    }
    more |= {"seed": request.options.random_state if kept is None else kept["seed"]}
    if source.is_whole:
        data: Callable[[], Mapping[str, str] | None] = partial(dict, hashes_of(job, labels, source))
    else:
        source.hashes = data = StreamHashes(job, labels, source)
    found = recorded(request.estimator, [training.state], data, **more)
    training.recorded = found.__call__
    training.observers.extend(found.chains)


def is_single(job: TrainingJob) -> bool:
    """Return whether the core reads the inputs as float32: it scales them in double."""
    data = job.data if job.given is None else job.given[0]
    scale = data.input_scale
    return bool(job.net.dtype == np.float32 and data.learns is None and isinstance(scale, float) and scale == 1.0)


def hashes_of(
    job: TrainingJob, labels: Labels | None, source: RowSource, groups: Sequence[str] = ("rows", "validation")
) -> dict[str, str]:
    """Return the hashes of all arrays of a fit, of the classes, and of the names of the columns."""
    found = {}
    for group, arrays in arrays_of(job).items():
        for name, array in arrays.items() if group in groups else ():
            hashed = RowHash(name, name.startswith("X") and is_single(job))
            source.add_to_hash(hashed, array)
            found[name] = hashed.hexdigest()
    return {**found, **hashes_of_texts(labels, job.data.names)}


def hashes_of_texts(labels: Labels | None, names: NDArray[Any] | None) -> dict[str, str]:
    """Return the hashes of the classes and of the names of the columns, if there are any."""
    found = {} if labels is None else {"classes": hash_of_text(dump_labels(labels))}
    return found if names is None else {**found, "names": hash_of_text(dump_names(names))}
