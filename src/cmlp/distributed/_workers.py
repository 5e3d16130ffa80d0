"""The processes that train a model together: what they tell each other, besides the sums of the core.

A failure of one worker must become an exception on all of them, because a worker that waits for a message of another
one waits for ever, or until its time limit has passed.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Set
from functools import partial
from typing import Any, NamedTuple, NoReturn, TypeVar

import numpy as np

from cmlp._bridge import _core
from cmlp._data.array_types import AnyArray, NDArray
from cmlp._process.signals import DeferredSignals, TimeLimitReached
from cmlp._process.threads import available_threads
from cmlp.distributed._messages import exchange_within, seconds_of
from cmlp.exceptions import WorkerError

Returned = TypeVar("Returned")


class Part(NamedTuple):
    """The rows of one process among those of all: whole shards."""

    first_row: int
    all_rows: int  # number of the rows of all processes
    first_shard: int
    n_shards: int
    n_all_shards: int


class _SignalsOfWorker(DeferredSignals):
    """How Ctrl-C waits for a moment at which all workers can stop. The second one never waits."""

    longest_wait = 0.0


class Workers:
    """The processes that train together, through a communicator; `rank` is the number of this worker, from 0.

    A communicator has the attributes `rank` and `size` and the methods ``Send(buffer, dest)``,
    ``Recv(buffer, source)`` and ``Bcast(buffer, root)``, for example ``mpi4py.MPI.COMM_WORLD``; the
    buffers are contiguous 1-D arrays of uint8. With a time limit it has ``Isend``, ``Irecv`` and
    ``Ibcast`` instead, which return an object whose method ``Test()`` says whether the message has
    arrived. `seconds` is the limit of this worker, 0 for none. `broken` is whether no further
    message can be exchanged, because the communicator has failed or all workers have raised. `part`
    says which rows this process has, if not all.

    All workers leave `run` together: if an exception is raised on one of them, one is raised on all. Within it, Ctrl-C
    in the main thread waits for a moment at which all workers can stop; a second Ctrl-C does not. Otherwise it could
    interrupt one worker between two messages, or before it records an epoch.
    """

    def __init__(self, comm: Any, timeout: float | None) -> None:
        self._signals = _SignalsOfWorker()
        self.deliver = self._signals.deliver  # lets Ctrl-C take effect, where all workers can stop
        self.broken = False
        self.part: Part | None = None
        self.seconds = seconds_of(timeout)
        names = ("Isend", "Irecv", "Ibcast") if self.seconds else ("Send", "Recv", "Bcast")
        try:
            self.rank, self.size = operator.index(comm.rank), operator.index(comm.size)
            methods = [getattr(comm, name) for name in names]
        except (AttributeError, TypeError):
            raise ValueError(
                f"comm must be a communicator with rank, size, {names[0]}, {names[1]} and "
                f"{names[2]}, for example mpi4py.MPI.COMM_WORLD, got {comm!r}."
            ) from None
        if not 0 <= self.rank < self.size:
            raise ValueError(
                f"comm must have a rank from 0 to size - 1, got {self.rank} of {self.size}."
            )
        self.send, self.receive, self.broadcast = (
            partial(self._exchange, method) for method in methods
        )

    def _exchange(
        self, method: Callable[[Any, int], object], buffer: Any, rank: int, seconds: float
    ) -> None:
        """Exchange bytes; after an exception, as of a second Ctrl-C, the communicator is broken."""
        if self.size == 1:
            return
        try:
            if seconds:
                exchange_within(seconds, method, buffer, rank)
            else:
                method(buffer, rank)
        except BaseException:
            self.broken = True
            raise

    def run(self, function: Callable[[], Returned]) -> Returned:
        """Call a function that all workers leave together."""
        if self.size == 1:
            return function()
        return _core.run_deferred(self._signals, self._run, function)

    def _run(self, function: Callable[[], Returned]) -> Returned:
        try:
            result = function()
        except BaseException as error:
            if not self.broken:
                self._leave(error)
            raise
        if not self.broken:
            self._leave(None)
        return result

    def _leave(self, error: BaseException | None) -> None:
        """Settle for the last time; `error` is the exception that is being raised anyway."""
        found = error
        if found is None:
            try:
                self.deliver()
            except BaseException as raised:
                found = raised
        try:
            self.settle(found)
        except BaseException as raised:
            if raised is not error:
                raise

    def together(self, action: Callable[[], Returned]) -> Returned:
        """Call a function on every worker and return its result; if it fails on one, raise an exception on all.

        Needs `run`, whose end tells the others of an exception.
        """
        result = action()
        self.deliver()
        self.settle()
        return result

    def settle(
        self,
        error: BaseException | None = None,
        *,
        stops: bool = False,
        late: bool = False,
        checksum: int = 0,
    ) -> tuple[bool, bool]:
        """Tell all workers what has happened on each of them; return whether one of them stops, and whether it is late.

        After an error, every worker raises its own exception, or else `WorkerError`, and nothing is settled again. Only
        worker 0 decides whether it is late. It is an error if a worker has another checksum, of what all must have
        computed, than worker 0.
        """
        if self.size == 1:
            return stops, late
        status = np.array([-1, stops, late, checksum], np.int64)
        if self.rank:
            self.receive(status.view(np.uint8), self.rank - 1, self.seconds)
            if status[3] != checksum and error is None and status[0] < 0:
                error = ValueError(
                    "The parameters, the learning rate or the validation score differ from those "
                    "of worker 0. Callbacks must change them on all workers alike, and scoring "
                    "must return the same score."
                )
            status[1] |= stops
        if error is not None and status[0] < 0:
            status[0] = self.rank
        if self.rank < self.size - 1:
            self.send(status.view(np.uint8), self.rank + 1, self.seconds)
        self.broadcast(status.view(np.uint8), self.size - 1, self.seconds)
        if status[0] >= 0:
            try:
                self.raise_together(error, int(status[0]))
            finally:
                self.broken = True
        return bool(status[1]), bool(status[2])

    def raise_together(self, error: BaseException | None, failed: int) -> NoReturn:
        """Raise an exception on every worker: its own one, or else one with the message of the worker `failed`."""
        text = self._text("" if error is None else _told(error), failed)
        if error is None:
            kinds = (KeyboardInterrupt, TimeLimitReached)
            kind = next((kind for kind in kinds if text.startswith(f"{kind.__name__}:")), None)
            error = WorkerError(f"Worker {failed} failed: {text}") if kind is None else kind()
        raise error

    def compare(self, description: Mapping[str, str]) -> None:
        """Raise ValueError on every worker unless all have the same description, texts by name."""
        import json  # few programs need it

        texts = self.gather(json.dumps(description))
        first = json.loads(texts[0])
        for rank, text in enumerate(texts):
            other = json.loads(text)
            for name, value in first.items():
                if other.get(name) != value:
                    raise ValueError(
                        f"All workers must have the same {name}, got {value} on worker 0 and "
                        f"{other.get(name)} on worker {rank}."
                    )

    def gather(self, text: str) -> list[str]:
        """Return the texts of all workers, by rank."""
        return [self._text(text, rank) for rank in range(self.size)]

    def gather_array(self, array: AnyArray) -> list[AnyArray]:
        """Return the arrays of all workers, by rank. Their elements must be no objects."""
        import json  # few programs need it

        arrays = []
        for rank, text in enumerate(self.gather(json.dumps([array.dtype.str, array.shape]))):
            dtype, shape = json.loads(text)
            # A copy: the libraries of MPI may write to memory that they send, and a mapped file may
            # be read-only.
            data = np.array(array, order="C") if rank == self.rank else np.empty(shape, dtype)
            if data.nbytes:
                self.broadcast(data.reshape(-1).view(np.uint8), rank, self.seconds)
            arrays.append(data)
        return arrays

    def receive_first(self, array: AnyArray) -> AnyArray:
        """Return the array of worker 0. All workers must pass one of the same shape and dtype, without objects."""
        return self.receive_from(array, 0)

    def receive_from(self, array: AnyArray, rank: int) -> AnyArray:
        """Return the array of a worker. All workers must pass one of the same shape and dtype, without objects."""
        data = np.array(array, order="C")
        self.broadcast(data.reshape(-1).view(np.uint8), rank, self.seconds)
        return data

    def unite(self, numbers: Set[int]) -> tuple[int, ...]:
        """Return the numbers of all workers, sorted."""
        return tuple(
            sorted(
                {
                    int(one)
                    for text in self.gather(" ".join(map(str, numbers)))
                    for one in text.split()
                }
            )
        )

    def share_threads(self, given: int | None) -> int | None:
        """Return the number of threads for this worker: workers on the same processors of a machine share them.

        `given` is the user's number for this worker, if there is one.
        """
        if self.size == 1:
            return given
        import os
        import platform  # few programs need it

        cpus = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
        place = f"{platform.node()} {cpus}"
        share = max(1, available_threads() // self.gather(place).count(place))
        return share if given is None else given

    def _text(self, text: str, sender: int) -> str:
        """Return the text of one worker, which it sends to all others."""
        data: NDArray[np.uint8] = np.frombuffer(
            text.encode(errors="surrogatepass"), np.uint8
        ).copy()
        length = np.array([len(data)])
        self.broadcast(length.view(np.uint8), sender, self.seconds)
        if self.rank != sender:
            data = np.empty(int(length[0]), np.uint8)
        if len(data):
            self.broadcast(data, sender, self.seconds)
        return data.tobytes().decode(errors="surrogatepass")


def _told(error: BaseException) -> str:
    """Return the kind and message of an exception; its kind alone if it cannot be converted to text."""
    try:
        return f"{type(error).__name__}: {error}"
    except BaseException:  # the other workers wait for the text
        return type(error).__name__
