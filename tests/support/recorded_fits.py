"""Fits that record their provenance, on data that every system computes alike.

As a program, ``mpiexec -n 3 python -m mpi4py recorded_fits.py`` prints the hashes of the weights in all processes.
"""

import hashlib
import json
import struct
import tempfile
import warnings
from pathlib import Path

import numpy as np

import cmlp
from cmlp import MLPClassifier, MLPRegressor, TabularClassifier

KEPT = {
    "max_iter": 4,
    "tol": 0,
    "n_iter_no_change": 99,
    "random_state": 5,
    "batch_size": 300,
    "provenance": True,
}
CASES = {
    "classifier": (
        MLPClassifier,
        {"hidden_layer_sizes": (24, 9), "activation": "tanh", "input_scale": 1 / 256},
    ),
    "regressor": (
        MLPRegressor,
        {"hidden_layer_sizes": (70,), "activation": "gelu", "y_scale": "standard"},
    ),
    "doubles": (
        MLPClassifier,
        {"hidden_layer_sizes": (12,), "activation": "silu", "dtype": "float64", "dropout": 0.2},
    ),
}


def data():
    """Return bytes as inputs and class indices."""
    X = (np.arange(1500 * 20) * 7919 % 65521 % 256).reshape(1500, 20).astype(np.uint8)
    return X, (X[:, 0].astype(np.int64) + X[:, 1]) // 171


def record_of(model):
    """Return the record of a model, as its file has it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.cmlp"
        model.save(path, include_provenance=True)
        head = path.read_bytes()
    size = struct.unpack("<Q", head[:8])[0]
    return json.loads(json.loads(head[8 : 8 + size])["__metadata__"]["provenance"])


def fitted(name, n_threads=1, comm=None):
    """Return the model of a case, trained by one process or by several."""
    kind, parameters = CASES[name]
    X, y = data()
    model = kind(n_threads=n_threads, **KEPT, **parameters)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(X, y) if comm is None else cmlp.distributed.fit(model, X, y, comm=comm)


def fitted_table(n_threads=1):
    """Return the model of a table, of which a column has categories and another one gaps."""
    X, y = data()
    table = X[:, :3].astype(float)
    table[::11, 2] = np.nan
    model = TabularClassifier(
        hidden_layer_sizes=(8,),
        n_estimators=2,
        n_epochs=3,
        categorical_features=[0],
        random_state=1,
        provenance=True,
    )
    return model.set_params(n_threads=n_threads).fit(table[:400] // 16, y[:400])


def hashes_of_weights(model):
    """Return the SHA-256 of weights and biases of each network, layer by layer."""
    found = []
    for network in model.estimators_ if hasattr(model, "estimators_") else [model.network_]:
        arrays = [
            array for layer in zip(network.weights, network.biases, strict=True) for array in layer
        ]
        found.append(hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest())
    return found


if __name__ == "__main__":
    from mpi4py import MPI

    every = MPI.COMM_WORLD.gather(
        [hashes_of_weights(fitted(name, comm=MPI.COMM_WORLD)) for name in CASES]
    )
    if every:
        print(json.dumps(every), flush=True)
