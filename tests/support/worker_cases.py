"""Fits on several processes: cases for threads, which exchange messages by queues, and for real MPI.

As a program, ``mpiexec -n 3 python -m mpi4py worker_cases.py NAME...`` fits the cases and prints the digests of all
processes.
"""

import hashlib
import queue
import sys
import threading
import warnings

import numpy as np

import cmlp
from cmlp import MLPClassifier, MLPRegressor


class QueueComm:
    """The communicator of a thread; `boxes` has a queue for each pair of ranks."""

    def __init__(self, rank, size, boxes):
        self.rank, self.size, self.boxes = rank, size, boxes

    def Send(self, buffer, dest):
        assert buffer.flags.writeable, "MPI libraries may write to memory that they send"
        self.boxes[self.rank, dest].put(bytes(buffer))

    def Recv(self, buffer, source):
        data = self.boxes[source, self.rank].get(timeout=10)
        assert len(data) == len(buffer)
        buffer[:] = np.frombuffer(data, np.uint8)

    def Bcast(self, buffer, root):
        if self.rank != root:
            self.Recv(buffer, root)
            return
        for rank in range(self.size):
            if rank != root:
                self.Send(buffer, rank)


class Request:
    """A message on its way, of which `test` says whether it has arrived."""

    def __init__(self, test):
        self.Test = test


class RequestComm:
    """The communicator of a thread, whose methods return requests."""

    def __init__(self, rank, size, boxes):
        self.rank, self.size, self.boxes = rank, size, boxes

    def Isend(self, buffer, dest):
        self.boxes[self.rank, dest].put(bytes(buffer))
        return Request(lambda: True)

    def Irecv(self, buffer, source):
        def test():
            try:
                data = self.boxes[source, self.rank].get_nowait()
            except queue.Empty:
                return False
            assert len(data) == len(buffer)
            buffer[:] = np.frombuffer(data, np.uint8)
            return True

        return Request(test)

    def Ibcast(self, buffer, root):
        if self.rank != root:
            return self.Irecv(buffer, root)
        for rank in range(self.size):
            if rank != root:
                self.Isend(buffer, rank)
        return Request(lambda: True)


def in_threads(size, work, comm_class=QueueComm, main=None):
    """Call ``work(comm)`` in a thread for each rank; return the results or exceptions, by rank.

    `main` is a rank whose thread is the present one.
    """
    boxes = {(a, b): queue.Queue() for a in range(size) for b in range(size)}
    results = [None] * size

    def run(rank):
        try:
            results[rank] = work(comm_class(rank, size, boxes))
        except BaseException as error:
            results[rank] = error

    threads = [threading.Thread(target=run, args=(rank,), daemon=True) for rank in range(size)]
    others = [thread for rank, thread in enumerate(threads) if rank != main]
    for thread in others:
        thread.start()
    if main is not None:
        run(main)
    for thread in others:
        thread.join(20)
        assert not thread.is_alive(), "a worker waits for ever"
    return results


def data(kind="float32", n=1300, n_classes=3):
    """Return inputs of a type, targets and weights."""
    rng = np.random.RandomState(0)
    X = rng.random_sample((n, 40))
    X[rng.random_sample(X.shape) < 0.6] = 0
    y = (X[:, 0] + X[:, 1] > 0.5).astype(int) + (X[:, 2] > 0.6) * (n_classes - 2)
    weight = rng.randint(0, 3, n).astype(float)
    if kind == "sparse":
        from scipy import sparse

        return sparse.csr_array(X.astype(np.float32)), y, weight
    return (X * 255).astype(np.uint8) if kind == "uint8" else X.astype(kind), y, weight


# Constructor arguments of a classifier, and the kind of data; "regress", "weigh" and "shards" are
# not arguments.
CASES = {
    "200": {"batch_size": 200},
    "128": {"batch_size": 128, "kind": "float64"},
    "1000": {"batch_size": 1000, "solver": "sgd", "learning_rate_init": 0.1},
    "1024": {"batch_size": 1024, "solver": "sgd", "nesterovs_momentum": False, "momentum": 0.5},
    "full": {
        "batch_size": 1300,
        "solver": "sgd",
        "momentum": 0.0,
        "learning_rate_init": 0.5,
        "alpha": 0.1,
    },
    "weights": {"batch_size": 300, "weigh": True, "alpha": 0.01},
    "dropout": {"batch_size": 500, "dropout": 0.3},
    "adamw": {"batch_size": 500, "solver": "adamw", "weight_decay": 0.1, "max_grad_norm": 0.2},
    "early": {"batch_size": 400, "early_stopping": True, "max_iter": 6, "n_iter_no_change": 2},
    "uint8": {
        "batch_size": 700,
        "kind": "uint8",
        "input_scale": 1 / 255,
        "hidden_layer_sizes": (70, 20),
    },
    "large": {"batch_size": 700, "hidden_layer_sizes": (300, 200), "max_iter": 2, "n_threads": 2},
    "cycle": {"batch_size": 260, "learning_rate": "one_cycle", "solver": "sgd"},
    "blocks": {"batch_size": 260, "shuffle": "blocks", "block_size": 64},
    "regression": {"batch_size": 300, "regress": True, "y_scale": "standard"},
    "scaled": {"batch_size": 600, "input_scale": "standard", "shuffle": False},
    "sparse": {"batch_size": 600, "kind": "sparse"},
    "shards": {"batch_size": 384, "shards": (500, 300, 500), "weigh": True, "dropout": 0.3},
    "halves": {"batch_size": 256, "shards": (650, 650), "weigh": True},
}
DENSE = [name for name in CASES if name != "sparse"]


def model_of(name, **changes):
    """Return an estimator and the arguments of its fit."""
    case = {
        "max_iter": 3,
        "hidden_layer_sizes": (30,),
        "random_state": 1,
        "n_threads": 1,
        **CASES[name],
    }
    X, y, weight = data(case.pop("kind", "float32"))
    weighed, regress, _ = (case.pop(name, None) for name in ("weigh", "regress", "shards"))
    model = (MLPRegressor if regress else MLPClassifier)(**{**case, **changes})
    return model, (X, y * 10.0 if regress else y, weight if weighed else None)


def fitted(name, comm=None, timeout=None, **changes):
    """Return the fitted estimator of a case."""
    model, arguments = model_of(name, **changes)
    shards = CASES[name].get("shards")
    if comm is None:
        return model.fit(*arguments, shards=shards)
    return cmlp.distributed.fit(model, *arguments, comm=comm, shards=shards, timeout=timeout)


def digest(model):
    """Return the hash of all results of a fit, except durations."""
    history = {name: values for name, values in model.history_.items() if name != "seconds"}
    curves = [
        model.loss_curve_,
        model.n_iter_,
        model.t_,
        getattr(model, "validation_scores_", None),
        history,
    ]
    blocks = [block.tobytes() for block in [*model.coefs_, *model.intercepts_]]
    return hashlib.sha256(b"".join(blocks) + repr(curves).encode()).hexdigest()[:16]


if __name__ == "__main__":
    from mpi4py import MPI

    warnings.simplefilter("ignore")
    comm = MPI.COMM_WORLD
    for name in sys.argv[1:]:
        every = comm.gather(digest(fitted(name, comm)))
        if every:
            print(name, *every, flush=True)
